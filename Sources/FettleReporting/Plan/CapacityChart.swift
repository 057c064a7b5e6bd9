import FettleModel

/// Capacity over time: a small chart for each group with its minimum as a line, those with the least to spare first; a table for
/// the many others.
struct CapacityChart {
    static let charts = 24
    static let tableRows = 400

    private static let width = 470
    private static let height = 104
    private static let left = 30
    private static let right = 8
    private static let top = 10
    private static let bottom = 22

    let picture: PlanPicture
    let axis: TimeAxis
    let groups: [GroupCapacity]

    init(_ picture: PlanPicture, _ rows: PlanRows) {
        self.picture = picture
        axis = TimeAxis(
            busy: rows.busy, left: Self.left, width: Self.width - Self.left - Self.right, start: picture.times.start)
        groups = GroupCapacity.all(picture, rows)
    }

    var html: HTMLText {
        guard !groups.isEmpty else { return "" }
        let charts = groups.prefix(Self.charts).map(chart)
        let rest = groups.dropFirst(Self.charts)
        let note: HTMLText =
            rest.isEmpty
            ? "" : " The \(Self.charts) of \(PlanWords.number(groups.count)) groups with the least to spare."
        return """
            <section><h2>Capacity</h2><p class="note">Members in service over time, and the minimum (dashed).\(note)</p>
            <div class="charts">\(charts.joined())</div>\(table(rest))</section>
            """
    }

    private func chart(_ capacity: GroupCapacity) -> HTMLText {
        let group = capacity.group
        let reason = picture.reasons[group.id]
        let missing: HTMLText =
            capacity.unavailable == 0 ? "" : ", <b class=\"bad\">\(capacity.unavailable) not available now</b>"
        // The planner's own words for a strategy that the fleet file names: everybody who wrote it knows.
        let why: HTMLText =
            reason.flatMap { $0 == "declared in the fleet" ? nil : $0 }.map { "<p class=\"note\">\($0)</p>" } ?? ""
        let tone = HTMLText(source: capacity.spare < 0 ? "bad" : "soft")
        return """
            <figure><figcaption><b>\(group.id)</b> <span class="\(tone)">lowest \(capacity.lowest) of \
            \(group.members.count), minimum \(group.minimumAvailable.clamped), at most \(group.maximumOut.clamped) out\(missing)\
            </span></figcaption>\(drawing(capacity))\(why)</figure>
            """
    }

    private func drawing(_ capacity: GroupCapacity) -> HTMLText {
        let members = max(1, capacity.group.members.count)
        let minimum = min(max(0, capacity.group.minimumAvailable.clamped), members)
        // A dip of one of fifty is to be seen: the scale begins below the minimum, and says where.
        let floor = max(0, min(minimum, capacity.lowest) - max(1, members / 10))
        let base = Self.height - Self.bottom
        func y(_ value: Int) -> Int {
            let share = Double(value - floor) / Double(max(1, members - floor))
            return base - Int(Double(base - Self.top) * max(0, min(1, share)))
        }
        let end = Self.width - Self.right
        var line = ""
        for point in capacity.points {
            line +=
                line.isEmpty ? "M\(Self.left) \(y(point.available))" : "H\(axis.x(point.second))V\(y(point.available))"
        }
        line += "H\(end)"
        let ticks = Set([floor, minimum, members]).sorted().map { value -> HTMLText in
            "<text x=\"\(Self.left - 5)\" y=\"\(y(value) + 4)\" class=\"label soft\">\(value)</text>"
        }
        return """
            <svg viewBox="0 0 \(Self.width) \(Self.height)" class="small" role="img" aria-label="Members in service over time">\
            \(axis.marks(height: base, top: Self.top, labels: false, every: 60))\
            <path class="below" d="M\(Self.left) \(y(minimum))H\(end)V\(base)H\(Self.left)z"/>\
            <path class="inservice" d="\(HTMLText(source: line))V\(base)H\(Self.left)z"/>\
            <path class="level" d="\(HTMLText(source: line))"/>\
            <path class="minimum" d="M\(Self.left) \(y(minimum))H\(end)"/>\(ticks.joined())\
            \(timeLabels(y: Self.height - 6))</svg>
            """
    }

    /// Only where it begins and ends: the time line above has the rest.
    private func timeLabels(y: Int) -> HTMLText {
        guard let first = axis.pieces.first, let last = axis.pieces.last else { return "" }
        let begin = axis.start.map { $0.adding(seconds: first.seconds.lowerBound).minute } ?? "start"
        let end =
            axis.start.map { $0.adding(seconds: last.seconds.upperBound).minute }
            ?? PlanWords.duration(last.seconds.upperBound)
        return """
            <text x="\(Self.left)" y="\(y)">\(begin)</text>\
            <text x="\(Self.width - Self.right)" y="\(y)" class="label soft">\(end)</text>
            """
    }

    private func table(_ rest: ArraySlice<GroupCapacity>) -> HTMLText {
        guard !rest.isEmpty else { return "" }
        let rows = rest.prefix(Self.tableRows).map { capacity -> HTMLText in
            """
            <tr><td>\(capacity.group.id)</td><td>\(capacity.group.members.count)</td>\
            <td>\(capacity.group.minimumAvailable.clamped)</td><td>\(capacity.lowest)</td>\
            <td>\(capacity.group.maximumOut.clamped)</td></tr>
            """
        }
        let left = rest.count - rows.count
        let more: HTMLText =
            left > 0
            ? "<p class=\"note\">… and \(PlanWords.count(left, "group")) with at least as much to spare.</p>" : ""
        return """
            <details><summary>\(PlanWords.count(rest.count, "more group"))</summary><div class="wide"><table><thead>\
            <tr><th>Group<th>Members<th>Minimum<th>Lowest<th>Out at once</tr></thead>
            <tbody>\(rows.joined())</tbody></table></div>\(more)</details>
            """
    }
}
