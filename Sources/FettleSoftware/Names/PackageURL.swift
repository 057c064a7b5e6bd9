/// A package URL taken apart: `pkg:type/namespace/name@version?qualifiers#subpath`
/// ([specification](https://github.com/package-url/purl-spec)).
public struct PackageURL: Sendable, Hashable, CustomStringConvertible {
    /// In lower case.
    public let type: String
    /// `org.apache.commons`, `@angular`, `github.com/spf13`; nil for none.
    public let namespace: String?
    public let name: String
    public let version: String?
    /// Keys in lower case; no empty values.
    public let qualifiers: [String: String]
    public let subpath: String?

    /// The longest text that is looked at, in bytes.
    public static let maximumLength = 4096

    /// Nil for text that is no package URL. Read as the specification says, from the right, with what its test suite
    /// asks: slashes behind the scheme don't count, and npm's scope may stand with a bare `@`.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.maximumLength, let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")),
            text[..<colon].lowercased() == "pkg"
        else { return nil }
        var rest = text[text.utf8.index(after: colon)...].drop { $0 == "/" }
        var subpath: String?
        if let hash = rest.utf8.lastIndex(of: UInt8(ascii: "#")) {
            guard let path = Self.subpath(rest[rest.utf8.index(after: hash)...]) else { return nil }
            subpath = path.isEmpty ? nil : path
            rest = rest[..<hash]
        }
        var qualifiers: [String: String] = [:]
        if let mark = rest.utf8.lastIndex(of: UInt8(ascii: "?")) {
            guard let pairs = Self.qualifiers(rest[rest.utf8.index(after: mark)...]) else { return nil }
            qualifiers = pairs
            rest = rest[..<mark]
        }
        guard let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) else { return nil }
        let type = rest[..<slash].lowercased()
        guard Self.isType(type) else { return nil }
        rest = rest[rest.utf8.index(after: slash)...]

        var version: String?
        if let at = rest.utf8.lastIndex(of: UInt8(ascii: "@")), !Self.isScope(at, in: rest) {
            guard let decoded = Self.decoded(rest[rest.utf8.index(after: at)...]) else { return nil }
            version = decoded.isEmpty ? nil : decoded
            rest = rest[..<at]
        }
        var segments: [String] = []
        for segment in rest.split(separator: "/") {
            guard let decoded = Self.decoded(segment) else { return nil }
            segments.append(decoded)
        }
        guard let name = segments.popLast(), !name.isEmpty else { return nil }
        let namespace = segments.isEmpty ? nil : segments.joined(separator: "/")
        self.type = type
        self.namespace = namespace.map { Self.lowercasedNamespaces.contains(type) ? $0.lowercased() : $0 }
        self.name = Self.normalName(name, type)
        self.version = version
        self.qualifiers = qualifiers
        self.subpath = subpath
    }

    /// From parts as they are, not encoded; they are brought to the same normal form.
    public init(type: String, namespace: String?, name: String, version: String?, qualifiers: [String: String] = [:]) {
        self.type = type.lowercased()
        self.namespace = namespace.map { Self.lowercasedNamespaces.contains(type.lowercased()) ? $0.lowercased() : $0 }
        self.name = Self.normalName(name, type.lowercased())
        self.version = version
        self.qualifiers = qualifiers.filter { !$0.value.isEmpty }
        subpath = nil
    }

    /// The canonical form.
    public var description: String {
        var text = "pkg:\(type)/"
        if let namespace {
            text += namespace.split(separator: "/").map { Self.encoded($0) + "/" }.joined()
        }
        text += Self.encoded(name)
        if let version { text += "@" + Self.encoded(version) }
        let pairs = qualifiers.sorted { $0.key < $1.key }
        if !pairs.isEmpty {
            text += "?" + pairs.map { "\($0.key)=\(Self.encoded($0.value, keeping: "/"))" }.joined(separator: "&")
        }
        if let subpath { text += "#" + subpath.split(separator: "/").map { Self.encoded($0) }.joined(separator: "/") }
        return text
    }

    /// Whether an `@` begins a segment that isn't the last: a scope of npm, not the mark of a version.
    private static func isScope(_ at: String.Index, in text: Substring) -> Bool {
        let begins = at == text.startIndex || text.utf8[text.utf8.index(before: at)] == UInt8(ascii: "/")
        return begins && text[at...].utf8.contains(UInt8(ascii: "/"))
    }

    /// The path without empty segments and those of one or two dots; nil for a bad escape.
    private static func subpath(_ text: Substring) -> String? {
        var segments: [String] = []
        for segment in text.split(separator: "/") where segment != "." && segment != ".." {
            guard let decoded = decoded(segment) else { return nil }
            segments.append(decoded)
        }
        return segments.joined(separator: "/")
    }

    private static func qualifiers(_ text: Substring) -> [String: String]? {
        var result: [String: String] = [:]
        for pair in text.split(separator: "&") {
            guard let equals = pair.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let key = pair[..<equals].lowercased()
            guard isKey(key), let value = decoded(pair[pair.utf8.index(after: equals)...]) else { return nil }
            if !value.isEmpty { result[key] = value }
        }
        return result
    }

    private static func isType(_ text: String) -> Bool {
        isKey(text, also: UInt8(ascii: "+")) && !text.utf8.contains(UInt8(ascii: "_"))
    }

    private static func isKey(_ text: String, also other: UInt8 = UInt8(ascii: "_")) -> Bool {
        guard let first = text.utf8.first, !(first &- 0x30 < 10) else { return false }
        return text.utf8.allSatisfy {
            $0 &- 0x30 < 10 || $0 &- 0x61 < 26 || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
                || $0 == UInt8(ascii: "_") || $0 == other
        }
    }

    private static let lowercasedNamespaces: Set<String> = [
        "alpm", "apk", "bitbucket", "composer", "deb", "github", "gitlab", "hex", "rpm",
    ]

    private static func normalName(_ name: String, _ type: String) -> String {
        switch type {
        case "alpm", "apk", "bitbucket", "composer", "deb", "github", "gitlab", "hex": name.lowercased()
        case "pypi": name.lowercased().replacing("_", with: "-")
        default: name
        }
    }
}

/// Percent-encoding as package URLs have it.
extension PackageURL {
    /// Nil for a bad escape, or where the bytes are not UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var source = text.utf8.makeIterator()
        while let byte = source.next() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = source.next().flatMap(hexDigit), let low = source.next().flatMap(hexDigit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte - 0x30 }
        let letter = byte | 0x20
        return letter &- 0x61 < 6 ? letter - 0x61 + 10 : nil
    }

    static func encoded(_ text: some StringProtocol, keeping kept: String = "") -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isPlain =
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || ".-_~:".utf8.contains(byte)
                || kept.utf8.contains(byte)
            if isPlain {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
