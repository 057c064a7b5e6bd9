import FettleModel

/// When each resource is worked on, as an SVG: a row for each, grouped; or a row for several groups where there are many.
struct GanttChart {
    /// Up to so many resources have a row of their own; beyond, a page of rows is read by nobody.
    static let individualRows = 200
    /// Up to so many rows of folded groups in each environment.
    static let foldedRows = 24

    private static let rowHeight = 20
    private static let headHeight = 26
    private static let labelWidth = 176
    private static let chartWidth = 784
    private static let top = 24
    static var fullWidth: Int { labelWidth + chartWidth + 20 }

    let rows: PlanRows
    let plan: Plan
    let axis: TimeAxis

    init(_ picture: PlanPicture, _ rows: PlanRows) {
        self.rows = rows
        plan = picture.plan
        axis = TimeAxis(
            busy: rows.busy, left: Self.labelWidth, width: Self.chartWidth, start: picture.times.start)
    }

    var html: HTMLText {
        guard rows.count > 0 else { return "" }
        let isFolded = rows.count > Self.individualRows
        let tones: [StepTone] = [.wait, .drain, .patch, .reboot, .gate]
        let shade: HTMLText = plan.windows.isEmpty ? "" : " <i class=\"window\"></i>window"
        let legend: HTMLText =
            isFolded
            ? "<i class=\"wait\"></i>worked on <i class=\"patch\"></i>out of service: the higher, the more of them at once\(shade)"
            : "\(StepTone.legend(tones))\(shade)"
        return """
            <section><h2>Time line</h2><p class="note">\(basis(isFolded))</p>\(isFolded ? folded : individual)
            <p class="legend">\(legend)</p></section>
            """
    }

    private func basis(_ isFolded: Bool) -> String {
        let clock =
            axis.start == nil
            ? "Counted from the start, whenever that is" : "Times are UTC"
        let fold =
            isFolded
            ? " \(PlanWords.number(rows.count)) resources are too many for a row each: a row is a group or several."
            : ""
        return "\(clock), if every step takes its median.\(fold)"
    }

    // MARK: A row for each

    private var individual: HTMLText {
        var parts: [HTMLText] = []
        var y = Self.top
        for group in rows.groups {
            parts.append(head(group, y))
            y += Self.headHeight
            parts += shades(group.rows.map(\.window), from: y, rowHeight: Self.rowHeight)
            for row in group.rows {
                parts.append(line(row, y))
                y += Self.rowHeight
            }
        }
        return svg(parts, height: y + 4, label: "When each resource is worked on")
    }

    private func head(_ group: RowGroup, _ y: Int) -> HTMLText {
        var words = group.environments.map(\.rawValue).joined(separator: ", ")
        if let planned = group.group {
            words +=
                " · \(planned.members.count) members, at least \(planned.minimumAvailable) in service, "
                + "at most \(planned.maximumOut) out"
        }
        return """
            <text x="0" y="\(y + 17)" class="group">\(group.name.clipped(to: 34))<title>\(group.name)</title></text>\
            <text x="\(Self.aside(group.name))" y="\(y + 17)" class="aside">\(words)</text>
            """
    }

    /// Where there is room beside a heading: a long one reaches into the chart.
    private static func aside(_ name: String) -> Int { max(labelWidth, min(name.count, 34) * 8 + 12) }

    private func line(_ row: PlanRow, _ y: Int) -> HTMLText {
        let bars = row.segments.map { segment -> HTMLText in
            let from = axis.x(segment.begin)
            let width = max(1, axis.x(segment.end) - from)
            let words =
                "\(segment.step): \(PlanWords.duration(segment.end - segment.begin)), from \(moment(segment.begin))"
            return """
                <rect x="\(from)" y="\(y + 3)" width="\(width)" height="\(Self.rowHeight - 6)" class="\(segment.tone.css)">\
                <title>\(words)</title></rect>
                """
        }
        return """
            <text x="\(Self.labelWidth - 8)" y="\(y + 14)" class="label">\(row.resource.rawValue.clippedInFront(to: 24))\
            <title>\(row.resource)</title></text>\(bars.joined())
            """
    }

    private func moment(_ second: Int) -> String {
        axis.start.map { $0.adding(seconds: second).minute } ?? "\(PlanWords.offset(second)) after the start"
    }

    // MARK: Folded

    private var folded: HTMLText {
        var environments: [EnvironmentID] = plan.environments
        let lots = Dictionary(grouping: rows.groups) { $0.environments.first }
        for case let extra? in lots.keys.sorted(by: { ($0?.rawValue ?? "") < ($1?.rawValue ?? "") })
        where !environments.contains(extra) { environments.append(extra) }
        var parts: [HTMLText] = []
        var y = Self.top
        for environment in environments {
            guard let groups = lots[environment], !groups.isEmpty else { continue }
            let hosts = groups.reduce(0) { $0 + $1.rows.count }
            let size = (groups.count + Self.foldedRows - 1) / Self.foldedRows
            let words = "\(PlanWords.count(hosts, "resource")) in \(PlanWords.count(groups.count, "group"))"
            parts.append(
                """
                <text x="0" y="\(y + 17)" class="group">\(environment.rawValue.clipped(to: 34))</text>\
                <text x="\(Self.labelWidth)" y="\(y + 17)" class="aside">\(words)</text>
                """)
            y += Self.headHeight
            let lots = stride(from: 0, to: groups.count, by: size).map { groups[$0..<min($0 + size, groups.count)] }
            parts += shades(
                lots.map { $0.first?.rows.first?.window ?? nil }, from: y, rowHeight: Self.rowHeight)
            for lot in lots {
                parts.append(fold(Array(lot), y))
                y += Self.rowHeight
            }
        }
        return svg(parts, height: y + 4, label: "When each group is worked on")
    }

    private func fold(_ groups: [RowGroup], _ y: Int) -> HTMLText {
        let rows = groups.flatMap(\.rows)
        let name = groups.first?.name ?? ""
        let more = groups.count > 1 ? " +\(groups.count - 1)" : ""
        let label = "\(name.clippedInFront(to: 24 - more.count))\(more)"
        let load = LoadShape(rows: rows, axis: axis)
        let most = load.most
        let words =
            "\(PlanWords.list(groups.map(\.name))): \(PlanWords.count(rows.count, "resource")), at most \(most) out at once, "
            + "\(moment(groups.map(\.begin).min() ?? 0)) to \(moment(groups.map(\.end).max() ?? 0))"
        let base = y + Self.rowHeight - 3
        return """
            <g><title>\(words)</title><text x="\(Self.labelWidth - 8)" y="\(y + 14)" class="label">\(label)</text>\
            <path class="wait" d="\(load.spans(base: base))"/>\
            <path class="patch" d="\(load.area(base: base, height: Self.rowHeight - 6))"/></g>
            """
    }

    // MARK: Both

    /// Behind each run of rows, the window in which they are worked on.
    private func shades(_ windows: [Int?], from y: Int, rowHeight: Int) -> [HTMLText] {
        guard let start = axis.start else { return [] }
        var parts: [HTMLText] = []
        var first = 0
        for place in windows.indices where place + 1 == windows.count || windows[place + 1] != windows[place] {
            defer { first = place + 1 }
            guard let index = windows[place], plan.windows.indices.contains(index) else { continue }
            let window = plan.windows[index]
            let from = axis.x(Self.second(window.opensAt, after: start))
            let to = axis.x(Self.second(window.closesAt, after: start))
            parts.append(
                """
                <rect x="\(from)" y="\(y + first * rowHeight)" width="\(max(1, to - from))" \
                height="\((place + 1 - first) * rowHeight)" class="window">\
                <title>window \(window.opensAt.minute) to \(window.closesAt.minute) UTC</title></rect>
                """)
        }
        return parts
    }

    /// Far enough for any window, near enough that sums cannot overflow.
    private static func second(_ time: Timestamp, after start: Timestamp) -> Int {
        Int(max(-1e10, min(1e10, time.seconds(since: start))))
    }

    private func svg(_ parts: [HTMLText], height: Int, label: String) -> HTMLText {
        """
        <div class="wide"><svg viewBox="0 0 \(Self.fullWidth) \(height)" role="img" aria-label="\(label)">\
        \(axis.marks(height: height, top: Self.top - 2))\(parts.joined())</svg></div>
        """
    }
}

extension String {
    /// So much of it as there is room for.
    func clipped(to limit: Int) -> String {
        count <= max(2, limit) ? self : String(prefix(max(2, limit) - 1)) + "…"
    }

    /// The same for names of which the end tells more: what begins alike stands together.
    func clippedInFront(to limit: Int) -> String {
        count <= max(2, limit) ? self : "…" + String(suffix(max(2, limit) - 1))
    }
}
