import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// A machine on a hypervisor, a cluster member on that machine and a pool over it are one graph.
@Suite struct CarriedTests {
    private static let bound = "its disk is local"

    /// Hypervisors with one machine each that cannot be moved; all of these are the pool `web`.
    private func bound(_ count: Int, minimum: Int, atOnce: Int, selected: [ResourceID] = []) -> FleetSample {
        var builder = FleetBuilder()
        let nodes = (1...count).map { builder.host(ResourceID("node-\($0)"), kind: .hypervisor) }
        builder.group(
            "compute", nodes, minimum: .count(0), strategy: .evacuate(maxUnavailable: .count(atOnce)), probes: [],
            kind: .hypervisorPool)
        let machines = (1...count).map { builder.host(ResourceID("web-\($0)"), kind: .virtualMachine) }
        builder.group(
            "web", machines, minimum: .count(minimum), strategy: .rolling(maxUnavailable: .count(count)))
        var sample = FleetSample(fleet: builder.fleet, selected: Set(nodes + selected))
        for (node, machine) in zip(nodes, machines) {
            sample.put(
                [.sample(machine.rawValue, gibibytes: 4, isDeclared: true, isBoundBecause: Self.bound)], on: node,
                gibibytes: 16)
        }
        return sample
    }

    @Test func hypervisorsThatEachCarryAMemberTakeTurnsForTheMembersSake() throws {
        let (plan, report) = try Planner.plan(bound(3, minimum: 2, atOnce: 3).input())
        // No member of the pool is patched; its capacity is touched all the same.
        let web = try #require(plan.group("web"))
        #expect(web.maximumOut == 1)
        #expect(plan.order.contains { $0.reason == "group web: at most 1 of 3 out" })
        for pair in zip(plan.turns, plan.turns.dropFirst()) { #expect(plan.before(pair.1).contains(pair.0)) }
        #expect(
            report.groups.first { $0.id == "web" }?.reason
                == "none of its members is patched; some go down with what carries them: node-1 (web-1), node-2 (web-2), "
                + "node-3 (web-3)")
        #expect(report.groups.first { $0.id == "web" }?.capacity.map(\.available).min() == 2)
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aGroupThatWouldFallTooLowKeepsThePlanFromBeingMade() {
        #expect(
            bound(2, minimum: 2, atOnce: 1).problems().map(\.message) == [
                "group web: node-1 takes web-1 down with it, 1 of 2 members at once, but minimum 2 of 2 allows 0; make them "
                    + "movable, lower minimumAvailable to 1, or leave node-1 out",
                "group web: node-2 takes web-2 down with it, 1 of 2 members at once, but minimum 2 of 2 allows 0; make them "
                    + "movable, lower minimumAvailable to 1, or leave node-2 out",
            ])
    }

    @Test func theMinimumOfWhatGoesDownIsADemandThatCanBeEased() throws {
        let sample = bound(2, minimum: 2, atOnce: 1)
        let refusal = try #require(throws: PlanningRefusal.self) { try sample.plan() }
        let conflict = try #require(ConflictExplainer.explain(sample.input(), refusal))
        #expect(conflict.demands.map(\.demand) == [.minimum("web")])
        #expect(conflict.options.map(\.change) == ["lower minimumAvailable of group web from 2 to 1"])
    }

    @Test func aHypervisorWithSeveralMembersNeedsRoomForAllOfThem() throws {
        var sample = bound(4, minimum: 2, atOnce: 4)
        sample.put(
            ["web-1", "web-2"].map {
                .sample($0, gibibytes: 4, isDeclared: true, isBoundBecause: Self.bound)
            }, on: "node-1", gibibytes: 16)
        sample.put([], on: "node-2", gibibytes: 16)
        let plan = try sample.plan()
        #expect(plan.target("node-1")?.carries == ["web-1", "web-2"])
        #expect(PlanChecker.check(plan).violations == [])
        sample.fleet.groups[1].minimumAvailable = .count(3)
        #expect(
            sample.problems().map(\.message) == [
                "group web: node-1 takes web-1, web-2 down with it, 2 of 4 members at once, but minimum 3 of 4 allows 1; "
                    + "make them movable, spread them over hypervisors, lower minimumAvailable to 2, or leave node-1 out"
            ])
    }

    /// One lane for those that take two, one for those that take one: three at most.
    @Test func wideAndNarrowHypervisorsShareTheRoomOfAGroup() throws {
        var sample = bound(8, minimum: 5, atOnce: 8)
        for (node, pair) in [("node-1", ["web-1", "web-2"]), ("node-3", ["web-3", "web-4"])] {
            sample.put(
                pair.map { .sample($0, gibibytes: 4, isDeclared: true, isBoundBecause: Self.bound) },
                on: ResourceID(node), gibibytes: 16)
        }
        for node in ["node-2", "node-4"] { sample.put([], on: ResourceID(node), gibibytes: 16) }
        let plan = try sample.plan()
        #expect(plan.group("web")?.maximumOut == 3)
        #expect(plan.order.filter { $0.reason.hasPrefix("group web") }.count == 2)
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// The group's own pace stays as it was, where one hypervisor takes more down than that.
    @Test func aWideHypervisorDoesNotMakeMembersGoFaster() throws {
        var sample = bound(5, minimum: 2, atOnce: 1, selected: ["web-3", "web-4", "web-5"])
        sample.fleet.groups[1].strategy = .rolling(maxUnavailable: .count(1))
        sample.put(
            ["web-1", "web-2"].map {
                .sample($0, gibibytes: 4, isDeclared: true, isBoundBecause: Self.bound)
            }, on: "node-1", gibibytes: 16)
        sample.put([], on: "node-2", gibibytes: 16)
        let plan = try sample.plan()
        #expect(plan.group("web")?.maximumOut == 2)
        #expect(plan.before("web-4").contains("web-3") && plan.before("web-5").contains("web-4"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aMachineThatIsPatchedGoesBeforeTheHypervisorItIsOn() throws {
        let sample = FleetSample.threeHypervisors(selected: ["node-1", "node-2", "node-3", "db-1", "web-1", "video-1"])
        let plan = try sample.plan()
        #expect(plan.before("node-1").isSuperset(of: ["db-1", "web-1"]))
        #expect(plan.before("node-3").contains("video-1"))
        #expect(plan.before("db-1", onTheWayBack: true).contains("node-1"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func whereEnvironmentsSayOtherwiseTheHypervisorGoesFirst() throws {
        var builder = FleetBuilder(environments: ["infrastructure", "production"])
        let nodes = ["node-1", "node-2"].map { builder.host($0, in: "infrastructure", kind: .hypervisor) }
        builder.group("compute", nodes, minimum: .count(1), probes: [], kind: .hypervisorPool)
        builder.host("db-1", in: "production", kind: .virtualMachine)
        var sample = FleetSample(fleet: builder.fleet)
        sample.put([.sample("db-1", gibibytes: 4, isDeclared: true)], on: "node-1", gibibytes: 16)
        sample.put([], on: "node-2", gibibytes: 16)
        let plan = try sample.plan()
        #expect(plan.before("db-1").contains("node-1"))
        #expect(plan.order.contains { $0.reason == "node-1 and the machines on it, one after the other" })
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func whatRunsOnAMachineThatGoesDownGoesDownToo() throws {
        var builder = FleetBuilder()
        let nodes = ["node-1", "node-2"].map { builder.host($0, kind: .hypervisor) }
        builder.group("compute", nodes, minimum: .count(1), probes: [], kind: .hypervisorPool)
        for name in ["outer", "inner-1", "inner-2"] as [ResourceID] { builder.host(name, kind: .virtualMachine) }
        builder.group("inner", ["inner-1", "inner-2"], minimum: .count(0))
        var sample = FleetSample(fleet: builder.fleet, selected: Set(nodes))
        sample.put(
            [.sample("outer", gibibytes: 8, isDeclared: true, isBoundBecause: Self.bound)], on: "node-1", gibibytes: 16)
        sample.put([], on: "node-2", gibibytes: 16)
        sample.put(
            ["inner-1", "inner-2"].map { .sample($0, gibibytes: 2, isDeclared: true) }, on: "outer", gibibytes: 8)
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.target("node-1")?.carries == ["inner-1", "inner-2", "outer"])
        #expect(plan.group("inner")?.maximumOut == 2)
        #expect(report.interrupted.map(\.because) == ["it runs on outer", "it runs on outer", Self.bound])
    }

    @Test func aHypervisorThatIsNotEmptiedTakesEverythingDownWhenItRestarts() throws {
        var sample = FleetSample.threeHypervisors()
        sample.fleet.groups[0].strategy = .rolling(maxUnavailable: .count(1))
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.target("node-1")?.carries == ["db-1", "web-1"])
        #expect(plan.step("node-1/evacuate") == nil)
        #expect(report.interrupted.count == 6)
        #expect(PlanChecker.check(plan).violations == [])
        sample.policy.reboot = .never
        #expect(try sample.plan().targets.allSatisfy(\.carries.isEmpty))
    }

    @Test func fettlesOwnMachineMakesItsHypervisorGoLast() throws {
        var sample = bound(3, minimum: 0, atOnce: 3)
        guard let place = sample.fleet.resources.firstIndex(where: { $0.id == "web-2" }) else { return }
        sample.fleet.resources[place].address = .local
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.turns.last == "node-2")
        #expect(plan.before("node-2", onTheWayBack: true) == ["node-1", "node-3"])
        #expect(report.warnings.contains { $0.hasPrefix("node-2: carries the machine that Fettle runs on") })
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aHypervisorThatWouldTakeTheOnlyBalancerDownIsLeftOutUnlessItIsNamed() throws {
        var builder = FleetBuilder()
        let nodes = ["node-1", "node-2"].map { builder.host($0, kind: .hypervisor) }
        builder.group("compute", nodes, minimum: .count(1), probes: [], kind: .hypervisorPool)
        builder.host("lb-1", kind: .virtualMachine)
        builder.pool("web", size: 2, minimum: .count(1), traffic: FleetBuilder.traffic("web"))
        var sample = FleetSample(fleet: builder.fleet, selected: Set(nodes + ["web-1", "web-2"]))
        sample.put(
            [.sample("lb-1", gibibytes: 2, isDeclared: true, isBoundBecause: Self.bound)], on: "node-1", gibibytes: 16)
        sample.put([], on: "node-2", gibibytes: 16)
        let (_, report) = try Planner.plan(sample.input())
        #expect(
            report.leftOut.map(\.reason) == [
                "would take lb-1 down with it and so interrupt the traffic of web; plan it by naming it"
            ])
        let plan = try sample.plan(named: ["node-1"])
        #expect(plan.before("node-1").isSuperset(of: ["web-1", "web-2"]))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aLeaderThatGoesDownIsToldOf() throws {
        var sample = bound(3, minimum: 2, atOnce: 1)
        sample.fleet.groups[1].kind = .cluster
        guard let place = sample.facts.hosts.firstIndex(where: { $0.resource == "web-1" }) else { return }
        sample.facts.hosts[place].clusterRoles = ["web": .leader]
        let (_, report) = try Planner.plan(sample.input())
        #expect(
            report.warnings.contains(
                "node-1: takes web-1 down with it, which leads group web by the facts; hand the lead over before"))
    }

    @Test func membersOnOneHypervisorDoNotGoInARow() throws {
        var builder = FleetBuilder()
        let nodes = ["node-1", "node-2"].map { builder.host($0, kind: .hypervisor) }
        builder.group("compute", nodes, minimum: .count(1), probes: [], kind: .hypervisorPool)
        let machines = (1...4).map { builder.host(ResourceID("web-\($0)"), kind: .virtualMachine) }
        builder.group("web", machines, minimum: .count(3), strategy: .rolling(maxUnavailable: .count(1)))
        var sample = FleetSample(fleet: builder.fleet, selected: Set(machines))
        for (node, pair) in zip(nodes, [["web-1", "web-2"], ["web-3", "web-4"]]) {
            sample.put(pair.map { .sample($0, gibibytes: 2, isDeclared: true) }, on: node, gibibytes: 16)
        }
        #expect(try sample.plan().turns == ["web-1", "web-3", "web-2", "web-4"])
    }

    @Test(arguments: [
        Strategy.oneSideAtATime(bakeSeconds: 5),
        .canary(first: .count(1), bakeSeconds: 5, maxUnavailable: .count(2), growth: 2),
        .canary(first: .count(1), bakeSeconds: 5, maxUnavailable: .count(2)),
        .rolling(maxUnavailable: .count(2)),
    ])
    func whateverTheGroupsStrategyCarriersNeverBreakIt(strategy: Strategy) throws {
        var sample = bound(5, minimum: 3, atOnce: 5, selected: ["web-1", "web-2", "web-3", "web-4", "web-5"])
        sample.fleet.groups[1].strategy = strategy
        for place in sample.fleet.resources.indices where sample.fleet.resources[place].id.rawValue.hasPrefix("web") {
            sample.fleet.resources[place].failureDomain = place % 3 == 0 ? "a" : place % 3 == 1 ? "b" : "c"
        }
        let plan = try sample.plan()
        #expect(plan.targets.count == 10)
        #expect(PlanChecker.check(plan).violations == [])
    }
}
