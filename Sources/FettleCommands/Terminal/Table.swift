/// Rows and columns for people: aligned, cut to the terminal's width, without borders.
struct Table {
    struct Column {
        var title: String
        /// Right for numbers.
        var alignsRight = false
        /// Which columns give way first where the terminal is too narrow; those with 0 never do.
        var shrinks = 0
        /// A column that shrinks keeps so many columns of the terminal: what is shorter says nothing.
        var least = 8
        /// Which columns are left out first where shrinking is not enough; those with 0 never are.
        var drops = 0
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

    /// Never wider than the terminal: columns that may shrink do, then those that may be left out are; where that is not enough, each
    /// row becomes a block of its own in which nothing is left out.
    func render(in terminal: Terminal = .standard) -> String {
        guard let shown = shown(in: terminal) else {
            return rows.map { block($0, width: max(12, terminal.width ?? 0), terminal: terminal) }
                .joined(separator: "\n")
        }
        return keeping(shown).lines(in: terminal)
    }

    /// Columns that there is no room for as a table, in their order.
    func dropped(in terminal: Terminal = .standard) -> [Int] {
        guard let shown = shown(in: terminal) else { return [] }
        return columns.indices.filter { !shown.contains($0) }
    }

    /// nil: as a table it does not fit.
    private func shown(in terminal: Terminal) -> [Int]? {
        var shown = Array(columns.indices)
        guard let limit = terminal.width else { return shown }
        while true {
            let table = keeping(shown)
            if Self.total(table.fittedWidths(in: limit)) <= limit { return shown }
            guard let next = shown.filter({ columns[$0].drops > 0 }).max(by: { columns[$0].drops < columns[$1].drops })
            else { return nil }
            shown.removeAll { $0 == next }
        }
    }

    private func keeping(_ places: [Int]) -> Table {
        guard places.count < columns.count else { return self }
        var table = Table(places.map { columns[$0] })
        table.rows = rows.map { row in places.filter(row.indices.contains).map { row[$0] } }
        return table
    }

    private func lines(in terminal: Terminal) -> String {
        let widths = fittedWidths(in: terminal.width)
        var lines: [String] = []
        lines.append(
            line(columns.map { Cell($0.title, .dim) }, widths: widths, terminal: terminal))
        for row in rows { lines.append(line(row, widths: widths, terminal: terminal)) }
        return lines.joined(separator: "\n")
    }

    private static func total(_ widths: [Int]) -> Int { widths.reduce(0, +) + gap * (widths.count - 1) }

    private static let gap = 2

    private func fittedWidths(in limit: Int?) -> [Int] {
        var widths = columns.indices.map { index in
            max(
                columns[index].title.displayWidth,
                rows.map { $0.indices.contains(index) ? $0[index].text.displayWidth : 0 }.max() ?? 0)
        }
        guard let limit else { return widths }
        let order = columns.indices.filter { columns[$0].shrinks > 0 }
            .sorted { columns[$0].shrinks > columns[$1].shrinks }
        for index in order {
            let excess = Self.total(widths) - limit
            guard excess > 0 else { break }
            widths[index] = max(min(columns[index].least, widths[index]), widths[index] - excess)
        }
        return widths
    }

    private func line(_ cells: [Cell], widths: [Int], terminal: Terminal) -> String {
        var result = ""
        for (index, cell) in cells.enumerated() where index < widths.count {
            let isLast = index == cells.count - 1
            let text = cell.text.shortened(to: widths[index])
            let padding = String(repeating: " ", count: max(0, widths[index] - text.displayWidth))
            let styled = cell.style.apply(text, in: terminal)
            if columns[index].alignsRight {
                result += padding + styled
            } else {
                result += isLast ? styled : styled + padding
            }
            if !isLast { result += String(repeating: " ", count: Self.gap) }
        }
        return result
    }

    /// What the row is about in a line, and below it the other cells, each with its title, as many in a line as fit.
    private func block(_ cells: [Cell], width: Int, terminal: Terminal) -> String {
        let head = cells.firstIndex { $0.style == .bold } ?? 0
        let indent = "  "
        let room = width - indent.count
        var lines: [(text: String, width: Int)] = []
        for (index, cell) in cells.enumerated() where index != head && index < columns.count && !cell.text.isEmpty {
            let title = columns[index].title.lowercased()
            let pieces = "\(title) \(cell.text)".wrapped(to: room)
            let styled = pieces.enumerated().map { position, piece in
                position == 0 && piece.hasPrefix(title)
                    ? TextStyle.dim.apply(title, in: terminal)
                        + cell.style.apply(String(piece.dropFirst(title.count)), in: terminal)
                    : cell.style.apply(piece, in: terminal)
            }
            let separator = " · "
            if pieces.count == 1, let last = lines.last, let only = pieces.first,
                last.width + separator.count + only.displayWidth <= room
            {
                lines[lines.count - 1] = (
                    last.text + separator + styled[0], last.width + separator.count + only.displayWidth
                )
            } else {
                lines += zip(styled, pieces).map { ($0, $1.displayWidth) }
            }
        }
        let title = cells.indices.contains(head) ? cells[head].text.shortened(to: width) : ""
        return ([TextStyle.bold.apply(title, in: terminal)] + lines.map { indent + $0.text }).joined(separator: "\n")
    }
}
