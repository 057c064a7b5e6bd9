import FettleModel

/// Where a machine stands on its way from one host to another, by what vCenter tells of it: its host, its power, and what is being done
/// with it. What a task says of itself decides nothing.
enum VCenterStanding: Sendable, Equatable {
    /// Runs, and is not yet where it is to be.
    case here
    /// Runs where it is to be.
    case moved
    /// It is being moved, by this task.
    case underWay(VIReference)
    /// Shut off or suspended, and not where it was to be.
    case off
    /// Shut off or suspended where it was to be.
    case offThere
    /// vCenter tells of no such machine on these hosts.
    case missing
    case trouble(StepFailure)

    /// - Parameters:
    ///   - name: as the plan names the machine.
    ///   - source: the host that it comes from.
    ///   - destination: the one that it goes to.
    ///   - own: the one of these two that the step is about.
    ///   - isHomeward: whether it comes home there, or leaves it.
    init(
        _ name: String, from source: VIReference, to destination: VIReference, own: VIReference, isHomeward: Bool,
        _ view: VCenterView
    ) {
        guard let machine = view.machine(named: name) else {
            self = .missing
            return
        }
        // DRS that moves by itself chooses where to, and may go on choosing: what matters is whether it is on the step's host.
        let isFree = view.rules.automation == .full && view.hosts[machine.host] != nil
        guard isFree || machine.host == source || machine.host == destination else {
            self = .trouble(
                StepFailure(
                    code: .drift, message: "\(name) is on \(view.name(of: machine.host)): somebody else has moved it"))
            return
        }
        guard let host = view.hosts[machine.host], host.isConnected else {
            self = .trouble(
                StepFailure(
                    code: .unreachable,
                    message: "vCenter does not reach \(view.name(of: machine.host)), which has \(name)"))
            return
        }
        let isThere = isFree ? (machine.host == own) == isHomeward : machine.host == destination
        self = Self.standing(machine, name, isThere: isThere, on: host.name)
    }

    private static func standing(
        _ machine: VCenterView.Machine, _ name: String, isThere: Bool, on host: String
    ) -> VCenterStanding {
        guard machine.connection == "connected" else {
            return .trouble(
                StepFailure(
                    code: .inconclusive,
                    message: "vCenter cannot tell of \(name) on \(host) (\(machine.connection)): a person has to look"))
        }
        if let move = machine.moving { return .underWay(move.id) }
        guard machine.isRunning else { return isThere ? .offThere : .off }
        if isThere { return .moved }
        // What moves it waits for that, too.
        if let task = machine.busy {
            return .trouble(
                StepFailure(code: .locked, message: "\(name): something else is being done with it (\(task.kind))"))
        }
        return .here
    }
}
