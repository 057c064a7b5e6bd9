import FettleChecking
public import FettleExecution
public import FettleModel
import FettleReporting
public import FettleStore

/// Approved changes carried out, and what people ask of runs meanwhile.
public struct RunService: Sendable {
    let store: any Store
    let keeper: StageKeeper
    let changes: ChangeService
    let tools: Tools

    public init(store: any Store, tools: Tools) {
        self.store = store
        keeper = StageKeeper(store: store)
        changes = ChangeService(store: store, now: tools.now)
        self.tools = tools
    }

    /// How a run is carried out here.
    public struct Options: Sendable {
        /// Who holds the lease, such as `host:pid`.
        public var executor: String
        public var takesOver: Bool
        /// Ends the process's part in it when the run waits for a person; the run itself stays open.
        public var returnsWhenAwaitingHuman: Bool
        public var progress: @Sendable (JournalRecord, RunState) async -> Void
        public var refused: @Sendable (RunRequest, String) async -> Void

        public init(
            executor: String, takesOver: Bool = false, returnsWhenAwaitingHuman: Bool = true,
            progress: @escaping @Sendable (JournalRecord, RunState) async -> Void = { _, _ in },
            refused: @escaping @Sendable (RunRequest, String) async -> Void = { _, _ in }
        ) {
            self.executor = executor
            self.takesOver = takesOver
            self.returnsWhenAwaitingHuman = returnsWhenAwaitingHuman
            self.progress = progress
            self.refused = refused
        }
    }

    /// Makes the run of an approved change: exactly one run for each change.
    ///
    /// - Throws: `blocked` if the change is not approved, `drift` if what was approved is not what is kept.
    public func create(for id: ChangeID) async throws(ControlError) -> RunID {
        _ = try await changes.authorise(id)
        for _ in 0..<20 {
            let runs = try await runs(limit: .max)
            if let known = runs.first(where: { $0.change == id }) {
                throw ControlError(
                    .conflict, "change \(id) is already carried out by \(known.run)",
                    hint: "`fettle run show \(known.run)`")
            }
            let number = runs.compactMap { $0.run.rawValue.split(separator: "-").last.flatMap { Int($0) } }.max() ?? 0
            let run = RunID("run-\(number + 1)")
            do throws(StoreError) {
                try await store.createRun(run, change: id, at: tools.now())
                return run
            } catch {
                if error.code == .conflict { continue }
                throw ControlError(store: error)
            }
        }
        throw ControlError(.internal, "found no free name for a run; other processes take them all")
    }

    /// Carries a run out, from its start or from where its journal ends.
    public func carryOut(
        _ run: RunID, startedBy person: Person, options: Options
    ) async throws(ControlError) -> RunExecutionResult {
        let (change, plan) = try await authorised(run)
        let executor = RunExecutor(
            run: run, plan: plan, store: store, drivers: tools.drivers, health: tools.observer,
            settings: settings(options))
        do {
            return try await executor.execute(start: RunStart(change: change.id, plan: change.plan, by: person))
        } catch let error as RunExecutionError {
            throw ControlError(execution: error, run: run)
        } catch let error as PlanDefect {
            throw ControlError(.blocked, "run \(run) cannot be carried out: \(error.message)")
        } catch let error as StoreError {
            throw ControlError(store: error)
        } catch {
            throw ControlError(.internal, "run \(run) stopped: \(error)", hint: "`fettle run resume \(run)` goes on")
        }
    }

    private func settings(_ options: Options) -> RunExecutorSettings {
        RunExecutorSettings(
            name: options.executor, takesOver: options.takesOver,
            returnsWhenAwaitingHuman: options.returnsWhenAwaitingHuman, now: tools.now,
            mayStart: { input in
                PlanChecker.refusal(
                    toStart: input.step, in: input.plan,
                    out: Set(input.reservations.map(\.resource)).subtracting([input.step.resource]),
                    health: input.health)
            }, progress: options.progress, refused: options.refused)
    }

    private func authorised(_ run: RunID) async throws(ControlError) -> (Change, Plan) {
        let summary = try await summary(of: run)
        let hasBegun: Bool
        do throws(StoreError) {
            hasBegun = try await !store.records(of: run, after: 0).isEmpty
        } catch {
            throw ControlError(store: error)
        }
        return try await changes.authorise(summary.change, isUnderWay: hasBegun)
    }

    public func summary(of run: RunID) async throws(ControlError) -> RunSummary {
        guard let summary = try await runs(limit: .max).first(where: { $0.run == run }) else {
            throw ControlError(.notFound, "there is no run '\(run)'", hint: "`fettle run list` shows those there are")
        }
        return summary
    }

    public func runs(limit: Int) async throws(ControlError) -> [RunSummary] {
        do throws(StoreError) {
            return try await store.runs(limit: limit)
        } catch {
            throw ControlError(store: error)
        }
    }

    /// The plan, the journal and the state of a run.
    public func story(of run: RunID) async throws(ControlError) -> (
        plan: Plan, journal: [JournalRecord], state: RunState
    ) {
        let summary = try await summary(of: run)
        let change = try await changes.change(summary.change)
        let plan = try await changes.plan(of: change)
        do {
            let journal = try await store.records(of: run, after: 0)
            return (plan, journal, try RunState(replaying: journal, plan: plan, run: run))
        } catch let error as StoreError {
            throw ControlError(store: error)
        } catch {
            throw ControlError(.internal, "the journal of \(run) cannot be replayed: \(error)")
        }
    }

    /// Asks something of a run, whichever process carries it out.
    ///
    /// - Throws: `conflict` if the run has ended.
    public func ask(_ request: RunRequest, of run: RunID) async throws(ControlError) {
        let (_, _, state) = try await story(of: run)
        if let outcome = state.outcome {
            throw ControlError(.conflict, "run \(run) has ended: \(outcome.words)")
        }
        do throws(StoreError) {
            try await store.submit(request, to: run)
        } catch {
            throw ControlError(store: error)
        }
    }

    public func quarantined() async throws(ControlError) -> [QuarantineEntry] {
        do throws(StoreError) {
            return try await store.quarantined()
        } catch {
            throw ControlError(store: error)
        }
    }
}

extension ControlError {
    init(execution error: RunExecutionError, run: RunID) {
        switch error.code {
        case .leaseHeld:
            self.init(
                .blocked, "run \(run) is carried out by another process: \(error.message)",
                hint: "if that process is gone: `fettle run resume \(run) --take-over`")
        case .fenced:
            self.init(
                .conflict, "run \(run) was taken over by another process; this one stopped and touches nothing more")
        case .store:
            self.init(.unavailable, "\(error.message)", hint: "nothing is lost: `fettle run resume \(run)` goes on")
        case .damagedJournal: self.init(.internal, "run \(run): \(error.message)")
        case .notStarted: self.init(.invalid, "run \(run): \(error.message)")
        }
    }
}
