public import FettleDriverKit
public import FettleModel

/// Empties a hypervisor of libvirt: its running machines are moved to others while they run.
///
/// The two hypervisors carry a move by themselves (peer to peer), so that it goes on if Fettle, the connection or this machine goes
/// away; the next look finds it under way, or done. Done is what both hypervisors tell, not virsh's status (cubecos#1440).
/// A machine that runs there and is not in the plan stops the step: it would go down with the hypervisor.
public struct EvacuationDriver: StepDriver {
    /// What `MachineRules.driver` calls it.
    public static let name = "libvirt"

    private let channels: any ChannelProvider
    private let clock: DriverClock
    private let records = MoveRecords()

    public init(channels: any ChannelProvider, clock: DriverClock = DriverClock()) {
        self.channels = channels
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (moves, staying) = try step.evacuation()
            let road = try MachineRoad(step, moves, in: context, channels: channels)
            let began = clock.now()
            let views = try await road.views()
            try refuseStrangers(step, moves, staying, views[step.resource])
            var isDone = true
            for move in moves {
                switch standing(move, views) {
                case .moved where AutostartMemory.isKept(context.prior, views[move.to]?.machine(move.machine)): continue
                case .off: try step.refuseOff(move, in: context.plan)
                case .trouble(let failure) where failure.code != .locked: throw failure
                default: isDone = false
                }
            }
            // Which of those that stay ran is written down before anything is done, even if nothing is to be moved.
            if isDone, staying.isEmpty || context.prior != nil {
                return .alreadyDone(observation(step, moves, staying, at: began))
            }
            let machines = views[step.resource]?.machines ?? []
            return .ready(
                prior: context.prior
                    ?? AutostartMemory.state(
                        machines.filter(\.startsWithHypervisor).map(\.name),
                        running: machines.filter { $0.isActive && staying.contains($0.name) }.map(\.name)))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (moves, _) = try step.evacuation()
        let road = try MachineRoad(step, moves, in: context, channels: channels)
        let mover = MachineMover(road: road, clock: clock, bringsDescriptions: false)
        let autostart = AutostartMemory.names(context.prior)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        var done: [MoveRecord] = []
        for move in moves {
            if Task.isCancelled {
                throw StepFailure(code: .timeout, message: "stopped before \(move.machine) was moved")
            }
            let record = try await mover.move(move, autostart: autostart.contains(move.machine), until: deadline)
            if record == nil, case .off = try await mover.standing(move) { try step.refuseOff(move, in: context.plan) }
            if let record { done.append(record) }
        }
        records.add(done, of: step, in: context)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (moves, staying) = try step.evacuation()
        let road = try MachineRoad(step, moves, in: context, channels: channels)
        let began = clock.now()
        let views = try await road.views()
        try refuseStrangers(step, moves, staying, views[step.resource])
        for move in moves {
            switch standing(move, views) {
            case .moved:
                guard AutostartMemory.isKept(context.prior, views[move.to]?.machine(move.machine)) else {
                    throw AutostartMemory.isLost(move)
                }
            case .off: try step.refuseOff(move, in: context.plan)
            case .trouble(let failure): throw failure
            default:
                throw StepFailure(code: .timeout, message: "\(move.machine) is not on \(move.to) alone")
            }
        }
        var seen = observation(step, moves, staying, at: began)
        records.tell(in: &seen, of: step, in: context)
        seen.details["hypervisor"] = views[step.resource]?.version
        return seen
    }

    // MARK: Parts

    private func standing(_ move: MachineMove, _ views: [ResourceID: LibvirtView]) -> MachineStanding {
        MachineStanding(
            move.machine, views[move.from]?.machine(move.machine), views[move.to]?.machine(move.machine))
    }

    private func refuseStrangers(
        _ step: Step, _ moves: [MachineMove], _ staying: [String], _ view: LibvirtView?
    ) throws(StepFailure) {
        let running = (view?.machines ?? []).filter(\.isActive).map(\.name)
        try step.refuseStrangers(running, besides: moves, staying)
    }

    private func observation(
        _ step: Step, _ moves: [MachineMove], _ staying: [String], at time: Timestamp
    ) -> Observation {
        let left = staying.isEmpty ? "nothing runs on it" : "only \(PackageWords.list(staying)) is left on it"
        return Observation(
            verdict: .pass, summary: "\(moves.count) away, as both sides tell; \(left)", observedAt: time)
    }
}
