/// What a `SectionedScript` printed, taken apart again. Total: any bytes give a transcript.
struct Transcript: Sendable {
    struct Section: Sendable {
        var output: String
        var errors: String
        /// nil: the output was cut at its limit, or the script ended before the section did.
        var status: Int?
    }

    private var sections: [String: Section] = [:]
    /// What this collection marked its own lines with.
    let nonce: String

    init(standardOutput: [UInt8], standardError: [UInt8], nonce: String) {
        self.nonce = nonce
        let errors = Self.split(standardError, nonce: nonce)
        for (name, body) in Self.split(standardOutput, nonce: nonce) {
            let (output, status) = Self.withoutStatus(body, nonce: nonce)
            sections[name] = Section(
                output: FactText.decode(output), errors: FactText.decode(errors[name]?.prefix(16_384) ?? []),
                status: status)
        }
    }

    /// Everything of a section, for those who judge its status themselves; nil if it is missing.
    func section(_ name: String) -> Section? { sections[name] }

    /// The section's output; nil if it says that this host has nothing of the kind.
    ///
    /// - Throws: `FactError` if the section failed, was cut, or is missing.
    func output(of name: String) throws(FactError) -> String? {
        guard let section = sections[name] else {
            throw FactError("the host's answer ended before this was collected")
        }
        guard let status = section.status else {
            throw FactError("the host printed more than is read, or stopped in the middle")
        }
        switch status {
        case 0: return section.output
        case SectionedScript.absentStatus: return nil
        default:
            let words = FactText.excerpt(section.errors, limit: 300)
            let cause = status == 124 ? "it took too long" : "it ended with status \(status)"
            throw FactError(words.isEmpty ? cause : "\(cause): \(words)")
        }
    }

    /// The section's output where the host must have it.
    func requiredOutput(of name: String) throws(FactError) -> String {
        guard let text = try output(of: name) else { throw FactError("this host has nothing that tells it") }
        return text
    }

    /// Puts something else in the place of what a section printed.
    mutating func replaceOutput(of name: String, with text: String) { sections[name]?.output = text }

    // MARK: Splitting

    /// Each section's bytes, between its `NONCE begin NAME` line and the next.
    private static func split(_ bytes: [UInt8], nonce: String) -> [String: ArraySlice<UInt8>] {
        let marker = Array("\n\(nonce) begin ".utf8)
        var sections: [String: ArraySlice<UInt8>] = [:]
        var current: (name: String, start: Int)?
        var index = 0
        while let found = firstRange(of: marker, in: bytes, from: index) {
            if let current, sections[current.name] == nil { sections[current.name] = bytes[current.start..<found] }
            let nameStart = found + marker.count
            let lineEnd = bytes[nameStart...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            current = (String(decoding: bytes[nameStart..<lineEnd], as: UTF8.self), min(lineEnd + 1, bytes.count))
            index = lineEnd
        }
        if let current, sections[current.name] == nil { sections[current.name] = bytes[current.start...] }
        return sections
    }

    private static func withoutStatus(_ body: ArraySlice<UInt8>, nonce: String) -> (ArraySlice<UInt8>, Int?) {
        let marker = Array("\n\(nonce) status ".utf8)
        // The line that counts is the last one; a section of no output begins with it.
        let padded = [UInt8(ascii: "\n")] + body
        var last: Int?
        var index = 0
        while let found = firstRange(of: marker, in: padded, from: index) {
            last = found
            index = found + marker.count
        }
        guard let last else { return (body, nil) }
        let line = String(decoding: padded[(last + marker.count)...].prefix(16), as: UTF8.self)
        let words = line.split(separator: "\n").first?.split(separator: " ") ?? []
        guard words.count == 2, words[1] == "end", let status: Int = FactText.number(words[0]) else {
            return (body, nil)
        }
        return (padded[..<last].dropFirst(), status)
    }

    private static func firstRange(of pattern: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard start >= 0, bytes.count >= pattern.count, start <= bytes.count - pattern.count else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            var index = start
            let end = buffer.count - pattern.count
            while index <= end {
                if buffer[index] == pattern[0] {
                    var offset = 1
                    while offset < pattern.count, buffer[index + offset] == pattern[offset] { offset += 1 }
                    if offset == pattern.count { return index }
                }
                index += 1
            }
            return nil
        }
    }
}
