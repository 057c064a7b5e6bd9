/// Why a fact could not be read from what a host printed. Becomes the reason of `Observed.notObserved`.
struct FactError: Error, Sendable, Equatable, CustomStringConvertible {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    /// For a line that has not the form it must have. A fact with such a line is no fact: leaving the line out would
    /// make a package disappear.
    static func notUnderstood(_ line: some StringProtocol, of source: String) -> FactError {
        FactError("a line of \(source) is not understood: \(FactText.excerpt(String(line), limit: 120))")
    }

    var description: String { reason }
}

/// Text from a host, made safe to keep and to show.
enum FactText {
    /// Decodes bytes that may be anything. What is not UTF-8, and every control character but line feed and tab,
    /// becomes U+FFFD, so that no fact can steer a terminal; also those characters that reorder text (bidirectional
    /// controls).
    static func decode(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        // Nearly all of it is plain.
        if bytes.allSatisfy({ ($0 >= 0x20 && $0 < 0x7F) || $0 == 0x09 || $0 == 0x0A }) { return text }
        guard text.unicodeScalars.contains(where: isUnwanted) else { return text }
        var clean = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { clean.append(isUnwanted(scalar) ? "\u{FFFD}" : scalar) }
        return String(clean)
    }

    private static func isUnwanted(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// The beginning of a text on one line.
    static func excerpt(_ text: String, limit: Int) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " | ")
        return line.count <= limit ? line : line.prefix(limit) + "…"
    }

    /// Lines without their line feeds; a last empty one is none.
    static func lines(_ text: String) -> [Substring] {
        split(text[...], at: UInt8(ascii: "\n"), omittingEmpty: true)
    }

    /// The lines of each paragraph; empty lines are between them, and paragraphs without a line are none.
    static func paragraphs(_ text: String) -> [[Substring]] {
        split(text[...], at: UInt8(ascii: "\n"), omittingEmpty: false)
            .split(whereSeparator: \.isEmpty).map(Array.init)
    }

    /// The parts between tabs, empty ones too.
    static func fields(_ line: Substring) -> [Substring] {
        split(line, at: UInt8(ascii: "\t"), omittingEmpty: false)
    }

    /// The words between spaces.
    static func words(_ line: Substring) -> [Substring] {
        split(line, at: UInt8(ascii: " "), omittingEmpty: true)
    }

    /// By bytes: characters cost many times as much, and a combining mark would hide the separator before it.
    ///
    /// - Parameter separator: an ASCII character.
    private static func split(_ text: Substring, at separator: UInt8, omittingEmpty: Bool) -> [Substring] {
        text.utf8.split(separator: separator, omittingEmptySubsequences: omittingEmpty).map { Substring($0) }
    }

    /// A number in decimal digits; nil for anything else, and for what does not fit.
    static func number<Value: FixedWidthInteger>(_ text: some StringProtocol, _ type: Value.Type = Value.self) -> Value?
    {
        guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Value(text)
    }

    /// Whether a text can be a package's name or architecture, in any of the package managers.
    static func isName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
                default: false
                }
            }
    }

    /// Whether a text can be a version.
    static func isVersion(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.count <= 255
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "\\") }
    }
}
