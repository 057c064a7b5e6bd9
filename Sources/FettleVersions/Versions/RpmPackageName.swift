/// A package's full rpm name taken apart: `name-[epoch:]version-release.architecture`, with or without `.rpm`.
///
/// `openssl-1:1.1.1k-12.el8_9.x86_64` as dnf prints it, and `openssl-1.1.1k-12.el8_9.src.rpm` as a package names its
/// source. Read from the right, because a name may hold hyphens and a version may not.
public struct RpmPackageName: Sendable, Hashable {
    public let name: String
    public let version: RpmVersion
    /// `x86_64`, `noarch`, ...; `src` and `nosrc` for a source package.
    public let architecture: String

    /// Nil where one of the parts is missing or empty.
    public init?(_ text: String) {
        var rest = text[...]
        let ending = rest.utf8.suffix(4)
        if ending.elementsEqual(".rpm".utf8) { rest = rest[..<ending.startIndex] }
        guard let (beforeArchitecture, architecture) = Self.splitLast(rest, at: ASCII.dot),
            let (beforeRelease, release) = Self.splitLast(beforeArchitecture, at: ASCII.hyphen),
            let (name, version) = Self.splitLast(beforeRelease, at: ASCII.hyphen)
        else { return nil }
        self.name = String(name)
        self.version = RpmVersion("\(version)-\(release)")
        self.architecture = String(architecture)
    }

    public var isSource: Bool { architecture == "src" || architecture == "nosrc" }

    /// Splits at the last such byte; nil where there is none or one of the halves would be empty.
    private static func splitLast(_ text: Substring, at separator: UInt8) -> (Substring, Substring)? {
        guard let position = text.utf8.lastIndex(of: separator) else { return nil }
        let left = text[..<position]
        let right = text[text.utf8.index(after: position)...]
        return left.isEmpty || right.isEmpty ? nil : (left, right)
    }
}
