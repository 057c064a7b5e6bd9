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

    /// Whether a package of this release was built for a module, whose streams hold versions of their own: a fix in one
    /// says nothing of another (trivy#741, trivy#771). `3.module+el9.1.0+13358`, `1.module_el8.8.0+3613`.
    static func isModular(_ version: String) -> Bool {
        version.contains(".module+") || version.contains(".module_") || version.contains("+module+")
    }

    /// Whether a text can be a package's name; what is not comes from a damaged feed.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
    }

    /// `name:stream` of a module; nil where one of them is missing.
    static func module(name: Substring, stream: Substring) -> String? {
        guard !name.isEmpty, !stream.isEmpty, name.utf8.count + stream.utf8.count < 256 else { return nil }
        return "\(name):\(stream)"
    }
}
