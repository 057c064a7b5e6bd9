import FettleDriverKit
import FettleModel
import FettleStore
import FettleTestSupport
import Synchronization
import Testing

@testable import FettleExecution

@Suite struct ExecutorTests {
    static let pool = Scenario.pool([1, 2], minimum: 2)
    static let start = RunStart(
        change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "00")), by: "alice")

    struct Setup {
        let store: FaultyStore
        let world: TinyWorld
        var drivers: TinyDrivers
        var plan: Plan

        init(
            _ pool: PoolPlan = ExecutorTests.pool, delay: Duration = .zero,
            world prepare: (inout TinyWorld.State) -> Void = { _ in }
        ) async throws {
            try await self.init(pool.plan(), delay: delay, world: prepare)
        }

        init(
            _ plan: Plan, delay: Duration = .zero,
            world prepare: (inout TinyWorld.State) -> Void = { _ in }
        ) async throws {
            self.plan = plan
            world = TinyWorld(plan, prepare)
            drivers = TinyDrivers(world: world, delay: delay)
            store = FaultyStore()
            try await store.inner.createRun("run-1", change: "change-1", at: .now())
        }

        var state: RunState {
            get async throws {
                try RunState(replaying: try await store.records(of: "run-1", after: 0), plan: plan, run: "run-1")
            }
        }

        func executor(
            _ name: String = "one", change: (inout RunExecutorSettings) -> Void = { _ in }
        ) -> RunExecutor {
            var settings = RunExecutorSettings(
                name: name, requestPollMilliseconds: 5, cancellationGraceSeconds: 1,
                pace: RunPace(blockedSeconds: 1, refusedSeconds: 1, backOffSeconds: 0, longestBackOffSeconds: 1))
            change(&settings)
            return RunExecutor(
                run: "run-1", plan: plan, store: store, drivers: drivers, health: drivers, settings: settings)
        }
    }

    @Test func progressTellsEveryRecordWithTheStateAfterIt() async throws {
        let setup = try await Setup()
        let seen = Mutex<[(Int, Int, RunOutcome?)]>([])
        let executor = setup.executor {
            $0.progress = { record, state in
                seen.withLock { $0.append((record.sequence, state.sequence, state.outcome)) }
            }
        }
        #expect(try await executor.execute(start: Self.start) == .ended(.succeeded))
        let records = try await setup.store.records(of: "run-1", after: 0)
        let told = seen.withLock { $0 }
        #expect(told.map(\.0) == records.map(\.sequence))
        #expect(told.allSatisfy { $0.0 <= $0.1 })
        #expect(told.last?.2 == .succeeded)
        let state = try RunState(replaying: records, plan: setup.plan, run: "run-1")
        #expect(state.outcome == .succeeded)
        #expect(state.progress.settled == state.progress.total)
    }

    /// I2. The journal is the fence: whoever was taken over stops, and touches nothing more.
    @Test func anExecutorThatWasTakenOverStopsAtOnce() async throws {
        var setup = try await Setup(delay: .milliseconds(20))
        let store = setup.store
        let taken = Mutex(false)
        setup.drivers.onPerform = { step in
            guard step.id == "web-1/patch",
                taken.withLock({ was in
                    defer { was = true }
                    return !was
                })
            else { return }
            _ = try? await store.inner.claim(
                "run-1", executor: "two", at: .now(), leaseSeconds: 30, takeOver: true)
        }
        let error = await #expect(throws: RunExecutionError.self) {
            try await setup.executor().execute(start: Self.start)
        }
        #expect(error?.code == .fenced)
        let performed = setup.world.now.performed
        try await Task.sleep(for: .milliseconds(100))
        #expect(setup.world.now.performed == performed)
        // The other goes on from the journal, with what is still reserved.
        let second = setup.executor("two")
        #expect(try await second.execute() == .ended(.succeeded))
        #expect(setup.world.now.performed["web-1/patch"] == 1)
        #expect(setup.world.now.violations == [])
    }

    /// I2. A process that stood still between its intent and its act, for longer than its lease, does not act: another may have
    /// taken over, and the journal's fence would come too late.
    @Test(arguments: [true, false])
    func whoHasSleptThroughItsLeaseAsksBeforeItActs(isTakenOver: Bool) async throws {
        let setup = try await Setup()
        let store = setup.store
        let slept = Mutex(Duration.zero)
        let executor = setup.executor { settings in
            let uptime = settings.uptime
            settings.uptime = { uptime() + slept.withLock { $0 } }
            settings.progress = { record, _ in
                guard case .stepIntended("web-1/patch", _, _) = record.event else { return }
                slept.withLock { $0 = .seconds(31) }
                guard isTakenOver else { return }
                _ = try? await store.inner.claim(
                    "run-1", executor: "two", at: .now(), leaseSeconds: 30, takeOver: true)
            }
        }
        guard isTakenOver else {
            #expect(try await executor.execute(start: Self.start) == .ended(.succeeded))
            return
        }
        let error = await #expect(throws: RunExecutionError.self) { try await executor.execute(start: Self.start) }
        #expect(error?.code == .fenced)
        #expect(setup.world.now.performed["web-1/patch"] == nil)
        #expect(try await setup.executor("two").execute() == .ended(.succeeded))
        #expect(setup.world.now.violations == [])
    }

    /// A watch that begins anew because one of those it watches is taken back: the first one's questions would go on for its whole time.
    @Test(arguments: [false, true]) func aWatchThatNobodyWaitsForAnyMoreIsCutShort(isGateOfGroup: Bool) async throws {
        var setup = try await Setup(Scenario.pool([2, 2], minimum: 2) { $0.maximumOut = 2 })
        if isGateOfGroup, let place = setup.plan.steps.firstIndex(where: { $0.id == "wave-0/bake" }) {
            setup.plan.steps[place].action = .groupGate(
                gate: GroupGate(group: "web", resources: ["web-1", "web-2"], probes: []))
        }
        let store = setup.store
        let told = Mutex<[String]>([])
        setup.drivers.onPerform = { step in
            guard step.id == "wave-0/bake" else { return }
            let isFirst = told.withLock { words in
                words.append("watched")
                return words.count == 1
            }
            guard isFirst else { return }
            try? await store.submit(.rollbackPart(resources: ["web-1"], by: "bob", reason: "slow"), to: "run-1")
            do { try await Task.sleep(for: .seconds(120)) } catch { told.withLock { $0.append("cut short") } }
        }
        let result = try await setup.executor().execute(start: Self.start)
        guard case .ended(.failed(let reason)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("rolled back in part"))
        #expect(told.withLock { $0 } == ["watched", "cut short", "watched"])
        #expect(setup.world.now.isNew == ["web-2", "web-3", "web-4"])
    }

    /// A host that is out waits for every look: what comes next is looked at while its last sessions end.
    @Test func whileAHostIsTakenOutItsPatchIsLookedAtAhead() async throws {
        var setup = try await Setup()
        let (looks, post) = AsyncStream.makeStream(of: StepID.self)
        setup.drivers.onLookAhead = { post.yield($0.id) }
        setup.drivers.onPerform = { step in
            guard case .drain = step.action else { return }
            // The drain is not done before that: it is performed beside it.
            var looks = looks.makeAsyncIterator()
            #expect(await looks.next() == StepID("\(step.resource)/patch"))
        }
        #expect(try await setup.executor().execute(start: Self.start) == .ended(.succeeded))
        #expect(setup.world.now.isNew == ["web-1", "web-2", "web-3"])
    }

    /// Once everything goes back the run ends when all are back, and not when the watch's time is over.
    @Test func aWatchOverWhatGoesBackIsCutShort() async throws {
        var setup = try await Setup(Scenario.pool([2, 2], minimum: 2) { $0.maximumOut = 2 })
        for place in setup.plan.steps.indices where setup.plan.steps[place].id == "wave-0/bake" {
            setup.plan.steps[place].timeoutSeconds = 600
        }
        let store = setup.store
        let told = Mutex<[String]>([])
        setup.drivers.onPerform = { step in
            guard step.id == "wave-0/bake" else { return }
            told.withLock { $0.append("watched") }
            try? await store.submit(.rollback(by: "bob", reason: "slow"), to: "run-1")
            do { try await Task.sleep(for: .seconds(300)) } catch { told.withLock { $0.append("cut short") } }
        }
        #expect(try await setup.executor().execute(start: Self.start) == .ended(.rolledBack(reason: "slow")))
        #expect(told.withLock { $0 } == ["watched", "cut short"])
        #expect(setup.world.now.isNew == [] && setup.world.now.drained == [])
    }

    @Test func aSecondExecutorIsKeptOutByTheLease() async throws {
        let setup = try await Setup()
        _ = try await setup.store.inner.claim(
            "run-1", executor: "other", at: .now(), leaseSeconds: 30, takeOver: false)
        let error = await #expect(throws: RunExecutionError.self) {
            try await setup.executor().execute(start: Self.start)
        }
        #expect(error?.code == .leaseHeld)
        #expect(setup.world.now.performed.isEmpty)
    }

    /// A full disk stops the run cleanly, after any number of appends, and the next executor ends it.
    @Test(arguments: [1, 2, 3, 5, 8, 13, 21, 30])
    func aStoreThatFailsLeavesARunThatCanBeCarriedOn(appends: Int) async throws {
        let setup = try await Setup()
        await setup.store.failAppends(after: appends)
        let error = await #expect(throws: RunExecutionError.self) {
            try await setup.executor().execute(start: Self.start)
        }
        #expect(error?.code == .store)
        await setup.store.failAppends(after: nil)
        #expect(try await setup.executor("two").execute(start: Self.start) == .ended(.succeeded))
        #expect(setup.world.now.violations == [])
        #expect(try await setup.store.reservations().isEmpty)
    }

    @Test func peoplesRequestsAreJournaledThenRemoved() async throws {
        let setup = try await Setup(delay: .milliseconds(10))
        let store = setup.store
        try await store.submit(.pause(by: "bob", reason: "look"), to: "run-1")
        let run = Task { try await setup.executor().execute(start: Self.start) }
        try await Self.until { try await store.records(of: "run-1", after: 0).contains { $0.event.isPause } }
        try await Self.until { try await store.requests(to: "run-1").isEmpty }
        try await store.submit(.abort(by: "bob", reason: "enough"), to: "run-1")
        #expect(try await run.value == .ended(.failed(reason: "aborted by bob: enough")))
    }

    @Test func aRefusedRequestIsRemovedAndTold() async throws {
        let setup = try await Setup(delay: .milliseconds(10))
        try await setup.store.submit(.resume(by: "bob"), to: "run-1")
        let refused = Mutex<[String]>([])
        let executor = setup.executor {
            $0.refused = { _, reason in refused.withLock { $0.append(reason) } }
        }
        _ = try await executor.execute(start: Self.start)
        #expect(refused.withLock { $0 } == ["it is not paused"])
        #expect(try await setup.store.requests(to: "run-1").isEmpty)
    }

    @Test func aDriverThatHangsIsTimedOutAndTheRunGoesBack() async throws {
        var pool = Self.pool
        pool.timeoutSeconds = 1
        pool.limits.attempts = 1
        var setup = try await Setup(pool)
        setup.drivers.onPerform = { step in
            // Deaf to cancellation, as a driver should not be.
            guard step.id == "web-1/patch" else { return }
            await Task { try? await Task.sleep(for: .seconds(4)) }.value
        }
        let result = try await setup.executor().execute(start: Self.start)
        guard case .ended(.rolledBack(let reason)) = result else { throw CancellationError() }
        // Where the machine is busy its last word may come before the end is told.
        #expect(reason.hasPrefix("the canary failed at web-1/patch: not done in 1 s"), "\(reason)")
    }

    @Test func cancellationLeavesARunThatCanBeCarriedOn() async throws {
        let setup = try await Setup(delay: .milliseconds(30))
        let run = Task { try await setup.executor().execute(start: Self.start) }
        try await Self.until { setup.world.now.performed["web-1/drain"] != nil }
        run.cancel()
        await #expect(throws: CancellationError.self) { try await run.value }
        // The lease was given up: another need not wait.
        #expect(try await setup.executor("two").execute() == .ended(.succeeded))
        #expect(setup.world.now.violations == [])
    }

    @Test func aRunThatHasEndedStaysEnded() async throws {
        let setup = try await Setup()
        #expect(try await setup.executor().execute(start: Self.start) == .ended(.succeeded))
        let journal = try await setup.store.records(of: "run-1", after: 0)
        let performed = setup.world.now.performed
        // spinnaker#7921: redelivery turned a success back to running.
        #expect(try await setup.executor("two").execute(start: Self.start) == .ended(.succeeded))
        #expect(try await setup.store.records(of: "run-1", after: 0) == journal)
        #expect(setup.world.now.performed == performed)
    }

    @Test func theFurtherGuardIsAskedBeforeEachStepThatLowersAvailability() async throws {
        let setup = try await Setup()
        let asked = Mutex<[StepID]>([])
        let executor = setup.executor {
            $0.mayStart = { input in
                let isFirst = asked.withLock { seen in
                    seen.append(input.step.id)
                    return seen.count == 1
                }
                return isFirst ? "not yet" : nil
            }
        }
        #expect(try await executor.execute(start: Self.start) == .ended(.succeeded))
        #expect(Set(asked.withLock { $0 }) == ["web-1/drain", "web-2/drain", "web-3/drain"])
        #expect(asked.withLock { $0.filter { $0 == "web-1/drain" }.count } == 2)
    }

    /// A time that is over must not keep a host half way: out of one pool, and not of the other.
    @Test func theFurtherGuardIsToldWhoIsOutAlready() async throws {
        var pool = Self.pool
        pool.hasSecondPool = true
        let setup = try await Setup(pool)
        let told = Mutex<[StepID: Bool]>([:])
        let executor = setup.executor {
            $0.mayStart = { input in
                told.withLock { $0[input.step.id] = input.isOut }
                return nil
            }
        }
        #expect(try await executor.execute(start: Self.start) == .ended(.succeeded))
        for host in ["web-1", "web-2", "web-3"] {
            #expect(told.withLock { $0[StepID("\(host)/drain-api")] } == false)
            #expect(told.withLock { $0[StepID("\(host)/drain-web")] } == true)
        }
    }

    @Test func aGroupThatCannotBeObservedIsNotTouched() async throws {
        var pool = Self.pool
        pool.timeoutSeconds = 1
        let setup = try await Setup(pool)
        var settings = RunExecutorSettings(name: "one", requestPollMilliseconds: 5, awaiting: .staysForAnswers)
        settings.pace.refusedSeconds = 1
        let executor = RunExecutor(
            run: "run-1", plan: setup.plan, store: setup.store, drivers: setup.drivers, health: BlindObserver(),
            settings: settings)
        guard case .awaitingHuman(let reason) = try await executor.execute(start: Self.start) else {
            Issue.record("it went on blindly")
            return
        }
        #expect(reason.contains("web-1/drain"))
        #expect(setup.world.now.performed["web-1/drain"] == nil)
    }

    /// The process has left when the run began to wait: what was asked since then is read before it waits again.
    @Test func whatWasAskedWhileItWaitedIsHeardByTheNextExecutor() async throws {
        var pool = Self.pool
        pool.timeoutSeconds = 1
        let setup = try await Setup(pool)
        var settings = RunExecutorSettings(name: "one", requestPollMilliseconds: 5, awaiting: .staysForAnswers)
        settings.pace.refusedSeconds = 1
        let blind = RunExecutor(
            run: "run-1", plan: setup.plan, store: setup.store, drivers: setup.drivers, health: BlindObserver(),
            settings: settings)
        guard case .awaitingHuman = try await blind.execute(start: Self.start) else {
            Issue.record("it went on blindly")
            return
        }
        try await setup.store.submit(.retry(by: "bob"), to: "run-1")
        let next = setup.executor("two") { $0.awaiting = .staysForAnswers }
        #expect(try await next.execute(start: nil) == .ended(.succeeded))
    }

    @Test func aPlanThatNobodyHereCanCarryOutIsRefusedBeforeItStarts() async throws {
        let setup = try await Setup()
        let executor = RunExecutor(
            run: "run-1", plan: setup.plan, store: setup.store, drivers: NoDrivers(), health: setup.drivers,
            settings: RunExecutorSettings(name: "one"))
        let defect = await #expect(throws: PlanDefect.self) { try await executor.execute(start: Self.start) }
        #expect(defect?.code == .noDriver)
        #expect(try await setup.store.records(of: "run-1", after: 0).isEmpty)
    }

    static func until(_ condition: () async throws -> Bool) async throws {
        for _ in 0..<24_000 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("it did not come to pass in two minutes")
    }
}

extension RunEvent {
    fileprivate var isPause: Bool {
        if case .paused = self { true } else { false }
    }
}

private struct BlindObserver: HealthObserver {
    func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth] { [:] }
}

private struct NoDrivers: StepDriverRegistry {
    func driver(for action: StepAction) -> (any StepDriver)? { nil }
}
