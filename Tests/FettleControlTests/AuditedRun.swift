import FettleControl
import FettleDriverKit
import FettleEvidence
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation

/// A run as people bring it about, from facts to its end, on a store that keeps a log.
struct AuditedRun {
    let store = InMemoryStore(chain: .sha256)
    let pool = Pool()
    var drivers: (any StepDriverRegistry)?
    var secrets = SecretMask()

    private static let time = Timestamp(milliseconds: 5_000_000)

    var tools: Tools {
        Tools(
            inspector: NoFacts(), resolver: NoAnswers(), drivers: drivers ?? pool, observer: pool, secrets: secrets,
            now: { Timestamp.now() })
    }

    /// A plan that was submitted by alice and approved by bob, and a waiver of one of its findings.
    func approved() async throws -> Change {
        let keeper = StageKeeper(store: store)
        let scope = WaiverScope(.source("openssl"))
        let waiver = Waiver(
            id: "waiver-1", scope: scope, kind: .accepted, reason: "soon gone", owner: "dora", createdBy: "dora",
            createdAt: Self.time, expiresAt: Self.time.adding(seconds: 9))
        try await store.append([.granted(waiver)], after: 0)
        let facts = try await keeper.keep(
            FactSet(id: "facts-1", observedAt: Self.time, hosts: []), as: .facts, id: "facts-1", at: Self.time)
        let finding = Finding(
            id: "web-1/openssl/2", resource: "web-1", source: "openssl", packages: ["openssl"], installed: "1",
            fixed: "2", updateClass: .security, advisories: [], state: .missing, owner: .us, outcome: .scheduled,
            dueAt: nil, explanation: [], isOffered: true, isHeld: false,
            waivers: [AppliedWaiver(waiver: "waiver-1", kind: .accepted, advisories: nil, expiresAt: Self.time)])
        let findings = try await keeper.keep(
            FindingSet(
                id: "findings-1", facts: facts, assessedAt: Self.time,
                feeds: FeedCoverage(feeds: [
                    .init(name: "tracker", kind: .advisories, publishedAt: Self.time, records: 1)
                ]), findings: [finding], notJudged: []), as: .findings, id: "findings-1", at: Self.time)
        let selection = try await keeper.keep(
            Selection(id: "selection-1", findings: findings, selectedAt: Self.time, hosts: [], leftOut: []),
            as: .selection, id: "selection-1", at: Self.time)
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        plan.selection = selection
        try await keeper.keep(plan, as: .plan, id: plan.id.rawValue, at: Self.time)
        let changes = ChangeService(store: store)
        let change = try await changes.submit(
            plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: Policy())
        return try await changes.vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "fine")
    }

    /// Carried out to its end.
    @discardableResult
    func carriedOut() async throws -> RunID {
        let runs = RunService(store: store, tools: tools)
        let run = try await runs.create(for: try await approved().id)
        _ = try await runs.carryOut(run, startedBy: "alice", options: RunService.Options(executor: "one"))
        return run
    }
}
