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
    private let records = RecentLooks<[MachineMover.Record]>(freshFor: nil)

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
            let (moves, staying) = try parts(step)
            let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
            let began = clock.now()
            let view = try await look(pool, step, moves, staying)
            var isDone = isCordoned(pool, view)
            for move in moves {
                switch try pool.standing(move, in: view) {
                case .moved: continue
                case .off: try refuseOff(move, step, context)
                case .trouble(let failure) where failure.code != .locked: throw failure
                default: isDone = false
                }
            }
            // Which of those that stay ran is written down before anything is done, even if nothing is to be moved.
            if isDone, staying.isEmpty || context.prior != nil {
                return .alreadyDone(observation(pool, view, moves, staying, at: began))
            }
            let running = view.running(on: pool.own).map(\.guest.name).filter(staying.contains)
            return .ready(
                prior: context.prior
                    ?? ProxmoxMemory.state(running: running, isCordoned: !isCordoned(pool, view)))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (moves, staying) = try parts(step)
        let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
        if pool.rules.isEncrypted, !moves.isEmpty {
            do throws(ProxmoxError) { try await pool.client.requireEncryption() } catch { throw StepFailure(error) }
        }
        let mover = GuestMover(pool: pool, movesOff: false)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        var done: [MachineMover.Record] = []
        for move in moves {
            if Task.isCancelled {
                throw StepFailure(code: .timeout, message: "stopped before \(move.machine) was moved")
            }
            if let record = try await mover.move(move, until: deadline) { done.append(record) }
        }
        // With those that an attempt before this one moved, whose proof failed.
        records.note((records.take(of: step, in: context) ?? []) + done, of: step, in: context, since: .now)
        let view = try await look(pool, step, moves, staying)
        for move in moves {
            if case .off = try pool.standing(move, in: view) { try refuseOff(move, step, context) }
        }
        guard !isCordoned(pool, view) else { return }
        // What was not written down before would be ended by nobody.
        guard ProxmoxMemory.isCordoned(context.prior) else {
            throw StepFailure(
                code: .drift, message: "the HA manager may use \(step.resource), and could not when the step began")
        }
        try await maintenance.set(true, pool.own, at: address(step, context))
        try await maintenance.wait(for: true, of: pool, until: deadline)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (moves, staying) = try parts(step)
        let pool = try ProxmoxPool(step, moves, in: context, clock, connect)
        let began = clock.now()
        let view = try await look(pool, step, moves, staying)
        for move in moves {
            switch try pool.standing(move, in: view) {
            case .moved: continue
            case .off: try refuseOff(move, step, context)
            case .trouble(let failure): throw failure
            default: throw StepFailure(code: .timeout, message: "\(move.machine) does not run on \(move.to)")
            }
        }
        guard isCordoned(pool, view) else {
            throw StepFailure(code: .timeout, message: "the HA manager may still put machines on \(step.resource)")
        }
        var seen = observation(pool, view, moves, staying, at: began)
        for record in records.take(of: step, in: context) ?? [] {
            seen.details["moved " + record.machine] = record.words
        }
        return seen
    }

    // MARK: Parts

    private func parts(_ step: Step) throws(StepFailure) -> (moves: [MachineMove], staying: [String]) {
        guard case .evacuate(let moves, let staying) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) empties no hypervisor")
        }
        return (moves, staying ?? [])
    }

    private func look(
        _ pool: ProxmoxPool, _ step: Step, _ moves: [MachineMove], _ staying: [String]
    ) async throws(StepFailure) -> ProxmoxView {
        let view = try await pool.view(moves, requiring: [step.resource] + moves.map(\.to))
        let known = Set(moves.map(\.machine) + staying)
        let strangers = view.running(on: pool.own).map(\.guest.name).filter { !known.contains($0) }
        guard strangers.isEmpty else {
            throw StepFailure(
                code: .drift,
                message: "\(PackageWords.list(strangers)) runs on \(step.resource), and the plan knows nothing of it")
        }
        return view
    }

    /// Where the HA manager keeps no guest at all it puts none anywhere.
    private func isCordoned(_ pool: ProxmoxPool, _ view: ProxmoxView) -> Bool {
        !view.availability.isUsed || view.isMaintained(pool.own)
    }

    /// A machine that ran when the plan was made and is shut off now has not been moved, and is not taken for that. On the way back it
    /// holds nothing up.
    private func refuseOff(_ move: MachineMove, _ step: Step, _ context: StepContext) throws(StepFailure) {
        guard !context.plan.rollback.contains(where: { $0.id == step.id }) else { return }
        throw StepFailure(
            code: .drift, message: "\(move.machine) on \(move.from) is shut off, and ran when the plan was made")
    }

    private func address(_ step: Step, _ context: StepContext) throws(StepFailure) -> ResourceAddress {
        let pool = step.group.flatMap { context.plan.group($0) }
        guard let address = context.plan.target(step.resource)?.address ?? pool?.memberAddresses[step.resource] else {
            throw StepFailure(code: .refused, message: "the plan has no address for \(step.resource)")
        }
        return address
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
