import FettleChecking
import FettleExecution
import FettleModel

/// What a play begins with, of the plan and of what is true beside it: the same for every seed, and looked for once.
struct PlayBeginning: Sendable {
    /// Every executor's machine begins as this one.
    let blank: RunMachine
    let world: DisasterWorld
    let account: JournalAccount
    let orders: NumberedOrders
    let calendar: CalendarWorld
    let startGuard: StartGuard
    /// Reboots follow the patches of these.
    let rebooted: Set<ResourceID>
    /// Those that give up leading before they are worked on.
    let handsOver: Set<ResourceID>
    /// Whom a controller takes is its own choice: no reservation can hold that against it, only the guard does.
    let isThroughController: Bool
    /// Prepared before the first window opens.
    let time: Timestamp
    /// How long all attempts of all steps may take, in seconds.
    let mostSeconds: Int64

    /// - Throws: `PlanDefect` if the plan's steps or orders don't hang together.
    init(_ plan: Plan, _ surroundings: DisasterSurroundings, run: RunID) throws(PlanDefect) {
        blank = try RunMachine(run: run, plan: plan)
        world = DisasterWorld(plan, surroundings)
        account = JournalAccount(plan)
        orders = NumberedOrders(plan, world.numbers)
        calendar = CalendarWorld(plan)
        startGuard = StartGuard(plan)
        time = max(plan.createdAt, plan.windows.map { $0.opensAt.adding(seconds: -600) }.min() ?? plan.createdAt)
        var (rebooted, handsOver): (Set<ResourceID>, Set<ResourceID>) = ([], [])
        var isThroughController = false
        var seconds: Int64 = 0
        let attempts = Int64(max(1, plan.limits.attempts))
        for steps in [plan.steps, plan.rollback] {
            for place in steps.indices {
                seconds += attempts * Int64(2 * min(steps[place].timeoutSeconds, 1_000_000) + 120)
                if case .upgradeThroughController = steps[place].action { isThroughController = true }
            }
        }
        for place in plan.steps.indices {
            switch plan.steps[place].action {
            case .reboot: rebooted.insert(plan.steps[place].resource)
            case .handOver: handsOver.insert(plan.steps[place].resource)
            default: break
            }
        }
        self.rebooted = rebooted
        self.handsOver = handsOver
        self.isThroughController = isThroughController
        mostSeconds = seconds
    }
}
