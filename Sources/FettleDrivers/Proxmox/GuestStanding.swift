import FettleModel

/// Where a machine stands on its way from one node to another, by what the cluster and both nodes tell. What its task says of itself
/// decides nothing: it can be lost with its node, and can end well with the machine still where it was.
///
/// A machine's description lies in one place in the whole cluster, and moves there when its memory has.
enum GuestStanding: Sendable, Equatable {
    /// Runs where it came from.
    case here
    /// Runs at the destination.
    case moved
    /// It is being moved, by that task or by the HA manager.
    case underWay(ProxmoxTask?)
    /// Shut off where it came from.
    case off
    /// Shut off at the destination.
    case offThere
    /// Locked by a move, and nobody moves it. In the last moment of a move that is so, too.
    case stuck
    /// What was told is not of one moment, or not whole.
    case unclear
    case trouble(StepFailure)

    /// As `lock` of the machine's description names it.
    private static let moving = "migrate"

    /// - Parameters:
    ///   - name: as the plan names the machine.
    ///   - source: the node that it comes from.
    ///   - destination: the node that it goes to.
    init(_ name: String, from source: String, to destination: String, in view: ProxmoxView) {
        guard let guest = view.guest(named: name) else {
            self = .trouble(Self.drift("the cluster knows no machine \(name)"))
            return
        }
        guard guest.isMachine else {
            self = .trouble(Self.drift("\(name) is a container, which cannot be moved while it runs"))
            return
        }
        guard guest.node == source || guest.node == destination else {
            self = .trouble(Self.drift("\(name) is on \(guest.node): somebody else has moved it"))
            return
        }
        guard let node = view.seen[guest.node] else {
            self = .trouble(StepFailure(code: .unreachable, message: "\(guest.node) is offline, and has \(name)"))
            return
        }
        guard let state = node.guests[guest.vmid] else {
            self = .unclear
            return
        }
        let service = view.availability.services[guest.vmid]
        let task = view.seen[source]?.move(of: guest.vmid) ?? view.seen[destination]?.move(of: guest.vmid)
        if let trouble = service?.trouble {
            self = .trouble(StepFailure(code: .inconclusive, message: "\(name): \(trouble)"))
        } else if task != nil || service?.isMoving == true {
            self = .underWay(task)
        } else if state.lock == Self.moving {
            self = .stuck
        } else {
            self = guest.node == destination ? Self.there(name, state) : Self.here(name, state)
        }
    }

    private static func here(_ name: String, _ state: ProxmoxView.NodeGuest) -> GuestStanding {
        guard state.isRunning else { return .off }
        if let lock = state.lock {
            return .trouble(
                StepFailure(code: .locked, message: "\(name): something else is being done with it (\(lock))"))
        }
        switch state.runState {
        case nil: return .unclear
        case "running": return .here
        // What people paused is theirs.
        case let other?: return .trouble(drift("\(name) does not run where it is: QEMU says \(other)"))
        }
    }

    private static func there(_ name: String, _ state: ProxmoxView.NodeGuest) -> GuestStanding {
        guard state.isRunning else { return .offThere }
        switch state.runState {
        case nil: return .unclear
        case "running": return .moved
        case let other?:
            return .trouble(
                StepFailure(
                    code: .inconclusive,
                    message: "\(name) is at its destination, and does not run: QEMU says \(other). A person has to look"
                ))
        }
    }

    private static func drift(_ words: String) -> StepFailure { StepFailure(code: .drift, message: words) }
}
