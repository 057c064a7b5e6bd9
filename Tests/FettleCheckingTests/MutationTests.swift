import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// A right plan passes; broken in any of these ways it does not, and the invariant that is named is the one that was broken.
@Suite struct MutationTests {
    @Test(arguments: [(1, 1), (2, 1), (3, 1), (4, 2), (7, 3), (12, 4)])
    func aRightPlanIsProven(size: Int, lanes: Int) {
        let report = PlanChecker.check(RollingPlan.plan(size: size, lanes: lanes))
        #expect(report.violations == [])
        #expect(report.method == .exact)
    }

    struct Mutation: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var breaks: Invariant
        var apply: @Sendable (Plan) -> Plan

        init(_ description: String, _ breaks: Invariant, _ apply: @escaping @Sendable (Plan) -> Plan) {
            testDescription = description
            self.breaks = breaks
            self.apply = apply
        }
    }

    static let mutations: [Mutation] = [
        Mutation("a member no longer waits for the one before it", .capacity) {
            $0.changing("web-2/drain") { $0.after = ["web-2/stage"] }
        },
        Mutation("the last member waits for nobody", .capacity) {
            $0.changing("web-4/drain") { $0.after = ["web-4/stage"] }
        },
        Mutation("the minimum is raised to all members", .capacity) { plan in
            var plan = plan
            plan.groups[0].minimumAvailable = 4
            return plan
        },
        Mutation("the plan's own limit is lowered", .capacity) { plan in
            var plan = plan
            plan.groups[0].maximumOut = 0
            return plan
        },
        Mutation("the next member only waits for the gate, not for traffic to return", .capacity) {
            $0.changing("web-2/drain") { $0.after = ["web-2/stage", "web-1/gate"] }
        },
        Mutation("on the way back two members are not ordered", .capacity) {
            $0.changing("web-1/rollback/drain") { $0.after = [] }
        },
        Mutation("on the way back the order runs only through a third member", .capacity) {
            $0.changing("web-1/rollback/drain") { $0.after = ["web-2/rollback/restore"] }
        },
        Mutation("a member is never brought back", .ownership) { $0.dropping("web-4/restore") },
        Mutation("a member is never brought back on the way back", .ownership) {
            $0.dropping("web-1/rollback/restore")
        },
        Mutation("a member is patched in traffic", .order) { $0.dropping("web-1/drain") },
        Mutation("the patch does not wait for the drain", .order) {
            $0.changing("web-1/patch") { $0.after = ["web-1/stage"] }
        },
        Mutation("the patch is not marked as needing the member out", .order) {
            $0.changing("web-1/patch") { $0.availability = .none }
        },
        Mutation("traffic returns without a gate", .order) { $0.dropping("web-2/gate") },
        Mutation("traffic returns through a gate that asks nothing", .order) {
            $0.changing("web-2/gate") { $0.action = .gate(probes: []) }
        },
        Mutation("traffic returns while the gate is still open", .order) {
            $0.changing("web-2/restore") { $0.after = ["web-2/patch"] }
        },
        Mutation("nothing takes a patch back", .rollback) {
            $0.changing("web-3/rollback/return") { $0.compensates = nil }
        },
        Mutation("the way back leads to other versions", .rollback) {
            $0.changing("web-3/rollback/return") { $0.action = .changePackages(transaction: RollingPlan.transaction) }
        },
        Mutation("earlier versions are not kept", .rollback) { $0.dropping("web-1/stage") },
        Mutation("earlier versions are kept after the patch began", .rollback) {
            $0.changing("web-1/drain") { $0.after = ["web-1/preflight"] }
        },
        Mutation("an irreversible step without a point of no return", .rollback) {
            $0.changing("web-2/patch") { $0.rollbackClass = .irreversible }
        },
        Mutation("a point of no return that is none", .rollback) { plan in
            var plan = plan
            plan.pointOfNoReturn = "web-2/patch"
            return plan
        },
        Mutation("a reboot in the middle of the patch", .reboot) {
            $0.changing("web-1/reboot") { $0.after = ["web-1/drain"] }
        },
        Mutation("a reboot in traffic", .reboot) { $0.changing("web-1/reboot") { $0.availability = .none } },
        Mutation("two steps of one name", .form) { plan in
            var plan = plan
            plan.steps.append(plan.steps[0])
            return plan
        },
        Mutation("a step that waits for nothing that exists", .form) {
            $0.changing("web-1/gate") { $0.after.append("web-9/gate") }
        },
        Mutation("steps that wait for each other", .form) {
            $0.changing("web-1/stage") { $0.after.append("web-1/gate") }
        },
        Mutation("a step on something that is no target", .form) { $0.changing("web-1/gate") { $0.resource = "db-1" } },
        Mutation("a window that is too short", .time) { plan in
            var plan = plan
            plan.window = TimeWindow(opensAt: Timestamp(milliseconds: 0), closesAt: Timestamp(milliseconds: 60_000))
            return plan
        },
        Mutation("Fettle's own host is not last", .ownHost) { plan in
            var plan = plan
            plan.targets[0].address = .local
            return plan
        },
        Mutation("on the way back Fettle's own host goes first", .ownHost) { plan in
            var plan = plan
            plan.targets[3].address = .local
            return plan
        },
        Mutation("a host that is restarted has no way back", .rollback) { plan in
            var plan = RollingPlan.plan(size: 4, lanes: 1, restarting: ["web-2"])
            plan.rollback.removeAll { $0.resource == "web-2" }
            for index in plan.rollback.indices {
                plan.rollback[index].after.removeAll { $0 == "web-2/rollback/restore" }
            }
            return plan
        },
        Mutation("a host without a way back may be out while others go back", .capacity) { plan in
            var plan = RollingPlan.plan(size: 4, lanes: 1, restarting: ["web-2"])
            plan.rollback.removeAll { $0.resource == "web-2" }
            for index in plan.rollback.indices {
                plan.rollback[index].after.removeAll { $0 == "web-2/rollback/restore" }
            }
            return plan
        },
        Mutation("a restarted host comes back from its way back unproven", .rollback) { _ in
            RollingPlan.plan(size: 4, lanes: 1, restarting: ["web-2"]).dropping("web-2/rollback/restart")
                .dropping("web-2/rollback/gate")
        },
    ]

    @Test func aHostThatIsOnlyRestartedIsProvenWithItsWayBack() {
        let plan = RollingPlan.plan(size: 4, lanes: 1, restarting: ["web-1", "web-3"])
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// I12: the others are back before it goes, on both ways; while it is away, nobody else goes.
    @Test func fettlesOwnHostMayGoLastOnBothWays() {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        plan.targets[3].address = .local
        let own = plan.rollback.filter { $0.resource == "web-4" }
        plan.rollback.removeAll { $0.resource == "web-4" }
        for index in plan.rollback.indices {
            plan.rollback[index].after.removeAll { $0 == "web-4/rollback/restore" }
        }
        plan.rollback += own
        plan = plan.changing("web-4/rollback/drain") {
            $0.after = ["web-1/rollback/restore", "web-2/rollback/restore", "web-3/rollback/restore"]
        }
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test(arguments: mutations)
    func aBrokenPlanIsRefused(mutation: Mutation) {
        let plan = mutation.apply(RollingPlan.plan(size: 4, lanes: 1, reboot: true))
        let report = PlanChecker.check(plan)
        #expect(report.violations.map(\.invariant).contains(mutation.breaks), "\(report.violations)")
    }

    @Test func theCounterexampleNamesWhoIsOutTogether() throws {
        let plan = RollingPlan.plan(size: 3, lanes: 1).changing("web-3/drain") { $0.after = ["web-3/stage"] }
        let violation = try #require(PlanChecker.check(plan).violations.first)
        #expect(violation.description.contains("web-3"))
        #expect(violation.description.contains("group web has 1 of 3 members, needs 2"))
    }

    @Test func aWindowThatIsLongEnoughPasses() {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        plan.window = TimeWindow(opensAt: Timestamp(milliseconds: 0), closesAt: Timestamp(milliseconds: 400_000))
        #expect(PlanChecker.check(plan).violations == [])
    }
}
