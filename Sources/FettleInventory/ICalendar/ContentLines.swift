internal import FettleModel

/// A line of an iCalendar file: RFC 5545, 3.1 (https://www.rfc-editor.org/rfc/rfc5545#section-3.1).
struct ContentLine {
    /// In capitals.
    var name: String
    /// Names in capitals; of a parameter with several values the first.
    var parameters: [String: String]
    var value: String
    /// Where it begins in the file, from 1.
    var line: Int

    var place: Place { Place(line: line, column: 1) }
}

/// Takes a file apart into its lines: folded ones are put together again, as bytes, because a fold may stand within a character.
enum ContentLines {
    static let maximumBytes = 4 * 1_024 * 1_024
    static let longestLine = 65_536
    static let mostLines = 200_000

    static func read(_ bytes: [UInt8], _ reading: Reading) -> [ContentLine] {
        guard bytes.count <= maximumBytes else {
            reading.problem(
                "the calendar is larger than \(maximumBytes / 1_024 / 1_024) MB", at: .start,
                hint: "leave out what is past")
            return []
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let body = bytes.starts(with: mark) ? bytes[3...] : bytes[...]
        var lines: [ContentLine] = []
        for (line, text) in unfolded(body, reading) {
            guard lines.count < mostLines else {
                reading.problem("the calendar has more than \(mostLines) lines", at: Place(line: line, column: 1))
                return lines
            }
            if let parsed = parse(text, line, reading) { lines.append(parsed) }
        }
        return lines
    }

    private static func unfolded(_ bytes: ArraySlice<UInt8>, _ reading: Reading) -> [(Int, [UInt8])] {
        var lines: [(Int, [UInt8])] = []
        for (index, row) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let text = row.last == 0x0D ? row.dropLast() : row
            if text.first == 0x20 || text.first == 0x09, let last = lines.last {
                guard last.1.count + text.count <= longestLine else {
                    reading.problem(
                        "a line is longer than \(longestLine) bytes", at: Place(line: last.0, column: 1))
                    return lines
                }
                lines[lines.count - 1].1 += text.dropFirst()
            } else if !text.isEmpty {
                lines.append((index + 1, Array(text)))
            }
        }
        return lines
    }

    private static func parse(_ bytes: [UInt8], _ line: Int, _ reading: Reading) -> ContentLine? {
        let place = Place(line: line, column: 1)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            reading.problem("the text is not UTF-8", at: place, hint: "save it as UTF-8")
            return nil
        }
        if let hidden = text.unicodeScalars.first(where: { ($0.value < 0x20 && $0 != "\t") || $0.value == 0x7F }) {
            reading.problem("a control character \(String(hidden).quoted)", at: place, hint: "remove it")
            return nil
        }
        var scan = LineScan(rest: text[...])
        guard let name = scan.name() else { return malformed(reading, place) }
        var parameters: [String: String] = [:]
        while scan.take(";") {
            guard let key = scan.name(), scan.take("="), let value = scan.parameterValue() else {
                return malformed(reading, place)
            }
            parameters[key.uppercased()] = parameters[key.uppercased()] ?? value
            while scan.take(",") {
                guard scan.parameterValue() != nil else { return malformed(reading, place) }
            }
        }
        guard scan.take(":") else { return malformed(reading, place) }
        return ContentLine(
            name: name.uppercased(), parameters: parameters, value: String(scan.rest), line: line)
    }

    private static func malformed(_ reading: Reading, _ place: Place) -> ContentLine? {
        reading.problem(
            "this is no line of a calendar", at: place,
            hint: "lines are NAME;PARAMETER=VALUE:VALUE, and one that is folded goes on with a space")
        return nil
    }
}

private struct LineScan {
    var rest: Substring

    mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func name() -> String? {
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        rest = rest[name.endIndex...]
        return name.isEmpty ? nil : String(name)
    }

    /// Quoted, or up to the next sign with a meaning; may be empty.
    mutating func parameterValue() -> String? {
        if take("\"") {
            guard let end = rest.firstIndex(of: "\"") else { return nil }
            let value = rest[..<end]
            rest = rest[rest.index(after: end)...]
            return String(value)
        }
        let value = rest.prefix { !";:,\"".contains($0) }
        rest = rest[value.endIndex...]
        return String(value)
    }
}
