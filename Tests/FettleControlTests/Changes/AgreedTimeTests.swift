import FettleExecution
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Synchronization
import Testing

@testable import FettleControl

/// People agree to a plan and to its time: outside of it nobody is taken out, and nobody who is out is kept there.
@Suite struct AgreedTimeTests {
    private static let start = Timestamp(milliseconds: 1_766_000_400_000)
    private let store = InMemoryStore()
    private let pool = Pool()
    private let clock = FastClock(Self.start)

    private var changes: ChangeService { ChangeService(store: store) { [clock] in clock.now } }
    private var runs: RunService {
        RunService(
            store: store,
            tools: Tools(
                inspector: NoFacts(), resolver: NoAnswers(), drivers: pool, observer: pool,
                now: { [clock] in clock.now }))
    }

    private static func time(_ from: Int, _ until: Int) -> TimeWindow {
        TimeWindow(opensAt: start.adding(seconds: from), closesAt: start.adding(seconds: until))
    }

    private func submitted(_ edit: (inout Plan) -> Void = { _ in }) async throws -> Change {
        var plan = RollingPlan.plan(size: 3, lanes: 1)
        edit(&plan)
        try await StageKeeper(store: store).keep(plan, as: .plan, id: plan.id.rawValue, at: Self.start)
        return try await changes.submit(
            plan: plan.id, kind: .normal, reason: "patches", by: "alice", policy: Policy())
    }

    private func approved(for window: TimeWindow) async throws -> Change {
        let change = try await submitted()
        _ = try await changes.schedule(change.id, for: window, by: "alice")
        return try await changes.vote(
            on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
    }

    private func refused(_ act: () async throws -> Void) async -> ControlError? {
        await #expect(throws: ControlError.self) { try await act() }
    }

    /// Drain, patch, gate and restore, and the same back: 80 s at their 95% figures.
    @Test func aRunIsNotStartedWhereTooLittleIsLeftForAHost() async throws {
        let change = try await approved(for: Self.time(0, 600))
        clock.set(Self.start.adding(seconds: 521))
        let error = await refused { _ = try await runs.create(for: change.id) }
        #expect(error?.code == .blocked && error?.message.contains("web-1, web-2, web-3") == true, "\(error as Any)")
        #expect(error?.hint.contains("fettle change schedule") == true)
        #expect(try await store.runs(limit: 5).isEmpty, "the change can still be withdrawn")
        clock.set(Self.start.adding(seconds: 520))
        #expect(try await runs.create(for: change.id) == "run-1")
    }

    /// Begun in time, paused or dead, and taken up days later.
    @Test func aRunThatIsResumedAfterItsTimeTakesNobodyOut() async throws {
        let change = try await approved(for: Self.time(0, 600))
        let run = try await runs.create(for: change.id)
        let claim = try await store.claim(run, executor: "gone", at: clock.now, leaseSeconds: 1, takeOver: false)
        try await store.append(
            [
                JournalRecord(
                    sequence: 1, epoch: claim.epoch, at: clock.now,
                    event: .started(change: change.id, plan: change.plan, by: "alice"))
            ], to: run)
        try await store.release(claim)
        clock.set(Self.start.adding(seconds: 200_000), times: 60)
        let result = try await runs.carryOut(run, startedBy: "alice", options: .init(executor: "one"))
        guard case .awaitingHuman(let reason) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("was agreed for") && reason.contains("--supersedes run-1"), "\(reason)")
        #expect(pool.drained.isEmpty && pool.restores.isEmpty)
    }

    /// The end of the time comes while the first host is out: that one is finished, the others stay in.
    @Test func whoIsOutWhenTheTimeIsOverIsBroughtOn() async throws {
        let change = try await approved(for: Self.time(0, 600))
        let run = try await runs.create(for: change.id)
        clock.set(Self.start, times: 1)
        let options = RunService.Options(
            executor: "one",
            progress: { [clock] record, _ in
                guard case .stepDone("web-1/drain", _, _) = record.event else { return }
                clock.set(Self.start.adding(seconds: 200_000), times: 60)
            })
        let result = try await runs.carryOut(run, startedBy: "alice", options: options)
        guard case .awaitingHuman = result else {
            Issue.record("\(result)")
            return
        }
        #expect(pool.restores == ["web-1": 1] && pool.drained.isEmpty)
    }

    @Test func aTimeThatIsTooShortForAHostIsRefused() async throws {
        let change = try await submitted()
        let error = await refused { _ = try await changes.schedule(change.id, for: Self.time(60, 61), by: "alice") }
        #expect(error?.code == .blocked && error?.message.contains("needs 80 s") == true, "\(error as Any)")
        #expect(try await changes.change(change.id).schedule == nil)
        let now = await refused { _ = try await changes.schedule(change.id, for: Self.time(-600, 79), by: "alice") }
        #expect(now?.code == .blocked, "what is over is not left")
        _ = try await changes.schedule(change.id, for: Self.time(60, 140), by: "alice")
    }

    @Test func aTimeThatMissesAPlannedWindowIsRefused() async throws {
        let change = try await submitted { plan in
            plan.windows = [Self.time(3_600, 7_200), Self.time(86_400, 90_000)]
            for place in plan.targets.indices { plan.targets[place].window = place == 2 ? 1 : 0 }
        }
        let error = await refused { _ = try await changes.schedule(change.id, for: Self.time(0, 7_200), by: "alice") }
        #expect(error?.code == .blocked && error?.message.contains("web-3: planned for") == true, "\(error as Any)")
        _ = try await changes.schedule(change.id, for: Self.time(0, 90_000), by: "alice")
    }

    @Test func withoutATimeAChangeStartsWheneverItIsApproved() async throws {
        let change = try await submitted()
        _ = try await changes.vote(on: change.id, by: "bob", approves: true, digest: change.plan.digest, note: "")
        clock.set(Self.start.adding(seconds: 5_000_000), times: 1)
        let run = try await runs.create(for: change.id)
        let result = try await runs.carryOut(run, startedBy: "alice", options: .init(executor: "one"))
        #expect(result == .ended(.succeeded))
    }
}

/// A clock that stands where it is set, or runs so many times as fast as the one on the wall.
final class FastClock: Sendable {
    private let state: Mutex<(base: Timestamp, since: ContinuousClock.Instant, times: Int)>

    init(_ time: Timestamp) { state = Mutex((time, .now, 0)) }

    var now: Timestamp {
        state.withLock { state in
            let passed = state.since.duration(to: .now) / Duration.milliseconds(1)
            return Timestamp(milliseconds: state.base.milliseconds + Int64(passed * Double(state.times)))
        }
    }

    func set(_ time: Timestamp, times: Int = 0) { state.withLock { $0 = (time, .now, times) } }
}
