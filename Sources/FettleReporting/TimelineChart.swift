import FettleModel

/// When each host was worked on, as an SVG: a row for each host, a bar for each step.
enum TimelineChart {
    private static let rowHeight = 22
    private static let labelWidth = 110
    private static let chartWidth = 820
    /// Hosts: with more of them nobody follows the lines.
    private static let shownRows = 200

    static func html(_ story: RunStory) -> HTMLText {
        guard let start = story.startedAt, !story.steps.isEmpty else { return "" }
        let end = story.endedAt ?? story.steps.map { $0.endedAt ?? $0.startedAt }.max() ?? start
        let length = max(1, end.seconds(since: start))
        var steps: [ResourceID: [RunStory.StepStory]] = [:]
        var all: [ResourceID] = []
        for step in story.steps {
            if steps[step.resource] == nil { all.append(step.resource) }
            steps[step.resource, default: []].append(step)
        }
        // Of too many those first on which something failed.
        let failed = all.filter { resource in steps[resource]?.contains { $0.failure != nil } ?? false }
        let isFailed = Set(failed)
        let isCut = all.count > shownRows
        let rows = Array((isCut ? failed + all.filter { !isFailed.contains($0) } : all).prefix(shownRows))
        let height = rows.count * rowHeight + 30
        var parts = axis(length: length, height: height)
        for (index, resource) in rows.enumerated() {
            let top = index * rowHeight + 24
            parts.append(
                "<text x=\"\(labelWidth - 8)\" y=\"\(top + 14)\" class=\"label\">\(resource)</text><line x1=\"\(labelWidth)\" x2=\"\(labelWidth + chartWidth)\" y1=\"\(top + rowHeight - 1)\" y2=\"\(top + rowHeight - 1)\" class=\"rule\"/>"
            )
            for step in steps[resource] ?? [] {
                parts.append(bar(step, start: start, end: end, length: length, top: top))
            }
        }
        let more: HTMLText = isCut ? "<p class=\"time\">\(rows.count) of \(all.count) hosts.</p>" : ""
        return """
            <section><h2>Timeline</h2><div class="wide"><svg viewBox="0 0 \(labelWidth + chartWidth + 20) \(height)" role="img" \
            aria-label="When each host was worked on">\(parts.joined())</svg></div>
            <p class="legend">\(StepTone.legend(StepTone.allCases))</p>\(more)</section>
            """
    }

    private static func bar(
        _ step: RunStory.StepStory, start: Timestamp, end: Timestamp, length: Double, top: Int
    ) -> HTMLText {
        let from = position(step.startedAt, start, length)
        let to = position(step.endedAt ?? end, start, length)
        let seconds = Int((step.endedAt ?? end).seconds(since: step.startedAt).rounded())
        return """
            <rect x="\(from)" y="\(top + 2)" width="\(max(2, to - from))" height="\(rowHeight - 6)" rx="2" class="\(HTMLText(source: tone(of: step)))">\
            <title>\(step.step): \(seconds) s\(step.failure.map { ", " + $0.message } ?? "")</title></rect>
            """
    }

    private static func position(_ time: Timestamp, _ start: Timestamp, _ length: Double) -> Int {
        labelWidth + Int(Double(chartWidth) * min(1, max(0, time.seconds(since: start) / length)))
    }

    private static func tone(of step: RunStory.StepStory) -> String {
        if step.failure != nil { return "failed" }
        if step.isRollback { return "back" }
        return StepTone(name: step.name).rawValue
    }

    private static func axis(length: Double, height: Int) -> [HTMLText] {
        let choices = [1.0, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400]
        let step = choices.first { length / $0 <= 10 } ?? length
        return stride(from: 0, through: length, by: step).map { second in
            let x = labelWidth + Int(Double(chartWidth) * second / length)
            let label = step < 60 ? "\(Int(second)) s" : "\(Int(second) / 60) min"
            return
                "<line x1=\"\(x)\" x2=\"\(x)\" y1=\"20\" y2=\"\(height)\" class=\"rule\"/><text x=\"\(x)\" y=\"14\" class=\"tick\">\(label)</text>"
        }
    }
}
