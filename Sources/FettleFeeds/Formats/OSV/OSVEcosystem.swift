internal import FettleIndex

/// OSV's names of ecosystems in ours (https://ossf.github.io/osv-schema/#defined-ecosystems).
enum OSVEcosystem: Equatable {
    case known(Ecosystem)
    /// One that nothing is matched in here: other languages, products, operating systems.
    case foreign
    /// A distribution that is known here, of a release that cannot be told: somebody would miss it.
    case unclear

    init(_ name: String) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let rest = Array(parts.dropFirst())
        switch parts.first ?? "" {
        case "Debian": self = Self.debian(rest)
        case "Ubuntu": self = Self.ubuntu(rest)
        case "Alpine": self = Self.release(rest, of: "alpine") { $0.hasPrefix("v") ? String($0.dropFirst()) : $0 }
        case "AlmaLinux": self = Self.release(rest, of: "almalinux")
        case "Rocky Linux": self = Self.release(rest, of: "rocky")
        case "openEuler": self = Self.release(rest, of: "openeuler")
        case "Photon OS": self = Self.release(rest, of: "photon")
        case "Azure Linux": self = Self.release(rest, of: "azurelinux")
        case "SUSE": self = Self.suse(rest.first ?? "")
        case "openSUSE": self = Self.openSUSE(rest.first ?? "")
        case "Red Hat": self = Self.redHat(rest)
        case "Wolfi", "Chainguard", "PyPI", "npm", "Maven", "Go", "crates.io", "RubyGems", "NuGet", "Packagist", "Hex",
            "Pub", "SwiftURL":
            self = Ecosystem(parts[0]).map(Self.known) ?? .foreign
        default: self = .foreign
        }
    }

    private static func release(
        _ parts: [String], of family: String, _ change: (String) -> String = { $0 }
    ) -> OSVEcosystem {
        guard let release = parts.first, !release.isEmpty, let found = Ecosystem("\(family):\(change(release))") else {
            return .unclear
        }
        return .known(found)
    }

    /// `12`, `6.0` or a code name.
    private static func debian(_ parts: [String]) -> OSVEcosystem {
        guard let release = parts.first, let first = release.utf8.first else { return .unclear }
        guard first >= 0x30, first <= 0x39 else {
            return DistributionReleases.debian(codename: release.lowercased()).map(known) ?? .unclear
        }
        // Since 4.0 a point release is no release of its own.
        let numbers = release.split(separator: ".")
        let isWhole = numbers.count == 2 && numbers[1] == "0" && (Int(numbers[0]) ?? 0) >= 4
        return Ecosystem("debian:\(isWhole ? String(numbers[0]) : release)").map(known) ?? .unclear
    }

    /// `24.04:LTS`, `Pro:22.04:LTS`, `Pro:FIPS-updates:22.04:LTS`: what stands before the release names the pocket.
    private static func ubuntu(_ parts: [String]) -> OSVEcosystem {
        guard let index = parts.firstIndex(where: { ($0.utf8.first ?? 0) >= 0x30 && ($0.utf8.first ?? 0) <= 0x39 })
        else { return .unclear }
        let words = parts[..<index].map { $0.lowercased() }
        let special = words.filter { $0 != "pro" }
        let pocket = special.isEmpty ? (words.isEmpty ? "" : ":pro") : ":" + special.joined(separator: "-")
        return Ecosystem("ubuntu:\(parts[index])\(pocket)").map(known) ?? .unclear
    }

    /// A CPE's tail: `enterprise_linux:9::baseos`, `rhel_eus:9.2::appstream`, `openshift:4.12::el8`.
    private static func redHat(_ parts: [String]) -> OSVEcosystem {
        guard parts.count >= 2, let product = parts.first else { return .unclear }
        let release = parts[1]
        let major = release.prefix { $0 != "." }
        guard !major.isEmpty else { return .unclear }
        if product == "enterprise_linux" { return Ecosystem("redhat:\(major)").map(known) ?? .unclear }
        for prefix in ["rhel_", "enterprise_linux_"] where product.hasPrefix(prefix) {
            let pocket = product.dropFirst(prefix.count)
            // Others with these prefixes (rhel_software_collections, rhel_extras) are products on top.
            guard ["eus", "aus", "tus", "e4s", "els", "eus_long_life"].contains(pocket) else { return .foreign }
            return Ecosystem("redhat:\(release):\(pocket)").map(known) ?? .unclear
        }
        return .foreign
    }

    /// `Linux Enterprise Module for Basesystem 15 SP5`, `Linux Enterprise Server 15 SP3-LTSS`: the modules and editions
    /// of a service pack share its packages, the prolonged supports are patched apart.
    private static func suse(_ product: String) -> OSVEcosystem {
        let isMicro = product.hasPrefix("Linux Enterprise Micro ") || product.hasPrefix("Linux Micro ")
        guard product.hasPrefix("Linux Enterprise ") || isMicro else { return .foreign }
        let words = product.split(whereSeparator: { $0 == " " || $0 == "-" })
        guard let index = words.lastIndex(where: { $0.utf8.allSatisfy { $0 == 0x2E || ($0 >= 0x30 && $0 <= 0x39) } })
        else { return .unclear }
        var release = String(words[index])
        if index + 1 < words.count, words[index + 1].hasPrefix("SP") { release += ".\(words[index + 1].dropFirst(2))" }
        var pocket = ""
        if isMicro { pocket = ":micro" }
        for word in ["LTSS", "ESPOS", "TERADATA"] where words.contains(where: { $0.uppercased() == word }) {
            pocket = ":\(word.lowercased())"
        }
        if pocket.isEmpty, words.contains("SAP") { pocket = ":sap" }
        return Ecosystem("suse:\(release)\(pocket)").map(known) ?? .unclear
    }

    /// `Leap 15.5`, `Leap Micro 5.5`, `Tumbleweed`.
    private static func openSUSE(_ product: String) -> OSVEcosystem {
        let words = product.lowercased().split(separator: " ")
        switch (words.first, words.count) {
        case ("tumbleweed", 1): return Ecosystem("opensuse:tumbleweed").map(known) ?? .unclear
        case ("leap", 2): return Ecosystem("opensuse:\(words[1])").map(known) ?? .unclear
        case ("leap", 3) where words[1] == "micro":
            return Ecosystem("opensuse:\(words[2]):micro").map(known) ?? .unclear
        default: return .unclear
        }
    }
}
