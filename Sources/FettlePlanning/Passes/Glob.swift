/// File name patterns over names of packages and units: `*` is any text, `?` one character, everything else itself.
struct Glob {
    private let pattern: [Character]

    init(_ pattern: String) { self.pattern = Array(pattern) }

    /// Linear in text times pattern: the last `*` is the only place that is tried again, so that a hostile name cannot make
    /// it slow.
    func matches(_ text: String) -> Bool {
        let text = Array(text)
        var textPosition = 0
        var patternPosition = 0
        var lastStar: (pattern: Int, text: Int)?
        while textPosition < text.count {
            if patternPosition < pattern.count, pattern[patternPosition] == "*" {
                lastStar = (patternPosition, textPosition)
                patternPosition += 1
            } else if patternPosition < pattern.count,
                pattern[patternPosition] == "?" || pattern[patternPosition] == text[textPosition]
            {
                patternPosition += 1
                textPosition += 1
            } else if let star = lastStar {
                lastStar = (star.pattern, star.text + 1)
                patternPosition = star.pattern + 1
                textPosition = star.text + 1
            } else {
                return false
            }
        }
        return pattern[patternPosition...].allSatisfy { $0 == "*" }
    }
}

extension [String] {
    /// The first of these patterns that one of the names matches.
    func firstGlob(matchingAnyOf names: some Collection<String>) -> String? {
        first { pattern in
            let glob = Glob(pattern)
            return names.contains { glob.matches($0) }
        }
    }
}
