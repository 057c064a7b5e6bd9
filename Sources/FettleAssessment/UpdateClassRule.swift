import FettleModel

/// Of what class an offered update is, by the words of whoever published it. docs/findings.md has the table.
enum UpdateClassRule {
    /// - Parameter closed: the classes of the advisories that it closes.
    static func classify(
        _ updates: [AvailableUpdate], closing closed: [UpdateClass]
    ) -> (class: UpdateClass, because: [String]) {
        if let declared = updates.compactMap(\.declaredClass).min(by: { $0.urgency < $1.urgency }) {
            return (declared, ["the repository's own advisory calls it \(declared.rawValue)"])
        }
        let origins = Set(updates.flatMap(\.origins))
        if let suite = origins.filter(\.isSecuritySuite).map(\.suite).min() {
            return (.security, ["offered by the security suite \(suite)"])
        }
        if let said = closed.min(by: { $0.urgency < $1.urgency }) {
            let words = said == .security ? "closes what advisories name" : "an advisory calls it \(said.rawValue)"
            return (said, ["offered outside the security suites; \(words)"])
        }
        if !updates.isEmpty, updates.allSatisfy({ isForShow($0.name) }) {
            return (.cosmetic, ["all that is installed of it is documentation, translations, fonts or pictures"])
        }
        if let suite = origins.filter(\.isOfCorrections).map(\.suite).min() {
            return (.bugfix, ["offered by the suite \(suite), where only important corrections are let in"])
        }
        if !origins.isEmpty, origins.allSatisfy(\.isOfBackports) {
            return (.feature, ["offered by backports only, which bring newer versions"])
        }
        let suites = Set(origins.map(\.suite)).sorted().joined(separator: ", ")
        return (
            .unclassified,
            ["offered by \(suites.isEmpty ? "a source that names no suite" : suites), which names no class"]
        )
    }

    /// Whether a package by its name holds nothing that runs. No archive and no feed calls an update cosmetic, but distributions name
    /// these packages by rule: `-doc` of Debian's policy 12.3, `-langpack-` and `-doc` of Fedora's guidelines, `-lang` of openSUSE's.
    static func isForShow(_ name: String) -> Bool {
        let ends = ["-doc", "-docs", "-javadoc", "-l10n", "-i18n", "-langpack", "-lang", "-icon-theme", "-man-pages"]
        let starts = ["fonts-", "manpages", "man-pages", "language-pack-", "texlive-lang-"]
        let parts = ["-langpack-", "-l10n-"]
        return ends.contains(where: name.hasSuffix) || starts.contains(where: name.hasPrefix)
            || parts.contains(where: name.contains)
    }
}

extension UpdateOrigin {
    /// Whether the archive itself calls this its security suite: by the suite's name (`bookworm-security`,
    /// `stable-security`, `jammy-security`) or by the label (`Debian-Security`).
    var isSecuritySuite: Bool {
        [suite, codename, label].contains { name in
            let lower = name.lowercased()
            return lower == "security" || lower.hasSuffix("-security")
        }
    }

    /// Whether the archive lets in only what mends something important: Debian's releases, with their point releases and `-updates`
    /// (https://wiki.debian.org/StableUpdates), and Ubuntu's `-updates` (https://documentation.ubuntu.com/sru/). Not Debian's
    /// `testing` and `unstable`, where everything comes in, nor what is only proposed.
    fileprivate var isOfCorrections: Bool {
        let names = [suite, codename].map { $0.lowercased() }
        guard !isOfBackports, !names.contains(where: { $0.contains("proposed") }) else { return false }
        switch origin {
        case "Debian":
            let moving = ["testing", "unstable", "experimental", "sid"]
            return !names.contains { moving.contains($0) || $0.hasPrefix("testing-") }
        case "Ubuntu": return names.contains { $0.hasSuffix("-updates") }
        default: return false
        }
    }

    fileprivate var isOfBackports: Bool {
        ["Debian", "Debian Backports", "Ubuntu"].contains(origin)
            && [suite, codename].map { $0.lowercased() }
                .contains { $0.hasSuffix("-backports") || $0.hasSuffix("-backports-sloppy") }
    }
}

extension UpdateClass {
    /// 0 is the most urgent.
    var urgency: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
