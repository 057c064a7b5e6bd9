import FettleModel

/// A report as one self-contained page: no script, nothing loaded from anywhere, fit for an archive, a screen reader and printing.
public enum DocumentPage {
    public static func html(_ document: ReportDocument) -> String {
        let body: HTMLText = """
            \(heading(document))
            \(figures(document))
            \(cautions(document))
            \(document.charts.map(DocumentCharts.html).joined())
            \(document.tables.map(table).joined())
            \(basis(document))
            """
        return HTMLPage.document(title: document.title, body: body, style: style)
    }

    /// Beside what all pages share.
    static let style = """
        .lead{font-size:17px;max-width:70ch;margin:6px 0 0}.note{color:var(--soft);margin:-6px 0 12px;max-width:80ch}
        :root{--accent:#2f6fdb;--neutral:#98a2b3}
        @media(prefers-color-scheme:dark){:root{--accent:#6ea0f5;--neutral:#7a8699}}
        .t-good{--tone:var(--good)}.t-warn{--tone:var(--warn)}.t-bad{--tone:var(--bad)}.t-neutral{--tone:var(--neutral)}
        .t-accent{--tone:var(--accent)}rect[class^=t-],circle[class^=t-]{fill:var(--tone)}i[class^=t-]{background:var(--tone)}
        .line{fill:none;stroke:var(--tone);stroke-width:2.5;stroke-linejoin:round}svg text.inside{fill:var(--card);text-anchor:middle;
        font-weight:600}svg text.total{fill:var(--ink);font-weight:600}svg .soft{fill:var(--soft)}.legend span{margin-right:12px}
        td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}main{max-width:1180px}td{overflow-wrap:break-word}
        th.number,td.number{padding-left:12px}td:last-child,th:last-child{padding-right:0}td.when,td.word{white-space:nowrap}
        .card b.bad{color:var(--bad)}.card b.warn{color:var(--warn)}.card b.good{color:var(--good)}
        .more{color:var(--soft);font-size:13px;margin:12px 0 0}
        @media print{:root{--ink:#000;--soft:#444;--line:#bbb;--card:#fff;--page:#fff;--good:#0b5c41;--warn:#8a4708;--bad:#a11b12}
        main{max-width:none;padding:0}section:has(table){break-inside:auto}tr{break-inside:avoid}thead{display:table-header-group}
        h2,.note{break-after:avoid}table{font-size:11px}td,th{padding:5px 6px 5px 0}
        svg{min-width:0}.wide{overflow:visible}rect,circle,i{print-color-adjust:exact}}
        """

    private static func heading(_ document: ReportDocument) -> HTMLText {
        let verdict: HTMLText = document.verdict.map { "\(HTMLPage.badge($0.words, $0.tone)) " } ?? ""
        return """
            <header><p class="kind">Fettle \(document.kind) report</p><h1>\(document.title)</h1>
            <p>\(verdict)<span class="time">as of \(moment(document.madeAt))</span></p><p class="lead">\(document.summary)</p></header>
            """
    }

    private static func figures(_ document: ReportDocument) -> HTMLText {
        guard !document.figures.isEmpty else { return "" }
        let cards = document.figures.map { figure -> HTMLText in
            guard case .mark(let words, let tone) = figure.value else {
                return HTMLPage.card(figure.title, figure.value.words.isEmpty ? "–" : figure.value.words)
            }
            return """
                <div class="card"><b class="\(HTMLText(source: tone.rawValue))">\(words)</b><span>\(figure.title)</span></div>
                """
        }
        return "<section class=\"cards\">\(cards.joined())</section>"
    }

    private static let shownCautions = 20

    private static func cautions(_ document: ReportDocument) -> HTMLText {
        guard !document.cautions.isEmpty else { return "" }
        let lines = document.cautions.prefix(shownCautions).map { "<li>\($0)</li>" as HTMLText }
        let left = document.cautions.count - shownCautions
        let more: HTMLText = left > 0 ? "<li>and \(left) more</li>" : ""
        return """
            <section class="trouble"><h2>Not checked, which is not clean</h2><ul>\(lines.joined())\(more)</ul></section>
            """
    }

    static func table(_ table: ReportTable) -> HTMLText {
        let note: HTMLText = table.note.isEmpty ? "" : "<p class=\"note\">\(table.note)</p>"
        guard table.count > 0 else {
            return "<section><h2>\(table.title)</h2>\(note)<p>\(table.ifEmpty)</p></section>"
        }
        let columns = table.columns.indices.filter { !table.columns[$0].isAside }
        let heads = columns.map { table.columns[$0] }.map { column -> HTMLText in
            "<th scope=\"col\"\(column.isNumber ? " class=\"number\"" : "" as HTMLText)>\(column.title)</th>"
        }
        let rows = (0..<min(table.count, table.shown)).map { place -> HTMLText in
            let cells = table.row(place)
            let shown = columns.filter { cells.indices.contains($0) }.map { cell(table.columns[$0], cells[$0]) }
            return "<tr>\(shown.joined())</tr>"
        }
        let left = table.count - table.shown
        let more: HTMLText =
            left > 0
            ? """
            <p class="more">\(table.shown) of \(table.count) rows; all of them stand in the CSV, the workbook and the JSON of this \
            report.</p>
            """ : ""
        return """
            <section><h2>\(table.title)</h2>\(note)<div class="wide" tabindex="0" role="region" aria-label="\(table.title)"><table>
            <thead><tr>\(heads.joined())</tr></thead><tbody>\(rows.joined())</tbody></table></div>\(more)</section>
            """
    }

    /// Such as `2026-11-23 10:00 UTC`.
    private static func moment(_ time: Timestamp) -> String {
        "\(time.day) \(time.clock.prefix(5)) UTC"
    }

    private static func cell(_ column: ReportTable.Column, _ cell: ReportCell) -> HTMLText {
        switch cell {
        case .mark(let words, let tone): "<td>\(HTMLPage.badge(words, tone))</td>"
        case .count, .decimal, .number: "<td class=\"number\">\(cell.words)</td>"
        case .day: "<td class=\"when\">\(cell.words)</td>"
        case .moment(let time): "<td class=\"when\">\(moment(time))</td>"
        case .none where column.isNumber: "<td class=\"number\">–</td>"
        case .none: "<td>–</td>"
        case .text, .flag: "<td>\(cell.words)</td>"
        }
    }

    private static func basis(_ document: ReportDocument) -> HTMLText {
        guard !document.basis.isEmpty else { return "" }
        let lines = document.basis.map { "<li>\($0)</li>" as HTMLText }
        return "<section><h2>What this rests on</h2><ul>\(lines.joined())</ul></section>"
    }
}
