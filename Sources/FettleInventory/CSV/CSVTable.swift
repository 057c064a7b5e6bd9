/// A table as in [RFC 4180](https://www.rfc-editor.org/rfc/rfc4180), and as spreadsheets write it: commas, semicolons or
/// tabs; lines ended by CRLF, LF or CR; a first line `sep=;` if they like. Each cell knows its place.
struct CSVTable {
    /// Rows without any text are left out.
    private(set) var rows: [Row] = []
    /// Between two cells, as it is called in messages.
    let separator: String

    struct Row {
        var cells: [Cell]
        var place: Place
    }

    struct Cell: Equatable {
        var text: String
        var place: Place
    }

    static let maximumColumns = 1_000
    private static let names: [Unicode.Scalar: String] = [",": "commas", ";": "semicolons", "\t": "tabs"]

    /// What is wrong with the form is told to `reading`.
    init(_ input: InputText, _ reading: Reading) {
        var scalars = input.text.unicodeScalars[...]
        var place = Place.start
        var separator: Unicode.Scalar
        if let declared = Self.declaredSeparator(input.text) {
            separator = declared
            while let next = scalars.first, next != "\n", next != "\r" { scalars.removeFirst() }
        } else {
            separator = Self.guessedSeparator(input.text)
        }
        self.separator = Self.names[separator] ?? String(separator).quoted
        var scanner = Scanner(rest: scalars, separator: separator, place: place)
        if scalars.startIndex != input.text.unicodeScalars.startIndex { scanner.lineBreak() }
        while !scanner.isAtEnd {
            place = scanner.place
            let cells = scanner.row(reading)
            guard cells.contains(where: { !$0.text.isEmpty }) else { continue }
            guard cells.count <= Self.maximumColumns else {
                reading.problem("more than \(Self.maximumColumns) columns", at: place)
                return
            }
            rows.append(Row(cells: cells, place: place))
        }
    }

    /// Excel's own line before the header.
    private static func declaredSeparator(_ text: String) -> Unicode.Scalar? {
        guard text.hasPrefix("sep="),
            let line = text.unicodeScalars.split(whereSeparator: { $0 == "\n" || $0 == "\r" }).first,
            line.count == 5
        else { return nil }
        return line.last
    }

    /// The one that is most often in the header outside quotes.
    private static func guessedSeparator(_ text: String) -> Unicode.Scalar {
        var counts: [Unicode.Scalar: Int] = [:]
        var isQuoted = false
        for scalar in text.unicodeScalars {
            if scalar == "\"" { isQuoted.toggle() }
            guard !isQuoted else { continue }
            if scalar == "\n" || scalar == "\r", !counts.isEmpty { break }
            if [",", ";", "\t"].contains(scalar) { counts[scalar, default: 0] += 1 }
        }
        let order: [Unicode.Scalar] = [",", ";", "\t"]
        return order.max { counts[$0, default: 0] < counts[$1, default: 0] } ?? ","
    }
}

extension CSVTable {
    private struct Scanner {
        var rest: Substring.UnicodeScalarView
        let separator: Unicode.Scalar
        var place: Place

        var isAtEnd: Bool { rest.isEmpty }

        mutating func row(_ reading: Reading) -> [Cell] {
            var cells: [Cell] = []
            while true {
                cells.append(cell(reading))
                guard let next = rest.first, next == separator else { break }
                advance()
            }
            lineBreak()
            return cells
        }

        private mutating func cell(_ reading: Reading) -> Cell {
            let start = place
            guard rest.first == "\"" else { return Cell(text: plain(reading), place: start) }
            advance()
            var text = String.UnicodeScalarView()
            while let scalar = rest.first {
                if scalar == "\"" {
                    advance()
                    guard rest.first == "\"" else {
                        tellTextBehindQuote(reading)
                        return Cell(text: String(text), place: start)
                    }
                }
                text.append(scalar)
                if scalar == "\n" { newLine() } else { advance() }
            }
            reading.problem("a quote that is never closed", at: start, hint: "a quote inside quotes is written twice")
            return Cell(text: String(text), place: start)
        }

        private mutating func plain(_ reading: Reading) -> String {
            var text = String.UnicodeScalarView()
            var hasQuote = false
            while let scalar = rest.first, scalar != separator, scalar != "\n", scalar != "\r" {
                if scalar == "\"", !hasQuote {
                    reading.problem(
                        "a quote inside a cell without quotes", at: place,
                        hint: "put the whole cell in quotes, and write the quote twice")
                    hasQuote = true
                }
                text.append(scalar)
                advance()
            }
            return String(Substring(String(text)).trimmed)
        }

        private mutating func tellTextBehindQuote(_ reading: Reading) {
            let start = place
            var isTold = false
            while let scalar = rest.first, scalar != separator, scalar != "\n", scalar != "\r" {
                if scalar != " ", !isTold {
                    reading.problem(
                        "text behind the closing quote", at: start, hint: "a quote inside quotes is written twice")
                    isTold = true
                }
                advance()
            }
        }

        mutating func lineBreak() {
            if rest.first == "\r" {
                rest.removeFirst()
                if rest.first != "\n" { place = Place(line: place.line + 1, column: 1) }
            }
            if rest.first == "\n" { newLine() }
        }

        private mutating func newLine() {
            rest.removeFirst()
            place = Place(line: place.line + 1, column: 1)
        }

        private mutating func advance() {
            rest.removeFirst()
            place.column += 1
        }
    }
}
