import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// A right plan with snapshots is proven; broken in any of these ways it is not, and what is named is what was broken.
@Suite struct SnapshotMutationTests {
    @Test func aRightPlanIsProven() {
        let report = PlanChecker.check(StrategyPlans.snapshotted())
        #expect(report.violations == [])
        #expect(report.method == .exact)
    }

    private static func change(_ step: inout Step, _ body: (inout MachineSnapshot) -> Void) {
        guard var machine = step.action.snapshotMachine else { return }
        body(&machine)
        switch step.action {
        case .snapshot: step.action = .snapshot(machine: machine)
        case .revert: step.action = .revert(machine: machine)
        default: step.action = .discardSnapshot(machine: machine)
        }
    }

    /// Of everything that is about one member's snapshot.
    private static func changeAll(_ plan: inout Plan, of host: ResourceID, _ body: (inout MachineSnapshot) -> Void) {
        for place in plan.steps.indices where plan.steps[place].resource == host { change(&plan.steps[place], body) }
        for place in plan.rollback.indices where plan.rollback[place].resource == host {
            change(&plan.rollback[place], body)
        }
    }

    private static let mutations: [Mutation] = [
        Mutation("it is taken in traffic", .order) { $0 = $0.changing("web-1/snapshot") { $0.availability = .none } },
        Mutation("it is taken beside the drain", .order) { $0 = $0.changing("web-1/snapshot") { $0.after = [] } },
        Mutation("the change can come first", .rollback) {
            $0 = $0.changing("web-1/patch") { $0.after = ["web-1/take-out"] }
        },
        Mutation("none is taken", .rollback) { $0 = $0.dropping("web-1/snapshot") },
        Mutation("it is never removed", .ownership) { $0 = $0.dropping("web/discard-web-2") },
        Mutation("it is removed before its member is back", .order) {
            $0 = $0.changing("web/discard-web-2") { $0.after = [] }
        },
        Mutation("it is removed before anybody has watched its member", .order) { plan in
            plan = plan.changing("web/discard-web-2") { step in step.after.removeAll { $0 == "web/keep" } }
        },
        Mutation("it is removed twice", .ownership) { plan in
            guard var again = plan.steps.last else { return }
            again.id = "web/discard-again"
            plan.steps.append(again)
        },
        Mutation("nobody is told that there is no way back behind it", .form) {
            $0 = $0.changing("web/discard-web-2") { $0.rollbackClass = .nothingToUndo }
        },
        Mutation("another machine's is removed", .ownership) {
            $0 = $0.changing("web/discard-web-2") { Self.change(&$0) { $0.uuid = "other" } }
        },
        Mutation("two are taken of one machine at once", .ownership) { plan in
            Self.changeAll(&plan, of: "web-2") { $0.uuid = "00000000-0000-4000-8000-000000000001" }
        },
        Mutation("nothing goes back to it", .ownership) { plan in
            plan = plan.changing("web-1/rollback/revert") { $0.action = .gate(probes: [StrategyPlans.probe]) }
        },
        Mutation("it takes another step back", .rollback) {
            $0 = $0.changing("web-1/rollback/revert") { $0.compensates = "web-1/patch" }
        },
        Mutation("it is gone back to in traffic", .order) {
            $0 = $0.changing("web-1/rollback/revert") { $0.availability = .none }
        },
        Mutation("something is removed on the way back", .rollback) { plan in
            guard var step = plan.steps.last else { return }
            step.id = "web/rollback/discard"
            step.after = []
            plan.rollback.append(step)
        },
        Mutation("packages are put back as well", .rollback) { plan in
            guard let place = plan.rollback.firstIndex(where: { $0.id == "web-1/rollback/revert" }) else { return }
            var step = plan.rollback[place]
            step.id = "web-1/rollback/return"
            step.action = .changePackages(transaction: RollingPlan.back)
            step.compensates = "web-1/patch"
            step.after = ["web-1/rollback/revert"]
            plan.rollback.insert(step, at: place + 1)
        },
        Mutation("its hypervisor is changed in the same plan", .form) { plan in
            Self.changeAll(&plan, of: "web-2") { $0.hypervisor = "web-1" }
        },
        Mutation("the machine is moved meanwhile", .form) { plan in
            guard var step = plan.steps.last else { return }
            step.id = "web/move"
            step.action = .evacuate(moves: [
                MachineMove(
                    machine: "web-1", resource: nil, from: "hv-1", to: "hv-2", memoryMebibytes: 1, processors: 1)
            ])
            plan.steps.append(step)
        },
        Mutation("the member carries machines", .form) { plan in
            for place in plan.targets.indices where plan.targets[place].resource == "web-1" {
                plan.targets[place].carries = ["inner"]
            }
        },
        Mutation("the member leads a cluster", .form) { plan in
            guard let place = plan.steps.firstIndex(where: { $0.id == "web-1/snapshot" }) else { return }
            var step = plan.steps[place]
            step.id = "web-1/hand-over"
            step.action = .handOver(handover: Handover(cluster: "web", candidates: ["web-2"]))
            step.rollbackClass = .nothingToUndo
            plan.steps.insert(step, at: place)
        },
    ]

    @Test(arguments: mutations) func aBrokenSnapshotIsCaught(_ mutation: Mutation) {
        let plan = StrategyPlans.snapshotted()
        var broken = plan
        mutation.apply(&broken)
        #expect(broken != plan)
        let found = PlanChecker.check(broken).violations
        #expect(found.contains { $0.invariant == mutation.breaks }, "\(mutation): \(found)")
    }
}
