internal import FettleIndex
internal import FettleVersions

/// Module streams of Red Hat's family, which feeds name in an advisory's title only: `Important: nodejs:18 security
/// update`.
enum ModuleStream {
    /// The `name:stream`s of a title, in its order; `virt:rhel and virt-devel:rhel bug fix update` has two.
    static func named(inTitle title: String) -> [String] {
        var rest = title.prefix(1000)
        let word = AdvisoryNames.severity(ofTitle: title)
        if !word.isEmpty { rest = rest.dropFirst(word.count + 1) }
        var found: [String] = []
        for token in rest.split(whereSeparator: { $0 == " " || $0 == "," }) where found.count < 8 {
            let parts = token.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy(isName), !found.contains(String(token)) else { continue }
            found.append(String(token))
        }
        return found
    }

    /// `name:stream`; nil where one of them is missing.
    static func label(name: Substring, stream: Substring) -> String? {
        guard !name.isEmpty, !stream.isEmpty, name.utf8.count + stream.utf8.count < 256 else { return nil }
        return "\(name):\(stream)"
    }

    /// Whether the version that ends the package's range was built for a module.
    static func isModular(_ package: AffectedPackage) -> Bool {
        package.intervals.contains { ($0.upper?.version).map(RpmVersion.isModular) ?? false }
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
    }
}
