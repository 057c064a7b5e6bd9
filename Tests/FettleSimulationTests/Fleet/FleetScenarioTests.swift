import FettleChecking
import FettleModel
import FettlePlanning
import FettleSimulation
import Testing

@Suite struct FleetScenarioTests {
    private static let time = Timestamp(milliseconds: 1_795_424_400_000)
    private static let sizes = [1, 2, 13, 14, 15, 60, 100, 333, 1_000]

    private static func reference(_ id: String) -> StageReference {
        StageReference(id: id, digest: Digest(rawValue: String(repeating: "a", count: 64)))
    }

    private static func scenario(_ hosts: Int, seed: UInt64 = 7) -> FleetScenario {
        FleetScenario(hosts: hosts, seed: seed, at: time)
    }

    @Test(arguments: sizes)
    func aFleetHasExactlyTheHostsThatWereAskedFor(hosts: Int) {
        let fleet = Self.scenario(hosts).fleet
        #expect(fleet.resources.count == hosts)
        #expect(Set(fleet.resources.map(\.id)).count == hosts)
        #expect(fleet.resources == fleet.resources.sorted { $0.id < $1.id })
        for group in fleet.groups where group.kind == .pool { #expect((5...50).contains(group.members.count)) }
        for group in fleet.groups {
            #expect(group.members.allSatisfy { fleet.resource($0) != nil })
            #expect(group.after.allSatisfy { fleet.group($0) != nil })
        }
    }

    @Test func aLargeFleetHasTwentyHostsInAGroupOnTheAverage() {
        let fleet = Self.scenario(10_000).fleet
        #expect((450...550).contains(fleet.groups.count))
        #expect(
            fleet.environments.allSatisfy { environment in fleet.resources.contains { $0.environment == environment.id }
            })
    }

    @Test func theSameSeedGivesTheSameFleetAndAnotherAnother() throws {
        func bytes(_ seed: UInt64) throws -> [[UInt8]] {
            let scenario = Self.scenario(120, seed: seed)
            return [
                [UInt8](try CanonicalJSON.encode(scenario.fleet)), [UInt8](try CanonicalJSON.encode(scenario.facts)),
                [UInt8](try CanonicalJSON.encode(scenario.findings(from: Self.reference("facts-1")))),
                [UInt8](try CanonicalJSON.encode(scenario.selection(from: Self.reference("findings-1")))),
            ]
        }
        #expect(try bytes(3) == bytes(3))
        for (one, other) in zip(try bytes(3), try bytes(4)) { #expect(one != other) }
    }

    @Test func everyKindOfHostThereIsIsInALargeFleet() {
        let scenario = Self.scenario(2_000)
        let facts = scenario.facts
        let selection = scenario.selection(from: Self.reference("findings-1"))
        let selected = Set(selection.hosts.map(\.resource))
        #expect(facts.hosts.count == 2_000)
        #expect(facts.hosts.contains { $0.reachability != .reachable })
        #expect(facts.hosts.contains { !($0.staleServices.value ?? []).isEmpty })
        #expect(facts.hosts.contains { $0.reachability == .reachable && !selected.contains($0.resource) })
        #expect(facts.hosts.contains { $0.platform.value?.distribution == "almalinux" })
        #expect(selection.hosts.contains { $0.resolution.reboot != .notExpected })
        #expect(selection.hosts.contains { !$0.resolution.unavailableEarlier.isEmpty })
        #expect(selection.hosts.contains { $0.resolution.changes.contains { $0.from == nil } })
        #expect(scenario.fleet.groups.contains { $0.traffic != nil })
        #expect(Set(scenario.fleet.resources.compactMap(\.failureDomain)).count > 10)
    }

    /// What the resolvers answered is what selecting from the findings asks for: the files of a fleet agree with each other.
    @Test(arguments: 1...8)
    func selectingFromTheFindingsAsksForWhatTheResolversAnswered(seed: UInt64) {
        let scenario = Self.scenario(400, seed: seed)
        let findings = scenario.findings(from: Self.reference("facts-1"))
        let patches = SelectionPlanner.selectPatches(
            findings, facts: scenario.facts, fleet: scenario.fleet, policy: scenario.policy)
        let given = scenario.selection(from: Self.reference("findings-1"))
        let answers = Dictionary(
            uniqueKeysWithValues: given.hosts.map {
                ($0.resource, Result<Resolution, StepFailure>.success($0.resolution))
            })
        let assembled = SelectionPlanner.assemble(
            patches, answers: answers, policy: scenario.policy, id: given.id, findings: given.findings,
            selectedAt: given.selectedAt)
        #expect(assembled.hosts == given.hosts)
        #expect(assembled.leftOut == given.leftOut)
    }

    @Test(arguments: [1, 14, 60, 250, 800], [UInt64(1), 2, 3])
    func everyFleetCanBePlannedAndThePlanIsProven(hosts: Int, seed: UInt64) throws {
        let scenario = Self.scenario(hosts, seed: seed)
        let (plan, report) = try Planner.plan(
            PlanningInput(
                id: "plan-1", selection: scenario.selection(from: Self.reference("findings-1")),
                selectionReference: Self.reference("selection-1"), facts: scenario.facts, fleet: scenario.fleet,
                policy: scenario.policy, createdAt: Self.time))
        let violations = PlanChecker.check(plan).violations.prefix(2)
        #expect(violations.isEmpty, "\(violations)")
        if hosts > 14 { #expect(plan.targets.count > hosts * 3 / 4) }
        #expect(report.hosts.count == plan.targets.count)
    }
}
