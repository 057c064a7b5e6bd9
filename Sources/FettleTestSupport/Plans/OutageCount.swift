public import FettleModel

/// Who is out after each line of a run's journal, worked out from the plan's labels alone: the oracle for "the edges keep the
/// capacity". What is in the quarantine ledger is no choice of the plan's and isn't counted.
public struct OutageCount: Sendable {
    private let steps: [StepID: Step]
    private let groups: [PlannedGroup]
    private var taken: [ResourceID: Set<StepID>] = [:]
    private var quarantined: Set<ResourceID> = []
    /// By group, the largest number of members that were out at once.
    public private(set) var most: [GroupID: Int] = [:]

    public init(_ plan: Plan) {
        steps = Dictionary((plan.steps + plan.rollback).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        groups = plan.groups
    }

    public static func most(in journal: [JournalRecord], of plan: Plan) -> [GroupID: Int] {
        var count = OutageCount(plan)
        for record in journal { count.add(record.event) }
        return count.most
    }

    public var out: Set<ResourceID> { Set(taken.keys).subtracting(quarantined) }

    public mutating func add(_ event: RunEvent) {
        switch event {
        case .stepIntended(let id, _, _):
            guard let step = steps[id], step.availability == .takesOut else { return }
            taken[step.resource, default: []].insert(id)
        case .stepDone(let id, _, _):
            guard let step = steps[id], step.availability == .bringsBack else { return }
            let left = (taken[step.resource] ?? []).filter { place(of: steps[$0]) != place(of: step) }
            taken[step.resource] = left.isEmpty ? nil : left
        case .quarantined(let entry): quarantined.insert(entry.resource)
        default: return
        }
        for group in groups {
            most[group.id] = max(most[group.id] ?? 0, out.intersection(group.members).count)
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
    /// The same plan for an executor without a guard: no group has a minimum, and nothing but the edges holds anybody back.
    public var unguarded: Plan {
        var plan = self
        for index in plan.groups.indices {
            plan.groups[index].minimumAvailable = 0
            plan.groups[index].maximumOut = plan.groups[index].members.count
        }
        return plan
    }
}
