public import FettleModel

/// Who is out after each line of a run's journal, worked out from the plan's labels alone: the oracle for "the orders keep the
/// capacity". What is in the quarantine ledger is no choice of the plan's and isn't counted.
public struct OutageCount: Sendable {
    private let steps: [StepID: Step]
    private let groups: [ResourceID: [PlannedGroup]]
    private let carries: [ResourceID: [ResourceID]]
    private let turns: [[ResourceID: Int]]
    private var taken: [ResourceID: Set<StepID>] = [:]
    private var quarantined: Set<ResourceID> = []
    /// By group, the largest number of members that were out at once.
    public private(set) var most: [GroupID: Int] = [:]
    /// In words, each time when a resource was taken out while one of another turn of the same order was out.
    public private(set) var clashes: [String] = []

    public init(_ plan: Plan) {
        steps = Dictionary((plan.steps + plan.rollback).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var groups: [ResourceID: [PlannedGroup]] = [:]
        for group in plan.groups { for member in group.members { groups[member, default: []].append(group) } }
        self.groups = groups
        carries = Dictionary(plan.targets.map { ($0.resource, $0.carries) }, uniquingKeysWith: { first, _ in first })
        turns = plan.order.map { order in
            var turns: [ResourceID: Int] = [:]
            for (turn, members) in order.turns.enumerated() { for member in members { turns[member] = turn } }
            return turns
        }
        for group in plan.groups { most[group.id] = 0 }
    }

    public init(of journal: [JournalRecord], _ plan: Plan) {
        self.init(plan)
        for record in journal { add(record.event) }
    }

    public static func most(in journal: [JournalRecord], of plan: Plan) -> [GroupID: Int] {
        OutageCount(of: journal, plan).most
    }

    public var out: Set<ResourceID> { Set(taken.keys).subtracting(quarantined) }

    private func withCarried(_ resources: Set<ResourceID>) -> Set<ResourceID> {
        resources.reduce(into: resources) { $0.formUnion(carries[$1] ?? []) }
    }

    public mutating func add(_ event: RunEvent) {
        switch event {
        case .stepIntended(let id, _, _):
            guard let step = steps[id], step.availability == .takesOut else { return }
            if taken[step.resource] == nil { noteClashes(of: step) }
            taken[step.resource, default: []].insert(id)
            let out = withCarried(out)
            for member in withCarried([step.resource]) {
                for group in groups[member] ?? [] {
                    most[group.id] = max(most[group.id] ?? 0, out.intersection(group.members).count)
                }
            }
        case .stepDone(let id, _, _):
            guard let step = steps[id], step.availability == .bringsBack else { return }
            let left = (taken[step.resource] ?? []).filter { place(of: steps[$0]) != place(of: step) }
            taken[step.resource] = left.isEmpty ? nil : left
        case .quarantined(let entry): quarantined.insert(entry.resource)
        default: return
        }
    }

    private mutating func noteClashes(of step: Step) {
        for other in out.sorted() where other != step.resource {
            let isKeptApart = turns.contains { order in
                guard let one = order[step.resource], let two = order[other] else { return false }
                return one != two
            }
            if isKeptApart { clashes.append("\(step.id) took \(step.resource) out while \(other) was out") }
        }
    }

    private func place(of step: Step?) -> TrafficBinding? {
        switch step?.action {
        case .drain(let traffic), .restore(let traffic): traffic
        default: nil
        }
    }
}

extension Plan {
    /// The same plan for an executor without a guard: no group has a minimum, and nothing but the plan's order holds anybody back.
    public var unguarded: Plan {
        var plan = self
        for index in plan.groups.indices {
            plan.groups[index].minimumAvailable = 0
            plan.groups[index].maximumOut = plan.groups[index].members.count
        }
        return plan
    }
}
