import FettleDriverKit
import FettleExecution
import FettleModel
import FettleStore
import FettleTestSupport
import Foundation
import Synchronization
import Testing

@testable import FettleDatabase

/// Whole runs, by the real executor, while what keeps their journal is in trouble.
@Suite struct RunOnAFaultyStoreTests {
    private let plan = RollingPlan.plan(size: 3, lanes: 1)

    private func execute(on store: any Store, with drivers: PlainDrivers) async throws -> RunExecutionResult {
        try await store.createRun("run-1", change: "change-1", at: .now())
        let settings = RunExecutorSettings(
            name: "test", requestPollMilliseconds: 20, awaiting: .leaves,
            pace: RunPace(blockedSeconds: 1, refusedSeconds: 1))
        let executor = RunExecutor(
            run: "run-1", plan: plan, store: store, drivers: drivers, health: drivers, settings: settings)
        return try await executor.execute(
            start: RunStart(
                change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "0")), by: "alice"))
    }

    private func expectEachStepOnce(in store: any Store, _ drivers: PlainDrivers) async throws {
        let records = try await store.records(of: "run-1", after: 0)
        let intended = records.compactMap { record in
            if case .stepIntended(let step, _, _) = record.event { step } else { nil }
        }
        #expect(Set(intended) == Set(plan.steps.map(\.id)))
        #expect(intended.count == plan.steps.count && drivers.performed.count == plan.steps.count)
        #expect(try await store.reservations().isEmpty)
    }

    @Test(.needsRoot, .timeLimit(.minutes(10)))
    func whenTheDiskGetsFullWhatIsOutComesBackAndTheRestWaitsForRoom() async throws {
        let disk = try SmallDisk(megabytes: 64)
        let store = try SQLiteStore(path: "\(disk.directory)/fettle.db")
        let drivers = PlainDrivers { step, performed in
            if step == "web-1/drain" { try disk.fill() }
            if step == "web-2/drain", !performed.contains("room") { Issue.record("web-2 was taken out on a full disk") }
        }
        async let result = execute(on: store, with: drivers)
        while !drivers.performed.contains("web-1/restore") { try await Task.sleep(for: .milliseconds(20)) }
        // Longer than it takes to ask again.
        try await Task.sleep(for: .seconds(3))
        #expect(!drivers.performed.contains("web-2/drain"))
        try disk.makeRoom()
        drivers.note("room")
        #expect(try await result == .ended(.succeeded))
        drivers.forget("room")
        try await expectEachStepOnce(in: store, drivers)
    }

    @Test(.needsPostgres, .timeLimit(.minutes(10)))
    func aRunOutlivesEveryConnectionThatTheServerEnds() async throws {
        let address = try PostgresServer.required().newDatabase()
        let store = PostgresStore(address)
        // One after the other, as they would end each other's connections too.
        let turn = Mutex(())
        let drivers = PlainDrivers { _, _ in
            try turn.withLock { _ in
                _ = try PostgresConnection(address.settings).execute(
                    """
                    SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
                    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
                    """)
            }
        }
        #expect(try await execute(on: store, with: drivers) == .ended(.succeeded))
        try await expectEachStepOnce(in: store, drivers)
    }
}

/// Hosts on which everything goes well; `incident` comes in the middle of each step.
private final class PlainDrivers: StepDriver, StepDriverRegistry, HealthObserver {
    private struct State {
        var performed: [StepID] = []
        var drained: Set<ResourceID> = []
    }

    private let state = Mutex(State())
    private let incident: @Sendable (StepID, [StepID]) throws -> Void

    init(incident: @escaping @Sendable (StepID, [StepID]) throws -> Void) { self.incident = incident }

    var performed: [StepID] { state.withLock { $0.performed } }

    func note(_ word: StepID) { state.withLock { $0.performed.append(word) } }
    func forget(_ word: StepID) { state.withLock { $0.performed.removeAll { $0 == word } } }

    func driver(for action: StepAction) -> (any StepDriver)? { self }

    func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth] {
        Dictionary(uniqueKeysWithValues: group.members.map { ($0, .healthy) })
    }

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        let isDone = state.withLock { state in
            if case .drain = step.action {
                state.drained.contains(step.resource)
            } else {
                state.performed.contains(step.id)
            }
        }
        return isDone ? .alreadyDone(pass) : .ready(prior: PriorState(alreadySo: false, details: [:]))
    }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        do { try incident(step.id, performed) } catch { Issue.record(error) }
        state.withLock { state in
            state.performed.append(step.id)
            if case .drain = step.action { state.drained.insert(step.resource) }
            if case .restore = step.action { state.drained.remove(step.resource) }
        }
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation { pass }

    private var pass: Observation { Observation(verdict: .pass, summary: "fine", observedAt: .now()) }
}
