/// Which texts the tools of the Semantic Versioning family accept.
enum SemanticValidity {
    /// The grammar of semver.org: three numbers without leading zeros, a pre-release, build metadata.
    static func isSemver(_ text: Span<UInt8>) -> Bool {
        isValid(text, from: 0, numbers: 3...3, limit: nil)
    }

    /// What node-semver's strict mode takes: one `v` is allowed, numbers stay below 2^53, 256 characters at most.
    static func isNpm(_ text: Span<UInt8>) -> Bool {
        guard text.count <= 256 else { return false }
        return isValid(text, from: startAfterV(text), numbers: 3...3, limit: 9_007_199_254_740_991)
    }

    /// What golang.org/x/mod/semver takes; the `v` may be missing, as advisories write it. `v1` and `v1.2` are short
    /// forms, which may not have a pre-release or build metadata.
    static func isGo(_ text: Span<UInt8>) -> Bool {
        let start = startAfterV(text)
        if isValid(text, from: start, numbers: 3...3, limit: nil) { return true }
        return endOfNumbers(text, from: start) == text.count && isValid(text, from: start, numbers: 1...2, limit: nil)
    }

    private static func startAfterV(_ text: Span<UInt8>) -> Int {
        text.count > 0 && text[0] == ASCII.v ? 1 : 0
    }

    private static func isValid(
        _ text: Span<UInt8>, from start: Int, numbers: ClosedRange<Int>, limit: UInt64?
    ) -> Bool {
        let coreEnd = endOfNumbers(text, from: start)
        var fields = FieldReader(start..<coreEnd, separator: ASCII.dot)
        var count = 0
        while fields.advance(in: text) {
            guard isPlainNumber(text, fields.field) else { return false }
            if let limit, value(of: text, fields.field, atMost: limit) == nil { return false }
            count += 1
        }
        guard numbers.contains(count) else { return false }
        var end = coreEnd
        while end < text.count, text[end] != ASCII.plus { end += 1 }
        if coreEnd < end {
            guard text[coreEnd] == ASCII.hyphen, areIdentifiers(text, (coreEnd + 1)..<end, leadingZeros: false) else {
                return false
            }
        }
        return end == text.count || areIdentifiers(text, (end + 1)..<text.count, leadingZeros: true)
    }

    /// Dot-separated words of letters, digits and hyphens, none of them empty.
    static func areIdentifiers(_ text: Span<UInt8>, _ range: Range<Int>, leadingZeros: Bool) -> Bool {
        var fields = FieldReader(range, separator: ASCII.dot)
        while fields.advance(in: text) {
            guard !fields.field.isEmpty else { return false }
            for position in fields.field {
                let byte = text[position]
                guard byte.isDigit || byte.isLetter || byte == ASCII.hyphen else { return false }
            }
            if !leadingZeros, areDigits(text, fields.field), !isPlainNumber(text, fields.field) { return false }
        }
        return true
    }

    /// Digits without a leading zero.
    private static func isPlainNumber(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        areDigits(text, range) && (range.count == 1 || text[range.lowerBound] != ASCII.zero)
    }
}
