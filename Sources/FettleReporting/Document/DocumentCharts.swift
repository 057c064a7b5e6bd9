/// Draws a `ReportChart` as an SVG of a fixed width; its height hangs on the labels, of which whoever makes a report gives few.
enum DocumentCharts {
    private static let width = 960
    private static let left = 190
    private static let right = 60

    static func html(_ chart: ReportChart) -> HTMLText {
        // One point is no line.
        guard chart.labels.count > (chart.shape == .lines ? 1 : 0), chart.hasValues else { return "" }
        let drawing = chart.shape == .bars ? bars(chart) : lines(chart)
        let note: HTMLText = chart.note.isEmpty ? "" : "<p class=\"note\">\(chart.note)</p>"
        // One series is named by the title.
        let legend = (chart.series.count > 1 ? chart.series : []).map { series -> HTMLText in
            "<span><i class=\"\(tone(series))\"></i>\(series.name)</span>"
        }
        let names: HTMLText = legend.isEmpty ? "" : "<p class=\"legend\">\(legend.joined())</p>"
        return """
            <section><h2>\(chart.title)</h2>\(note)<div class="wide">\(drawing)</div>
            \(names)</section>
            """
    }

    private static func tone(_ series: ReportChart.Series) -> HTMLText { HTMLText(source: "t-\(series.tone.rawValue)") }

    /// The numbers as a sentence, for whoever does not see the drawing.
    private static func spoken(_ chart: ReportChart) -> String {
        let parts = chart.labels.indices.prefix(40).map { index in
            let values = chart.series.map { series in
                "\(series.name) \(value(series, index).map { "\($0)" } ?? "not known")"
            }
            return "\(chart.labels[index]): \(values.joined(separator: ", "))"
        }
        return "\(chart.title). \(parts.joined(separator: "; "))"
    }

    private static func value(_ series: ReportChart.Series, _ index: Int) -> Int? {
        series.values.indices.contains(index) ? series.values[index].map { max(0, $0) } : nil
    }

    private static func svg(_ chart: ReportChart, height: Int, _ parts: [HTMLText]) -> HTMLText {
        """
        <svg viewBox="0 0 \(width) \(height)" role="img" aria-label="\(spoken(chart))">\(parts.joined())</svg>
        """
    }

    // MARK: Bars

    private static let barHeight = 30

    private static func bars(_ chart: ReportChart) -> HTMLText {
        let totals = chart.labels.indices.map { index in
            chart.series.reduce(0) { $0 + (value($1, index) ?? 0) }
        }
        let most = max(1, totals.max() ?? 1)
        let room = width - left - right
        var parts: [HTMLText] = []
        for (index, label) in chart.labels.enumerated() {
            let top = index * barHeight + 4
            parts.append(
                "<text x=\"\(left - 10)\" y=\"\(top + 16)\" class=\"label\">\(label.clipped(to: 26))<title>\(label)</title></text>"
            )
            var before = 0
            for series in chart.series {
                guard let value = value(series, index), value > 0 else { continue }
                let from = left + room * before / most
                let to = left + room * (before + value) / most
                before += value
                let inside: HTMLText =
                    to - from >= 9 * "\(value)".count + 8
                    ? "<text x=\"\((from + to) / 2)\" y=\"\(top + 16)\" class=\"inside\">\(value)</text>" : ""
                parts.append(
                    """
                    <rect x="\(from)" y="\(top)" width="\(max(2, to - from))" height="\(barHeight - 8)" class="\(tone(series))">\
                    <title>\(label): \(series.name) \(value)</title></rect>\(inside)
                    """)
            }
            parts.append(
                "<text x=\"\(left + room * before / most + 8)\" y=\"\(top + 16)\" class=\"total\">\(totals[index])</text>"
            )
        }
        return svg(chart, height: chart.labels.count * barHeight + 4, parts)
    }

    // MARK: Lines

    private static let lineTop = 16
    private static let lineHeight = 220
    private static let lineLeft = 56

    private static func lines(_ chart: ReportChart) -> HTMLText {
        let most = chart.series.flatMap { series in series.values.compactMap { $0 } }.max() ?? 1
        let top = scale(most)
        let room = width - lineLeft - right
        let last = max(1, chart.labels.count - 1)
        func x(_ index: Int) -> Int { lineLeft + room * index / last }
        func y(_ value: Int) -> Int { lineTop + lineHeight - lineHeight * min(value, top) / top }
        var parts: [HTMLText] = (0...4).map { step in
            let value = top * step / 4
            return """
                <line x1="\(lineLeft)" x2="\(width - right)" y1="\(y(value))" y2="\(y(value))" class="rule"/>\
                <text x="\(lineLeft - 8)" y="\(y(value) + 4)" class="label soft">\(value)</text>
                """
        }
        let every = max(1, (chart.labels.count + 8) / 9)
        for index in stride(from: 0, to: chart.labels.count, by: every) {
            parts.append(
                "<text x=\"\(x(index))\" y=\"\(lineTop + lineHeight + 20)\" class=\"tick\">\(chart.labels[index])</text>"
            )
        }
        for series in chart.series {
            var path = ""
            var isDrawing = false
            for index in chart.labels.indices {
                guard let value = value(series, index) else {
                    isDrawing = false
                    continue
                }
                path += "\(isDrawing ? "L" : "M")\(x(index)) \(y(value))"
                isDrawing = true
            }
            parts.append("<path d=\"\(HTMLText(source: path))\" class=\"line \(tone(series))\"/>")
            for index in chart.labels.indices {
                guard let value = value(series, index) else { continue }
                parts.append(
                    """
                    <circle cx="\(x(index))" cy="\(y(value))" r="3" class="\(tone(series))">\
                    <title>\(chart.labels[index]): \(series.name) \(value)</title></circle>
                    """)
            }
        }
        return svg(chart, height: lineTop + lineHeight + 30, parts)
    }

    /// The next round number that four steps divide.
    static func scale(_ most: Int) -> Int {
        var unit = 4
        while unit <= Int.max / 100 {
            for factor in [1, 2, 5] where most <= unit * factor { return unit * factor }
            unit *= 10
        }
        return max(most, 1)
    }
}
