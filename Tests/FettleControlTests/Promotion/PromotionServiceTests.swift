import FettleDriverKit
import FettleEvidence
import FettleModel
import FettlePlanning
import FettleStore
import FettleTestSupport
import Foundation
import Synchronization
import Testing

@testable import FettleControl

/// A patch set's way from dev to production, with a real planner, a real executor and a store.
@Suite struct PromotionServiceTests {
    let store = InMemoryStore(chain: .sha256)
    let pool = Pool()
    let resolver = OfferResolver()

    var tools: Tools {
        Tools(inspector: NoFacts(), resolver: resolver, drivers: pool, observer: pool, now: { Timestamp.now() })
    }
    var keeper: StageKeeper { StageKeeper(store: store) }
    var promotions: PromotionService { PromotionService(store: store, tools: tools) }
    var changes: ChangeService { ChangeService(store: store) }
    var runs: RunService { RunService(store: store, tools: tools) }
    var plans: PlanService { PlanService(store: store, tools: tools) }

    static let fleet: Fleet = {
        var builder = FleetBuilder(environments: ["dev", "staging", "production"])
        builder.pool("dev", size: 2, in: "dev", minimum: .count(1))
        builder.pool("stage", size: 2, in: "staging", minimum: .count(1))
        builder.pool("web", size: 3, in: "production", minimum: .count(2))
        return builder.fleet
    }()

    static var policy: Policy {
        var policy = Policy()
        policy.promotion = PromotionPolicy(
            stages: ["dev", "staging", "production"].map { name in
                PromotionStage(
                    id: StageID(name), environments: [EnvironmentID(name)],
                    after: PromotionCriteria(hosts: .percent(100), gates: true), setsOnly: name == "production")
            }, fastLane: FastLane(through: ["staging"]))
        return policy
    }

    /// Looks at the fleet as it is in the sample.
    func scan(exploited: Bool = false, _ edit: (inout FleetSample) -> Void = { _ in }) async throws {
        var sample = FleetSample(fleet: Self.fleet)
        for place in sample.findings.findings.indices {
            sample.findings.findings[place].advisories = [
                Advisory(id: "CVE-2026-1", exploitedSince: exploited ? FactSample.now : nil)
            ]
        }
        edit(&sample)
        let time = Timestamp.now()
        let (_, facts) = try await keeper.keepNext(as: .facts, at: time) { id in
            sample.facts.id = id
            return sample.facts
        }
        _ = try await keeper.keepNext(as: .findings, at: time) { id in
            sample.findings.id = id
            sample.findings.facts = facts
            return sample.findings
        }
    }

    func made() async throws -> PatchSetID {
        let plan = try await plans.make(
            filter: PatchFilter(environments: ["dev"]), fleet: Self.fleet, policy: Self.policy)
        return try await promotions.make(from: [plan.plan.id], title: "October", by: "alice").set.id
    }

    func promote(
        _ set: PatchSetID, to stage: StageID, lane: PromotionLane = .normal,
        under policy: Policy = Self.policy
    ) async throws -> Change {
        let promoted = try await promotions.promote(
            set, to: stage, lane: lane, kind: .normal, reason: "patches", by: "alice", fleet: Self.fleet,
            policy: policy)
        return try #require(promoted.change)
    }

    func carryOut(_ change: Change) async throws {
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        let run = try await runs.create(for: change.id)
        _ = try await runs.carryOut(run, startedBy: "alice", options: RunService.Options(executor: "one"))
    }

    func refused(_ act: () async throws -> Void) async -> ControlError? {
        await #expect(throws: ControlError.self) { try await act() }
    }

    @Test func aSetGoesFromDevToProductionStageByStage() async throws {
        try await scan()
        let set = try await made()
        #expect(await refused { _ = try await promote(set, to: "production") }?.code == .blocked)
        for stage in ["dev", "staging", "production"] as [StageID] {
            let before = try await promotions.pipeline(fleet: Self.fleet, policy: Self.policy)
            #expect(before.rows[0].next == stage && before.rows[0].waitsFor.isEmpty)
            let change = try await promote(set, to: stage)
            #expect(change.promotion?.stage == stage && change.promotion?.set.id == set.rawValue)
            try await carryOut(change)
        }
        let row = try await promotions.pipeline(fleet: Self.fleet, policy: Self.policy).rows[0]
        #expect(row.places.map(\.state) == [.there, .there, .there])
        #expect(row.places.map(\.hosts) == [2, 2, 3])
        #expect(row.next == nil)
    }

    /// Never what is newest: what was tested is what comes.
    @Test func aStageGetsTheVersionsOfTheSetThoughNewerAreOnOffer() async throws {
        try await scan()
        let set = try await made()
        let newest = "3.0.99-1"
        try await scan { sample in
            for place in sample.facts.hosts.indices {
                sample.facts.hosts[place].updates = .observed(
                    ["libssl3", "openssl"].map {
                        FactSample.update($0, from: FleetSample.oldVersion, to: newest, source: "openssl")
                    } + [FactSample.update("nginx", from: "1", to: "2")])
            }
        }
        let change = try await promote(set, to: "dev")
        let plan = try await changes.plan(of: change)
        let versions = Set(
            plan.steps.flatMap { step -> [String?] in
                guard case .changePackages(let transaction) = step.action else { return [] }
                return transaction.changes.map(\.to)
            })
        #expect(versions == [FleetSample.newVersion])
        #expect(plan.changedPackages == ["libssl3", "openssl"])
    }

    /// Nothing of it can be brought there: that is no "nothing to do".
    @Test func aVersionThatCannotBeHadAnyMoreIsRefusedByItsNameAndHost() async throws {
        try await scan()
        let set = try await made()
        resolver.refuses("Version '3.0.22-1~deb12u1' for 'openssl' was not found")
        // What the set does not fix is another matter.
        try await scan { sample in
            sample.findings.findings += sample.findings.findings.map { finding in
                var other = finding
                other.id = FindingID("\(finding.id)/nginx")
                (other.source, other.packages) = ("nginx", ["nginx"])
                return other
            }
        }
        let error = try #require(await refused { _ = try await promote(set, to: "dev") })
        #expect(error.code == .blocked && error.hint.contains("fettle patchset freeze \(set)"), "\(error)")
        for word in ["dev-1", "dev-2", "openssl \(FleetSample.newVersion)", "was not found", "plan-2 is empty"] {
            #expect(error.message.contains(word), "\(word): \(error)")
        }
        #expect(!error.message.contains("its fix is not in"), "\(error)")
        // Nothing was asked for.
        let row = try await promotions.pipeline(fleet: Self.fleet, policy: Self.policy).rows[0]
        #expect(row.places[0].state == .notYet)
    }

    @Test func whatTheSetDoesNotHoldIsNotTouched() async throws {
        try await scan()
        let set = try await made()
        resolver.brings("zlib1g", to: "1.3")
        let error = try #require(await refused { _ = try await promote(set, to: "dev") })
        #expect(error.code == .blocked && !error.hint.contains("freeze"), "\(error)")
        #expect(error.message.contains("zlib1g") && error.message.contains("not in the set"), "\(error)")
    }

    /// All hosts have it: nothing is left to do, and nothing is asked for.
    @Test func whereTheSetIsAlreadyThereIsNothingToDo() async throws {
        try await scan()
        let set = try await made()
        try await scan { sample in
            sample.findings.findings = []
            for place in sample.facts.hosts.indices {
                guard var packages = sample.facts.hosts[place].packages.value else { continue }
                for number in packages.indices where packages[number].version == FleetSample.oldVersion {
                    packages[number].version = FleetSample.newVersion
                }
                sample.facts.hosts[place].packages = .observed(packages)
            }
        }
        resolver.refuses("nobody is to be asked")
        let promoted = try await promotions.promote(
            set, to: "dev", lane: .normal, kind: .normal, reason: "", by: "alice", fleet: Self.fleet,
            policy: Self.policy)
        #expect(promoted.change == nil && promoted.result.unread.isEmpty && promoted.result.plan.steps.isEmpty)
    }

    /// Who does not answer may have it or not: neither refused nor done.
    @Test func whoDoesNotAnswerIsToldAsUnread() async throws {
        try await scan()
        let set = try await made()
        resolver.refuses("no route to host", as: .unreachable)
        let promoted = try await promotions.promote(
            set, to: "dev", lane: .normal, kind: .normal, reason: "", by: "alice", fleet: Self.fleet,
            policy: Self.policy)
        #expect(promoted.change == nil && promoted.result.unread.map(\.resource) == ["dev-1", "dev-2"])
    }

    @Test func aSetThatFailedInStagingNeverReachesProduction() async throws {
        try await scan(exploited: true)
        let set = try await made()
        try await carryOut(try await promote(set, to: "dev"))
        pool.breakDown("stage-1")
        try await carryOut(try await promote(set, to: "staging"))
        pool.mend("stage-1")
        let row = try await promotions.pipeline(fleet: Self.fleet, policy: Self.policy).rows[0]
        #expect(row.places.map(\.state) == [.there, .failed, .notYet] && row.next == nil)
        for (stage, lane) in [("staging", .normal), ("production", .normal), ("production", .fast)]
            as [(StageID, PromotionLane)]
        {
            let error = await refused { _ = try await promote(set, to: stage, lane: lane) }
            #expect(error?.code == .blocked && error?.message.contains("failed runs") == true)
        }
    }

    /// Two stages are asked for at once; when the one fails, the other, approved already, does not start.
    @Test func anApprovedChangeOfASetThatFailedMeanwhileDoesNotStart() async throws {
        try await scan(exploited: true)
        let set = try await made()
        let fast = try await promote(set, to: "staging", lane: .fast)
        _ = try await changes.vote(on: fast.id, by: "bob", approves: true, digest: fast.plan.digest, note: "")
        pool.breakDown("dev-1")
        try await carryOut(try await promote(set, to: "dev"))
        let error = await refused { _ = try await runs.create(for: fast.id) }
        #expect(error?.code == .blocked && error?.message.contains("failed runs") == true)
        #expect(try await store.runs(limit: 9).count == 1)
    }

    @Test func theFastLaneTakesOnlyWhatIsExploited() async throws {
        try await scan()
        let quiet = try await made()
        let error = await refused { _ = try await promote(quiet, to: "staging", lane: .fast) }
        #expect(error?.code == .blocked && error?.message.contains("fast lane") == true)
        try await scan(exploited: true)
        let urgent = try await made()
        #expect(await refused { _ = try await promote(urgent, to: "staging") }?.code == .blocked)
        try await carryOut(try await promote(urgent, to: "staging", lane: .fast))
        #expect(try await promote(urgent, to: "production", lane: .fast).promotion?.lane == .fast)
    }

    @Test func whereOnlySetsAreTakenAnotherPlanIsRefused() async throws {
        try await scan()
        let plan = try await plans.make(
            filter: PatchFilter(environments: ["production"]), fleet: Self.fleet, policy: Self.policy)
        for kind in [Change.Kind.normal, .emergency] {
            let error = await refused {
                _ = try await changes.submit(
                    plan: plan.plan.id, kind: kind, reason: "patches", by: "alice", policy: Self.policy,
                    fleet: Self.fleet)
            }
            #expect(error?.code == .blocked && error?.message.contains("patch sets only") == true)
        }
    }

    @Test func aRegressionStopsASetUntilSomebodyElseResolvesIt() async throws {
        try await scan()
        let set = try await made()
        let stages = try #require(Self.policy.promotion)
        let note = try await promotions.note(
            on: set, kind: .regression, passes: false, stage: "dev", text: "slow", by: "quinn", policy: stages)
        #expect(await refused { _ = try await promote(set, to: "dev") }?.message.contains("slow") == true)
        let own = await refused {
            _ = try await promotions.note(
                on: set, kind: .resolved, passes: true, stage: nil, resolves: note.id, text: "seen", by: "alice",
                policy: stages)
        }
        #expect(own?.code == .blocked)
        _ = try await promotions.note(
            on: set, kind: .resolved, passes: true, stage: nil, resolves: note.id, text: "seen", by: "bob",
            policy: stages)
        _ = try await promote(set, to: "dev")
    }

    /// Staging has hosts of one platform only: of the other it says nothing.
    @Test func whatWasNeverTriedOnAPlatformDoesNotComeThere() async throws {
        func sample(_ others: Set<ResourceID>) -> (inout FleetSample) -> Void {
            { sample in
                for place in sample.facts.hosts.indices where others.contains(sample.facts.hosts[place].resource) {
                    guard var platform = sample.facts.hosts[place].platform.value else { continue }
                    platform.version = "13"
                    sample.facts.hosts[place].platform = .observed(platform)
                }
            }
        }
        try await scan(sample(["dev-1", "web-3"]))
        let set = try await made()
        try await carryOut(try await promote(set, to: "dev"))
        try await carryOut(try await promote(set, to: "staging"))
        let error = await refused { _ = try await promote(set, to: "production") }
        #expect(
            error?.code == .blocked && error?.message.contains("tried: nothing on debian:13") == true, "\(error as Any)"
        )
        // Without that host there is nothing against it.
        try await scan()
        #expect(try await promote(set, to: "production").promotion?.platforms?.map(\.platform) == ["debian:12"])
    }

    /// Whoever writes into the findings that a weakness is exploited opens no fast lane.
    @Test func ofFindingsThatWereAlteredNoSetIsMade() async throws {
        try await scan()
        let plan = try await plans.make(
            filter: PatchFilter(environments: ["dev"]), fleet: Self.fleet, policy: Self.policy)
        let kept = try #require(try await store.document(.findings, id: "findings-1"))
        var findings = try CanonicalJSON.decode(FindingSet.self, from: Data(kept.bytes))
        for place in findings.findings.indices {
            findings.findings[place].advisories = [Advisory(id: "CVE-2026-1", exploitedSince: FactSample.now)]
        }
        var document = kept
        document.bytes = [UInt8](try CanonicalJSON.encode(findings))
        document.digest = LogChain.sha256.digest(document.bytes)
        try await store.replace(document, expecting: kept.digest)
        let error = await refused { _ = try await promotions.make(from: [plan.plan.id], title: "", by: "alice") }
        #expect(error?.code == .drift && error?.message.contains("findings-1") == true, "\(error as Any)")
    }

    @Test func theBundleOfAPromotedRunHoldsItsPatchSet() async throws {
        try await scan()
        let set = try await made()
        try await carryOut(try await promote(set, to: "dev"))
        let key = try SigningKey()
        let exported = try await BundleService(store: store).export(
            "run-1", by: "erin", key: key, secrets: SecretMask())
        let bundle = try EvidenceBundle(Data(exported.bytes), trusting: [key.verifying])
        let held = try CanonicalJSON.decode(PatchSet.self, from: try #require(bundle.bytes(of: .patchset)))
        #expect(held == (try await promotions.set(set).set))
        #expect(exported.story.patchSet?.id == set.rawValue)
    }

    @Test func twoVersionsOfOnePackageMakeNoSet() async throws {
        try await scan()
        let made = try await plans.make(
            filter: PatchFilter(environments: ["dev"]), fleet: Self.fleet, policy: Self.policy)
        var other = made.plan
        other.id = "plan-9"
        for place in other.steps.indices {
            guard case .changePackages(var transaction) = other.steps[place].action else { continue }
            transaction.changes[0].to = "4"
            other.steps[place].action = .changePackages(transaction: transaction)
        }
        try await keeper.keep(other, as: .plan, id: "plan-9", at: .now())
        let error = await refused {
            _ = try await promotions.make(from: [made.plan.id, "plan-9"], title: "", by: "alice")
        }
        #expect(error?.code == .invalid && error?.message.contains("libssl3") == true)
    }
}

/// Answers with exactly what is asked for, unless it is told otherwise.
final class OfferResolver: UpdateResolver {
    private struct State {
        var refusal: StepFailure?
        var extra: PackageChange?
    }

    private let state = Mutex(State())

    func refuses(_ words: String, as code: StepFailure.Code = .refused) {
        state.withLock { $0.refusal = StepFailure(code: code, message: words) }
    }
    func brings(_ name: String, to version: String) {
        state.withLock { $0.extra = PackageChange(name: name, architecture: "amd64", from: "1", to: version) }
    }

    func resolve(
        _ wanted: [PackageVersion], manager: PackageManager, on resource: ResourceID, at address: ResourceAddress
    ) async throws(StepFailure) -> Resolution {
        let now = state.withLock { $0 }
        if let refusal = now.refusal { throw refusal }
        let changes = wanted.map {
            PackageChange(name: $0.name, architecture: $0.architecture, from: FleetSample.oldVersion, to: $0.version)
        }
        return Resolution(
            manager: manager, resolvedAt: FactSample.now,
            changes: (changes + [now.extra].compactMap { $0 }).sorted { $0.name < $1.name }, downloadBytes: 1)
    }
}
