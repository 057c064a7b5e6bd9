import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleControl

/// What runs took is what the next plan expects.
@Suite struct DurationServiceTests {
    let store = InMemoryStore()
    private let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func history() async throws -> DurationHistory {
        let tools = Tools(
            inspector: NoFacts(), resolver: NoAnswers(), drivers: NoDrivers(), observer: NoMembers(),
            now: { [start] in start })
        let fleet = Fleet(environments: [], resources: [], groups: [])
        return try await DurationService(store: store, tools: tools).priors(fleet: fleet).history
    }

    private func run(_ number: Int, _ plan: Plan, taking seconds: Int) async throws {
        let reference = try await StageKeeper(store: store).keep(plan, as: .plan, id: plan.id.rawValue, at: start)
        let (id, name) = (RunID("run-\(number)"), ChangeID("change-\(number)"))
        let change = Change(
            id: name, plan: reference, kind: .normal, reason: "", requestedBy: "alice", requestedAt: start,
            rule: ApprovalRule(approvals: 0, requesterMayApprove: true), run: id)
        try await StageKeeper(store: store).keep(change, as: .change, id: name.rawValue, at: start)
        try await store.createRun(id, change: name, at: start)
        let claim = try await store.claim(id, executor: "x", at: start, leaseSeconds: 60, takeOver: false)
        let step = try #require(plan.steps.first { $0.action.name == "patch" }).id
        let end = start.adding(seconds: seconds)
        let observation = Observation(verdict: .pass, summary: "", observedAt: end)
        let events: [(RunEvent, Timestamp)] = [
            (.started(change: name, plan: reference, by: "alice"), start), (.claimed(executor: "x"), start),
            (.stepIntended(step: step, attempt: 1, prior: nil), start),
            (.stepDone(step: step, attempt: 1, observation: observation), end),
        ]
        try await store.append(
            events.enumerated().map { place, event in
                JournalRecord(sequence: place + 1, epoch: claim.epoch, at: event.1, event: event.0)
            }, to: id)
    }

    @Test func everyRunsJournalCounts() async throws {
        #expect(try await history().isEmpty)
        let plan = RollingPlan.plan(size: 2, lanes: 1)
        try await run(1, plan, taking: 40)
        try await run(2, plan, taking: 50)
        let history = try await history()
        #expect(history.count(of: .changePackages(transaction: RollingPlan.transaction)) == 2)
        #expect(history.count(of: .reboot(condition: .always)) == 0)
    }

    /// A plan of an earlier Fettle that cannot be read any more must not keep the next one from being made.
    @Test func aRunWhosePlanCannotBeReadSaysNothing() async throws {
        try await run(1, RollingPlan.plan(size: 2, lanes: 1), taking: 40)
        let bytes = Array("{}".utf8)
        let digest = Digest(rawValue: "0")
        try await store.put(StoredDocument(kind: .plan, id: "old", digest: digest, createdAt: start, bytes: bytes))
        let change = Change(
            id: "change-2", plan: StageReference(id: "old", digest: digest), kind: .normal, reason: "",
            requestedBy: "alice",
            requestedAt: start, rule: ApprovalRule(approvals: 0, requesterMayApprove: true), run: "run-2")
        try await StageKeeper(store: store).keep(change, as: .change, id: "change-2", at: start)
        try await store.createRun("run-2", change: "change-2", at: start)
        try await store.createRun("run-3", change: "change-3", at: start)
        #expect(try await history().count(of: .changePackages(transaction: RollingPlan.transaction)) == 1)
    }
}
