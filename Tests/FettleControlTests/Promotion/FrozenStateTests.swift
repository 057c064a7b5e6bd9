import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleControl

/// Where a set's archives are asked for, and whether what is frozen of it is still needed.
extension PromotionServiceTests {
    private func state(_ reference: StageReference) async throws -> PromotionService.FrozenState {
        try await promotions.frozenState(of: reference, fleet: Self.fleet, policy: Self.policy)
    }

    private func isNeeded(_ reference: StageReference) async throws -> Bool {
        if case .needed = try await state(reference) { true } else { false }
    }

    private func isOver(_ reference: StageReference) async throws -> Bool {
        if case .over = try await state(reference) { true } else { false }
    }

    @Test func whatIsFrozenIsNeededUntilTheSetIsEverywhere() async throws {
        try await scan()
        let set = try await made()
        let reference = StageReference(id: set.rawValue, digest: try await promotions.set(set).digest)
        #expect(try await isNeeded(reference))
        for stage in ["dev", "staging", "production"] as [StageID] {
            let change = try await promote(set, to: stage)
            #expect(try await isNeeded(reference), "\(stage)")
            try await carryOut(change)
            #expect(try await isNeeded(reference) == (stage != "production"), "\(stage)")
        }
        #expect(try await ends(reference).count == 3)
        #expect(try await state(reference) == .over(since: try #require(try await ends(reference).max())))
    }

    @Test func ofASetThatGoesNoFurtherNothingIsNeeded() async throws {
        try await scan()
        let set = try await made()
        let reference = StageReference(id: set.rawValue, digest: try await promotions.set(set).digest)
        pool.breakDown("dev-1")
        try await carryOut(try await promote(set, to: "dev"))
        #expect(try await isOver(reference))
    }

    /// It has failed in dev, and an approved change may yet start in staging.
    @Test func whatAnApprovedChangeNeedsStaysThoughTheSetFailedElsewhere() async throws {
        try await scan(exploited: true)
        let set = try await made()
        let reference = StageReference(id: set.rawValue, digest: try await promotions.set(set).digest)
        let fast = try await promote(set, to: "staging", lane: .fast)
        _ = try await changes.vote(on: fast.id, by: "bob", approves: true, digest: fast.plan.digest, note: "")
        pool.breakDown("dev-1")
        try await carryOut(try await promote(set, to: "dev"))
        #expect(try await state(reference) == .needed("\(fast.id) with it is open"))
        _ = try await changes.withdraw(fast.id, by: "alice")
        #expect(try await isOver(reference))
    }

    /// Also in a stage where another run with it has failed.
    @Test func whatARunUnderWayNeedsStays() async throws {
        try await scan(exploited: true)
        let set = try await made()
        let reference = StageReference(id: set.rawValue, digest: try await promotions.set(set).digest)
        let fast = try await promote(set, to: "staging", lane: .fast)
        _ = try await changes.vote(on: fast.id, by: "bob", approves: true, digest: fast.plan.digest, note: "")
        let run = try await runs.create(for: fast.id)
        pool.breakDown("dev-1")
        try await carryOut(try await promote(set, to: "dev"))
        #expect(try await state(reference) == .needed("\(run.rawValue) with it has not ended"))
    }

    private func ends(_ reference: StageReference) async throws -> [Timestamp] {
        let record = promotions.record
        return try await record.trials(of: try await record.changes().legible[reference.id] ?? [], reference).trials
            .compactMap(\.endedAt)
    }

    /// In a folder with other stages a set would be done early.
    @Test func byAFolderThatNobodyAcceptedNothingIsJudged() async throws {
        try await scan()
        let set = try await made()
        let reference = StageReference(id: set.rawValue, digest: try await promotions.set(set).digest)
        _ = try await accept(Self.policy)
        #expect(try await isNeeded(reference))
        var other = Self.policy
        other.promotion?.stages.removeLast(2)
        let error = await refused {
            _ = try await promotions.frozenState(of: reference, fleet: Self.fleet, policy: other)
        }
        #expect(error?.code == .blocked && error?.message.contains("promotion.stages") == true, "\(error as Any)")
    }

    @Test func whatAnotherStoreHasFrozenIsNotJudged() async throws {
        try await scan()
        let set = try await made()
        let other = Digest(rawValue: String(repeating: "f", count: 64))
        #expect(try await state(StageReference(id: set.rawValue, digest: other)) == .unknown)
        #expect(try await state(StageReference(id: "patchset-99", digest: other)) == .unknown)
    }

    @Test func hostsOfThePlatformAreAskedForArchivesAndNoOthers() async throws {
        try await scan()
        let set = try await made()
        let sources = try await promotions.freezeSources(
            of: set, fleet: Self.fleet, policy: Self.policy, by: "alice"
        ).sources
        #expect(sources.map(\.part.platform) == ["debian:12"])
        #expect(sources.first?.hosts.map(\.id) == Self.fleet.resources.map(\.id))
        #expect(sources.first?.last == ["web-1", "web-2", "web-3"])
        // What no stage has says nothing.
        var fewer = Self.policy
        fewer.promotion?.stages.removeLast()
        let some = try await promotions.freezeSources(of: set, fleet: Self.fleet, policy: fewer, by: "alice").sources
        #expect(some.first?.last == ["stage-1", "stage-2"] && some.first?.hosts.count == 4)
        try await scan { sample in
            for place in sample.facts.hosts.indices {
                guard var platform = sample.facts.hosts[place].platform.value else { continue }
                platform.version = "13"
                sample.facts.hosts[place].platform = .observed(platform)
            }
        }
        let error = await refused {
            _ = try await promotions.freezeSources(of: set, fleet: Self.fleet, policy: Self.policy, by: "alice")
        }
        #expect(error?.code == .invalid && error?.message.contains("no host of it is known") == true)
    }
}
