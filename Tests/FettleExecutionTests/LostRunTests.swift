import FettleDriverKit
import FettleModel
import FettleStore
import FettleTestSupport
import Synchronization
import Testing

@testable import FettleExecution

/// What an executor that has lost its run may still do before it hears of that: nothing that the next one would have to know of.
@Suite struct LostRunTests {
    /// True once.
    private final class Once: Sendable {
        private let hasCome = Mutex(false)
        func comes() -> Bool {
            hasCome.withLock { was in
                defer { was = true }
                return !was
            }
        }
    }

    /// It was refused by the machine of the one before, which knew nothing of the pause, and was gone.
    @Test func aRequestThatOnlyTheNextExecutorCanGrantIsNotTakenAway() async throws {
        var setup = try await ExecutorTests.Setup()
        let (store, once) = (setup.store, Once())
        setup.drivers.onPerform = { step in
            guard step.id == "web-1/patch", once.comes() else { return }
            do {
                let claim = try await store.inner.claim(
                    "run-1", executor: "two", at: .now(), leaseSeconds: 30, takeOver: true)
                let last = try await store.inner.records(of: "run-1", after: 0).count
                let events: [RunEvent] = [.claimed(executor: "two"), .paused(by: "bob", reason: "look")]
                let records = events.enumerated().map { number, event in
                    JournalRecord(sequence: last + 1 + number, epoch: claim.epoch, at: .now(), event: event)
                }
                try await store.inner.append(records, to: "run-1")
                try await store.inner.submit(.resume(by: "bob"), to: "run-1")
                try await Task.sleep(for: .seconds(60))
            } catch is CancellationError {} catch { Issue.record(error) }
        }
        let refused = Mutex<[String]>([])
        let executor = setup.executor { $0.refused = { _, reason in refused.withLock { $0.append(reason) } } }
        let error = await #expect(throws: RunExecutionError.self) {
            try await executor.execute(start: ExecutorTests.start)
        }
        #expect(error?.code == .fenced)
        #expect(try await store.requests(to: "run-1").map(\.request) == [.resume(by: "bob")])
        #expect(refused.withLock { $0 } == [])
        #expect(try await setup.executor("two").execute() == .ended(.succeeded))
        #expect(try await store.requests(to: "run-1") == [])
    }

    /// It was granted while the one before looked at the members, nobody knew of it, and an ended run held the host for ever.
    @Test func nothingIsReservedForTheOneBefore() async throws {
        let setup = try await ExecutorTests.Setup()
        let store = setup.store
        let observer = Interrupted(inner: setup.drivers) {
            _ = try? await store.inner.claim(
                "run-1", executor: "two", at: .now(), leaseSeconds: 30, takeOver: true)
        }
        let executor = RunExecutor(
            run: "run-1", plan: setup.plan, store: store, drivers: setup.drivers, health: observer,
            settings: RunExecutorSettings(name: "one", requestPollMilliseconds: 5))
        let error = await #expect(throws: RunExecutionError.self) {
            try await executor.execute(start: ExecutorTests.start)
        }
        #expect(error?.code == .fenced)
        #expect(try await store.reservations() == [])
        try await store.submit(.abort(by: "bob", reason: "enough"), to: "run-1")
        #expect(try await setup.executor("two").execute() == .ended(.failed(reason: "aborted by bob: enough")))
        #expect(try await store.reservations() == [])
    }

    private struct Interrupted: HealthObserver {
        let inner: TinyDrivers
        private let once = Once()
        let act: @Sendable () async -> Void

        init(inner: TinyDrivers, act: @escaping @Sendable () async -> Void) {
            self.inner = inner
            self.act = act
        }

        func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth] {
            if once.comes() { await act() }
            return await inner.health(of: group, in: plan)
        }
    }

    /// It may live, and touches hosts until it has asked for its lease again.
    @Test(arguments: [(TakeOver.fromAnybody, 11_000), (.fromWhoIsGone("other"), 0)] as [(TakeOver, Int64)])
    func whoMayLiveHasTheTimeToHearOfIt(takeOver: TakeOver, milliseconds: Int64) async throws {
        var setup = try await ExecutorTests.Setup()
        _ = try await setup.store.inner.claim(
            "run-1", executor: "other", at: .now(), leaseSeconds: 30, takeOver: false)
        let slept = Mutex<Int64>(0)
        let before = Mutex<Int64?>(nil)
        setup.drivers.onPerform = { _ in
            let now = slept.withLock { $0 }
            before.withLock { $0 = $0 ?? now }
        }
        let executor = setup.executor("two") {
            $0.takeOver = takeOver
            $0.sleep = { milliseconds in
                if milliseconds == 11_000 {
                    slept.withLock { $0 += milliseconds }
                } else {
                    try await Task.sleep(for: .milliseconds(milliseconds))
                }
            }
        }
        #expect(try await executor.execute(start: ExecutorTests.start) == .ended(.succeeded))
        #expect(before.withLock { $0 } == milliseconds)
    }

    /// Somebody else had it by then, and was robbed of it as if it were the dead one.
    @Test func whoTakesARunFromADeadOneDoesNotTakeItFromALivingOne() async throws {
        let setup = try await ExecutorTests.Setup()
        _ = try await setup.store.inner.claim(
            "run-1", executor: "other", at: .now(), leaseSeconds: 30, takeOver: false)
        let error = await #expect(throws: RunExecutionError.self) {
            try await setup.executor("two") { $0.takeOver = .fromWhoIsGone("dead") }
                .execute(start: ExecutorTests.start)
        }
        #expect(error?.code == .leaseHeld)
        #expect(setup.world.now.performed.isEmpty)
    }

    /// What was asked of it before it had the run, the one before would hear.
    @Test func whatIsAskedOnceTheRunIsItsOwnIsHeardByNobodyElse() async throws {
        let setup = try await ExecutorTests.Setup()
        let store = setup.store
        let executor = setup.executor("two") {
            $0.claimed = { try await store.submit(.rollback(by: "bob", reason: "never mind"), to: "run-1") }
        }
        #expect(
            try await executor.execute(start: ExecutorTests.start) == .ended(.rolledBack(reason: "never mind")))
        #expect(setup.world.now.performed["web-1/patch"] == nil)
    }

    /// Ctrl-C: what was asked while it was told to leave was cut short, and says nothing of the hosts.
    @Test func aLookThatIsCutShortEndsNoRun() async throws {
        let setup = try await ExecutorTests.Setup()
        let (store, once) = (setup.store, Once())
        let work = Mutex<Task<RunExecutionResult, any Error>?>(nil)
        let executor = setup.executor {
            $0.requestPollMilliseconds = 3_600_000
            $0.proves = {
                if once.comes() { try? await store.submit(.pause(by: "bob", reason: "Ctrl-C"), to: "run-1") }
                return Task.isCancelled ? .fails(["web-1 does not answer any more"]) : .holds
            }
            $0.progress = { record, _ in
                if case .paused = record.event { work.withLock { $0?.cancel() } }
            }
        }
        let gate = AsyncStream<Void>.makeStream()
        let task = Task {
            for await _ in gate.stream { break }
            return try await executor.execute(start: ExecutorTests.start)
        }
        work.withLock { $0 = task }
        gate.continuation.yield()
        await #expect(throws: CancellationError.self) { try await task.value }
        let journal = try await store.records(of: "run-1", after: 0)
        #expect(!journal.contains { if case .ended = $0.event { true } else { false } })
    }

    /// The last look takes its time, and who asked for something meanwhile was told that it would be taken up.
    @Test func whatIsAskedWhileTheHostsAreLookedAtIsHeard() async throws {
        let setup = try await ExecutorTests.Setup()
        let (store, once) = (setup.store, Once())
        let executor = setup.executor {
            // Nobody else brings it before that.
            $0.requestPollMilliseconds = 3_600_000
            $0.proves = {
                if once.comes() {
                    try? await store.submit(.rollback(by: "bob", reason: "it is slow"), to: "run-1")
                }
                return .holds
            }
        }
        #expect(
            try await executor.execute(start: ExecutorTests.start) == .ended(.rolledBack(reason: "it is slow")))
        #expect(setup.world.now.isNew == [])
        #expect(try await store.requests(to: "run-1") == [])
    }

    /// What comes too late is told to whoever asked.
    @Test func whatIsAskedOfARunThatHasEndedIsRefused() async throws {
        let setup = try await ExecutorTests.Setup()
        let store = setup.store
        let refused = Mutex<[RunRequest]>([])
        let executor = setup.executor {
            $0.requestPollMilliseconds = 3_600_000
            $0.progress = { record, _ in
                guard case .ended = record.event else { return }
                try? await store.submit(.abort(by: "bob", reason: "enough"), to: "run-1")
            }
            $0.refused = { request, _ in refused.withLock { $0.append(request) } }
        }
        #expect(try await executor.execute(start: ExecutorTests.start) == .ended(.succeeded))
        #expect(refused.withLock { $0 } == [.abort(by: "bob", reason: "enough")])
        #expect(try await store.requests(to: "run-1") == [])
    }

    /// The lease bears that, and so do the looks for requests.
    @Test func aStoreThatIsAwayForAMomentEndsNothing() async throws {
        let setup = try await ExecutorTests.Setup(delay: .milliseconds(10))
        await setup.store.failRequests(after: 1, times: 3)
        #expect(try await setup.executor().execute(start: ExecutorTests.start) == .ended(.succeeded))
        #expect(await setup.store.requestFailures == 3)
    }
}
