/// The name that advisories use for a release of a distribution, from what `os-release` says of it.
public enum PlatformName {
    /// `debian:12` of `debian` and `12`; `redhat:9` of `rhel` and `9.2`; `alpine:3.18` of `alpine` and `3.18.4`.
    ///
    /// - Parameters:
    ///   - id: `ID` of [os-release](https://www.freedesktop.org/software/systemd/man/os-release.html), in any case;
    ///     also the words that scanners use for it (`redhat`, `amazon`, `suse linux enterprise server`).
    ///   - version: `VERSION_ID`; words behind the first (`2 (Karoo)`) are passed over.
    ///   - codename: `VERSION_CODENAME`, used where there is no version, as on Debian testing.
    ///   - title: `PRETTY_NAME`, which alone tells openEuler's service packs: `openEuler 22.03 (LTS-SP1)`.
    /// - Returns: nil for a distribution whose advisories are not known, or where the release is missing. A derivative
    ///   is not its parent: Mint and Kali are neither Ubuntu nor Debian.
    public static func name(id: String, version: String, codename: String = "", title: String = "") -> String? {
        let id = id.lowercased()
        guard let rule = rules[id] else { return nil }
        if rule.precision == .rolling { return rule.family }
        if rule.precision == .edition { return edition(rule.family, version, title) }
        let word = version.trimmed.split(separator: " ").first.map { $0.lowercased() } ?? ""
        if let release = release(rule, word) {
            return "\(rule.family)\(rule.family.utf8.contains(UInt8(ascii: ":")) ? "-" : ":")\(release)"
        }
        guard let named = Codenames.release(word) ?? Codenames.release(codename.lowercased()),
            named.family == rule.family
        else { return nil }
        return "\(named.family):\(named.release)"
    }

    /// Of the words that package URLs carry as `distro`: `debian-12`, `alpine-3.18.4`, `opensuse-leap-15.5`; with the
    /// URL's namespace also `12` or `bookworm` alone.
    public static func name(distro: String, namespace: String = "") -> String? {
        // The names of some have a hyphen, and so have the versions of others.
        for hyphen in [distro.utf8.lastIndex(of: UInt8(ascii: "-")), distro.utf8.firstIndex(of: UInt8(ascii: "-"))] {
            if let hyphen,
                let name = name(
                    id: String(distro[..<hyphen]), version: String(distro[distro.utf8.index(after: hyphen)...]))
            {
                return name
            }
        }
        if let rule = rules[distro.lowercased()], rule.precision == .rolling { return rule.family }
        if let name = name(id: namespace, version: distro) { return name }
        guard let named = Codenames.release(distro.lowercased()) else { return nil }
        return "\(named.family):\(named.release)"
    }

    /// How much of a version names a release.
    private enum Precision {
        /// `9` of `9.2`.
        case major
        /// `3.18` of `3.18.4`.
        case minor
        /// Nothing: there is only ever the newest.
        case rolling
        /// 2018.03 and before are release 1.
        case amazon
        /// `22.03-lts-sp1`: each service pack of a long-term release is a release of its own.
        case edition
    }

    private struct Rule {
        var family: String
        var precision: Precision
    }

    private static func release(_ rule: Rule, _ version: String) -> String? {
        if version == "edge", rule.family == "alpine" { return "edge" }
        // `3.21_alpha20240807`, as Alpine's edge calls itself.
        if version.contains("_alpha"), rule.family == "alpine" { return "edge" }
        let numbers = version.split(separator: ".", omittingEmptySubsequences: false).prefix(2)
        guard let major = numbers.first, isNumber(major) else { return nil }
        switch rule.precision {
        case .rolling, .edition: return nil
        case .major: return String(major)
        case .amazon: return major.count == 4 && major < "2022" ? "1" : String(major)
        case .minor:
            // SUSE's first release of a line has no service pack: `15` is `15.0`, but Photon's `5` may be `5.0`.
            guard numbers.count == 2 else {
                return rule.family == "alpine" || rule.family == "ubuntu" ? nil : "\(major).0"
            }
            return isNumber(numbers[1]) ? "\(major).\(numbers[1])" : nil
        }
    }

    /// `openeuler:22.03-lts-sp1` of `22.03` and `openEuler 22.03 (LTS-SP1)`, or of `22.03-LTS-SP1`. Without a word on the edition the
    /// release is that of its number alone, of which no feed speaks: better not checked than by another edition's advisories.
    private static func edition(_ family: String, _ version: String, _ title: String) -> String? {
        let words = "\(version.prefix(80)) \(title.prefix(80))".lowercased().split {
            !($0.isNumber || $0.isLetter || $0 == ".")
        }
        guard let number = words.first?.split(separator: ".", omittingEmptySubsequences: false), number.count == 2,
            number.allSatisfy(isNumber)
        else { return nil }
        var release = "\(family):\(number[0]).\(number[1])"
        guard let start = words.firstIndex(of: "lts") else { return release }
        release += "-lts"
        if start + 1 < words.endIndex, words[start + 1].hasPrefix("sp"), isNumber(words[start + 1].dropFirst(2)) {
            release += "-\(words[start + 1])"
        }
        return release
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 8 && text.utf8.allSatisfy { $0 &- 0x30 < 10 }
    }

    private static let rules: [String: Rule] = {
        let groups: [(family: String, precision: Precision, ids: [String])] = [
            ("debian", .major, ["debian"]),
            ("raspbian", .major, ["raspbian"]),
            ("ubuntu", .minor, ["ubuntu"]),
            ("redhat", .major, ["rhel", "redhat"]),
            ("centos", .major, ["centos"]),
            ("almalinux", .major, ["almalinux", "alma"]),
            ("rocky", .major, ["rocky", "rockylinux"]),
            ("oracle", .major, ["ol", "oracle", "oraclelinux"]),
            ("amazon", .amazon, ["amzn", "amazon", "amazonlinux"]),
            ("fedora", .major, ["fedora"]),
            (
                "suse", .minor,
                ["sles", "sled", "sles_sap", "suse", "suse linux enterprise server", "suse linux enterprise desktop"]
            ),
            // Distributions of their own beside the one of that version: `suse:micro-5.5`.
            ("suse:micro", .minor, ["sle-micro", "sl-micro", "suse-microos"]),
            ("opensuse:micro", .minor, ["opensuse-leap-micro", "leap-micro"]),
            ("opensuse", .minor, ["opensuse-leap", "opensuse.leap", "opensuse", "leap"]),
            ("opensuse:tumbleweed", .rolling, ["opensuse-tumbleweed", "opensuse.tumbleweed"]),
            ("openeuler", .edition, ["openeuler"]),
            ("azurelinux", .minor, ["azurelinux", "azure"]),
            ("mariner", .minor, ["mariner", "cbl-mariner"]),
            ("photon", .minor, ["photon"]),
            ("alpine", .minor, ["alpine"]),
            ("wolfi", .rolling, ["wolfi"]),
            ("chainguard", .rolling, ["chainguard"]),
        ]
        var rules: [String: Rule] = [:]
        for group in groups {
            for id in group.ids { rules[id] = Rule(family: group.family, precision: group.precision) }
        }
        return rules
    }()
}
