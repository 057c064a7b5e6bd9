/// The words of TOML: keys, strings, blanks, comments, ends of lines.
struct TOMLScanner {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1

    init(_ text: String) {
        var bytes = Array(text.utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        self.bytes = bytes
    }

    var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    func refusal(_ what: String) -> Refusal { Refusal(line: line, "\(what); this is no valid TOML") }

    mutating func advance() {
        if peek == 0x0A { line += 1 }
        position += 1
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        advance()
        return true
    }

    /// After blanks.
    mutating func expect(_ character: Unicode.Scalar) throws(Refusal) {
        skipBlanks()
        try expectNow(character)
    }

    mutating func expectNow(_ character: Unicode.Scalar) throws(Refusal) {
        guard take(character) else { throw refusal("`\(character)` is missing") }
    }

    mutating func skipBlanks() {
        while peek == 0x20 || peek == 0x09 { position += 1 }
    }

    /// Blanks, ends of lines and comments.
    mutating func skipEmptyLines() {
        while let byte = peek {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: advance()
            case UInt8(ascii: "#"): skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() {
        while let byte = peek, byte != 0x0A { position += 1 }
    }

    mutating func endOfLine() throws(Refusal) {
        skipBlanks()
        if peek == UInt8(ascii: "#") { skipComment() }
        if peek == 0x0D { position += 1 }
        guard peek == nil || take("\n") else { throw refusal("more text behind a value") }
    }

    mutating func keyPart() throws(Refusal) -> String {
        if peek == UInt8(ascii: "\"") || peek == UInt8(ascii: "'") { return try string(canSpanLines: false) }
        let start = position
        while let byte = peek, isKeyByte(byte) { position += 1 }
        guard position > start else { throw refusal("a key is missing") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private func isKeyByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    /// A number, a date or a truth value, as it is written.
    mutating func bareValue() throws(Refusal) -> String {
        let start = position
        while let byte = peek, isKeyByte(byte) || "+.:".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let isSpecial = ["true", "false", "inf", "nan", "+inf", "-inf", "+nan", "-nan"].contains(text)
        guard isSpecial || text.utf8.contains(where: { $0 &- 0x30 < 10 }) else { throw refusal("a value is missing") }
        return text
    }

    mutating func string(canSpanLines: Bool = true) throws(Refusal) -> String {
        guard let quote = peek else { throw refusal("a text is missing") }
        let isLiteral = quote == UInt8(ascii: "'")
        let isLong = canSpanLines && has([quote, quote, quote])
        position += isLong ? 3 : 1
        if isLong {
            if peek == 0x0D, has([0x0D, 0x0A]) { position += 1 }
            if peek == 0x0A { advance() }
        }
        var result: [UInt8] = []
        while let byte = peek {
            if byte == quote {
                guard isLong else {
                    position += 1
                    return String(decoding: result, as: UTF8.self)
                }
                if let text = endOfLongString(quote, &result) { return text }
            } else if byte == UInt8(ascii: "\\"), !isLiteral {
                try escape(isLong, &result)
            } else if byte == 0x0A, !isLong {
                throw refusal("a text is not closed on its line")
            } else if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D {
                throw refusal("a control character in a text")
            } else {
                result.append(byte)
                advance()
            }
        }
        throw refusal("a text is not closed")
    }

    /// At a quote of a long string: up to two quotes more than three belong to the text. Nil where it goes on.
    private mutating func endOfLongString(_ quote: UInt8, _ result: inout [UInt8]) -> String? {
        var count = 0
        while count < 5, peek == quote {
            count += 1
            position += 1
        }
        let isEnd = count >= 3
        result += Array(repeating: quote, count: isEnd ? count - 3 : count)
        return isEnd ? String(decoding: result, as: UTF8.self) : nil
    }

    private mutating func escape(_ isLong: Bool, _ result: inout [UInt8]) throws(Refusal) {
        position += 1
        guard let letter = peek else { throw refusal("a text is not closed") }
        let plain: [UInt8: UInt8] = [
            UInt8(ascii: "b"): 0x08, UInt8(ascii: "t"): 0x09, UInt8(ascii: "n"): 0x0A, UInt8(ascii: "f"): 0x0C,
            UInt8(ascii: "r"): 0x0D, UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5C,
        ]
        if let byte = plain[letter] {
            result.append(byte)
            position += 1
        } else if letter == UInt8(ascii: "u") || letter == UInt8(ascii: "U") {
            let count = letter == UInt8(ascii: "u") ? 4 : 8
            let digits = bytes[(position + 1)...].prefix(count)
            guard digits.count == count, digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
                let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(value)
            else { throw refusal("`\\u` without the number of a character") }
            result += Array(String(Character(scalar)).utf8)
            position += 1 + count
        } else if isLong, letter == 0x20 || letter == 0x09 || letter == 0x0A || letter == 0x0D {
            // The end of the line and all white space after it don't count.
            while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { advance() }
        } else {
            throw refusal("an unknown escape in a text")
        }
    }

    private func has(_ wanted: [UInt8]) -> Bool { bytes[position...].starts(with: wanted) }
}
