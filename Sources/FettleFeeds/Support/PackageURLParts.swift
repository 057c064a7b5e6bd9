/// The parts of a package URL that tell a distribution's package:
/// `pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=x86_64&epoch=1` (https://github.com/package-url/purl-spec).
struct PackageURLParts {
    var type: String
    var namespace: String
    var name: String
    var version: String?
    var qualifiers: [String: String] = [:]

    /// Nil for what is no package URL, or a longer one than any real one.
    init?(_ text: String) {
        guard text.hasPrefix("pkg:"), text.utf8.count <= 2000 else { return nil }
        var rest = text.dropFirst(4).prefix { $0 != "#" }
        if let mark = rest.firstIndex(of: "?") {
            for pair in rest[rest.index(after: mark)...].split(separator: "&").prefix(32) {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2 { qualifiers[String(parts[0])] = Self.decoded(parts[1]) }
            }
            rest = rest[..<mark]
        }
        if let mark = rest.lastIndex(of: "@"), mark > rest.startIndex {
            version = Self.decoded(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        let parts = rest.split(separator: "/").map { Self.decoded($0) }
        guard parts.count >= 2, let type = parts.first, let name = parts.last, RpmNames.isName(name) else { return nil }
        self.type = type.lowercased()
        self.name = name
        namespace = parts.dropFirst().dropLast().joined(separator: "/").lowercased()
    }

    private static func decoded(_ text: Substring) -> String {
        guard text.contains("%") else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let first = rest.popFirst() {
            if first == UInt8(ascii: "%"), rest.count >= 2,
                let byte = String(rest.prefix(2)).flatMap({ UInt8($0, radix: 16) })
            {
                bytes.append(byte)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(first)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
