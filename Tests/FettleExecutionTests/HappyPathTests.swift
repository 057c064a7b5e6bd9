import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

@Suite struct HappyPathTests {
    @Test(arguments: [UInt64](1...20))
    func everyHostIsPatchedAndBack(seed: UInt64) async throws {
        var pool = PoolPlan(waves: [1, 3], minimumAvailable: 2)
        pool.maximumOut = 2
        pool.hasSecondPool = seed % 2 == 0
        pool.reboots = seed % 3 == 0
        var rehearsal = try Rehearsal(pool.plan(), seed: seed)
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.isNew == Set(pool.hosts))
        #expect(rehearsal.world.now.drained == [])
        #expect(rehearsal.state.resources.allSatisfy { $0.phase == .finished })
    }

    @Test func executorCarriesAPlanOut() async throws {
        let pool = PoolPlan(waves: [1, 3], minimumAvailable: 3)
        let plan = pool.plan()
        let world = TinyWorld(plan)
        let drivers = TinyDrivers(world: world)
        let store = InMemoryStore()
        try await store.createRun("run-1", change: "change-1", at: .now())
        let executor = RunExecutor(
            run: "run-1", plan: plan, store: store, drivers: drivers, health: drivers,
            settings: RunExecutorSettings(name: "here"))
        let start = RunStart(
            change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "00")), by: "alice")
        #expect(try await executor.execute(start: start) == .ended(.succeeded))
        #expect(world.now.isNew == Set(pool.hosts))
        #expect(world.now.violations == [])
        #expect(try await store.reservations() == [])
        #expect(try await store.runs(limit: 1).first?.executor == nil)
    }
}
