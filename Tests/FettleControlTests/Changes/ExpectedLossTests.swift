import FettleAssessment
import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleControl

/// Who has to agree to a plan may depend on what putting it in is expected to cost.
@Suite struct ExpectedLossTests {
    let store = InMemoryStore()
    private static let now = Timestamp(milliseconds: 1_000_000)

    private static let fleet: Fleet = {
        var builder = FleetBuilder()
        builder.pool("web", size: 3, minimum: .count(2))
        return builder.fleet
    }()

    private var tools: Tools {
        Tools(inspector: NoFacts(), resolver: NoAnswers(), drivers: NoDrivers(), observer: NoMembers()) { Self.now }
    }
    private var risks: RiskService { RiskService(store: store, tools: tools) }

    private static func policy(_ loss: Double) -> Policy {
        var policy = Policy()
        policy.defaultApproval = ApprovalRule(approvals: 1, requesterMayApprove: false)
        policy.changes.rules = [ApprovalCondition(name: "costly", lossPerDay: loss, approvals: 3)]
        return policy
    }

    private static func findings(_ source: String) -> [Finding] {
        ["web-1", "web-2", "web-3"].map { host in
            Finding(
                id: FindingID("\(host)/\(source)/2"), resource: ResourceID(host), source: source, packages: [source],
                installed: "1", fixed: "2", updateClass: .security, advisories: [Advisory(id: "CVE-2026-1001")],
                state: .missing, owner: .us, outcome: .scheduled, dueAt: nil, explanation: [], isOffered: true,
                isHeld: false)
        }
    }

    /// A plan that changes openssl; vim is as open, and left alone.
    private func keepPlan(withFindings: Bool = true) async throws {
        let keeper = StageKeeper(store: store)
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        guard withFindings else {
            try await keeper.keep(plan, as: .plan, id: "plan-1", at: Self.now)
            return
        }
        let set = FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), assessedAt: Self.now,
            feeds: FeedCoverage(feeds: []), findings: Self.findings("openssl") + Self.findings("vim"), notJudged: [])
        let reference = try await keeper.keep(set, as: .findings, id: set.id, at: Self.now)
        let selection = Selection(id: "s", findings: reference, selectedAt: Self.now, hosts: [], leftOut: [])
        plan.selection = try await keeper.keep(selection, as: .selection, id: selection.id, at: Self.now)
        try await keeper.keep(plan, as: .plan, id: "plan-1", at: Self.now)
    }

    private func loss(_ policy: Policy) async throws -> Double? {
        try await risks.expectedLoss(ofPatching: "plan-1", fleet: Self.fleet, policy: policy, feeds: .none)
    }

    @Test func itIsThatOfThePlansOwnPatchesAndOfNothingElse() async throws {
        try await keepPlan()
        let policy = Self.policy(1)
        let loss = try #require(try await loss(policy))
        let openssl = try await risks.ledgers(
            Self.findings("openssl"), fleet: Self.fleet, policy: policy, feeds: .none)
        #expect(openssl.map(\.package) == ["openssl"])
        #expect(loss == openssl[0].patching.perDay && loss > 0)
    }

    @Test func nobodyWeighsWhatNoRuleAsksFor() async throws {
        try await keepPlan()
        #expect(try await loss(Policy()) == nil)
    }

    @Test func whatAPlanWasMadeFromMayBeGone() async throws {
        try await keepPlan(withFindings: false)
        #expect(try await loss(Self.policy(1)) == nil)
    }

    @Test func aCostlyPlanNeedsMoreApprovalsAndOneOfUnknownCostToo() async throws {
        try await keepPlan()
        let loss = try #require(try await loss(Self.policy(1)))
        let plan = RollingPlan.plan(size: 3, lanes: 1)
        func approvals(_ limit: Double, _ loss: Double?) -> Int {
            Self.policy(limit).approvalRule(for: plan, fleet: Self.fleet, expectedLoss: loss).approvals
        }
        #expect(approvals(loss, loss) == 3)
        #expect(approvals(loss.nextUp, loss) == 1)
        #expect(approvals(loss.nextUp, nil) == 3)
        let change = try await ChangeService(store: store, now: { Self.now }).submit(
            plan: "plan-1", kind: .normal, reason: "patches", by: "alice", policy: Self.policy(loss), fleet: Self.fleet,
            expectedLoss: loss)
        #expect(change.rule.approvals == 3)
    }
}
