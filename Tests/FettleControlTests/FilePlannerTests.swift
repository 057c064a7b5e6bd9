import FettleControl
import FettleModel
import FettlePlanning
import FettleSimulation
import FettleTestSupport
import Foundation
import Testing

@Suite struct FilePlannerTests {
    private static let time = FactSample.now.adding(seconds: 600)

    private static func planner(_ sample: FleetSample, _ basis: FilePlanner.Basis) -> FilePlanner {
        FilePlanner(fleet: sample.fleet, policy: sample.policy, facts: sample.facts, basis: basis)
    }

    @Test(arguments: 1...20)
    func theSameFilesGiveTheSamePlanToTheByte(seed: UInt64) throws {
        let sample = FleetGenerator.sample(seed: seed)
        for basis in [FilePlanner.Basis.findings(sample.findings), .selection(sample.selection)] {
            let first = try Self.planner(sample, basis).plan(at: Self.time)
            let second = try Self.planner(sample, basis).plan(at: Self.time)
            #expect(
                try PlanDocument(first).bytes() == PlanDocument(second).bytes())
            #expect(first.reference.digest == second.reference.digest)
        }
    }

    @Test func aPlanIsNamedAfterWhatItDoes() throws {
        let sample = FleetGenerator.sample(seed: 4)
        let first = try Self.planner(sample, .selection(sample.selection)).plan(at: Self.time)
        let later = try Self.planner(sample, .selection(sample.selection)).plan(at: Self.time.adding(seconds: 1))
        var policy = sample
        policy.policy.limits.failureBudget += 1
        let other = try Self.planner(policy, .selection(sample.selection)).plan(at: Self.time)
        #expect(Set([first.plan.id, later.plan.id, other.plan.id]).count == 3)
        #expect(first.plan.id.rawValue.wholeMatch(of: #/plan-[0-9a-f]{12}/#) != nil)
        #expect(first.report.plan == first.plan.id)
        #expect(first.plan.createdAt == Self.time)
    }

    /// What the hosts offer is taken for what their resolvers would answer, and that nobody rehearsed it stands in the plan.
    @Test func fromFindingsTheFactsAnswer() throws {
        let sample = FleetGenerator.sample(seed: 9)
        let result = try Self.planner(sample, .findings(sample.findings)).plan(at: Self.time)
        let changes = result.plan.steps.compactMap { step -> PackageTransaction? in
            if case .changePackages(let transaction) = step.action { transaction } else { nil }
        }
        #expect(!changes.isEmpty)
        for transaction in changes {
            #expect(transaction.rehearsedOn == nil)
            #expect(transaction.changes.map(\.to) == [FleetSample.newVersion, FleetSample.newVersion])
        }
    }

    /// The count that a plan is proven by (I1) would be wrong by one: no address tells it, the machine itself does.
    @Test func aMachineThatIsSeveralMembersIsNotPlanned() throws {
        var sample = FleetGenerator.sample(seed: 9)
        let group = try #require(sample.fleet.groups.first { $0.members.count > 1 })
        let pair = Array(group.members.sorted().prefix(2))
        for place in sample.facts.hosts.indices where pair.contains(sample.facts.hosts[place].resource) {
            sample.facts.hosts[place].boot = .observed(
                BootFacts(
                    bootID: "one", uptimeSeconds: 60, machineID: String(repeating: "a", count: 32)))
        }
        let targets = Set(sample.selection.hosts.map(\.resource))
        try #require(!targets.isDisjoint(with: pair))
        let error = #expect(throws: ControlError.self) {
            try Self.planner(sample, .selection(sample.selection)).plan(at: Self.time)
        }
        #expect(error?.code == .blocked)
        #expect(error?.message.contains("the group \(group.id) counts one machine as 2 members") == true)
    }

    @Test func whatTheFactsDoNotOfferIsLeftOutWithTheReason() throws {
        var sample = FleetGenerator.sample(seed: 9)
        let host = try #require(sample.selection.hosts.first { !$0.resolution.changes.isEmpty }?.resource)
        let place = try #require(sample.facts.hosts.firstIndex { $0.resource == host })
        sample.facts.hosts[place].updates = .observed([
            FactSample.update("openssl", from: FleetSample.oldVersion, to: "9", source: "openssl")
        ])
        var planner = Self.planner(sample, .findings(sample.findings))
        planner.filter.packages = [PackageRequest(name: "openssl", version: FleetSample.newVersion)]
        let result = try planner.plan(at: Self.time)
        #expect(result.plan.target(host) == nil)
        let entry = try #require(result.report.leftOut.first { $0.resource == host })
        #expect(entry.reason.contains("no host was asked"))
    }

    /// Nothing to do on nobody is no good news.
    @Test func aScopeThatNobodyIsInIsAMistake() throws {
        var sample = FleetGenerator.sample(seed: 9)
        sample.fleet.environments.append(Environment(id: "moon", isProtected: false))
        for basis in [FilePlanner.Basis.findings(sample.findings), .selection(sample.selection)] {
            var planner = Self.planner(sample, basis)
            planner.filter.environments = ["moon"]
            let error = #expect(throws: ControlError.self) { try planner.plan(at: Self.time) }
            #expect(error?.code == .invalid)
            #expect(error?.message == "no resource of the fleet is in environment moon")
        }
    }

    @Test func aSelectionIsNarrowedToHostsAndNotToPackages() throws {
        let sample = FleetGenerator.sample(seed: 2)
        var planner = Self.planner(sample, .selection(sample.selection))
        let all = try planner.plan(at: Self.time)
        let one = try #require(all.plan.targets.first?.resource)
        planner.filter.resources = [one]
        let narrow = try planner.plan(at: Self.time)
        #expect(narrow.plan.targets.map(\.resource) == [one])
        #expect(narrow.plan.selection == all.plan.selection)
        planner.filter.onlySecurity = true
        #expect(throws: ControlError.self) { try planner.plan(at: Self.time) }
    }

    @Test func aWaiverThatHasRunOutHidesNothing() throws {
        var sample = FleetGenerator.sample(seed: 6)
        func plan() throws -> Plan { try Self.planner(sample, .findings(sample.findings)).plan(at: Self.time).plan }
        let without = try plan()
        func waive(until time: Timestamp) {
            for place in sample.findings.findings.indices {
                sample.findings.findings[place].waivers = [
                    AppliedWaiver(waiver: "waiver-1", kind: .accepted, advisories: nil, expiresAt: time)
                ]
            }
        }
        waive(until: Self.time.adding(seconds: 1))
        #expect(try plan().targets.isEmpty)
        waive(until: Self.time)
        #expect(try plan().targets == without.targets)
    }

    @Test(arguments: [UInt64(1), 2])
    func aMadeUpFleetIsPlannedFromItsFindingsAndFromItsSelection(seed: UInt64) throws {
        let scenario = FleetScenario(hosts: 200, seed: seed, at: FactSample.now)
        let findings = scenario.findings(from: FleetSample.reference("facts-1"))
        let selection = scenario.selection(from: FleetSample.reference("findings-1"))
        func plan(_ basis: FilePlanner.Basis) throws -> Plan {
            try FilePlanner(fleet: scenario.fleet, policy: scenario.policy, facts: scenario.facts, basis: basis)
                .plan(at: Self.time).plan
        }
        let targets = try plan(.selection(selection)).targets
        #expect(targets.count > 150)
        #expect(try plan(.findings(findings)).targets == targets)
    }

    @Test func aPlanFromAFileIsComparedWithItsDigest() throws {
        let sample = FleetGenerator.sample(seed: 1)
        let plan = try Self.planner(sample, .selection(sample.selection)).plan(at: Self.time).plan
        let document = try PlanDocument(plan)
        let data = try document.bytes()
        let text = String(decoding: data, as: UTF8.self)
        #expect(try PlanDocument(reading: data).plan == plan)
        #expect(try PlanDocument(reading: CanonicalJSON.pretty(plan)).digest == document.digest)
        #expect(try PlanDocument(reading: CanonicalJSON.encode(plan)).digest == document.digest)
        // The digest is that of the same text without it.
        let bare = text.replacing("\"digest\":\"\(document.digest)\",", with: "")
        #expect(Data(bare.utf8) == (try CanonicalJSON.encode(plan)))
        let changed = text.replacing("\"failureBudget\":0", with: "\"failureBudget\":9")
        #expect(changed != text)
        #expect(throws: ControlError.self) { try PlanDocument(reading: Data(changed.utf8)) }
    }
}
