/// Rows and columns for people: aligned, cut to the terminal's width, without borders.
struct Table {
    struct Column {
        var title: String
        /// Right for numbers.
        var alignsRight = false
        /// Which columns give way first where the terminal is too narrow; those with 0 never do.
        var shrinks = 0
    }

    struct Cell: ExpressibleByStringLiteral {
        var text: String
        var style: TextStyle

        init(_ text: String, _ style: TextStyle = .plain) {
            self.text = text.printable
            self.style = style
        }

        init(stringLiteral value: String) { self.init(value) }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    init(_ columns: [Column]) { self.columns = columns }

    mutating func add(_ cells: Cell...) { rows.append(cells) }

    func render(in terminal: Terminal = .standard) -> String {
        let widths = fittedWidths(in: terminal.width)
        var lines: [String] = []
        lines.append(
            line(columns.map { Cell($0.title, .dim) }, widths: widths, terminal: terminal))
        for row in rows { lines.append(line(row, widths: widths, terminal: terminal)) }
        return lines.joined(separator: "\n")
    }

    private func fittedWidths(in limit: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            max(
                columns[index].title.count,
                rows.map { $0.indices.contains(index) ? $0[index].text.count : 0 }.max() ?? 0)
        }
        guard let limit else { return widths }
        let order = columns.indices.filter { columns[$0].shrinks > 0 }
            .sorted { columns[$0].shrinks > columns[$1].shrinks }
        for index in order {
            let excess = widths.reduce(0, +) + 2 * (widths.count - 1) - limit
            guard excess > 0 else { break }
            widths[index] = max(8, widths[index] - excess)
        }
        return widths
    }

    private func line(_ cells: [Cell], widths: [Int], terminal: Terminal) -> String {
        var result = ""
        for (index, cell) in cells.enumerated() where index < widths.count {
            let isLast = index == cells.count - 1
            var text = cell.text
            if text.count > widths[index] { text = text.prefix(max(0, widths[index] - 1)) + "…" }
            let padding = String(repeating: " ", count: widths[index] - text.count)
            let styled = cell.style.apply(text, in: terminal)
            if columns[index].alignsRight {
                result += padding + styled
            } else {
                result += isLast ? styled : styled + padding
            }
            if !isLast { result += "  " }
        }
        return result
    }
}
