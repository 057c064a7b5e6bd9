import FettleModel
import FettleTestSupport

/// Reads a run's journal and tells where it broke the promises of the plan's orders. It knows nothing of the machine: it sees
/// only which steps were intended, done and failed.
struct TurnOracle {
    private let plan: Plan
    private let steps: [StepID: Step]
    private let rollback: Set<StepID>
    private var count: OutageCount
    private var isGoingBack = false
    /// Brought back by the way forward, or failed: nobody waits for them any longer.
    private var passed: Set<ResourceID> = []
    /// Taken out by the way back of the whole run, without having been out before.
    private var wentBack: Set<ResourceID> = []
    private var breaches: [String] = []

    /// In words; empty if all promises were kept.
    static func breaches(of journal: [JournalRecord], _ plan: Plan) -> [String] {
        var oracle = TurnOracle(plan)
        for record in journal { oracle.read(record.event) }
        return oracle.breaches + oracle.count.clashes
    }

    private init(_ plan: Plan) {
        self.plan = plan
        steps = Dictionary(uniqueKeysWithValues: (plan.steps + plan.rollback).map { ($0.id, $0) })
        rollback = Set(plan.rollback.map(\.id))
        count = OutageCount(plan)
    }

    private mutating func read(_ event: RunEvent) {
        switch event {
        case .stepIntended(let id, _, _):
            if let step = steps[id], step.availability == .takesOut, !count.out.contains(step.resource) {
                if !rollback.contains(id) {
                    expectAllEarlierToHavePassed(step)
                } else if isGoingBack {
                    expectNobodyToHaveGoneBackTooEarly(step)
                    wentBack.insert(step.resource)
                }
            }
        case .stepDone(let id, _, _):
            guard let step = steps[id], step.availability == .bringsBack, step.leg == nil, !rollback.contains(id) else {
                break
            }
            passed.insert(step.resource)
        case .stepFailed(let id, _, _):
            guard let step = steps[id] else { break }
            if case .bake(_, let resources, _, _) = step.action {
                passed.formUnion(resources)
            } else {
                passed.insert(step.resource)
            }
        case .rollbackRequested: isGoingBack = true
        // Like those that failed: they are not patched by this run any more, so nobody waits for it.
        case .partRollbackRequested(let resources, _, _): passed.formUnion(resources)
        default: break
        }
        count.add(event)
    }

    private mutating func expectAllEarlierToHavePassed(_ step: Step) {
        for order in plan.order {
            guard let turn = order.turns.firstIndex(where: { $0.contains(step.resource) }) else { continue }
            let waiting = order.turns[..<turn].joined().filter { !passed.contains($0) && isChanged($0) }
            if let first = waiting.first { breaches.append("\(step.id) before \(first): \(order.reason)") }
        }
    }

    private mutating func expectNobodyToHaveGoneBackTooEarly(_ step: Step) {
        for order in plan.order {
            guard let turn = order.turns.firstIndex(where: { $0.contains(step.resource) }) else { continue }
            let later = order.wayBack == .reversed ? order.turns[..<turn] : order.turns[(turn + 1)...]
            if let early = later.joined().first(where: wentBack.contains) {
                breaches.append("\(step.id) after \(early) went back: \(order.reason)")
            }
        }
    }

    private func isChanged(_ resource: ResourceID) -> Bool { plan.steps.contains { $0.resource == resource } }
}
