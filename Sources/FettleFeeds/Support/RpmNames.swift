import FettleVersions

/// Small readings that every feed of rpm packages needs.
enum RpmNames {
    /// `epoch:version-release` with an epoch of 0 left out, as feeds write it now with and now without it (grype#437).
    ///
    /// - Returns: nil for what rpm could not have built.
    static func version(_ text: String) -> String? {
        guard text.utf8.count <= 256, RpmVersion.isValid(text) else { return nil }
        return RpmVersion(text).description
    }

    /// Whether an architecture stands for packages of sources, which nobody installs.
    static func isOfSources(_ architecture: some StringProtocol) -> Bool {
        architecture == "src" || architecture == "nosrc"
    }

    /// Whether a text can be a package's name; what is not comes from a damaged feed.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
    }
}
