import FettleControl
import FettleDriverKit
import FettleModel
import FettlePlanning
import FettleReporting
import FettleStore
import FettleTestSupport
import Testing

/// What a page shows beside the plan is what was known when exactly this plan was made, or nothing.
@Suite struct PlanPicturesTests {
    private struct OneAnswer: UpdateResolver {
        func resolve(
            _ wanted: [PackageVersion], manager: PackageManager, on resource: ResourceID, at address: ResourceAddress
        ) async throws(StepFailure) -> Resolution { FleetSample.resolution }
    }

    private struct Kept {
        var sample: FleetSample
        var store: InMemoryStore
        var plans: PlanService
        var made: PlanService.Result
    }

    private static func kept(_ seed: UInt64) async throws -> Kept {
        let sample = FleetGenerator.sample(seed: seed)
        let store = InMemoryStore()
        let keeper = StageKeeper(store: store)
        let facts = try await keeper.keep(sample.facts, as: .facts, id: sample.facts.id, at: FactSample.now)
        var findings = sample.findings
        findings.facts = facts
        try await keeper.keep(findings, as: .findings, id: findings.id, at: FactSample.now)
        let tools = Tools(
            inspector: NoFacts(), resolver: OneAnswer(), drivers: NoDrivers(), observer: NoMembers(),
            now: { FactSample.now.adding(seconds: 60) })
        let plans = PlanService(store: store, tools: tools)
        let made = try await plans.make(filter: PatchFilter(), fleet: sample.fleet, policy: sample.policy)
        return Kept(sample: sample, store: store, plans: plans, made: made)
    }

    @Test(arguments: [UInt64(2), 5, 9])
    func theReportOfAKeptPlanIsTheOneThatItWasMadeWith(seed: UInt64) async throws {
        let kept = try await Self.kept(seed)
        let background = try await kept.plans.background(
            of: kept.made.plan, digest: kept.made.reference.digest, fleet: kept.sample.fleet,
            policy: kept.sample.policy)
        #expect(background.report == kept.made.report)
        #expect(background.selection?.id == kept.made.plan.selection.id)
        let picture = PlanPictures.picture(
            of: kept.made.plan, digest: kept.made.reference.digest, check: kept.made.check, report: background.report,
            selection: background.selection)
        #expect(picture.leftOut == kept.made.report.leftOut)
        #expect(picture.times.total == kept.made.report.duration)
        #expect(PlanPage.html(picture).contains(kept.made.reference.digest.rawValue))
    }

    @Test func aReportOfAnotherPlanIsNotShown() async throws {
        let kept = try await Self.kept(5)
        var policy = kept.sample.policy
        policy.limits.attempts += 1
        let background = try await kept.plans.background(
            of: kept.made.plan, digest: kept.made.reference.digest, fleet: kept.sample.fleet, policy: policy)
        #expect(background.report == nil)
        #expect(background.selection != nil)
        var elsewhere = kept.made.plan
        elsewhere.selection = StageReference(id: "selection-9", digest: kept.made.reference.digest)
        let nothing = try await kept.plans.background(
            of: elsewhere, digest: kept.made.reference.digest, fleet: kept.sample.fleet, policy: kept.sample.policy)
        #expect(nothing.selection == nil && nothing.report == nil)
    }

    /// Without the report it is told from the selection: what that left out, and what of it the plan leaves alone.
    @Test func whatTheSelectionHoldsIsToldWhereThereIsNoReport() async throws {
        let kept = try await Self.kept(9)
        let selection = Selection(
            id: "s", findings: FleetSample.reference("findings-1"), selectedAt: FactSample.now,
            hosts: [FleetSample.selected("elsewhere")],
            leftOut: [.init(resource: "far", subject: nil, reason: "unreachable: no route")])
        let picture = PlanPictures.picture(
            of: kept.made.plan, digest: kept.made.reference.digest, check: kept.made.check, selection: selection)
        #expect(picture.leftOut?.map(\.resource) == ["far", "elsewhere"])
        let alone = PlanPictures.picture(
            of: kept.made.plan, digest: kept.made.reference.digest, check: kept.made.check)
        #expect(alone.leftOut == nil)
    }
}
