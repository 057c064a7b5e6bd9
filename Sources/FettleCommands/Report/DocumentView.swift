import FettleReporting

/// A report on a terminal: what it says, its figures, and the beginning of each table.
struct DocumentView {
    var document: ReportDocument

    private static let rows = 15
    private static let columns = 8

    func lines(in terminal: Terminal = .standard) -> String {
        var text: [String] = [TextStyle.bold.apply(document.title, in: terminal)]
        if let verdict = document.verdict { text.append(verdict.tone.style.apply(verdict.words, in: terminal)) }
        text += [document.summary, ""]
        for caution in document.cautions.prefix(Self.rows) {
            text.append(TextStyle.yellow.apply("not checked: \(caution.printable)", in: terminal))
        }
        if document.cautions.count > Self.rows { text.append("and \(document.cautions.count - Self.rows) more") }
        text += document.figures.map { "\($0.title): \($0.value.words.isEmpty ? "not known" : $0.value.words)" }
        for table in document.tables {
            text += ["", TextStyle.bold.apply(table.title, in: terminal)]
            guard table.count > 0 else {
                text.append(table.ifEmpty)
                continue
            }
            text.append(rendered(table).render(in: terminal))
            if table.count > Self.rows { text.append("and \(table.count - Self.rows) more (--html, --xlsx, --csv)") }
        }
        return text.joined(separator: "\n")
    }

    private func rendered(_ table: ReportTable) -> Table {
        let places = table.columns.indices.filter { !table.columns[$0].isAside }.prefix(Self.columns)
        let columns = places.map { table.columns[$0] }
        var result = Table(
            columns.map { .init(title: $0.title.uppercased(), alignsRight: $0.isNumber, shrinks: $0.isNumber ? 0 : 1) })
        for place in 0..<min(table.count, Self.rows) {
            let cells = table.row(place)
            result.rows.append(
                places.filter { cells.indices.contains($0) }.map { cells[$0] }.map { cell in
                    guard case .mark(let words, let tone) = cell else { return .init(cell.words) }
                    return .init(words, tone.style)
                })
        }
        return result
    }
}

extension HTMLPage.Tone {
    var style: TextStyle {
        switch self {
        case .good: .green
        case .warn: .yellow
        case .bad: .red
        }
    }
}
