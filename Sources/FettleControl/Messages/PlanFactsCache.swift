import FettleModel
import Synchronization

/// What others are told of a plan: little of much.
struct PlanFacts: Sendable {
    var environments: [EnvironmentID]
    var groups: [GroupID]
    var hosts: Int
    /// By the windows of the plan alone; nil: at any time.
    var window: TimeWindow?

    /// - Parameter change: that the plan was submitted with; when it is scheduled for does not count.
    init(_ plan: Plan, of change: Change) {
        let radius = BlastRadius(plan)
        environments = radius.environments
        groups = radius.groups
        hosts = radius.hosts
        var unscheduled = change
        unscheduled.schedule = nil
        window = ChangeCalendar.Item(change: unscheduled, plan: plan, phase: .authorise).window
    }
}

/// What was read of plans already. A digest stands for one plan for ever, so nothing in here grows old.
final class PlanFactsCache: Sendable {
    private let known = Mutex<[Digest: PlanFacts]>([:])

    func facts(_ plan: Digest) -> PlanFacts? { known.withLock { $0[plan] } }

    func keep(_ facts: PlanFacts, _ plan: Digest) { known.withLock { $0[plan] = facts } }
}
