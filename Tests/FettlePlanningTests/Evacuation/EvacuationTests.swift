import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Hypervisors that are emptied first, one case at a time.
@Suite struct EvacuationTests {
    /// `nodes` hypervisors of so many GiB in one pool.
    private func pool(
        _ memory: [Int], atOnce: Int = 1, minimum: Int? = nil, machines: [ResourceID] = [],
        selected: Set<ResourceID>? = nil, more: (inout FleetBuilder) -> Void = { _ in }
    ) -> FleetSample {
        var builder = FleetBuilder()
        let nodes = memory.indices.map { builder.host(ResourceID("node-\($0 + 1)"), kind: .hypervisor) }
        builder.group(
            "compute", nodes, minimum: .count(minimum ?? memory.count - atOnce),
            strategy: .evacuate(maxUnavailable: .count(atOnce)), probes: [], kind: .hypervisorPool)
        for machine in machines { builder.host(machine, kind: .virtualMachine) }
        more(&builder)
        var sample = FleetSample(fleet: builder.fleet, selected: selected ?? Set(nodes))
        for (node, memory) in zip(nodes, memory) { sample.put([], on: node, gibibytes: memory) }
        return sample
    }

    private func moves(_ plan: Plan, from hypervisor: ResourceID) -> [MachineMove] {
        plan.steps.flatMap { step -> [MachineMove] in
            guard step.resource == hypervisor, case .evacuate(let moves, _) = step.action else { return [] }
            return moves
        }
    }

    private func destinations(_ plan: Plan, from hypervisor: ResourceID) -> [String: ResourceID] {
        Dictionary(moves(plan, from: hypervisor).map { ($0.machine, $0.to) }, uniquingKeysWith: { first, _ in first })
    }

    @Test func aHypervisorIsEmptiedWhenItIsOutAndFilledBeforeItIsBack() throws {
        let plan = try FleetSample.threeHypervisors().plan()
        let names = plan.steps.filter { $0.resource == "node-1" }.map(\.id.rawValue)
        #expect(
            names.map { $0.replacing("node-1/", with: "") } == [
                "preflight", "stage", "take-out", "evacuate", "patch", "restart", "reboot", "verify", "bring-home",
                "bring-back",
            ])
        #expect(plan.step("node-1/evacuate")?.availability == .requiresOut)
        #expect(plan.step("node-1/bring-home")?.availability == .bringsBack)
        #expect(plan.step("node-1/rollback/evacuate")?.action == plan.step("node-1/evacuate")?.action)
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// A step that ended before the time limit of a move would leave the move to itself, under the steps that come next.
    @Test(arguments: [30, 600, 86_400]) func theTimeOfTheStepIsMoreThanThatOfAllItsMoves(limit: Int) throws {
        var sample = pool([32, 32])
        for place in sample.fleet.groups.indices {
            sample.fleet.groups[place].machines = MachineRules(driver: "libvirt", timeLimitSeconds: limit)
        }
        sample.put([.sample("a", gibibytes: 1), .sample("b", gibibytes: 1)], on: "node-1", gibibytes: 32)
        let plan = try sample.plan()
        for name in ["evacuate", "rollback/evacuate", "bring-home", "rollback/bring-home"] {
            let step = try #require(plan.step(StepID("node-1/\(name)")))
            #expect(step.timeoutSeconds >= 2 * (limit + 60) + 60, "\(name)")
        }
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func theFullestDestinationThatStillFitsIsTakenAndTheLargestMachineGoesFirst() throws {
        var sample = pool([32, 20, 12])
        sample.put(
            [.sample("small", gibibytes: 4), .sample("large", gibibytes: 16), .sample("middle", gibibytes: 8)],
            on: "node-1", gibibytes: 32)
        let plan = try sample.plan()
        #expect(destinations(plan, from: "node-1") == ["large": "node-2", "middle": "node-3", "small": "node-2"])
        #expect(plan.rooms.map(\.hypervisor) == ["node-2", "node-3"])
        #expect(plan.rooms.map(\.memoryMebibytes) == [20 * 1024, 12 * 1024])
    }

    /// Best fit puts 5 beside 5 and then has no 6 left for both 3s.
    @Test func whereTheFirstTryFailsOthersFollow() throws {
        var sample = pool([64, 10, 9], selected: ["node-1"])
        sample.put(
            [
                .sample("a", gibibytes: 5), .sample("b", gibibytes: 4), .sample("c", gibibytes: 4),
                .sample("d", gibibytes: 3), .sample("e", gibibytes: 3),
            ], on: "node-1", gibibytes: 64)
        let placed = destinations(try sample.plan(), from: "node-1")
        #expect(placed.count == 5)
        let sizes = ["a": 5, "b": 4, "c": 4, "d": 3, "e": 3]
        #expect(placed.filter { $0.value == "node-2" }.reduce(0) { $0 + (sizes[$1.key] ?? 0) } == 10)
    }

    /// VMs sent to a host that was itself going down (cubecos#583).
    @Test func noMachineGoesToAHypervisorThatMayBeOutAtTheSameTime() throws {
        var sample = pool([64, 64, 64, 64], atOnce: 2)
        for number in 1...4 {
            sample.put([.sample("vm-\(number)", gibibytes: 4)], on: ResourceID("node-\(number)"), gibibytes: 64)
        }
        let plan = try sample.plan()
        #expect(plan.group("compute")?.maximumOut == 2)
        for move in plan.targets.flatMap({ moves(plan, from: $0.resource) }) {
            #expect(
                plan.before(move.to).contains(move.from) || plan.before(move.from).contains(move.to), "\(move.machine)")
        }
    }

    @Test func twoAtOnceBecomeOneWhereTheirMachinesWouldNotFit() throws {
        var sample = pool([32, 32, 32], atOnce: 2)
        for number in 1...3 {
            sample.put([.sample("vm-\(number)", gibibytes: 4)], on: ResourceID("node-\(number)"), gibibytes: 32)
        }
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.group("compute")?.maximumOut == 1)
        #expect(
            report.groups.map(\.reason) == [
                "declared in the fleet; 2 at once reduced to 1, so that the machines of node-2 fit on those that stay"
            ])
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// Two lanes share a fourth hypervisor, which the plan leaves alone: what both bring is added up.
    @Test func whatTwoLanesBringToOneDestinationIsAddedUp() throws {
        var sample = pool([32, 32, 16], atOnce: 2, minimum: 1, selected: ["node-1", "node-2"])
        sample.put([.sample("a", gibibytes: 8)], on: "node-1", gibibytes: 8)
        sample.put([.sample("b", gibibytes: 8)], on: "node-2", gibibytes: 8)
        let wide = try sample.plan()
        #expect(wide.group("compute")?.maximumOut == 2)
        #expect(PlanChecker.check(wide).violations == [])
        sample.put([], on: "node-3", gibibytes: 15)
        let narrow = try sample.plan()
        #expect(narrow.group("compute")?.maximumOut == 1)
        #expect(PlanChecker.check(narrow).violations == [])
    }

    @Test func rulesHoldInBothDirectionsAndAmongMachinesOnTheMove() throws {
        var sample = pool([32, 32, 32, 32], selected: ["node-1"])
        sample.put(
            [
                .sample("db-1", gibibytes: 4, apartFrom: ["db-2"]),
                .sample("web-1", gibibytes: 2, apartFrom: ["web-2"]),
                .sample("web-2", gibibytes: 2),
            ], on: "node-1", gibibytes: 32)
        sample.put([.sample("db-2", gibibytes: 4)], on: "node-2", gibibytes: 6)
        sample.put([.sample("app", gibibytes: 4, apartFrom: ["web-1"])], on: "node-3", gibibytes: 8)
        let placed = destinations(try sample.plan(), from: "node-1")
        #expect(placed["db-1"] != "node-2")
        #expect(placed["web-1"] != "node-3")
        #expect(placed["web-1"] != placed["web-2"])
    }

    /// Machines of one size are only interchangeable if no rule tells them apart.
    @Test func aRuleTellsMachinesOfOneSizeApart() throws {
        var sample = pool([64, 12, 4], selected: ["node-1"])
        sample.put(
            [
                .sample("a", gibibytes: 4, apartFrom: ["large"]), .sample("b", gibibytes: 4),
                .sample("large", gibibytes: 8),
            ], on: "node-1", gibibytes: 64)
        let placed = destinations(try sample.plan(), from: "node-1")
        #expect(placed == ["large": "node-2", "a": "node-3", "b": "node-2"])
    }

    @Test func noMachineMeetsAnotherOfItsName() throws {
        var sample = pool([32, 32, 32], selected: ["node-1"])
        sample.put([.sample("test", gibibytes: 4)], on: "node-1", gibibytes: 32)
        sample.put([.sample("test", gibibytes: 4, isRunning: false)], on: "node-2", gibibytes: 8)
        #expect(destinations(try sample.plan(), from: "node-1") == ["test": "node-3"])
    }

    /// Which VMs are stopped rather than moved was told only afterwards (harvester#11108).
    @Test func whatCannotBeMovedIsToldBeforeTheRun() throws {
        var sample = FleetSample.threeHypervisors()
        sample.policy.reboot = .always
        let (plan, report) = try Planner.plan(sample.input())
        let told = try #require(report.interrupted.first)
        #expect(report.interrupted.count == 1)
        #expect(told.machine == "video-1" && told.resource == "video-1" && told.hypervisor == "node-3")
        #expect(told.because == "a graphics card is passed through to it")
        #expect(told.duration.medianSeconds >= DurationPriors.documented.reboot.medianSeconds)
        #expect(plan.target("node-3")?.carries == ["video-1"])
        #expect(
            report.warnings.contains(
                "node-3: not moved away, and down when it restarts: video-1 (a graphics card is passed through to it)"))
        #expect(
            PlanTable.render(plan, report).contains(
                "video-1 on node-3: a graphics card is passed through to it; about"))
    }

    @Test func moreMemoryTakesLonger() throws {
        func seconds(_ gibibytes: Int) throws -> Int {
            var sample = pool([512, 512], selected: ["node-1"])
            sample.put([.sample("vm", gibibytes: gibibytes)], on: "node-1", gibibytes: 512)
            return try #require(try sample.plan().step("node-1/evacuate")).estimate.p95Seconds
        }
        #expect(try seconds(1) == 40)
        #expect(try seconds(100) == 30 + 100 * 10)
    }

    // MARK: Refusals

    private func messages(_ sample: FleetSample) -> [String] { sample.problems().map(\.message) }

    @Test func aMachineThatFitsNowhereIsNamedWithWhatIsMissingWhere() {
        var sample = pool([64, 8, 12, 64], selected: ["node-1"])
        sample.put([.sample("huge", gibibytes: 32, processors: 40)], on: "node-1", gibibytes: 64)
        sample.put([.sample("other", gibibytes: 1, apartFrom: ["huge"])], on: "node-4", gibibytes: 64, processors: 64)
        #expect(
            messages(sample) == [
                "node-1: huge (32 GiB and 40 processors) fits on no other hypervisor: node-3 lacks 20 GiB and 8 processors, "
                    + "node-2 lacks 24 GiB and 8 processors, node-4 has a machine that it must be apart from; free room "
                    + "there, shut machines down before, or add a hypervisor to compute"
            ])
    }

    @Test func aSumThatIsTooLargeIsTold() {
        var sample = pool([64, 8, 8], selected: ["node-1"])
        sample.put((1...5).map { .sample("vm-\($0)", gibibytes: 4) }, on: "node-1", gibibytes: 64)
        #expect(
            messages(sample) == [
                "node-1: its 5 machines need 4 GiB more than the others have to spare together (node-2 has 8 GiB and 32 "
                    + "processors, node-3 has 8 GiB and 32 processors); free room there, shut machines down before, or add "
                    + "a hypervisor to compute"
            ])
    }

    /// Not to move machines is no way out that is offered: they would all go down.
    @Test func lackOfRoomIsNoConflictOfDemands() throws {
        var sample = pool([64, 8], selected: ["node-1"])
        sample.put([.sample("vm", gibibytes: 32)], on: "node-1", gibibytes: 64)
        let refusal = try #require(throws: PlanningRefusal.self) { try sample.plan() }
        #expect(ConflictExplainer.explain(sample.input(), refusal) == nil)
    }

    @Test func machinesThatStandInEachOthersWayAreNamedAndNoOthers() {
        var sample = pool([64, 10, 10], selected: ["node-1"])
        sample.put(
            [
                .sample("a", gibibytes: 6), .sample("b", gibibytes: 6), .sample("c", gibibytes: 6),
                .sample("d", gibibytes: 1),
            ], on: "node-1", gibibytes: 64)
        #expect(
            messages(sample) == [
                "node-1: no way to place a (6 GiB and 2 processors) of node-1, b (6 GiB and 2 processors) of node-1, c (6 "
                    + "GiB and 2 processors) of node-1 together: 2 GiB more on node-2 would do; free room there, shut "
                    + "machines down before, or add a hypervisor to compute"
            ])
    }

    @Test func aPoolOfWhichNobodyElseIsKnownCannotTakeAnything() {
        var sample = pool([64, 64, 64], selected: ["node-1"])
        sample.put([.sample("vm", gibibytes: 6)], on: "node-1", gibibytes: 64)
        sample.facts.hosts[1].reachability = .unreachable(reason: "no route")
        sample.facts.hosts[2].hypervisor = .notObserved(reason: "virsh: permission denied")
        #expect(
            messages(sample) == [
                "group compute: minimum 2 of 3 while node-2 is not available leaves no member to take out; lower "
                    + "minimumAvailable to 1 or bring the missing back",
                "node-1: no other hypervisor of compute can take its machines (not asked: node-2: it is not reachable, "
                    + "node-3: not observed: virsh: permission denied); free room there, shut machines down before, or add a "
                    + "hypervisor to compute",
            ])
    }

    /// Two pools share their spare hypervisor; each alone would fit.
    @Test func poolsThatMeetOnOneDestinationAreRefusedTogether() throws {
        var builder = FleetBuilder()
        for number in 1...3 { builder.host(ResourceID("node-\(number)"), kind: .hypervisor) }
        for (pool, member) in [("east", "node-1"), ("west", "node-2")] {
            builder.group(
                GroupID(pool), [ResourceID(member), "node-3"], minimum: .count(1), probes: [], kind: .hypervisorPool)
        }
        var sample = FleetSample(fleet: builder.fleet, selected: ["node-1", "node-2"])
        sample.put([.sample("a", gibibytes: 8)], on: "node-1", gibibytes: 8)
        sample.put([.sample("b", gibibytes: 8)], on: "node-2", gibibytes: 8)
        sample.put([], on: "node-3", gibibytes: 12)
        let problems = sample.problems()
        #expect(problems.map(\.place) == [.group("east")])
        #expect(
            problems.map(\.message) == [
                "node-1, node-2: several of them can be out at the same time, and then the machines of all of them do not "
                    + "fit on the others together (no way to place a (8 GiB and 2 processors) of node-1, b (8 GiB and 2 "
                    + "processors) of node-2 together: 4 GiB more on node-3 would do); put one of their pools after the "
                    + "other"
            ])
        sample.fleet.groups[1].after = ["east"]
        #expect(PlanChecker.check(try sample.plan()).violations == [])
    }

    /// A machine that was started there since goes down with it otherwise.
    @Test func whereNothingIsToBeMovedItIsLookedWhoRunsThereAllTheSame() throws {
        let plan = try pool([32, 32]).plan()
        for steps in [plan.steps, plan.rollback] {
            let look = try #require(steps.first { $0.resource == "node-1" && $0.action.name == "evacuate" })
            #expect(look.action == .evacuate(moves: [], staying: nil) && look.availability == .requiresOut)
            #expect(steps.contains { $0.resource == "node-1" && $0.action == .bringHome(moves: []) })
        }
        #expect(plan.isBefore("node-1/evacuate", "node-1/reboot"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aHypervisorOfWhichNothingIsKnownIsLeftOut() throws {
        var sample = FleetSample.threeHypervisors()
        sample.facts.hosts.removeAll { $0.resource == "node-2" }
        sample.facts.hosts.append(FleetSample.outdatedHost("node-2"))
        sample.facts.hosts.sort { $0.resource < $1.resource }
        sample.put([], on: "node-3", gibibytes: 32)
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.target("node-2") == nil)
        #expect(
            report.leftOut.map(\.reason) == [
                "it is not known which machines run on it (the facts tell of no machines); scan again"
            ])
        #expect(!plan.rooms.contains { $0.hypervisor == "node-2" })
    }

    @Test func factsThatCannotBeTrueAreNotBuiltOn() throws {
        let cases: [([ResidentMachine], String)] = [
            ([.sample("vm", gibibytes: -1)], "machine vm is said to have -1024 MiB and 2 processors"),
            (
                [.sample("vm", gibibytes: 1_000_000_000)],
                "machine vm is said to have 1024000000000 MiB and 2 processors"
            ),
            ([.sample("vm", gibibytes: 1), .sample("vm", gibibytes: 2)], "two machines on it are named vm"),
            ([.sample("", gibibytes: 1)], "a machine on it has no name"),
            (
                [.sample("web-1", gibibytes: 4, isDeclared: true)],
                "web-1 is seen running on node-1 and on node-2"
            ),
        ]
        for (machines, reason) in cases {
            var sample = FleetSample.threeHypervisors()
            sample.put(machines, on: "node-2", gibibytes: 32)
            let report = try? Planner.plan(sample.input()).1
            let reasons = report?.leftOut.map(\.reason) ?? sample.problems().map(\.message)
            #expect(reasons.contains { $0.contains(reason) }, "\(reasons)")
        }
    }

    /// Names come from hypervisors, and may hold anything that text may hold.
    @Test func aHostileNameStaysAName() throws {
        var sample = pool([32, 32], selected: ["node-1"])
        let name = "-rf $(reboot)\n;\u{1B}[2J'\""
        sample.put(
            [.sample(name, gibibytes: 1), .sample(name + "2", gibibytes: 1, isBoundBecause: "\u{1B}]0;")], on: "node-1",
            gibibytes: 32)
        let (plan, report) = try Planner.plan(sample.input())
        #expect(moves(plan, from: "node-1").map(\.machine) == [name])
        let table = PlanTable.render(plan, report)
        #expect(!table.contains("\u{1B}"))
        #expect(try CanonicalJSON.decode(Plan.self, from: CanonicalJSON.encode(plan)) == plan)
    }
}
