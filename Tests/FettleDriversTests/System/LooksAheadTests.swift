import FettleDriverKit
import FettleModel
import FettleTestSupport
import Synchronization
import Testing

@testable import FettleDrivers

/// What was seen ahead spares the check its look, and is never older than what a performance may rest on.
@Suite struct LooksAheadTests {
    private let plan = RollingPlan.plan(size: 2, lanes: 1)
    private let clock = Clock()
    private var looks: LooksAhead<Int> { LooksAhead { [clock] in clock.now } }

    private final class Clock: Sendable {
        private let state = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { state.withLock { $0 } }
        func pass(_ time: Duration) { state.withLock { $0 += time } }
    }

    private func context(_ run: RunID = "run-1") -> StepContext {
        StepContext(run: run, plan: plan, attempt: 1, intendedAt: Timestamp(milliseconds: 0), prior: nil)
    }

    @Test func aLookIsTakenOnceWithTheTimeBeforeIt() async throws {
        let looks = looks
        let began = clock.now
        await looks.look(at: plan.steps[3], in: context()) { [clock] in
            clock.pass(.milliseconds(500))
            return 1
        }
        let taken = try #require(await looks.take(of: plan.steps[3], in: context()))
        #expect(taken.look == 1 && taken.at == began)
        #expect(await looks.take(of: plan.steps[3], in: context()) == nil)
    }

    @Test(arguments: [Duration.milliseconds(1_999), .seconds(2)])
    func anOldLookIsWorthNothing(age: Duration) async {
        let looks = looks
        await looks.look(at: plan.steps[3], in: context()) { 1 }
        clock.pass(age)
        #expect((await looks.take(of: plan.steps[3], in: context()) != nil) == (age < .seconds(2)))
    }

    /// A host that takes its time to answer: what it has said was true when it was asked.
    @Test func aLookThatTookTooLongIsWorthNothing() async {
        let looks = looks
        await looks.look(at: plan.steps[3], in: context()) { [clock] in
            clock.pass(.seconds(3))
            return 1
        }
        #expect(await looks.take(of: plan.steps[3], in: context()) == nil)
    }

    @Test func aLookIsForItsStepOfItsRunAndOneThatFailedIsNone() async {
        let looks = looks
        await looks.look(at: plan.steps[3], in: context()) { 1 }
        #expect(await looks.take(of: plan.steps[2], in: context()) == nil)
        #expect(await looks.take(of: plan.steps[3], in: context("run-2")) == nil)
        await looks.look(at: plan.steps[3], in: context()) { nil }
        #expect(await looks.take(of: plan.steps[3], in: context()) == nil)
    }

    /// Whoever comes before it has ended waits for it instead of asking the same once more.
    @Test func aLookThatIsUnderWayIsWaitedFor() async throws {
        let looks = looks
        let (gate, post) = AsyncStream.makeStream(of: Int.self)
        let (begun, tell) = AsyncStream.makeStream(of: Void.self)
        let looking = Task { [plan] in
            await looks.look(at: plan.steps[3], in: context()) {
                tell.finish()
                var answers = gate.makeAsyncIterator()
                return await answers.next()
            }
        }
        for await _ in begun {}
        let taking = Task { [plan] in await looks.take(of: plan.steps[3], in: context())?.look }
        post.yield(7)
        #expect(await taking.value == 7)
        await looking.value
    }
}
