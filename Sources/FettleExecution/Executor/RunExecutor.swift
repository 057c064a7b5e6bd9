public import FettleDriverKit
public import FettleModel
public import FettleStore

/// The shell around `RunMachine`: makes intents durable, has drivers perform, makes results durable. It decides nothing.
///
/// One value carries out one run once; another executor, here or elsewhere, can take the run over at any time, from its journal
/// alone. The same with real drivers and simulated ones, with every store.
public struct RunExecutor: Sendable {
    let run: RunID
    let plan: Plan
    let store: any Store
    let drivers: any StepDriverRegistry
    let health: any HealthObserver
    let settings: RunExecutorSettings
    private let wayBack: Set<StepID>

    public init(
        run: RunID, plan: Plan, store: any Store, drivers: any StepDriverRegistry, health: any HealthObserver,
        settings: RunExecutorSettings
    ) {
        self.run = run
        self.plan = plan
        self.store = store
        self.drivers = drivers
        self.health = health
        self.settings = settings
        wayBack = Set(plan.rollback.map(\.id))
    }

    func isWayBack(_ step: StepID) -> Bool { wayBack.contains(step) }

    /// Carries the run on until it ends, or until only a person can help and `settings.awaiting` has it leave.
    ///
    /// If the task is cancelled, drivers are cancelled too, nothing more is journaled and the lease is given up: the journal
    /// says where to go on.
    /// - Parameter start: for a run whose journal is still empty; ignored otherwise.
    /// - Throws: `PlanDefect`, `RunExecutionError`, `CancellationError`.
    public func execute(start: RunStart? = nil) async throws -> RunExecutionResult {
        var machine = try RunMachine(run: run, plan: plan, pace: settings.pace)
        try requireDrivers()
        let (claim, lease) = try await claimed()
        try await replay(into: &machine)
        if let outcome = machine.outcome {
            try? await store.release(claim)
            return .ended(outcome)
        }
        let session = RunSession(executor: self, claim: claim, lease: lease, machine: machine)
        return try await session.carryOut(start: start)
    }

    private func claimed() async throws -> (RunClaim, LeaseClock) {
        let before: RunSummary?
        let claim: RunClaim
        let lease = LeaseClock(settings)
        do {
            before = try await store.summary(of: run)
            claim = try await store.claim(
                run, executor: settings.name, at: settings.now(), leaseSeconds: settings.leaseSeconds,
                takeOver: mayTakeOver(from: before?.executor))
        } catch { throw RunExecutionError(error, doing: "claiming the run") }
        if mayLive(before, claim) { try await settings.sleep(Int64(settings.predecessorSeconds) * 1_000) }
        try await settings.claimed()
        return (claim, lease)
    }

    private func mayTakeOver(from holder: String?) -> Bool {
        switch settings.takeOver {
        case .never: false
        case .fromWhoIsGone(let name): holder == name
        case .fromAnybody: true
        }
    }

    /// Whether somebody may still be at work in the run's name.
    private func mayLive(_ before: RunSummary?, _ claim: RunClaim) -> Bool {
        // Somebody has claimed it between the look and the claim, and lost it to that.
        if let before, claim.epoch > before.epoch + 1, mayTakeOver(from: before.executor) { return true }
        guard settings.takeOver == .fromAnybody, let other = before?.executor, other != settings.name,
            let end = before?.leaseUntil
        else { return false }
        return settings.now() < end
    }

    private func replay(into machine: inout RunMachine) async throws {
        let records: [JournalRecord]
        let held: Set<ResourceID>
        do {
            records = try await store.records(of: run, after: 0)
            held = Set(try await store.reservations().filter { $0.run == run }.map(\.resource))
        } catch { throw RunExecutionError(error, doing: "reading the journal") }
        do {
            for record in records { try machine.apply(record) }
        } catch { throw RunExecutionError(code: .damagedJournal, message: error.description) }
        machine.begin(holding: held)
    }

    /// A plan that asks for something nobody here can do is refused before it starts.
    private func requireDrivers() throws(PlanDefect) {
        for step in plan.steps + plan.rollback where driver(for: step) == nil {
            throw PlanDefect(
                code: .noDriver, step: step.id, message: "no driver here can do \(step.id) (\(step.action.name))")
        }
    }

    func driver(for step: Step) -> (any StepDriver)? {
        if let driver = drivers.driver(for: step.action) { return driver }
        switch step.action {
        case .takeOut, .bringBack: return ReservationOnlyDriver(now: settings.now)
        default: return nil
        }
    }
}

/// Where nothing takes a resource out of traffic, its reservation is all there is to be had.
struct ReservationOnlyDriver: StepDriver {
    let now: @Sendable () -> Timestamp

    func check(_ step: Step, in context: StepContext) async -> StepReadiness { .ready(prior: nil) }
    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {}
    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        Observation(verdict: .pass, summary: "by reservation only", observedAt: now())
    }
}
