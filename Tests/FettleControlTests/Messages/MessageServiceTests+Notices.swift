import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleControl

/// What the time brings.
extension MessageServiceTests {
    @Test func whoWasToldOfAnEmergencyHearsOnceThatNobodyReviewedIt() async throws {
        let service = service([receiver("ops", events: ["change.*"])])
        try await service.takeUp()
        let change = try await submit(kind: .emergency)
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        _ = try await changes.assignRun(to: change.id) { _ in "run-1" }
        try await store.createRun("run-1", change: change.id, at: world.now)
        let claim = try await store.claim("run-1", executor: "x", at: world.now, leaseSeconds: 60, takeOver: false)
        try await store.append(
            [JournalRecord(sequence: 1, epoch: claim.epoch, at: world.now, event: .ended(outcome: .succeeded))],
            to: "run-1")
        let within = ChangePolicy.EmergencyRule().reviewWithinSeconds
        world.pass(within)
        _ = try await tell(service)
        #expect(world.heard().last?.kind == .changeApproved)
        world.pass(1)
        let late = self.service([receiver("ops", events: ["change.*"]), receiver("new")])
        for _ in 0..<3 { _ = try await tell(late) }
        #expect(world.heard().filter { $0.kind == .changeReviewDue }.count == 1)
        #expect(world.heard().last?.change?.phase == .review && world.heard("new").isEmpty)
        _ = try await changes.review(change.id, text: "was needed", by: "bob")
        for _ in 0..<2 { _ = try await tell(late) }
        #expect(world.heard().last?.kind == .changeReviewed)
    }

    @Test func eachNightOfAPlanIsTold() async throws {
        let service = service([receiver("ops", events: ["change.soon"], notice: 3_600)])
        try await service.takeUp()
        let nights = [10_000, 100_000].map { from in
            TimeWindow(
                opensAt: world.now.adding(seconds: from), closesAt: world.now.adding(seconds: from + 7_200))
        }
        let change = try await submit(windows: nights)
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        world.pass(8_000)
        for _ in 0..<2 { _ = try await tell(service) }
        #expect(world.heard().map { $0.change?.window } == [nights[0]])
        _ = try await changes.assignRun(to: change.id) { _ in "run-1" }
        try await store.createRun("run-1", change: change.id, at: world.now)
        world.pass(90_000)
        for _ in 0..<2 { _ = try await tell(service) }
        #expect(world.heard().map { $0.change?.window } == nights)
    }
}
