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
    let gate: Gate
    let tools: Tools

    public init(store: any Store, tools: Tools, access: Access = .local) {
        self.store = store
        keeper = StageKeeper(store: store)
        changes = ChangeService(store: store, access: access, now: tools.now)
        gate = Gate(keeper, access, now: tools.now)
        self.tools = tools
    }

    /// How a run is carried out here.
    public struct Options: Sendable {
        /// Who holds the lease, such as `host:pid`.
        public var executor: String
        public var takeOver: TakeOver
        /// When the run waits for a person; it stays open if the process leaves it.
        public var awaiting: AwaitingConduct
        /// The hosts are looked at again when the run has ended: part of that is then done beside the run's own work.
        public var looksAfterwards: Bool
        /// Windows and freezes as they are now; nil: those of the plan are all that is known.
        public var calendar: RunCalendar?
        public var progress: @Sendable (JournalRecord, RunState) async -> Void
        public var waits: @Sendable (StepID, String) async -> Void
        /// Before the run counts as succeeded: whether all is as the plan wants it, by a look at the hosts.
        public var proves: @Sendable () async -> RunProof
        public var refused: @Sendable (RunRequest, String) async -> Void
        /// Once the run is this process's, and before it goes on.
        public var claimed: @Sendable () async throws -> Void = {}

        public init(
            executor: String, takeOver: TakeOver = .never, awaiting: AwaitingConduct = .leaves,
            looksAfterwards: Bool = false, calendar: RunCalendar? = nil,
            progress: @escaping @Sendable (JournalRecord, RunState) async -> Void = { _, _ in },
            waits: @escaping @Sendable (StepID, String) async -> Void = { _, _ in },
            proves: @escaping @Sendable () async -> RunProof = { .holds },
            refused: @escaping @Sendable (RunRequest, String) async -> Void = { _, _ in }
        ) {
            self.executor = executor
            self.takeOver = takeOver
            self.awaiting = awaiting
            self.looksAfterwards = looksAfterwards
            self.calendar = calendar
            self.progress = progress
            self.waits = waits
            self.proves = proves
            self.refused = refused
        }
    }

    /// Makes the run of an approved change: exactly one run for each change.
    ///
    /// The change is told first, in one transaction with the look whether it is still approved (see `ChangeService.withdraw`). If
    /// this process dies before the run is made, the next start makes it.
    ///
    /// - Parameters:
    ///   - calendar: windows and freezes as they are now; a run that they would hold up is not made.
    ///   - fleet: as it is declared now; nil: not known, and only hosts are held against the plan.
    ///   - person: who starts it; nil: whoever asked for the change. Told in the journal of a run that it supersedes.
    /// - Throws: `blocked` if the change is not approved, or something is frozen, `drift` if what was approved is not what is kept,
    ///   or the world no longer as its plan saw it, `conflict` if it is carried out already.
    public func create(
        for id: ChangeID, calendar: RunCalendar? = nil, fleet: Fleet? = nil, by person: Person? = nil
    ) async throws(ControlError) -> RunID {
        try await changes.require(.run, on: id, by: person, saying: .nothing)
        let asked = try await changes.change(id)
        // One that may not be carried out at all is refused where the run is assigned.
        if asked.state == .approved, !asked.isExpired(at: tools.now()), calendar != nil || asked.schedule != nil {
            let plan = try await changes.plan(of: asked)
            if let watch = try await watch(calendar, asked, plan) {
                if asked.run == nil { try requireTime(of: asked, watch) }
                try mayStart(watch)
            }
        }
        for _ in 0..<20 {
            var supersession: SupersessionOrder?
            let run = try await changes.assignRun(to: id, fleet: fleet) { named throws(ControlError) in
                let run = try await nameOfRun(for: id, named: named)
                // Before the change names the run: what is refused here leaves nothing behind.
                supersession = try await superseding(run, for: id, by: person)
                return run
            }
            do throws(StoreError) {
                if let supersession {
                    try await store.supersede(supersession)
                } else {
                    try await store.createRun(run, change: id, by: person, at: tools.now())
                }
                return run
            } catch {
                if error.code == .conflict, supersession != nil, try await lookUp(run) == nil {
                    try await changes.takeBack(run, from: id)
                    throw ControlError(
                        .drift, error.message,
                        hint: "`fettle scan`, then a new plan: `fettle plan make --supersedes RUN`")
                }
                // Another change took the name in between, or this change was started twice at once.
                if error.code == .conflict { continue }
                throw ControlError(store: error)
            }
        }
        throw ControlError(.internal, "found no free name for a run; other processes take them all")
    }

    private func nameOfRun(for id: ChangeID, named: RunID?) async throws(ControlError) -> RunID {
        if let named {
            switch try await lookUp(named)?.change {
            case nil: return named
            case id:
                throw ControlError(
                    .conflict, "change \(id) is already carried out by \(named)",
                    hint: "`fettle run show \(named)`, and `fettle run resume \(named)` if nobody does now")
            default: break
            }
        }
        let numbers = try await runs(limit: .max).compactMap(\.run.rawValue.idNumber)
        return RunID("run-\((numbers.max() ?? 0) + 1)")
    }

    /// Carries a run out, from its start or from where its journal ends.
    public func carryOut(
        _ run: RunID, startedBy person: Person, options: Options
    ) async throws(ControlError) -> RunExecutionResult {
        let (change, plan, hasBegun) = try await authorised(run)
        try await gate.require(.run, on: ActScope(plan), by: person, saying: .nothing)
        let watch = try await watch(options.calendar, change, plan, hasBegun: hasBegun)
        // For the agreed time it was held where it was made; from then on it is held host by host, or a run that was made and not begun
        // could be neither carried out nor ended.
        if let watch, !hasBegun { try mayStart(watch) }
        if !hasBegun { try await holdAnew(run, change, plan, options) }
        let forerunner = Forerunner(plan, tools, looksAfterwards: options.looksAfterwards)
        let executor = RunExecutor(
            run: run, plan: plan, store: store, drivers: tools.drivers, health: tools.observer,
            settings: settings(options, watch, forerunner))
        do {
            return try await forerunner.runs {
                try await executor.execute(start: RunStart(change: change.id, plan: change.plan, by: person))
            }
        } catch let error as ControlError {
            throw error
        } catch let error as RunExecutionError {
            throw ControlError(execution: error, run: run)
        } catch let error as PlanDefect {
            throw ControlError(.blocked, "run \(run) cannot be carried out: \(error.message)")
        } catch let error as StoreError {
            throw ControlError(store: error)
        } catch is CancellationError {
            throw ControlError(.cancelled, "run \(run) stopped", hint: "`fettle run resume \(run)` goes on")
        } catch {
            throw ControlError(.internal, "run \(run) stopped: \(error)", hint: "`fettle run resume \(run)` goes on")
        }
    }

    /// nil: neither policy nor the change says anything of time.
    private func watch(
        _ calendar: RunCalendar?, _ change: Change, _ plan: Plan, hasBegun: Bool = false
    ) async throws(ControlError) -> RunCalendarWatch? {
        let accepted = try await gate.accepted(calendar, for: plan, hasBegun: hasBegun)
        guard accepted != nil || change.schedule != nil else { return nil }
        return RunCalendarWatch(
            accepted ?? .bindsNobody, plan, isEmergency: change.kind == .emergency, agreed: change.schedule)
    }

    /// - Throws: `blocked` with everybody for whom too little is left of the time that was agreed.
    private func requireTime(of change: Change, _ watch: RunCalendarWatch) throws(ControlError) {
        let late = watch.refusals(ofAgreementAt: tools.now())
        guard late.isEmpty else {
            throw ControlError(
                .blocked,
                "too little is left of the time of change \(change.id) (I4):\n  " + late.joined(separator: "\n  "),
                hint:
                    "`fettle change withdraw \(change.id)` takes it back; `fettle change submit \(change.plan.id)` and "
                    + "`fettle change schedule` ask for another time")
        }
    }

    /// - Throws: `blocked` with everything that stands in the way.
    private func mayStart(_ watch: RunCalendarWatch) throws(ControlError) {
        let refusals: [String]
        do {
            refusals = try watch.refusals(toStartAt: tools.now())
        } catch {
            throw ControlError(
                .blocked, "the run may fall into a freeze: \(RunCalendar.words(error))",
                hint: "mend the file, then start it again")
        }
        guard refusals.isEmpty else {
            throw ControlError(
                .blocked, "nothing may be taken out as planned (I4):\n  " + refusals.joined(separator: "\n  "),
                hint: "start it when that is over, or make a new plan: `fettle plan make`")
        }
    }

    /// A run that was made and never begun, because its process died or somebody waited, is held against the world once more.
    private func holdAnew(
        _ run: RunID, _ change: Change, _ plan: Plan, _ options: Options
    ) async throws(ControlError) {
        let held = try await summary(of: run).createdAt
        guard tools.now() > held.adding(seconds: RunCalendarWatch.freshSeconds) else { return }
        try await changes.requireNoDrift(change, plan, fleet: try? options.calendar?.read().fleet)
    }

    private func settings(
        _ options: Options, _ watch: RunCalendarWatch?, _ forerunner: Forerunner
    ) -> RunExecutorSettings {
        var settings = RunExecutorSettings(
            name: options.executor, takeOver: options.takeOver,
            awaiting: options.awaiting, now: tools.now,
            mayStart: { input in Self.refusal(input, watch) },
            progress: { record, state in
                forerunner.follow(record)
                await options.progress(record, state)
            }, waits: options.waits, proves: options.proves, refused: options.refused)
        settings.claimed = options.claimed
        return settings
    }

    /// Why a step that lowers availability may not start at this moment; nil if it may.
    static func refusal(_ input: StepGuardInput, _ watch: RunCalendarWatch?) -> String? {
        // The way back waits for nothing but capacity, and who is out or changed in part is brought on.
        if !input.isRollback, !input.isOut,
            let reason = watch?.refusal(toTakeOut: input.step.resource, at: input.at, by: input.run)
        {
            return reason
        }
        let others = input.reservations.lazy.filter { $0.resource != input.step.resource }
        return PlanChecker.refusal(
            toStart: input.step, in: input.plan, out: Set(others.flatMap(\.out)), health: input.health)
    }

    private func authorised(_ run: RunID) async throws(ControlError) -> (Change, Plan, hasBegun: Bool) {
        let summary = try await summary(of: run)
        let hasBegun: Bool
        do throws(StoreError) {
            hasBegun = try await !store.records(of: run, after: 0).isEmpty
        } catch {
            throw ControlError(store: error)
        }
        if hasBegun {
            let underWay = try await changes.planUnderWay(summary.change)
            return (underWay.change, underWay.plan, true)
        }
        let change = try await changes.change(summary.change)
        var made = change
        if change.run == run { made.schedule = nil }
        return (change, try await changes.authorise(made), false)
    }

    public func summary(of run: RunID) async throws(ControlError) -> RunSummary {
        guard let summary = try await lookUp(run) else {
            throw ControlError(.notFound, "there is no run '\(run)'", hint: "`fettle run list` shows those there are")
        }
        return summary
    }

    func lookUp(_ run: RunID) async throws(ControlError) -> RunSummary? {
        do throws(StoreError) {
            return try await store.summary(of: run)
        } catch {
            throw ControlError(store: error)
        }
    }

    public func runs(limit: Int) async throws(ControlError) -> [RunSummary] {
        do throws(StoreError) {
            return try await store.runs(limit: limit)
        } catch {
            throw ControlError(store: error)
        }
    }

    /// A run as its journal tells it.
    public struct Story: Sendable {
        public var summary: RunSummary
        public var plan: Plan
        public var journal: [JournalRecord]
        public var state: RunState
    }

    public func story(of run: RunID) async throws(ControlError) -> Story {
        let summary = try await summary(of: run)
        let change = try await changes.change(summary.change)
        let plan = try await changes.plan(of: change)
        do {
            let journal = try await store.records(of: run, after: 0)
            let state = try RunState(replaying: journal, plan: plan, run: run)
            return Story(summary: summary, plan: plan, journal: journal, state: state)
        } catch let error as StoreError {
            throw ControlError(store: error)
        } catch {
            throw ControlError(.internal, "the journal of \(run) cannot be replayed: \(error)")
        }
    }

    /// Asks something of a run, whichever process carries it out. What stops it or takes it back is never refused for
    /// its reason: a secret in that is masked.
    ///
    /// - Throws: `conflict` if the run has ended.
    public func ask(_ request: RunRequest, of run: RunID) async throws(ControlError) {
        let request = request.masked(by: gate.access.secrets)
        try await gate.require(request.act, by: request.person, saying: request.typed) { () throws(ControlError) in
            ActScope(try await story(of: run).plan)
        }
        if case .skip(let step, _, _) = request { try await requireSkippable(step, of: run) }
        try await submit(request, to: run)
    }

    /// What can never be skipped is told to who asks, and not only where the run is carried out.
    private func requireSkippable(_ step: StepID, of run: RunID) async throws(ControlError) {
        let state = try await story(of: run).state
        guard state.outcome == nil, let refusal = state.refusalOfSkip(of: step) else { return }
        throw ControlError(
            .blocked, refusal,
            hint: "`fettle run retry \(run)` tries again, `fettle run rollback \(run)` goes back")
    }

    /// Pauses a run for the process that carries it out, which is told to end: whatever its token is good for by now, it leaves nobody
    /// half done.
    ///
    /// - Parameter executor: that process; any other asks as everybody does.
    public func pause(
        _ run: RunID, carriedOutBy executor: String, by person: Person, reason: String
    ) async throws(ControlError) {
        let request = RunRequest.pause(by: person, reason: reason).masked(by: gate.access.secrets)
        guard try await summary(of: run).executor == executor else { return try await ask(request, of: run) }
        try gate.requireNoSecret(in: request.typed)
        try await submit(request, to: run)
    }

    private func submit(_ request: RunRequest, to run: RunID) async throws(ControlError) {
        if let outcome = try await story(of: run).state.outcome {
            throw Self.ended(run, outcome, request)
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
        case .damagedJournal, .refused: self.init(.internal, "run \(run): \(error.message)")
        case .notStarted: self.init(.invalid, "run \(run): \(error.message)")
        }
    }
}
