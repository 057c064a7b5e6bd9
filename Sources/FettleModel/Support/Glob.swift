/// A pattern over names, as policies and groups write them: `*` is any text, `?` one byte of UTF-8, everything else itself.
public struct Glob: Sendable, Equatable {
    private let pattern: [UInt8]
    /// The only text that matches, where there is no sign in the pattern: the usual case, over all hosts for each group.
    private let exact: String?

    public init(_ pattern: String) {
        self.pattern = Array(pattern.utf8)
        exact = Self.isPattern(pattern) ? nil : pattern
    }

    public static func isPattern(_ text: String) -> Bool { text.utf8.contains { $0 == star || $0 == any } }

    /// Takes at most text times pattern steps: only the last `*` is ever tried again.
    public func matches(_ text: String) -> Bool {
        if let exact { return exact.utf8.elementsEqual(text.utf8) }
        let text = Array(text.utf8)
        var (at, position) = (0, 0)
        var lastStar: (pattern: Int, text: Int)?
        while at < text.count {
            if position < pattern.count, pattern[position] == Self.star {
                lastStar = (position, at)
                position += 1
            } else if position < pattern.count, pattern[position] == Self.any || pattern[position] == text[at] {
                position += 1
                at += 1
            } else if let star = lastStar {
                lastStar = (star.pattern, star.text + 1)
                position = star.pattern + 1
                at = star.text + 1
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == Self.star }
    }

    private static let star = UInt8(ascii: "*")
    private static let any = UInt8(ascii: "?")
}

extension [String] {
    /// The first of these patterns that one of the names matches; nil if none does.
    public func firstGlob(matchingAnyOf names: some Collection<String>) -> String? {
        first { pattern in
            let glob = Glob(pattern)
            return names.contains { glob.matches($0) }
        }
    }
}
