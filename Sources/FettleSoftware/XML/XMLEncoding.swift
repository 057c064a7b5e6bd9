/// Refuses what is not written in UTF-8: its bytes would mean something other than what is read.
enum XMLEncoding {
    /// UTF-16 and its kin have a zero byte in each letter of markup, or a mark before them.
    static func check(beginning bytes: Span<UInt8>) throws(XMLProblem) {
        let isMarked = bytes.count > 0 && bytes[0] >= 0xFE
        for index in 0..<min(bytes.count, 4) where isMarked || bytes[index] == 0 {
            throw XMLProblem("is not written in UTF-8; save it as UTF-8")
        }
    }

    /// - Parameter instruction: what stands between `<?` and `?>`; only the XML declaration names an encoding.
    static func check(instruction: Span<UInt8>) throws(XMLProblem) {
        var head: [UInt8] = []
        for index in 0..<min(instruction.count, 200) { head.append(instruction[index]) }
        let text = String(decoding: head, as: UTF8.self).lowercased()
        guard text.hasPrefix("xml"), text.dropFirst(3).first?.isWhitespace == true,
            let name = text.firstRange(of: "encoding")
        else { return }
        let value = text[name.upperBound...].drop { $0.isWhitespace || $0 == "=" || $0 == "\"" || $0 == "'" }.prefix {
            $0 != "\"" && $0 != "'"
        }
        guard ["utf-8", "utf8", "us-ascii", "ascii"].contains(String(value)) else {
            throw XMLProblem("is written in \(ListCollector.shown(value)), not in UTF-8; save it as UTF-8")
        }
    }
}
