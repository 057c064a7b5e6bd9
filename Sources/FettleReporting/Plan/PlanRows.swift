import FettleModel

/// A plan as charts draw it: a row for each resource, the rows of a group together. Made in one walk over the plan, however
/// many resources it has.
struct PlanRows {
    /// In the order in which their first members are taken out.
    private(set) var groups: [RowGroup] = []
    /// When any resource is worked on, in seconds, sorted and apart from each other.
    private(set) var busy: [Range<Int>] = []
    var count: Int { groups.reduce(0) { $0 + $1.rows.count } }
    var all: [PlanRow] { groups.flatMap(\.rows) }

    init(_ picture: PlanPicture) {
        let plan = picture.plan
        var rows = Self.rows(plan)
        var places: [ResourceID: Int] = [:]
        for (place, row) in rows.enumerated() { places[row.resource] = place }
        for (index, step) in plan.steps.enumerated() {
            guard let place = places[step.resource], picture.times.begins.indices.contains(index),
                picture.times.ends.indices.contains(index)
            else { continue }
            let begin = max(0, picture.times.begins[index])
            rows[place].add(step, from: begin, to: max(begin, picture.times.ends[index]))
        }
        let home = Self.home(plan.groups)
        let known = Dictionary(plan.groups.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let grouped = Dictionary(grouping: rows.filter { home[$0.resource] != nil }) { home[$0.resource] }
        let alone = Dictionary(grouping: rows.filter { home[$0.resource] == nil }, by: \.environment)
        groups =
            (grouped.map { id, rows in RowGroup(group: id.flatMap { known[$0] }, rows: rows) }
            + alone.values.map { RowGroup(group: nil, rows: $0) })
            .map { RowGroup(group: $0.group, rows: $0.rows.sorted { $0.sortKey < $1.sortKey }) }
            .sorted { $0.sortKey < $1.sortKey }
        busy = MergedRanges.of(rows.flatMap { row in row.segments.filter { $0.begin < $0.end }.map(\.range) })
    }

    private static func rows(_ plan: Plan) -> [PlanRow] {
        var seen: Set<ResourceID> = []
        return plan.targets.filter { seen.insert($0.resource).inserted }.map { target in
            PlanRow(resource: target.resource, environment: target.environment, window: target.window)
        }
    }

    /// The group in whose rows a resource stands: of several the smallest, where its absence weighs most.
    private static func home(_ groups: [PlannedGroup]) -> [ResourceID: GroupID] {
        var home: [ResourceID: GroupID] = [:]
        for group in groups.sorted(by: { ($0.members.count, $0.id) < ($1.members.count, $1.id) }) {
            for member in group.members where home[member] == nil { home[member] = group.id }
        }
        return home
    }
}

/// The rows of one group.
struct RowGroup {
    /// nil: resources of one environment that are in no group.
    var group: PlannedGroup?
    var rows: [PlanRow]

    var name: String { group?.id.rawValue ?? "in no group" }
    var begin: Int { rows.map(\.begin).min() ?? 0 }
    var end: Int { rows.map(\.end).max() ?? 0 }
    /// Those that the rows are in, in the order of the rows.
    var environments: [EnvironmentID] {
        var seen: Set<EnvironmentID> = []
        return rows.map(\.environment).filter { seen.insert($0).inserted }
    }
    fileprivate var sortKey: (Int, Int, String, String) {
        (group == nil ? 1 : 0, rows.map(\.outBegin).min() ?? 0, name, rows.first?.environment.rawValue ?? "")
    }
}

struct PlanRow {
    var resource: ResourceID
    var environment: EnvironmentID
    var window: Int?
    var wave = 0
    var segments: [Segment] = []
    /// From when to when it is out for its change; nil: it never is.
    private(set) var out: Range<Int>?
    /// From when to when it is out before that, to be restarted as it is, so that others are compared with it.
    private(set) var restart: Range<Int>?
    /// All of the time in which it is out.
    var outages: [Range<Int>] { [restart, out].compactMap { $0 } }

    init(resource: ResourceID, environment: EnvironmentID, window: Int?) {
        self.resource = resource
        self.environment = environment
        self.window = window
    }

    struct Segment {
        var step: StepID
        var name: String
        var tone: StepTone
        var begin: Int
        var end: Int
        var range: Range<Int> { begin..<end }
    }

    var begin: Int { segments.map(\.begin).min() ?? 0 }
    var end: Int { segments.map(\.end).max() ?? 0 }
    var outBegin: Int { out?.lowerBound ?? begin }
    fileprivate var sortKey: (Int, String) { (outBegin, resource.rawValue) }

    mutating func add(_ step: Step, from begin: Int, to end: Int) {
        let name = step.action.name
        segments.append(Segment(step: step.id, name: name, tone: StepTone(name: name), begin: begin, end: end))
        wave = max(wave, step.wave)
        if step.leg == nil {
            Self.add(step.availability, from: begin, to: end, &out)
        } else {
            Self.add(step.availability, from: begin, to: end, &restart)
        }
    }

    private static func add(_ effect: AvailabilityEffect, from begin: Int, to end: Int, _ outage: inout Range<Int>?) {
        switch effect {
        case .takesOut: outage = min(begin, outage?.lowerBound ?? begin)..<max(end, outage?.upperBound ?? end)
        case .bringsBack: if let taken = outage { outage = taken.lowerBound..<max(end, taken.upperBound) }
        case .requiresOut, .none: break
        }
    }
}
