public import FettleDriverKit
public import FettleModel

/// Brings the machines of a node of Proxmox VE back that were moved away, and starts those that went down with it. Before that the HA
/// manager may use the node again, if it was Fettle that kept it from it.
///
/// Each is looked for where the plan has put it; one that is home already is left alone. The room is looked at again, because
/// somebody may have started a machine meanwhile.
public struct ProxmoxBringHomeDriver: StepDriver {
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
            let moves = try step.homecoming()
            let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
            let began = clock.now()
            let view = try await pool.view(moves, requiring: [step.resource])
            if try missing(pool, step, moves, view, context) == nil {
                return .alreadyDone(try observation(pool, moves, view, at: began))
            }
            return .ready(prior: context.prior ?? PriorState(alreadySo: false, details: [:]))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let moves = try step.homecoming()
        let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        try await endMaintenance(pool, step, context, until: deadline)
        let mover = GuestMover(pool: pool, movesOff: true)
        var down: [String] = []
        let done = try await mover.move(moves, until: deadline) { move throws(StepFailure) in
            if let view = try await pool.look([move]), case .off = try pool.standing(move, in: view) {
                down.append("\(move.machine) on \(move.from)")
            }
        }
        try await startThoseThatWentDown(pool, step, context)
        try await awaitThoseThatWentDown(pool, step, context, until: deadline)
        records.add(done, of: step, in: context)
        guard down.isEmpty else { throw .areHomeAndOff(down) }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let moves = try step.homecoming()
        let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
        let began = clock.now()
        let view = try await pool.view(moves, requiring: [step.resource])
        if let failure = try missing(pool, step, moves, view, context) { throw failure }
        var seen = try observation(pool, moves, view, at: began)
        records.tell(in: &seen, of: step, in: context)
        return seen
    }

    // MARK: Parts

    private func endMaintenance(
        _ pool: ProxmoxPool, _ step: Step, _ context: StepContext, until deadline: Timestamp
    ) async throws(StepFailure) {
        guard MachineMemory.isCordoned(context.prior) else { return }
        guard try await pool.view([], requiring: [step.resource]).isMaintained(pool.own) else { return }
        try await maintenance.set(false, pool.own, at: pool.address())
        try await maintenance.wait(for: false, of: pool, until: deadline)
    }

    /// What the HA manager keeps it starts itself; the node may have started others at the same moment.
    private func startThoseThatWentDown(
        _ pool: ProxmoxPool, _ step: Step, _ context: StepContext
    ) async throws(StepFailure) {
        let names = step.wentDown(of: MachineMemory.ran(context.prior), in: context.plan)
        guard !names.isEmpty else { return }
        let view = try await pool.view([], requiring: [step.resource])
        for name in names {
            guard let guest = view.guest(named: name), guest.node == pool.own,
                view.seen[pool.own]?.guests[guest.vmid]?.isRunning == false,
                view.availability.services[guest.vmid] == nil
            else { continue }
            do throws(APIError) {
                try await pool.client.act(.start(guest.vmid, isContainer: !guest.isMachine, on: pool.own))
            } catch {
                let again = try await pool.view([], requiring: [step.resource])
                guard again.seen[pool.own]?.guests[guest.vmid]?.isRunning == true else {
                    throw StepFailure(proxmox: error)
                }
            }
        }
    }

    /// A start is a task of its own, and the HA manager has its own time. What is not there in the end the proof tells.
    private func awaitThoseThatWentDown(
        _ pool: ProxmoxPool, _ step: Step, _ context: StepContext, until deadline: Timestamp
    ) async throws(StepFailure) {
        guard !step.wentDown(of: MachineMemory.ran(context.prior), in: context.plan).isEmpty else { return }
        while clock.now() < deadline, !Task.isCancelled {
            if let view = try await pool.look([]), missing(pool, step, view, context) == nil { return }
            await clock.sleep(.seconds(2))
        }
    }

    /// Of those that went down with the node.
    private func missing(
        _ pool: ProxmoxPool, _ step: Step, _ view: ProxmoxView, _ context: StepContext
    ) -> StepFailure? {
        for name in step.wentDown(of: MachineMemory.ran(context.prior), in: context.plan) {
            guard let guest = view.guest(named: name) else {
                return StepFailure(code: .drift, message: "\(name) is gone from the cluster")
            }
            guard guest.node == pool.own else {
                // It has put it elsewhere for as long as the node was out.
                let isKept = view.availability.services[guest.vmid] != nil
                return StepFailure(
                    code: isKept ? .timeout : .drift, message: "\(name) is on \(guest.node), not on \(step.resource)")
            }
            guard view.seen[pool.own]?.guests[guest.vmid]?.isRunning == true else {
                return StepFailure(code: .timeout, message: "\(name) does not run again on \(step.resource)")
            }
        }
        return nil
    }

    /// What is not yet as it was before the node was emptied; nil: all is.
    ///
    /// - Throws: what nothing done here would settle.
    private func missing(
        _ pool: ProxmoxPool, _ step: Step, _ moves: [MachineMove], _ view: ProxmoxView, _ context: StepContext
    ) throws(StepFailure) -> StepFailure? {
        var first = try step.notHome(try pool.moved(moves, in: view), countsOff: false)
        if let failure = missing(pool, step, view, context) {
            guard failure.code.isRetryable else { throw failure }
            first = first ?? failure
        }
        if MachineMemory.isCordoned(context.prior), view.isMaintained(pool.own) {
            first = first ?? StepFailure(code: .timeout, message: "\(step.resource) is still in maintenance")
        }
        return first
    }

    private func observation(
        _ pool: ProxmoxPool, _ moves: [MachineMove], _ view: ProxmoxView, at time: Timestamp
    ) throws(StepFailure) -> Observation {
        var off: [String] = []
        for move in moves {
            if case .offThere = try pool.standing(move, in: view) { off.append(move.machine) }
        }
        let words = off.isEmpty ? "" : "; shut off there: \(PackageWords.list(off))"
        return Observation(
            verdict: .pass, summary: "\(moves.count) home again, as the cluster and the nodes tell\(words)",
            observedAt: time)
    }
}
