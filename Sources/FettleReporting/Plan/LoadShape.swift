/// How many of some rows are out of service at a time, as paths of an SVG as coarse as the screen: their length hangs on the
/// width of the chart and not on how many rows there are.
struct LoadShape {
    private let axis: TimeAxis
    /// By place in the chart: the most that were out at once there.
    private var out: [Int]
    private var busy: [Bool]

    init(rows: [PlanRow], axis: TimeAxis) {
        self.axis = axis
        let width = axis.width + 2
        var changes = [Int](repeating: 0, count: width + 1)
        busy = Array(repeating: false, count: width)
        for row in rows {
            for segment in row.segments {
                for x in Self.columns(segment.begin, segment.end, axis, width) { busy[x] = true }
            }
            for gone in row.outages {
                let columns = Self.columns(gone.lowerBound, gone.upperBound, axis, width)
                changes[columns.lowerBound] += 1
                changes[columns.upperBound] -= 1
            }
        }
        var count = 0
        out = changes.dropLast().map { change in
            count += change
            return count
        }
        most = Self.most(rows)
    }

    let most: Int

    /// At least one column, so that what is short is seen.
    private static func columns(_ begin: Int, _ end: Int, _ axis: TimeAxis, _ width: Int) -> Range<Int> {
        let from = min(max(0, axis.x(begin) - axis.left), width - 1)
        return from..<min(max(from + 1, axis.x(end) - axis.left), width)
    }

    /// Who comes back at a moment makes room for who goes then.
    private static func most(_ rows: [PlanRow]) -> Int {
        var changes: [Int: Int] = [:]
        for gone in rows.flatMap(\.outages) {
            changes[gone.lowerBound, default: 0] += 1
            changes[gone.upperBound, default: 0] -= 1
        }
        var (count, most) = (0, 0)
        for (_, change) in changes.sorted(by: { $0.key < $1.key }) {
            count += change
            most = max(most, count)
        }
        return most
    }

    /// A thin bar where anything is done.
    func spans(base: Int) -> HTMLText {
        var path = ""
        var x = 0
        while x < busy.count {
            guard busy[x] else {
                x += 1
                continue
            }
            var end = x
            while end < busy.count, busy[end] { end += 1 }
            path += "M\(axis.left + x) \(base)h\(end - x)v-3h\(x - end)z"
            x = end
        }
        return HTMLText(source: path)
    }

    func area(base: Int, height: Int) -> HTMLText {
        let highest = max(1, out.max() ?? 1)
        var path = ""
        var x = 0
        while x < out.count {
            guard out[x] > 0 else {
                x += 1
                continue
            }
            path += "M\(axis.left + x) \(base)"
            var end = x
            while end < out.count, out[end] > 0 {
                let level = out[end]
                var next = end
                while next < out.count, out[next] == level { next += 1 }
                path += "V\(base - max(3, height * level / highest))H\(axis.left + next)"
                end = next
            }
            path += "V\(base)z"
            x = end
        }
        return HTMLText(source: path)
    }
}
