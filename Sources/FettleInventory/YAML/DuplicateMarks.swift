/// Lets the parser go on behind a key that is given twice, so that all of them are told and not only the first.
///
/// The parser refuses a mapping with a key twice and names the first of the two. Replacing that key's first letter by one
/// from Unicode's private use area makes the two differ, and leaves every place in the file as it was; the walk over the
/// tree puts the letter back and tells what it finds twice.
struct DuplicateMarks {
    private(set) var text: String
    private var originals: [Unicode.Scalar: Unicode.Scalar] = [:]
    private let isUsable: Bool

    /// Each costs one more parse.
    private static let maximum = 24
    private static let letters = (0..<maximum).compactMap { Unicode.Scalar(0xF0_F00 + $0) }

    init(text: String) {
        self.text = text
        // The letters of plane 15 take four bytes each, all with the same lead bytes.
        isUsable = !text.unicodeScalars.contains { (0xF0_F00..<0xF0_F00 + Self.maximum).contains(Int($0.value)) }
    }

    /// Marks the key that begins at this place, both from 1. False if it is not found there as expected, or if there were
    /// too many.
    mutating func mark(key: String, line: Int, column: Int) -> Bool {
        guard isUsable, originals.count < Self.maximum, line > 0, column > 0 else { return false }
        let scalars = text.unicodeScalars
        guard var start = Self.index(line: line, column: column, in: scalars) else { return false }
        if start < scalars.endIndex, scalars[start] == "\"" || scalars[start] == "'" {
            start = scalars.index(after: start)
        }
        let wanted = original(key).unicodeScalars
        guard let first = wanted.first, start < scalars.endIndex, scalars[start] == first,
            scalars[start...].starts(with: wanted), first.properties.isAlphabetic || first.properties.numericType != nil
        else { return false }
        let letter = Self.letters[originals.count]
        originals[letter] = first
        text.unicodeScalars.replaceSubrange(start...start, with: [letter])
        return true
    }

    /// The key as it stands in the file.
    func original(_ key: String) -> String {
        guard let first = key.unicodeScalars.first, let letter = originals[first] else { return key }
        var result = String.UnicodeScalarView([letter])
        result.append(contentsOf: key.unicodeScalars.dropFirst())
        return String(result)
    }

    /// Lines end as libyaml ends them.
    private static func index(line: Int, column: Int, in scalars: String.UnicodeScalarView) -> String.Index? {
        var place = Place.start
        var index = scalars.startIndex
        while index < scalars.endIndex {
            if place == Place(line: line, column: column) { return index }
            let scalar = scalars[index]
            index = scalars.index(after: index)
            switch scalar {
            case "\r":
                if index < scalars.endIndex, scalars[index] == "\n" { index = scalars.index(after: index) }
                place = Place(line: place.line + 1, column: 1)
            case "\n", "\u{85}", "\u{2028}", "\u{2029}": place = Place(line: place.line + 1, column: 1)
            default: place.column += 1
            }
        }
        return nil
    }
}
