import FettleModel
import Synchronization

/// What others are told of a plan: little of much.
struct PlanFacts: Sendable {
    var environments: [EnvironmentID]
    var groups: [GroupID]
    var hosts: Int
    /// By the windows of the plan alone, by time; nil: at any time.
    var windows: [TimeWindow]?

    init(_ plan: Plan) {
        let radius = BlastRadius(plan)
        environments = radius.environments
        groups = radius.groups
        hosts = radius.hosts
        windows = plan.timesOut
    }
}

/// What was read of plans already. A digest stands for one plan for ever, so nothing in here grows old.
final class PlanFactsCache: Sendable {
    private let known = Mutex<[Digest: PlanFacts]>([:])

    func facts(_ plan: Digest) -> PlanFacts? { known.withLock { $0[plan] } }

    func keep(_ facts: PlanFacts, _ plan: Digest) { known.withLock { $0[plan] = facts } }
}
