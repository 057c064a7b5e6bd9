public import FettleDriverKit
public import FettleModel

/// Empties a node of Proxmox VE: its running machines are moved to others while they run, by the cluster itself; those that the HA
/// manager keeps by the HA manager. Then that gives the node nothing more until its machines come home.
///
/// Done is what the cluster and both nodes tell, not the task's own word. A guest that runs there and is not in the plan stops the step:
/// it would go down with the node.
public struct ProxmoxEvacuationDriver: StepDriver {
    /// What `MachineRules.driver` calls it.
    public static let name = "proxmox"

    private let connect: ProxmoxConnect
    private let maintenance: NodeMaintenance
    private let clock: DriverClock
    private let records = MoveRecords()

    /// - Parameter secrets: reads the API's token.
    public init(
        channels: any ChannelProvider, secrets: @escaping SecretReading, clock: DriverClock = DriverClock()
    ) {
        self.init(channels: channels, clock: clock, connect: ProxmoxToken.connect(secrets))
    }

    init(channels: any ChannelProvider, clock: DriverClock, connect: @escaping ProxmoxConnect) {
        self.connect = connect
        self.clock = clock
        maintenance = NodeMaintenance(channels: channels)
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (moves, staying) = try step.evacuation()
            let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
            let began = clock.now()
            let view = try await look(pool, step, moves, staying)
            try refuseUnclearMaintenance(pool, view, step, context)
            let areAway = try step.areAway(try pool.moved(moves, in: view), in: context.plan)
            // Which of those that stay ran is written down before anything is done, even if nothing is to be moved.
            if areAway, isCordoned(pool, view), staying.isEmpty || context.prior != nil {
                return .alreadyDone(observation(pool, view, moves, staying, at: began))
            }
            let running = view.running(on: pool.own).map(\.guest.name).filter(staying.contains)
            return .ready(
                prior: context.prior
                    ?? MachineMemory.state(running: running, isCordoned: !isCordoned(pool, view)))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (moves, staying) = try step.evacuation()
        let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
        if pool.rules.isEncrypted, !moves.isEmpty {
            do throws(APIError) { try await pool.client.requireEncryption() } catch {
                throw StepFailure(proxmox: error)
            }
        }
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        let done = try await GuestMover(pool: pool, movesOff: false).move(moves, until: deadline)
        records.add(done, of: step, in: context)
        let view = try await look(pool, step, moves, staying)
        try step.refuseOff(try pool.moved(moves, in: view), in: context.plan)
        guard !isCordoned(pool, view) else { return }
        // What was not written down before would be ended by nobody.
        guard MachineMemory.isCordoned(context.prior) else {
            throw StepFailure(
                code: .drift, message: "the HA manager may use \(step.resource), and could not when the step began")
        }
        try await maintenance.set(true, pool.own, at: pool.address())
        try await maintenance.wait(for: true, of: pool, until: deadline)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (moves, staying) = try step.evacuation()
        let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
        let began = clock.now()
        let view = try await look(pool, step, moves, staying)
        try step.proveAway(try pool.moved(moves, in: view), in: context.plan)
        guard isCordoned(pool, view) else {
            throw StepFailure(code: .timeout, message: "the HA manager may still put machines on \(step.resource)")
        }
        var seen = observation(pool, view, moves, staying, at: began)
        records.tell(in: &seen, of: step, in: context)
        return seen
    }

    // MARK: Parts

    private func look(
        _ pool: ProxmoxPool, _ step: Step, _ moves: [MachineMove], _ staying: [String]
    ) async throws(StepFailure) -> ProxmoxView {
        let view = try await pool.view(moves, requiring: [step.resource] + moves.map(\.to))
        try step.refuseStrangers(view.running(on: pool.own).map(\.guest.name), besides: moves, staying)
        return view
    }

    /// Where the HA manager keeps no guest at all it puts none anywhere.
    private func isCordoned(_ pool: ProxmoxPool, _ view: ProxmoxView) -> Bool {
        !view.availability.isUsed || view.isMaintained(pool.own)
    }

    /// Proxmox VE does not tell who has begun a maintenance. One that was begun by a run whose place this one takes would be ended by
    /// nobody, and one that a person has begun is not ours to end: only people know which it is.
    private func refuseUnclearMaintenance(
        _ pool: ProxmoxPool, _ view: ProxmoxView, _ step: Step, _ context: StepContext
    ) throws(StepFailure) {
        guard let replaced = context.plan.run(replacedOn: step.resource), view.isMaintained(pool.own),
            !MachineMemory.isCordoned(context.prior)
        else { return }
        throw StepFailure(
            code: .drift,
            message:
                "\(step.resource) is in maintenance, and whether \(replaced) or a person has begun that is not known: "
                + "`ha-manager crm-command node-maintenance disable \(pool.own)` ends it")
    }

    private func observation(
        _ pool: ProxmoxPool, _ view: ProxmoxView, _ moves: [MachineMove], _ staying: [String], at time: Timestamp
    ) -> Observation {
        let left = staying.isEmpty ? "nothing runs on it" : "only \(PackageWords.list(staying)) is left on it"
        let kept = view.isMaintained(pool.own) ? ", and the HA manager gives it nothing" : ""
        return Observation(
            verdict: .pass, summary: "\(moves.count) away, as the cluster and the nodes tell; \(left)\(kept)",
            observedAt: time)
    }
}
