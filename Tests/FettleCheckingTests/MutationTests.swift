import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// A right plan passes; broken in any of these ways it does not, and the invariant that is named is the one that was broken.
@Suite struct MutationTests {
    @Test(arguments: [(1, 1), (2, 1), (3, 1), (4, 2), (7, 3), (12, 4), (40, 7)])
    func aRightPlanIsProven(size: Int, lanes: Int) {
        let report = PlanChecker.check(RollingPlan.plan(size: size, lanes: lanes))
        #expect(report.violations == [])
        #expect(report.method == .exact)
    }

    static let mutations: [Mutation] = [
        Mutation("a member is never brought back", .ownership) { $0 = $0.dropping("web-4/restore") },
        Mutation("a member is never brought back on the way back", .ownership) {
            $0 = $0.dropping("web-1/rollback/restore")
        },
        Mutation("a member is patched in traffic", .order) { $0 = $0.dropping("web-1/drain") },
        Mutation("the patch does not wait for the drain", .order) {
            $0 = $0.changing("web-1/patch") { $0.after = ["web-1/stage"] }
        },
        Mutation("the patch is not marked as needing the member out", .order) {
            $0 = $0.changing("web-1/patch") { $0.availability = .none }
        },
        Mutation("traffic returns without a gate", .order) { $0 = $0.dropping("web-2/gate") },
        Mutation("traffic returns through a gate that asks nothing", .order) {
            $0 = $0.changing("web-2/gate") { $0.action = .gate(probes: []) }
        },
        Mutation("traffic returns while the gate is still open", .order) {
            $0 = $0.changing("web-2/restore") { $0.after = ["web-2/patch"] }
        },
        Mutation("a member is taken out twice", .order) { plan in
            let again = plan.steps.filter { $0.resource == "web-4" && $0.availability != .none }
            for (place, step) in again.enumerated() {
                var step = step
                step.id = StepID("\(step.id)-again")
                step.after = [place == 0 ? "web-4/restore" : StepID("\(again[place - 1].id)-again")]
                plan.steps.append(step)
            }
        },
        Mutation("nothing takes a patch back", .rollback) {
            $0 = $0.changing("web-3/rollback/return") { $0.compensates = nil }
        },
        Mutation("another member's patch is taken back", .rollback) {
            $0 = $0.changing("web-3/rollback/return") { $0.compensates = "web-2/patch" }
        },
        Mutation("a patch that does not exist is taken back", .rollback) {
            $0 = $0.changing("web-3/rollback/return") { $0.compensates = "web-3/pitch" }
        },
        Mutation("the way back leads to other versions", .rollback) {
            $0 = $0.changing("web-3/rollback/return") {
                $0.action = .changePackages(transaction: RollingPlan.transaction)
            }
        },
        Mutation("earlier versions are not kept", .rollback) { $0 = $0.dropping("web-1/stage") },
        Mutation("earlier versions are kept after the patch began", .rollback) {
            $0 = $0.changing("web-1/drain") { $0.after = ["web-1/preflight"] }
        },
        Mutation("earlier versions are kept by another package manager", .rollback) {
            $0 = $0.changing("web-1/stage") { step in
                guard case .stage(var transaction) = step.action else { return }
                transaction.manager = .rpm
                step.action = .stage(transaction: transaction)
            }
        },
        Mutation("an irreversible step without a point of no return", .rollback) {
            $0 = $0.changing("web-2/patch") { $0.rollbackClass = .irreversible }
        },
        Mutation("a point of no return that is none", .rollback) { $0.pointOfNoReturn = "web-2/patch" },
        Mutation("a member goes out on the way back alone", .rollback) { plan in
            plan.steps.removeAll { $0.resource == "web-4" && $0.availability != .none }
        },
        Mutation("a member has no way back", .rollback) { $0.rollback.removeAll { $0.resource == "web-2" } },
        Mutation("a host that is restarted has no way back", .rollback) { plan in
            plan = RollingPlan.plan(size: 4, lanes: 1, restarting: ["web-2"])
            plan.rollback.removeAll { $0.resource == "web-2" }
        },
        Mutation("a restarted host comes back from its way back unproven", .rollback) { plan in
            plan = RollingPlan.plan(size: 4, lanes: 1, restarting: ["web-2"]).dropping("web-2/rollback/restart")
                .dropping("web-2/rollback/gate")
        },
        Mutation("a reboot in the middle of the patch (kured#403)", .reboot) {
            $0 = $0.changing("web-1/reboot") { $0.after = ["web-1/drain"] }
        },
        Mutation("a reboot in traffic", .reboot) { $0 = $0.changing("web-1/reboot") { $0.availability = .none } },
        Mutation("two steps of one name", .form) { $0.steps.append($0.steps[0]) },
        Mutation("two steps of one name on different ways", .form) {
            $0 = $0.changing("web-1/rollback/gate") { $0.id = "web-1/gate" }
        },
        Mutation("a step that waits for nothing that exists", .form) {
            $0 = $0.changing("web-1/gate") { $0.after.append("web-9/gate") }
        },
        Mutation("a step of the way back that waits for one of the way forward", .form) {
            $0 = $0.changing("web-1/rollback/gate") { $0.after.append("web-1/gate") }
        },
        Mutation("steps that wait for each other", .form) {
            $0 = $0.changing("web-1/stage") { $0.after.append("web-1/gate") }
        },
        Mutation("a step that waits for itself", .form) {
            $0 = $0.changing("web-1/stage") { $0.after.append("web-1/stage") }
        },
        Mutation("a member waits for another by name, not by turn", .form) {
            $0 = $0.changing("web-2/drain") { $0.after.append("web-1/restore") }
        },
        Mutation("a step on something that is no target", .form) {
            $0 = $0.changing("web-1/gate") { $0.resource = "db-1" }
        },
        Mutation("a target that stands twice", .form) { $0.targets.append($0.targets[0]) },
        Mutation("a chain without an end", .form) { plan in
            for number in 0..<300 {
                var step = plan.steps[0]
                step.id = StepID("web-1/preflight-\(number)")
                plan.steps.append(step)
            }
        },
        Mutation("another schema", .form) { $0.schema = 1 },
        Mutation("nothing may be done at once", .form) { $0.limits.parallelSteps = 0 },
    ]

    @Test(arguments: mutations)
    func aBrokenPlanIsRefused(mutation: Mutation) {
        var plan = RollingPlan.plan(size: 4, lanes: 1, reboot: true)
        mutation.apply(&plan)
        let report = PlanChecker.check(plan)
        #expect(report.violations.map(\.invariant).contains(mutation.breaks), "\(report.violations)")
    }

    @Test func aHostThatIsOnlyRestartedIsProvenWithItsWayBack() {
        let plan = RollingPlan.plan(size: 4, lanes: 1, restarting: ["web-1", "web-3"])
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// A million mistakes make no report of a million lines, and none is hidden.
    @Test func whatIsWrongOftenIsToldOftenEnough() throws {
        var plan = RollingPlan.plan(size: 700, lanes: 1)
        for index in plan.steps.indices { plan.steps[index].group = "nobody" }
        let violations = PlanChecker.check(plan).violations
        #expect(violations.count == 501)
        #expect(try #require(violations.last).description == "form: \(700 * 6 - 500) more of form are not told")
    }

    @Test func aChainMayBeAsLongAsItMayBe() {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        let own = plan.steps.count { $0.resource == "web-1" }
        for number in 0..<(256 - own) {
            var step = plan.steps[0]
            step.id = StepID("web-1/preflight-\(number)")
            step.after = number == 0 ? ["web-1/restore"] : [StepID("web-1/preflight-\(number - 1)")]
            plan.steps.append(step)
        }
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// Whichever dependency of an outage is left out, something no longer holds.
    @Test func noDependencyOfAnOutageCanBeSpared() {
        let plan = FleetPlan(groups: 1, size: 2, lanes: 1, environments: 1).plan()
        #expect(PlanChecker.check(plan).violations == [])
        let outage = (plan.steps + plan.rollback).filter { $0.availability != .none && !$0.after.isEmpty }
        #expect(outage.count == 26)
        for step in outage {
            #expect(!PlanChecker.check(plan.changing(step.id) { $0.after = [] }).isProven, "\(step.id)")
        }
    }

    /// Whoever loses a turn in one of the orders, and whichever two turns become one, too many may be out.
    @Test func noTurnCanBeSpared() {
        let plan = FleetPlan(groups: 1, size: 4, lanes: 1, environments: 1).plan()
        for order in plan.order.indices {
            for turn in plan.order[order].turns.indices {
                for name in plan.order[order].turns[turn] {
                    var broken = plan
                    broken.order[order].turns[turn].removeAll { $0 == name }
                    broken.order[order].turns.removeAll { $0.isEmpty }
                    #expect(PlanChecker.check(broken).violations.map(\.invariant) == [.capacity], "\(order) \(name)")
                }
                guard turn > 0 else { continue }
                var broken = plan
                let moved = broken.order[order].turns.remove(at: turn)
                broken.order[order].turns[turn - 1] += moved
                #expect(PlanChecker.check(broken).violations.map(\.invariant) == [.capacity], "\(order) \(turn)")
            }
        }
    }

    /// Text is compared as text, and names may hold anything that text may hold.
    @Test func namesAreTakenAsTheyAre() {
        func renamed(_ names: [String]) -> Plan {
            var plan = RollingPlan.plan(size: 2, lanes: 1)
            func rename(_ text: String) -> String {
                var text = text
                for (place, name) in names.enumerated() { text = text.replacing("web-\(place + 1)", with: name) }
                return text
            }
            for place in plan.targets.indices {
                plan.targets[place].resource = ResourceID(rename(plan.targets[place].resource.rawValue))
            }
            plan.groups[0].members = plan.targets.map(\.resource)
            plan.order[0].turns = plan.targets.map { [$0.resource] }
            func rename(_ steps: inout [Step]) {
                for place in steps.indices {
                    steps[place].id = StepID(rename(steps[place].id.rawValue))
                    steps[place].resource = ResourceID(rename(steps[place].resource.rawValue))
                    steps[place].after = steps[place].after.map { StepID(rename($0.rawValue)) }
                    steps[place].compensates = steps[place].compensates.map { StepID(rename($0.rawValue)) }
                }
            }
            rename(&plan.steps)
            rename(&plan.rollback)
            return plan
        }
        for names in [["a/b", "a"], ["-rf", "$(reboot)\n; "], ["\u{0}", "\u{1b}[2J"], ["", " "]] {
            #expect(PlanChecker.check(renamed(names)).violations == [], "\(names)")
        }
        // The same letter, written in two ways.
        let violations = PlanChecker.check(renamed(["caf\u{e9}", "cafe\u{301}"])).violations
        #expect(violations.contains { $0.message.hasPrefix("two targets are named") })
        #expect(violations.contains { $0.message.hasPrefix("two steps are named") })
    }
}
