import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleControl

/// What the time brings.
extension MessageServiceTests {
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
