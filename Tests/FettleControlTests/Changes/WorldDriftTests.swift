import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// I5: what was approved was approved for the world that the plan saw.
@Suite struct WorldDriftTests {
    private let store = InMemoryStore()
    private static let made = FactSample.now
    private static let later = made.adding(seconds: 60)

    private var changes: ChangeService { ChangeService(store: store) { Self.later.adding(seconds: 60) } }
    private var runs: RunService {
        RunService(
            store: store,
            tools: Tools(
                inspector: NoFacts(), resolver: NoAnswers(), drivers: NoDrivers(), observer: NoMembers(),
                now: { Self.later.adding(seconds: 60) }))
    }

    private static var plan: Plan {
        var plan = RollingPlan.plan(size: 4, lanes: 1)
        plan.createdAt = made
        return plan
    }

    /// The fleet that the plan was made for.
    private static let fleet: Fleet = {
        var builder = FleetBuilder()
        let group = plan.groups[0]
        builder.pool(
            "web", size: 4, minimum: .count(3), strategy: .rolling(maxUnavailable: .count(1)), traffic: group.traffic,
            probes: group.probes)
        builder.host("lb-1")
        return builder.fleet
    }()

    private func submitted(_ plan: Plan = plan) async throws -> Change {
        try await StageKeeper(store: store).keep(plan, as: .plan, id: plan.id.rawValue, at: plan.createdAt)
        return try await changes.submit(
            plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: Policy())
    }

    private func approved(_ plan: Plan = plan) async throws -> Change {
        let change = try await submitted(plan)
        return try await vote(change, fleet: Self.fleet)
    }

    private func vote(_ change: Change, by person: Person = "bob", approves: Bool = true, fleet: Fleet? = nil)
        async throws -> Change
    {
        try await changes.vote(
            on: change.id, by: person, approves: approves, digest: change.plan.digest, note: "", fleet: fleet)
    }

    /// Keeps what a scan saw: openssl at these versions.
    private func see(_ versions: [ResourceID: String], at time: Timestamp = later) async throws {
        let hosts = versions.map {
            FactSample.host($0.key, packages: [FactSample.package("openssl", $0.value)], at: time)
        }
        try await keep(hosts, at: time)
    }

    private func keep(_ hosts: [HostFacts], at time: Timestamp = later) async throws {
        _ = try await StageKeeper(store: store).keepNext(as: .facts, at: time) { id throws(ControlError) in
            FactSet(id: id, observedAt: time, hosts: hosts.sorted { $0.resource < $1.resource })
        }
    }

    private func refusal(_ act: () async throws -> Void) async -> ControlError? {
        await #expect(throws: ControlError.self) { try await act() }
    }

    // MARK: Hosts

    @Test func aHostThatSomebodyUpgradedByHandVoidsWhatWasApproved() async throws {
        let change = try await approved()
        try await see(["web-1": "1", "web-2": "1.2", "web-3": "1.2", "web-4": "1"])
        let error = await refusal { _ = try await runs.create(for: change.id, fleet: Self.fleet) }
        #expect(error?.code == .drift)
        #expect(error?.message.contains("openssl on web-2, web-3 is at 1.2, the plan saw 1") == true)
        #expect(error?.message.contains("the one approval is void") == true)
        #expect(error?.message.contains("web-1") == false)
        #expect(error?.hint.contains("`fettle plan make`") == true)
        #expect(error?.hint.contains("`fettle change submit`") == true)
        #expect(try await store.runs(limit: 5).isEmpty)
        #expect(try await changes.change(change.id).run == nil, "it can still be withdrawn")
        #expect(
            try await changes.drift(of: change, fleet: nil).map(\.resource) == ["web-2", "web-3"],
            "`change show` tells it as well")
    }

    @Test func nobodyAgreesToAPlanOfAnotherWorldAndAnybodyMayRejectIt() async throws {
        let change = try await submitted()
        try await see(["web-1": "1.2"])
        let error = await refusal { _ = try await vote(change) }
        #expect(error?.code == .drift && error?.message.contains("openssl on web-1 is at 1.2") == true)
        #expect(try await changes.change(change.id).votes.isEmpty)
        #expect(try await vote(change, approves: false).state == .rejected)
        #expect(try await changes.drift(of: try await changes.change(change.id), fleet: nil).isEmpty, "it is over")
    }

    @Test func aPackageThatIsGoneOrCameIsDriftToo() async throws {
        let plan = Self.plan.changing("web-1/preflight") {
            $0.action = .preflight(
                expectation: HostExpectation(
                    packages: [PackageVersion(name: "openssl", architecture: "amd64", version: "1")],
                    absentPackages: ["libnew"]), probes: [])
        }
        let change = try await approved(plan)
        try await keep([FactSample.host("web-1", packages: [FactSample.package("libnew", "7")], at: Self.later)])
        let drift = try await changes.drift(of: change, fleet: Self.fleet)
        #expect(
            WorldDrift.lines(drift) == [
                "openssl on web-1 is not installed, the plan saw 1", "libnew on web-1 is at 7, the plan saw none",
            ])
    }

    @Test func whatIsOlderThanThePlanOrTellsNothingIsNoDrift() async throws {
        let change = try await approved()
        try await see(["web-1": "1.2"], at: Self.made.adding(seconds: -1))
        try await see(["web-2": "1.2"], at: Self.made)
        #expect(try await changes.drift(of: change, fleet: Self.fleet).isEmpty)
        // A later look at others keeps what was seen of these before, with its date.
        try await keep([
            FactSample.host("web-1", packages: [FactSample.package("openssl", "1.2")], at: Self.made),
            .nothingObserved(
                of: "web-2", at: Self.later, reachability: .unreachable(reason: "away"), reason: "away"),
            FactSample.host("db-1", packages: [FactSample.package("openssl", "9")], at: Self.later),
        ])
        #expect(try await changes.drift(of: change, fleet: Self.fleet).isEmpty)
        #expect(try await runs.create(for: change.id, fleet: Self.fleet) == "run-1")
    }

    /// Planning is idempotent: nothing is to be done there.
    @Test func aHostThatIsWhereThePlanLeadsAlreadyIsNoDriftAndOneThatIsHalfThereIs() async throws {
        var plan = Self.plan
        for place in plan.steps.indices { plan.steps[place].add("libssl3", from: "1", to: "2") }
        for place in plan.rollback.indices { plan.rollback[place].add("libssl3", from: "2", to: "1") }
        let change = try await approved(plan)
        func host(_ id: ResourceID, _ library: String, _ tool: String) -> HostFacts {
            FactSample.host(
                id, packages: [FactSample.package("libssl3", library), FactSample.package("openssl", tool)],
                at: Self.later)
        }
        try await keep([host("web-1", "2", "2"), host("web-2", "2", "1"), host("web-3", "1", "1")])
        let drift = try await changes.drift(of: change, fleet: Self.fleet)
        #expect(WorldDrift.lines(drift) == ["libssl3 on web-2 is at 2, the plan saw 1"])
    }

    @Test func aRunThatIsThereIsNotStoppedByWhatItHasChanged() async throws {
        let change = try await approved()
        let run = try await runs.create(for: change.id, fleet: Self.fleet)
        try await see(["web-1": "1.7"])
        #expect(try await changes.drift(of: try await changes.change(change.id), fleet: Self.fleet).isEmpty)
        let error = await refusal { _ = try await runs.create(for: change.id, fleet: Self.fleet) }
        #expect(error?.code == .conflict && error?.message.contains(run.rawValue) == true)
    }

    /// The start died between the note in the change and the run.
    @Test func aRunThatWasOnlyNamedIsHeldLikeOneThatWasNot() async throws {
        let change = try await approved()
        _ = try await changes.assignRun(to: change.id) { _ in "run-1" }
        try await see(["web-1": "1.7"])
        #expect(try await changes.drift(of: try await changes.change(change.id), fleet: nil).count == 1)
        #expect(await refusal { _ = try await runs.create(for: change.id) }?.code == .drift)
    }

    @Test func aRunThatWasMadeAndNeverBegunIsHeldOnceMoreWhenItIsTakenUp() async throws {
        let change = try await approved()
        try await store.createRun("run-1", change: change.id, at: Self.made)
        try await see(["web-1": "1.7"])
        let error = await refusal {
            _ = try await runs.carryOut("run-1", startedBy: "alice", options: RunService.Options(executor: "one"))
        }
        #expect(error?.code == .drift && error?.message.contains("openssl on web-1 is at 1.7") == true)
        #expect(try await store.records(of: "run-1", after: 0).isEmpty)
    }

    @Test func aPlanInAnotherRunsPlaceIsMadeAnewForThatRun() async throws {
        var plan = Self.plan
        plan.supersedes = Supersession(run: "run-7", sequence: 3, taken: [])
        let change = try await submitted(plan)
        try await see(["web-1": "1.2"])
        let error = await refusal { _ = try await vote(change) }
        #expect(error?.hint.contains("`fettle plan make --supersedes run-7`") == true)
    }

    @Test func factsThatCannotBeReadStartNothing() async throws {
        let change = try await approved()
        let bytes = Array(#"{"hosts":[{"observedAt":"2030-01-01T00:00:00Z","packages":7,"resource":"web-1"}]}"#.utf8)
        try await store.put(
            StoredDocument(
                kind: .facts, id: "facts-9", digest: Digest.sha256(of: bytes), createdAt: Self.later, bytes: bytes))
        let error = await refusal { _ = try await runs.create(for: change.id) }
        #expect(error?.code == .internal && error?.hint.contains("fettle scan") == true)
    }

    // MARK: The fleet

    @Test func aMinimumThatWasRaisedAfterTheVotesVoidsThem() async throws {
        let change = try await approved()
        var fleet = Self.fleet
        fleet.groups[0].minimumAvailable = .count(4)
        let error = await refusal { _ = try await runs.create(for: change.id, fleet: fleet) }
        #expect(error?.code == .drift)
        #expect(error?.message.contains("group web now needs 4 in service, the plan keeps 3") == true)
        #expect(try await store.runs(limit: 5).isEmpty)
        #expect(try await runs.create(for: change.id, fleet: Self.fleet) == "run-1", "the world is as before again")
    }

    private static let edits: [(words: String, edit: @Sendable (inout Fleet) -> Void)] = [
        ("group web now needs 4 in service, the plan keeps 3", { $0.groups[0].minimumAvailable = .percent(80) }),
        (
            "group web now lets 0 be out at once, the plan takes 1",
            {
                $0.groups[0].strategy = .rolling(maxUnavailable: .count(0))
            }
        ),
        ("group web is no longer declared", { $0.groups = [] }),
        ("web-4 is no longer in group web", { $0.groups[0].members.removeLast() }),
        ("lb-1 is now in group web, the plan counts without it", { $0.groups[0].members.insert("lb-1", at: 0) }),
        ("traffic of group web: backend is now blue, the plan has web", { $0.groups[0].traffic?.backend = "blue" }),
        (
            "traffic of group web: its load balancer is now none, the plan has haproxy on lb-1",
            {
                $0.groups[0].traffic = nil
            }
        ),
        ("group web no longer has the probe healthz that the plan asks", { $0.groups[0].probes = [] }),
        (
            "the probe healthz of group web asks something else than the plan's",
            {
                $0.groups[0].probes[0].timeoutSeconds += 1
            }
        ),
        (
            "group web now has the probe answers that the plan does not ask",
            {
                $0.groups[0].probes.append(FleetBuilder.probe)
            }
        ),
        (
            "group web now says otherwise how machines are moved",
            {
                $0.groups[0].machines = MachineRules(driver: "libvirt")
            }
        ),
        ("web-2 is no longer declared", { $0.resources.removeAll { $0.id == "web-2" } }),
        (
            "the address of web-2 is now elsewhere, the plan has web-2",
            { fleet in
                for place in fleet.resources.indices where fleet.resources[place].id == "web-2" {
                    fleet.resources[place].address = .ssh("elsewhere")
                }
            }
        ),
        (
            "web-2 is now in group db, of which the plan knows nothing",
            {
                $0.groups.append(ResourceGroup(id: "db", members: ["lb-1", "web-2"], minimumAvailable: .count(1)))
            }
        ),
    ]

    @Test(arguments: 0..<14) func whatIsDeclaredOtherwiseIsNamed(number: Int) async throws {
        var fleet = Self.fleet
        Self.edits[number].edit(&fleet)
        let drift = WorldDrift.of(Self.plan, against: fleet)
        #expect(WorldDrift.lines(drift) == [Self.edits[number].words])
        let change = try await submitted()
        let error = await refusal { _ = try await vote(change, fleet: fleet) }
        #expect(error?.code == .drift && error?.message.contains(Self.edits[number].words) == true)
        #expect(try await vote(change, fleet: Self.fleet).state == .approved)
    }

    @Test func allEditsAreTried() { #expect(Self.edits.count == 14) }

    /// The plan keeps the stricter one.
    @Test func aLimitThatWasLoosenedIsNoDrift() {
        var fleet = Self.fleet
        fleet.groups[0].minimumAvailable = .count(1)
        fleet.groups[0].strategy = .rolling(maxUnavailable: .count(3))
        #expect(WorldDrift.of(Self.plan, against: fleet).isEmpty)
    }

    @Test func ofManyPointsTheFirstAreToldAndTheOthersCounted() {
        let drift = (1...14).map {
            WorldDrift(.package, at: "web-1", "lib\($0)", planned: "1", present: "2")
        }
        let lines = WorldDrift.lines(drift)
        #expect(lines.count == 11 && lines.last == "and 4 more")
        let hosts = (1...9).map { WorldDrift(.package, at: ResourceID("h\($0)"), "x", planned: "1", present: nil) }
        #expect(WorldDrift.lines(hosts) == ["x on h1, h2, h3, h4, h5 and 4 more is not installed, the plan saw 1"])
    }

    // MARK: Whatever the planner makes

    private static let samples: [@Sendable (UInt64) -> FleetSample] = [
        { FleetGenerator.sample(seed: $0) }, { FleetGenerator.ofAllStrategies(seed: $0) },
        { HypervisorGenerator.sample(seed: $0) },
    ]

    /// A world that stayed as it was is no drift, nor one in which all is done already; any other version is.
    @Test(arguments: 0..<3, TestScale.seeds(40, long: 2_000))
    func aPlanHasNotDriftedFromTheWorldThatItWasMadeFor(kind: Int, seed: UInt64) async throws {
        let sample = Self.samples[kind](seed)
        let input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: Self.made)
        guard let plan = try? Planner.plan(input).0 else { return }
        #expect(WorldDrift.of(plan, against: sample.fleet) == [])
        try await keep(Self.seen(sample.facts))
        #expect(try await changes.drift(of: plan, fleet: sample.fleet) == [])
        try await keep(Self.seen(sample.factsAfterSuccess), at: Self.later.adding(seconds: 1))
        #expect(try await changes.drift(of: plan, fleet: sample.fleet) == [])
        try await keep(
            Self.seen(sample.facts) { package in package.version = "0~by-hand" }, at: Self.later.adding(seconds: 2))
        let drifted = Set(try await changes.drift(of: plan, fleet: nil).compactMap(\.resource))
        let changed = Set(
            plan.steps.compactMap { step -> ResourceID? in
                if case .changePackages = step.action { step.resource } else { nil }
            })
        #expect(changed.isSubset(of: drifted))
    }

    private static func seen(
        _ facts: FactSet, _ edit: (inout InstalledPackage) -> Void = { _ in }
    ) -> [HostFacts] {
        facts.hosts.map { host in
            var host = host
            host.observedAt = later
            if var packages = host.packages.value {
                for place in packages.indices { edit(&packages[place]) }
                host.packages = .observed(packages)
            }
            return host
        }
    }
}

extension Step {
    fileprivate mutating func add(_ package: String, from: String, to: String) {
        func adding(_ transaction: PackageTransaction) -> PackageTransaction {
            var longer = transaction
            longer.changes.insert(PackageChange(name: package, architecture: "amd64", from: from, to: to), at: 0)
            return longer
        }
        switch action {
        case .stage(let transaction): action = .stage(transaction: adding(transaction))
        case .changePackages(let transaction): action = .changePackages(transaction: adding(transaction))
        default: break
        }
    }
}
