/// What people write where a secret could stand: words, numbers, names of hosts and tickets, dates, versions and
/// addresses. No secret that is any good is made of these alone.
enum PlainWords {
    /// - Parameters:
    ///   - text: without blanks, as it was written.
    ///   - names: whether names with a short number in them count as well, such as `eu1` and `1ubuntu2`, where they are
    ///     a part of something longer: `hunter2` by itself is a password.
    ///   - longestNumber: how many digits a part has at most.
    static func isPlain(_ text: some Collection<UInt8>, names: Bool, longestNumber: Int = 6) -> Bool {
        let word = trimmed(text)
        if isAddress(word) || isDate(word) || isVersion(word) || isHexadecimalAddress(word) { return true }
        let parts = word.split { "/-._:'=~,".utf8.contains($0) }
        // Four digits may be somebody's PIN.
        if parts.count == 1, word.allSatisfy(isDigit) { return word.count < 4 }
        return parts.allSatisfy { part in
            isWord(part, inAnyCase: word.count < 32) || part.allSatisfy(isDigit) && part.count <= longestNumber
                || isTicket(part) || names && parts.count > 1 && isName(part)
        }
    }

    /// As ISO 8601 writes it, with or without signs, alone or with a time.
    static func isDate(_ word: some Collection<UInt8>) -> Bool {
        let word = Array(word)
        guard word.count >= 8, word.count <= 32, [Array("19".utf8), Array("20".utf8)].contains(Array(word[..<2])),
            word.allSatisfy({ isDigit($0) || "TZ:.+-".utf8.contains($0) })
        else { return false }
        return word[4] == UInt8(ascii: "-") || word.count == 8 || word[8] == UInt8(ascii: "T")
    }

    static func isDigit(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte }
    static func isCapital(_ byte: UInt8) -> Bool { 0x41...0x5A ~= byte }
    static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || 0x61...0x66 ~= byte | 0x20 }
    /// Letters of other languages have no case here.
    static func isSmall(_ byte: UInt8) -> Bool { 0x61...0x7A ~= byte || byte >= 0x80 }

    /// Without what a sentence puts around a word.
    private static func trimmed(_ text: some Collection<UInt8>) -> [UInt8] {
        let signs = ".,;:!?()[]<>{}\"'`*\\".utf8
        var word = Array(text)[...]
        while let first = word.first, signs.contains(first) { word = word.dropFirst() }
        while let last = word.last, signs.contains(last) { word = word.dropLast() }
        return Array(word)
    }

    private static func isAddress(_ word: [UInt8]) -> Bool { word.firstRange(of: Array("://".utf8)) != nil }

    /// `3.0.2-0ubuntu1.18`, `1:2.4.6~rc1`, `v1.2.3`; also `10.0.0.12`.
    private static func isVersion(_ word: [UInt8]) -> Bool {
        guard word.count < 48, word.allSatisfy({ isDigit($0) || 0x61...0x7A ~= $0 || ".-+~:".utf8.contains($0) })
        else { return false }
        var rest = word[...]
        if rest.first == UInt8(ascii: "v") { rest = rest.dropFirst() }
        guard rest.first.map(isDigit) == true else { return false }
        rest = rest.drop(while: isDigit)
        if rest.first == UInt8(ascii: ":") { rest = rest.dropFirst().drop(while: isDigit) }
        return rest.first == UInt8(ascii: ".") && rest.dropFirst().first.map(isDigit) == true
    }

    /// Of IPv6, or of a network card.
    private static func isHexadecimalAddress(_ word: [UInt8]) -> Bool {
        let colon = UInt8(ascii: ":")
        guard word.count < 48, word.allSatisfy({ isHexadecimal($0) || $0 == colon }) else { return false }
        return word.filter { $0 == colon }.count >= 2 && word.split(separator: colon).allSatisfy { $0.count <= 4 }
    }

    /// - Parameter inAnyCase: `PostgreSQL` is one as well.
    private static func isWord(_ part: ArraySlice<UInt8>, inAnyCase: Bool) -> Bool {
        guard part.count < 32, part.allSatisfy({ isSmall($0) || isCapital($0) }) else { return false }
        return inAnyCase && part.count < 12 || part.dropFirst().allSatisfy(isSmall) || part.allSatisfy(isCapital)
    }

    /// `CHG0012345`, `P1`.
    private static func isTicket(_ part: ArraySlice<UInt8>) -> Bool {
        let digits = part.drop(while: isCapital)
        let letters = part.count - digits.count
        guard 1...10 ~= letters, 1...10 ~= digits.count, digits.allSatisfy(isDigit) else { return false }
        return letters > 1 || digits.count <= 2
    }

    private static func isName(_ part: ArraySlice<UInt8>) -> Bool {
        let letters = part.drop(while: isDigit)
        let digits = letters.drop(while: isSmall)
        return part.count - letters.count <= 3 && !letters.isEmpty && digits.count < letters.count && digits.count <= 3
            && digits.allSatisfy(isDigit)
    }
}
