import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// Right plans of the strategies that concern several hosts pass; broken in any of these ways they do not, and what is
/// named is what was broken.
@Suite struct StrategyMutationTests {
    @Test func rightPlansAreProven() {
        for plan in [
            StrategyPlans.blueGreen(), StrategyPlans.blueGreen(retires: true), StrategyPlans.throughController(),
            StrategyPlans.replaced(), StrategyPlans.remade(),
        ] {
            let report = PlanChecker.check(plan)
            #expect(report.violations == [])
            #expect(report.method == .exact)
        }
    }

    private func expect(_ plan: Plan, breaks invariant: Invariant, by mutation: Mutation) {
        var broken = plan
        mutation.apply(&broken)
        #expect(broken != plan)
        #expect(PlanChecker.check(broken).violations.contains { $0.invariant == invariant }, "\(mutation)")
    }

    private static func turn(_ plan: inout Plan, _ id: StepID, _ change: (inout TrafficSwitch) -> Void) {
        plan = plan.changing(id) { step in
            guard case .switchTraffic(var turn) = step.action else { return }
            change(&turn)
            step.action = .switchTraffic(turn: turn)
        }
    }

    private static func unwait(_ plan: inout Plan, _ id: StepID, for others: Set<StepID>) {
        plan = plan.changing(id) { $0.after.removeAll(where: others.contains) }
    }

    // MARK: Blue-green

    static let switches: [Mutation] = [
        Mutation("the traffic is turned before a member of the standby is back", .order) {
            unwait(&$0, "web/switch", for: ["green-2/bring-back"])
        },
        Mutation("the standby is worked on though nothing has seen that it serves nobody", .order) {
            unwait(&$0, "green-2/take-out", for: ["web/serving"])
        },
        Mutation("what is seen is another side", .order) { turn(&$0, "web/serving") { $0.to = StrategyPlans.green } },
        Mutation("nothing sees who serves", .order) { $0 = $0.dropping("web/serving") },
        Mutation("the other side is touched before the watch is over", .order) {
            unwait(&$0, "blue-1/take-out", for: ["web/bake"])
        },
        Mutation("the other side only waits for the switch", .order) {
            $0 = $0.changing("blue-1/take-out") { $0.after = ["blue-1/stage", "web/switch"] }
        },
        Mutation("the watch begins before the switch", .order) { unwait(&$0, "web/bake", for: ["web/switch"]) },
        Mutation("half of the side that has the traffic is watched", .order) {
            $0 = $0.changing("web/bake") {
                $0.action = .bake(seconds: 60, resources: ["green-1"], probes: [StrategyPlans.probe])
            }
        },
        Mutation("nothing is watched", .order) { plan in
            for host in StrategyPlans.blue {
                plan = plan.changing(StepID("\(host)/take-out")) { $0.after = [StepID("\(host)/stage"), "web/switch"] }
            }
            plan = plan.dropping("web/bake")
        },
        Mutation("nothing is asked of the side that takes the traffic", .order) {
            for id in ["web/switch", "web/rollback/switch"] as [StepID] { turn(&$0, id) { $0.probes = [] } }
        },
        Mutation("a member is on neither side", .form) {
            for id in ["web/switch"] as [StepID] { turn(&$0, id) { $0.from = ["blue-1"] } }
        },
        Mutation("a member is on both sides", .form) { turn(&$0, "web/switch") { $0.to.append("blue-1") } },
        Mutation("other traffic is turned", .form) { turn(&$0, "web/switch") { $0.traffic.backend = "api" } },
        Mutation("a switch is said to take somebody out", .form) {
            $0 = $0.changing("web/switch") { $0.availability = .requiresOut }
        },
        Mutation("the traffic is turned twice", .form) { plan in
            guard var again = plan.steps.first(where: { $0.id == "web/switch" }) else { return }
            again.id = "web/switch-again"
            plan.steps.append(again)
        },
        Mutation("nothing turns the traffic back", .rollback) { plan in
            for host in StrategyPlans.green {
                unwait(&plan, StepID("\(host)/rollback/take-out"), for: ["web/rollback/switch"])
            }
            plan = plan.dropping("web/rollback/switch")
        },
        Mutation("the way back turns it to the same side", .rollback) {
            turn(&$0, "web/rollback/switch") { $0 = $0.reversed }
        },
        Mutation("what is turned back takes nothing back", .rollback) {
            $0 = $0.changing("web/rollback/switch") { $0.compensates = nil }
        },
        Mutation("the traffic is turned back to a member that is still out", .rollback) {
            unwait(&$0, "web/rollback/switch", for: ["blue-2/rollback/bring-back"])
        },
        Mutation("the standby goes back while it has the traffic", .rollback) {
            unwait(&$0, "green-1/rollback/take-out", for: ["web/rollback/switch"])
        },
        Mutation("the sides are out together", .capacity) { $0.order = [] },
        Mutation("a restore gives traffic to one member of the standby", .ownership) {
            $0 = $0.changing("green-1/bring-back") { $0.action = .restore(traffic: StrategyPlans.traffic) }
                .changing("green-1/take-out") { $0.action = .drain(traffic: StrategyPlans.traffic) }
        },
    ]

    @Test(arguments: switches) func aBrokenSwitchIsCaught(_ mutation: Mutation) {
        expect(StrategyPlans.blueGreen(), breaks: mutation.breaks, by: mutation)
    }

    static let retirements: [Mutation] = [
        Mutation("a member retires before the watch is over", .order) {
            $0 = $0.changing("blue-1/retire") { $0.after = ["web/switch"] }
        },
        Mutation("a retirement is said to be taken back", .form) {
            $0 = $0.changing("blue-1/retire") { $0.rollbackClass = .nothingToUndo }
            $0.pointOfNoReturn = "blue-2/retire"
        },
        Mutation("a retirement without a point of no return", .rollback) { $0.pointOfNoReturn = nil },
        Mutation("too few are left", .capacity) { $0.groups[0].minimumAvailable = 3 },
        Mutation("who retires is missed by another group", .capacity) {
            $0.groups.append(
                PlannedGroup(
                    id: "other", members: ["blue-1", "blue-2"], minimumAvailable: 0, maximumOut: 1, traffic: nil,
                    probes: []))
        },
        Mutation("who takes the traffic retires", .capacity) {
            $0 = $0.changing("blue-1/retire") { $0.resource = "green-2" }
        },
        Mutation("somebody retires on the way back", .rollback) { plan in
            guard var retire = plan.steps.last else { return }
            retire.id = "blue-1/rollback/retire"
            retire.after = []
            plan.rollback.append(retire)
        },
    ]

    @Test(arguments: retirements) func aBrokenRetirementIsCaught(_ mutation: Mutation) {
        expect(StrategyPlans.blueGreen(retires: true), breaks: mutation.breaks, by: mutation)
    }

    // MARK: Controllers

    private static func upgrade(_ plan: inout Plan, _ id: StepID, _ change: (inout ControllerUpgrade) -> Void) {
        plan = plan.changing(id) { step in
            guard case .upgradeThroughController(var upgrade) = step.action else { return }
            change(&upgrade)
            step.action = .upgradeThroughController(upgrade: upgrade)
        }
    }

    static let upgrades: [Mutation] = [
        Mutation("the controller may have more out than the cluster can spare", .capacity) {
            upgrade(&$0, "manager/upgrade") { $0.atOnce = 2 }
        },
        Mutation("another group can spare less", .capacity) { $0.groups[0].minimumAvailable = 3 },
        Mutation("somebody else of a member's group is out meanwhile", .capacity) { $0.order = [] },
        Mutation("a member is worked on by the plan as well", .capacity) { plan in
            for step in plan.steps + plan.rollback where step.resource == "single" {
                var copy = step
                copy.resource = "node-3"
                copy.id = StepID("\(step.id)".replacing("single", with: "node-3"))
                copy.after = step.after.map { StepID("\($0)".replacing("single", with: "node-3")) }
                copy.compensates = step.compensates.map { StepID("\($0)".replacing("single", with: "node-3")) }
                if "\(step.id)".contains("rollback") { plan.rollback.append(copy) } else { plan.steps.append(copy) }
            }
            plan.order.append(TurnOrder(reason: "apart", turns: [["manager"], ["node-3"]]))
        },
        Mutation("a member is not proven afterwards", .order) { $0 = $0.dropping("node-2/verify") },
        Mutation("a member is proven before the upgrade", .order) {
            $0 = $0.changing("node-2/verify") { $0.after = ["node-2/preflight"] }
        },
        Mutation("a member is proven by a question that asks nothing", .order) {
            $0 = $0.changing("node-2/verify") { $0.action = .verify(expectation: HostExpectation(packages: [])) }
        },
        Mutation("the controller is back before the members are proven", .order) {
            unwait(&$0, "manager/bring-back", for: ["nodes/bake"])
        },
        Mutation("the upgrade goes on while the controller is in its groups", .form) {
            $0 = $0.changing("manager/upgrade") { $0.availability = .none }
        },
        Mutation("an upgrade of nobody", .form) { upgrade(&$0, "manager/upgrade") { $0.members = [] } },
        Mutation("an upgrade of another cluster's member", .form) {
            upgrade(&$0, "manager/upgrade") { $0.members.append("single") }
        },
        Mutation("an upgrade that is never given up", .form) {
            upgrade(&$0, "manager/upgrade") { $0.stallSeconds = 0 }
        },
        Mutation("a controller that is a member", .form) { $0.groups[1].members.insert("manager", at: 0) },
        Mutation("earlier versions are not kept", .rollback) { $0 = $0.dropping("manager/stage") },
        Mutation("nothing takes the upgrade back", .rollback) { $0 = $0.dropping("manager/rollback/upgrade") },
        Mutation("fewer members go back", .rollback) {
            upgrade(&$0, "manager/rollback/upgrade") { $0.members.removeLast() }
        },
        Mutation("more members go back at once", .rollback) {
            upgrade(&$0, "manager/rollback/upgrade") { $0.atOnce = 2 }
        },
        Mutation("the way back leads to other versions", .rollback) {
            upgrade(&$0, "manager/rollback/upgrade") { $0.transaction = RollingPlan.transaction }
        },
        Mutation("the way back takes nothing back", .rollback) {
            $0 = $0.changing("manager/rollback/upgrade") { $0.compensates = nil }
        },
    ]

    @Test(arguments: upgrades) func aBrokenUpgradeIsCaught(_ mutation: Mutation) {
        expect(StrategyPlans.throughController(), breaks: mutation.breaks, by: mutation)
    }

    // MARK: Images

    static let images: [Mutation] = [
        Mutation("a member is taken out before the image is made", .order) {
            unwait(&$0, "web-2/take-out", for: ["web/build"])
        },
        Mutation("no image is made", .order) { $0 = $0.dropping("web/build") },
        Mutation("another version is made", .order) { plan in
            plan = plan.changing("web/build") { step in
                guard case .buildImage(var build) = step.action else { return }
                build.version = "3"
                step.action = .buildImage(build: build)
            }
        },
        Mutation("it is made from another version than the member runs", .order) { plan in
            plan = plan.changing("web/build") { step in
                guard case .buildImage(var build) = step.action else { return }
                build.from = "0"
                step.action = .buildImage(build: build)
            }
        },
        Mutation("it is made twice", .form) { plan in
            guard var again = plan.steps.first else { return }
            again.id = "web/build-again"
            plan.steps.append(again)
        },
        Mutation("a member is replaced in traffic", .order) {
            $0 = $0.changing("web-1/replace") { $0.availability = .none }
        },
        Mutation("a member is replaced and not proven", .order) { $0 = $0.dropping("web-1/gate") },
        Mutation("a member goes back to another version", .rollback) {
            $0 = $0.changing("web-1/rollback/replace") {
                $0.action = .replaceImage(replacement: ImageReplacement(image: "base", from: "2", to: "0"))
            }
        },
        Mutation("nothing takes the replacement back", .rollback) {
            $0 = $0.changing("web-1/rollback/replace") { $0.compensates = nil }
        },
        Mutation("a replacement is called irreversible in silence", .rollback) {
            $0 = $0.changing("web-1/replace") { $0.rollbackClass = .irreversible }
        },
    ]

    @Test(arguments: images) func aBrokenReplacementIsCaught(_ mutation: Mutation) {
        expect(StrategyPlans.replaced(), breaks: mutation.breaks, by: mutation)
    }

    // MARK: Machines made anew

    private static let remade: [Mutation] = [
        Mutation("what is kept can go before its member is back", .order) { plan in
            plan = plan.changing("web/discard-web-2") { $0.after = [] }
        },
        Mutation("what is kept goes before anybody has watched its member", .order) { plan in
            plan = plan.changing("web/discard-web-2") { step in step.after.removeAll { $0 == "web/keep" } }
        },
        Mutation("a member that is made anew carries machines", .form) { plan in
            for place in plan.targets.indices where plan.targets[place].resource == "web-1" {
                plan.targets[place].carries = ["inner"]
            }
        },
        Mutation("what is kept goes, and nobody is told that there is no way back", .form) { plan in
            plan = plan.changing("web/discard-web-2") { $0.rollbackClass = .nothingToUndo }
        },
        Mutation("the end of the way back is not the one that is told", .rollback) { $0.pointOfNoReturn = nil },
        Mutation("another machine is removed than was put aside", .ownership) { plan in
            plan = plan.changing("web/discard-web-2") { step in
                guard case .discardKept(var machine) = step.action else { return }
                machine.uuid = "00000000-0000-4000-8000-000000000009"
                step.action = .discardKept(machine: machine)
            }
        },
        Mutation("it is removed twice", .ownership) { plan in
            guard var again = plan.steps.last else { return }
            again.id = "web/discard-again"
            plan.steps.append(again)
        },
        Mutation("something is removed on the way back", .rollback) { plan in
            guard var step = plan.steps.last else { return }
            step.id = "web/rollback/discard"
            step.after = []
            plan.rollback.append(step)
        },
        Mutation("it is made from another version than is told", .form) { plan in
            plan = plan.changing("web-1/replace") { step in
                guard case .replaceImage(var replacement) = step.action else { return }
                replacement.to = "image-3"
                step.action = .replaceImage(replacement: replacement)
            }
            plan = plan.changing("web-1/rollback/replace") { step in
                guard case .replaceImage(var replacement) = step.action else { return }
                replacement.from = "image-3"
                step.action = .replaceImage(replacement: replacement)
            }
        },
        Mutation("the way back leads to another machine", .rollback) { plan in
            plan = plan.changing("web-1/rollback/replace") { step in
                guard case .replaceImage(var replacement) = step.action else { return }
                replacement.machine?.name = "web-2"
                step.action = .replaceImage(replacement: replacement)
            }
        },
        Mutation("a member is replaced in traffic", .order) {
            $0 = $0.changing("web-1/replace") { $0.availability = .none }
        },
        Mutation("a member is replaced and not proven", .order) { $0 = $0.dropping("web-1/gate") },
    ]

    @Test(arguments: remade) func aBrokenReplacementOfMachinesIsCaught(_ mutation: Mutation) {
        expect(StrategyPlans.remade(), breaks: mutation.breaks, by: mutation)
    }

    // MARK: The guard

    /// While a controller works, any of its members can be the one that is out.
    @Test func theGuardCountsWhatAControllerMayHaveOut() throws {
        let plan = StrategyPlans.throughController()
        let guarding = StartGuard(plan)
        let takeOut = try #require(plan.steps.first { $0.id == "manager/take-out" })
        var health: [GroupID: [ResourceID: MemberHealth]] = [:]
        for group in plan.groups {
            health[group.id] = Dictionary(uniqueKeysWithValues: group.members.map { ($0, MemberHealth.healthy) })
        }
        for refusal in [
            guarding.refusal(toStart: takeOut, out: [], health: health),
            PlanChecker.refusal(toStart: takeOut, in: plan, out: [], health: health),
        ] { #expect(refusal == nil) }
        health["nodes"]?["node-3"] = .unhealthy(reason: "no answer")
        for refusal in [
            guarding.refusal(toStart: takeOut, out: [], health: health),
            PlanChecker.refusal(toStart: takeOut, in: plan, out: [], health: health),
        ] { #expect(refusal == "group nodes would have 1 of 3 members available, needs 2") }
        let other = try #require(plan.steps.first { $0.id == "single/take-out" })
        health["nodes"]?["node-3"] = .healthy
        #expect(guarding.refusal(toStart: other, out: [], health: health) == nil)
        #expect(guarding.refusal(toStart: other, out: ["manager"], health: health) != nil)
    }
}
