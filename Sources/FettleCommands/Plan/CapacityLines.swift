import FettleModel
import FettlePlanning
import FettleReporting

/// What is left of each group while the plan is carried out, if every step takes its median: a row for each, as a small chart.
struct CapacityLines {
    /// A terminal shows so many groups; the page has all.
    private static let groups = 15
    /// Of a chart, in columns.
    private static let columns = 24

    private let plan: Plan
    /// When anybody is out, in seconds after the start, sorted and apart from each other: the days between windows are not drawn.
    private let busy: [Range<Int>]
    private let total: Int
    /// By resource, when it is out. A machine is out when its hypervisor is.
    private var out: [ResourceID: [Range<Int>]] = [:]

    init(_ plan: Plan, _ facts: HostLines, _ timeline: PlanTimeline) {
        self.plan = plan
        let end = timeline.ends.max() ?? 0
        let carried = Dictionary(
            plan.targets.filter { !$0.carries.isEmpty }.map { ($0.resource, $0.carries) },
            uniquingKeysWith: { first, _ in first })
        for host in facts.hosts {
            guard let begin = host.out else { continue }
            // Who is retired never comes back.
            let gone = [begin..<max(begin + 1, host.back ?? end)] + (host.restart.map { [$0] } ?? [])
            for resource in [host.resource] + (carried[host.resource] ?? []) { out[resource, default: []] += gone }
        }
        busy = MergedRanges.of(Array(out.values.joined()))
        total = max(1, busy.reduce(0) { $0 + $1.count })
    }

    /// Those with the least to spare first.
    func lines(in terminal: Terminal) -> [String] {
        guard !plan.groups.isEmpty else { return [] }
        let rows = plan.groups.map { group in
            let levels = inService(group)
            return (group: group, levels: levels, spare: (levels.min() ?? 0) - Self.clamped(group.minimumAvailable))
        }.sorted { ($0.spare, $0.group.id) < ($1.spare, $1.group.id) }
        var table = Table([
            .init(title: "GROUP", shrinks: 1), .init(title: "MINIMUM"), .init(title: "OUT AT ONCE"),
            .init(title: "LOWEST"), .init(title: "IN SERVICE OVER TIME"),
        ])
        for (group, levels, spare) in rows.prefix(Self.groups) {
            table.add(
                .init(group.id.rawValue, .bold), .init("\(group.minimumAvailable) of \(group.members.count)"),
                .init("\(group.maximumOut)"), .init("\(levels.min() ?? 0)", spare < 0 ? .red : .plain),
                .init(Self.chart(levels, of: group)))
        }
        let more = rows.count > Self.groups ? ["… and \(rows.count - Self.groups) more groups"] : []
        let column = PlanView.words(max(1, total / Self.columns))
        let legend =
            "█ all in service, ▁ at the minimum; a column: the lowest in \(column) of the time in which anybody is out"
        return ["", table.render(in: terminal)] + more + [legend]
    }

    /// In each column the fewest members in service at the same time.
    private func inService(_ group: PlannedGroup) -> [Int] {
        var changes: [Int: Int] = [:]
        let members = Set(group.members)
        for member in members {
            for gone in MergedRanges.of(out[member] ?? []) {
                changes[gone.lowerBound, default: 0] -= 1
                changes[gone.upperBound, default: 0] += 1
            }
        }
        var levels = [Int](repeating: members.count, count: Self.columns)
        var (available, since) = (members.count, 0)
        for (second, change) in changes.sorted(by: { $0.key < $1.key }) {
            lower(&levels, to: available, from: since, until: second)
            (available, since) = (available + change, second)
        }
        return levels
    }

    private func lower(_ levels: inout [Int], to available: Int, from begin: Int, until end: Int) {
        let (begin, end) = (drawn(begin), drawn(end))
        guard begin < end else { return }
        let first = min(Self.columns - 1, begin * Self.columns / total)
        let last = min(Self.columns - 1, (end * Self.columns - 1) / total)
        for column in first...max(first, last) { levels[column] = min(levels[column], available) }
    }

    /// How much of what is drawn lies before the second.
    private func drawn(_ second: Int) -> Int {
        busy.reduce(0) { $0 + max(0, min($1.upperBound, second) - $1.lowerBound) }
    }

    private static func chart(_ levels: [Int], of group: PlannedGroup) -> String {
        let marks = Array("▁▂▃▄▅▆▇")
        let minimum = clamped(group.minimumAvailable)
        let members = Set(group.members).count
        return String(
            levels.map { level -> Character in
                if level >= members { return "█" }
                if level < minimum { return "!" }
                return marks[min(marks.count - 1, (level - minimum) * marks.count / max(1, members - minimum))]
            })
    }

    /// A plan from a file may say anything: near enough that sums cannot overflow.
    private static func clamped(_ value: Int) -> Int { min(max(value, -1_000_000_000), 1_000_000_000) }
}
