public import FettleDriverKit
public import FettleModel

/// Empties a hypervisor of OpenStack: the scheduler gives it nothing more, and its running servers are moved to others while they run, by
/// Nova itself.
///
/// Done is what Nova tells of each server afterwards, and not its answer to the request. A server that runs there and is not in the plan
/// stops the step: it would go down with the hypervisor.
public struct NovaEvacuationDriver: StepDriver {
    /// What `MachineRules.driver` calls it.
    public static let name = "openstack"

    private let connect: CloudConnect
    private let clock: DriverClock
    private let records = MoveRecords()

    /// - Parameter secrets: reads what lets one in.
    public init(secrets: @escaping SecretReading, clock: DriverClock = DriverClock()) {
        self.init(clock: clock, connect: CurlCloud.connect(secrets))
    }

    init(clock: DriverClock, connect: @escaping CloudConnect) {
        self.connect = connect
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (moves, staying) = try step.evacuation()
            let pool = try NovaPool(step, moves, staying: staying, in: context, clock, connect)
            let began = clock.now()
            let view = try await look(pool, step, moves, staying)
            try refuseForeignCordon(pool, moves, view)
            let cordon = try pool.cordon(view)
            // One that is inherited is not yet in this run's name, by which the next would know it.
            let isCordoned = cordon == .ours || cordon == .foreign
            let areAway = try step.areAway(try pool.moved(moves, in: view), in: context.plan)
            // Which of those that stay ran is written down before anything is done, even if nothing is to be moved.
            if isCordoned, areAway, staying.isEmpty || context.prior != nil {
                return .alreadyDone(try observation(pool, view, moves, staying, at: began))
            }
            if let known = context.prior { return .ready(prior: known) }
            return .ready(prior: try prior(pool, view, moves, staying, isCordoned: cordon != .foreign))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (moves, staying) = try step.evacuation()
        let pool = try NovaPool(step, moves, staying: staying, in: context, clock, connect)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        let before = try await look(pool, step, moves, staying)
        try refuseForeignCordon(pool, moves, before)
        // First, so that nothing comes while the others go.
        let cordon = try pool.cordon(before)
        if cordon == .off || cordon == .inherited {
            try await pool.disable(before)
            try await pool.settle(isOn: true, until: deadline)
        }
        records.add(try await ServerMover(pool: pool).move(moves, until: deadline), of: step, in: context)
        let view = try await look(pool, step, moves, staying)
        try step.refuseOff(try pool.moved(moves, in: view), in: context.plan)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (moves, staying) = try step.evacuation()
        let pool = try NovaPool(step, moves, staying: staying, in: context, clock, connect)
        let began = clock.now()
        let view = try await look(pool, step, moves, staying)
        try step.proveAway(try pool.moved(moves, in: view), in: context.plan)
        guard try pool.cordon(view).isOn else {
            throw StepFailure(
                code: .drift, message: "somebody has enabled the compute service of \(step.resource) again")
        }
        var seen = try observation(pool, view, moves, staying, at: began)
        records.tell(in: &seen, of: step, in: context)
        return seen
    }

    // MARK: Parts

    private func look(
        _ pool: NovaPool, _ step: Step, _ moves: [MachineMove], _ staying: [String]
    ) async throws(StepFailure) -> NovaView {
        let view = try await pool.view(moves, requiring: [step.resource] + moves.map(\.to))
        try step.refuseStrangers(try pool.running(view), besides: moves, staying)
        return view
    }

    /// What is moved away from a host that a person keeps disabled could not come home, and it is not ours to enable.
    private func refuseForeignCordon(
        _ pool: NovaPool, _ moves: [MachineMove], _ view: NovaView
    ) throws(StepFailure) {
        guard !moves.isEmpty, try pool.cordon(view) == .foreign else { return }
        throw StepFailure(
            code: .drift,
            message: "the compute service of \(pool.own) is disabled, and not by this run"
                + "\(try pool.service(pool.own, view).words): what is moved away could not come home")
    }

    private func prior(
        _ pool: NovaPool, _ view: NovaView, _ moves: [MachineMove], _ staying: [String], isCordoned: Bool
    ) throws(StepFailure) -> PriorState {
        var identities: [String: String] = [:]
        for name in moves.map(\.machine) + staying { identities[name] = view.server(named: name)?.id }
        return MachineMemory.state(
            running: try pool.active(view).filter(staying.contains), isCordoned: isCordoned, identities: identities)
    }

    private func observation(
        _ pool: NovaPool, _ view: NovaView, _ moves: [MachineMove], _ staying: [String], at time: Timestamp
    ) throws(StepFailure) -> Observation {
        let left = staying.isEmpty ? "nothing runs on it" : "only \(PackageWords.list(staying)) is left on it"
        let who = try pool.cordon(view).isOwed ? "" : ", and not by this run"
        return Observation(
            verdict: .pass,
            summary: "\(moves.count) away, as Nova tells; \(left), and its compute service is disabled\(who)",
            observedAt: time)
    }
}
