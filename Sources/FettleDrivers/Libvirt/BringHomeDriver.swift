public import FettleDriverKit
public import FettleModel

/// Brings the machines of a hypervisor of libvirt back that were moved away, and starts those that went down with it.
///
/// Each is looked for where the plan has put it; one that is home already is left alone. The room is looked at again, because
/// somebody may have started a machine meanwhile (xen-orchestra#10260).
public struct BringHomeDriver: StepDriver {
    private let channels: any ChannelProvider
    private let clock: DriverClock
    private let records = MoveRecords()

    public init(channels: any ChannelProvider, clock: DriverClock = DriverClock()) {
        self.channels = channels
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let moves = try step.homecoming()
            let road = try MachineRoad(step, moves, in: context, channels: channels)
            let began = clock.now()
            let looks = try await road.views(requiring: step.resource)
            let views = looks.views
            if try missing(step, moves, looks, context) == nil {
                return .alreadyDone(observation(moves, views, at: began))
            }
            let autostart = moves.filter { move in
                [move.from, move.to].contains { views[$0]?.machine(move.machine)?.startsWithHypervisor == true }
            }
            return .ready(prior: context.prior ?? AutostartMemory.state(autostart.map(\.machine)))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let moves = try step.homecoming()
        let road = try MachineRoad(step, moves, in: context, channels: channels)
        let mover = MachineMover(road: road, clock: clock, bringsDescriptions: true)
        let autostart = AutostartMemory.names(context.prior)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        var done: [MoveRecord] = []
        var down: [String] = []
        for move in moves {
            if Task.isCancelled {
                throw StepFailure(code: .timeout, message: "stopped before \(move.machine) was moved")
            }
            // One that never left: its evacuation was not begun, or was taken back.
            let home = try await road.hypervisor(move.to).view().machine(move.machine)
            if Self.isAtHome(home), try await road.views(requiring: move.to).views[move.from] == nil { continue }
            if case .off = try await mover.standing(move) { down.append("\(move.machine) on \(move.from)") }
            let record = try await mover.move(move, autostart: autostart.contains(move.machine), until: deadline)
            if let record { done.append(record) }
        }
        let home = try road.hypervisor(step.resource)
        let names = step.wentDown(of: AutostartMemory.ran(context.prior), in: context.plan)
        if !names.isEmpty {
            let view = try await home.view()
            for name in names {
                guard let machine = view.machine(name), machine.state == .off else { continue }
                try await start(machine, on: home)
            }
        }
        records.add(done, of: step, in: context)
        guard down.isEmpty else { throw .areHomeAndOff(down) }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let moves = try step.homecoming()
        let road = try MachineRoad(step, moves, in: context, channels: channels)
        let began = clock.now()
        let looks = try await road.views(requiring: step.resource)
        if let failure = try missing(step, moves, looks, context) { throw failure }
        var seen = observation(moves, looks.views, at: began)
        records.tell(in: &seen, of: step, in: context)
        return seen
    }

    // MARK: Parts

    /// Runs at home, and no move is under way: then it runs nowhere else, even if the other hypervisor cannot be asked. A move lets the
    /// machine go on at the destination only when it has ended where it came from.
    private static func isAtHome(_ machine: LibvirtView.Machine?) -> Bool {
        machine?.state == .running && !MachineStanding.isMove(machine?.job)
    }

    /// The hypervisor may have started it at the same moment, by itself.
    private func start(_ machine: LibvirtView.Machine, on home: Hypervisor) async throws(StepFailure) {
        do throws(StepFailure) {
            try await home.act(VirshCommand.start(machine.uuid), timeout: .seconds(120))
        } catch {
            guard try await home.view().machine(machine.name)?.state == .running else { throw error }
        }
    }

    /// What is not yet as it was before the hypervisor was emptied; nil: all is.
    ///
    /// - Throws: what nothing done here would settle.
    private func missing(
        _ step: Step, _ moves: [MachineMove], _ looks: MachineRoad.Looks, _ context: StepContext
    ) throws(StepFailure) -> StepFailure? {
        let views = looks.views
        var first: StepFailure?
        for move in moves {
            let (away, home) = (views[move.from]?.machine(move.machine), views[move.to]?.machine(move.machine))
            if let failure = looks.failures[move.from] {
                if !Self.isAtHome(home) { first = first ?? failure }
                continue
            }
            switch MachineStanding(move.machine, away, home) {
            case .moved, .offThere:
                if !AutostartMemory.isKept(context.prior, home) { first = first ?? AutostartMemory.isLost(move) }
            case .trouble(let failure) where failure.code != .locked: throw failure
            default:
                first = first ?? StepFailure(code: .timeout, message: "\(move.machine) is not home on \(move.to)")
            }
        }
        for name in step.wentDown(of: AutostartMemory.ran(context.prior), in: context.plan)
        where views[step.resource]?.machine(name)?.state != .running {
            guard views[step.resource]?.machine(name) != nil else {
                throw StepFailure(code: .drift, message: "\(name) is gone from \(step.resource)")
            }
            first = first ?? StepFailure(code: .timeout, message: "\(name) does not run again on \(step.resource)")
        }
        return first
    }

    private func observation(
        _ moves: [MachineMove], _ views: [ResourceID: LibvirtView], at time: Timestamp
    ) -> Observation {
        let off = moves.filter { views[$0.to]?.machine($0.machine)?.state == .off }.map(\.machine)
        let words = off.isEmpty ? "" : "; shut off there: \(PackageWords.list(off))"
        return Observation(
            verdict: .pass, summary: "\(moves.count) home again, as both sides tell\(words)", observedAt: time)
    }
}
