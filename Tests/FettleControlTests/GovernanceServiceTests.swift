import FettleAssessment
import FettleControl
import FettleDriverKit
import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport
import Testing

/// What is kept from scan to scan, and what others have shown.
@Suite struct GovernanceServiceTests {
    let store = InMemoryStore()
    private let day: Int64 = 86_400_000

    private var fleet: Fleet {
        var builder = FleetBuilder()
        builder.host("web-1")
        builder.host("mail", address: ResourceAddress(transport: .none), serviceModel: .saas)
        return builder.fleet
    }

    private func tools(at milliseconds: Int64) -> Tools {
        let time = Timestamp(milliseconds: milliseconds)
        return Tools(
            inspector: OneUpdate(time: time), resolver: NoAnswers(), drivers: NoDrivers(), observer: NoMembers(),
            now: { time })
    }

    private func scan(at milliseconds: Int64) async throws -> FindingSet {
        let fleet = fleet
        return try await ScanService(store: store, tools: tools(at: milliseconds)).scan(
            fleet.resources.filter { $0.id == "web-1" }, fleet: fleet, policy: Policy(), feeds: .none
        ).findings
    }

    private func governance(at milliseconds: Int64) -> GovernanceService {
        GovernanceService(store: store, tools: tools(at: milliseconds))
    }

    @Test func aSecondScanMovesNoDueDate() async throws {
        let first = try await scan(at: day)
        let second = try await scan(at: 11 * day)
        #expect(first.findings.map(\.dueAt) == second.findings.map(\.dueAt))
        #expect(second.findings.first?.fixSeenAt == Timestamp(milliseconds: day))
        let adherence = try await governance(at: 100 * day).adherence(fleet: fleet, policy: Policy(), declared: [])
        #expect(adherence.rules.first { $0.topic == "due dates" }?.followed == .partly)
    }

    @Test func aBaselinesAgeCountsFromTheFirstScan() async throws {
        var policy = Policy()
        policy.baselines = [Baseline(name: "b", ageInDays: [.security: 7])]
        _ = try await scan(at: day)
        _ = try await scan(at: 5 * day)
        for (now, verdict) in [(7 * day, "waits"), (8 * day, "taken")] {
            let survey = try await governance(at: now).survey(fleet.resources, policy: policy)
            let host = survey.hosts.first { $0.resource == "web-1" }
            #expect(host?.baseline == "b")
            #expect(host?.updates.map(\.judgement.verdict.name) == [verdict])
        }
    }

    @Test func whatWasShownIsKeptAndCountsUntilItRunsOut() async throws {
        _ = try await scan(at: day)
        let id = "mail/provider/statement"
        func state(at milliseconds: Int64) async throws -> PatchObligation.State? {
            try await governance(at: milliseconds).obligations(fleet.resources, policy: Policy()).first {
                $0.id == id
            }?.state
        }
        #expect(try await state(at: 2 * day) == .open)
        #expect(try await state(at: 92 * day) == .overdue)
        let shown = try await governance(at: 93 * day).add(
            .providerStatement, for: id, note: "patched monthly", by: "alice", fleet: fleet, policy: Policy())
        #expect(shown.id == "statement-1")
        #expect(try await governance(at: 94 * day).evidence() == [shown])
        #expect(try await state(at: 94 * day) == .evidenced)
        #expect(try await state(at: 184 * day) == .overdue)
        await #expect(throws: ControlError.self) {
            try await governance(at: 94 * day).add(
                .providerStatement, for: "web-1/us/x", note: "x", by: "alice", fleet: fleet, policy: Policy())
        }
    }
}

private struct OneUpdate: HostInspector {
    let time: Timestamp

    func inspect(_ resource: ResourceID, at address: ResourceAddress) async -> HostFacts {
        FactSample.host(
            resource, packages: [FactSample.package("openssl", "1")],
            updates: [FactSample.update("openssl", from: "1", to: "2")], at: time)
    }
}
