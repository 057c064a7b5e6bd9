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
        case "Debian": self = Self.told(rest.first.flatMap { .debian($0.lowercased()) })
        case "Ubuntu": self = Self.ubuntu(rest)
        case "Alpine": self = Self.release(rest, of: "alpine") { $0.hasPrefix("v") ? String($0.dropFirst()) : $0 }
        case "AlmaLinux": self = Self.release(rest, of: "almalinux")
        case "Rocky Linux": self = Self.release(rest, of: "rocky")
        case "openEuler": self = Self.release(rest, of: "openeuler")
        case "Photon OS": self = Self.release(rest, of: "photon")
        case "Azure Linux": self = Self.release(rest, of: "azurelinux")
        case "SUSE": self = Self.suse(rest.first ?? "")
        case "openSUSE": self = Self.told(ProductNames.ecosystem("openSUSE " + (rest.first ?? "")))
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

    private static func told(_ ecosystem: Ecosystem?) -> OSVEcosystem { ecosystem.map(known) ?? .unclear }

    /// `24.04:LTS`, `Pro:22.04:LTS`, `Pro:FIPS-updates:22.04:LTS`: what stands before the release names the pocket.
    private static func ubuntu(_ parts: [String]) -> OSVEcosystem {
        guard let index = parts.firstIndex(where: { ($0.utf8.first ?? 0) >= 0x30 && ($0.utf8.first ?? 0) <= 0x39 })
        else { return .unclear }
        let words = parts[..<index].map { $0.lowercased() }
        let special = words.filter { $0 != "pro" }
        let pocket = special.isEmpty ? (words.isEmpty ? "" : "pro") : special.joined(separator: "-")
        return told(.ubuntu(version: parts[index], pocket: pocket))
    }

    /// A CPE's tail: `enterprise_linux:9::baseos`, `rhel_eus:9.2::appstream`. Products on top of a release, such as
    /// `openshift:4.12::el8`, are left out.
    private static func redHat(_ parts: [String]) -> OSVEcosystem {
        guard parts.count >= 2, let product = parts.first else { return .unclear }
        guard product.hasPrefix("rhel_") || product.hasPrefix("enterprise_linux") else { return .foreign }
        guard let found = PlatformCPE.ecosystem(cpe: "cpe:/o:redhat:" + parts.joined(separator: ":")) else {
            return parts[1].isEmpty ? .unclear : .foreign
        }
        return found.release.contains("-") ? .foreign : .known(found)
    }

    /// `Linux Enterprise Module for Basesystem 15 SP5`, `Linux Enterprise Server 15 SP3-LTSS`, `Linux Micro 6.0`.
    private static func suse(_ product: String) -> OSVEcosystem {
        guard product.hasPrefix("Linux Enterprise ") || product.hasPrefix("Linux Micro ") else { return .foreign }
        return told(ProductNames.ecosystem("SUSE " + product))
    }
}
