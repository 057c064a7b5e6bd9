/// An rpm version taken apart: `[epoch:]version[-release]`, as `rpm -q --qf '%{EVR}'` prints it.
///
/// Any text can be taken apart, as rpm itself does; ``isValid(_:)`` tells whether rpm could have built such a package.
public struct RpmVersion: Sendable, Hashable, CustomStringConvertible {
    /// The digits before the colon. Nil where the text has none, which means 0 (``epochNumber``).
    public let epoch: String?
    public let version: String
    /// Nil where the text has no hyphen; rpm sorts that below any release.
    public let release: String?

    /// Whether a package of this version was built for a module of Red Hat's family, whose streams hold versions of their own: a fix in one
    /// says nothing of another (trivy#741 #771). `3.module+el9.1.0+13358`, `1.module_el8.8.0+3613`, `2.module_f38+1`.
    public static func isModular(_ version: String) -> Bool {
        version.contains(".module+") || version.contains(".module_") || version.contains("+module+")
    }

    /// Number and context of the module's build that made a package: `3613+a1b2c3d4` of `1.module_el8.8.0+3613+a1b2c3d4.1`. All packages of
    /// a build share them; nil where the version names none.
    public static func moduleBuild(of version: String) -> Substring? {
        guard isModular(version), let module = version.ranges(of: "module").last else { return nil }
        let parts = version[module.upperBound...].dropFirst().split(separator: "+", omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return nil }
        let context = parts[2].prefix(while: \.isHexDigit)
        guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), context.count >= 6
        else { return nil }
        return version[parts[1].startIndex..<context.endIndex]
    }

    public init(_ text: String) {
        self.init(Substring(text))
    }

    public init(_ text: Substring) {
        let parts = withBytes(of: text) { VersionParts($0.span) }
        let bytes = text.utf8
        func slice(_ range: Range<Int>) -> String {
            let start = bytes.index(bytes.startIndex, offsetBy: range.lowerBound)
            return String(text[start..<bytes.index(start, offsetBy: range.count)])
        }
        epoch = parts.hasEpoch ? slice(parts.epoch) : nil
        version = slice(parts.version)
        release = parts.hasRelease ? slice(parts.release) : nil
    }

    /// From columns that a package manager printed apart. The epoch `(none)`, as rpm prints a missing one, is none.
    /// Nil where the epoch is neither that, nor empty, nor digits.
    public init?(epoch: String?, version: String, release: String?) {
        switch epoch {
        case nil, "", "(none)": self.epoch = nil
        case .some(let digits):
            guard digits.utf8.allSatisfy(\.isDigit) else { return nil }
            self.epoch = digits
        }
        self.version = version
        self.release = release
    }

    /// 0 where the epoch is missing; nil where it doesn't fit in 32 bits, which no real package has.
    public var epochNumber: UInt32? {
        guard let epoch, !epoch.isEmpty else { return 0 }
        return UInt32(epoch)
    }

    /// `epoch:version-release`. A zero epoch is left out, except before a colon, which would then end another epoch.
    public var description: String {
        var prefix = ""
        if let epoch, epochNumber != 0 || version.utf8.contains(ASCII.colon) { prefix = "\(epoch):" }
        guard let release else { return prefix + version }
        return "\(prefix)\(version)-\(release)"
    }

    /// Whether rpm could build a package of this version: letters, digits and `. _ + ~ ^`, and an epoch of 32 bits.
    public static func isValid(_ text: String) -> Bool {
        let parsed = RpmVersion(text)
        guard parsed.epoch != "", parsed.epochNumber != nil else { return false }
        guard !parsed.version.isEmpty, parsed.version.utf8.allSatisfy(isAllowed) else { return false }
        guard let release = parsed.release else { return true }
        return !release.isEmpty && release.utf8.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case ASCII.dot, ASCII.underscore, ASCII.plus, ASCII.tilde, ASCII.caret: true
        default: byte.isDigit || byte.isLetter
        }
    }
}
