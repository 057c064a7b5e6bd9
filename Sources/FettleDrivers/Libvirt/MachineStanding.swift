import FettleModel

/// Where a machine stands on its way from one hypervisor to another, by what both of them tell: libvirt's own word on how a move
/// ended is not asked, because it can be lost with the connection, with libvirtd, or with a hypervisor (pegaprox#647: "failed" but
/// moved).
///
/// Only what is safe whatever happened is ever done: nothing is woken while the other side has the machine active, and nothing is
/// ended unless the other side runs it.
enum MachineStanding: Sendable, Equatable {
    /// Runs where it came from, and nowhere else.
    case here
    /// Runs at the destination, and is gone where it came from.
    case moved
    /// Runs at the destination; where it came from something is left: paused by a move that did not end in order, or its
    /// description.
    case leftBehind(isActive: Bool)
    /// The two are moving it.
    case underWay
    /// Paused where it came from by a move that broke, and not at the destination.
    case stalled
    /// Shut off where it came from, and not active at the destination.
    case off
    /// Shut off at the destination, and gone where it came from.
    case offThere
    case trouble(StepFailure)

    /// - Parameters:
    ///   - source: the machine as the hypervisor tells it that it comes from; nil: unknown there.
    ///   - destination: the same of the other.
    init(_ name: String, _ source: LibvirtView.Machine?, _ destination: LibvirtView.Machine?) {
        if let source, let destination, source.uuid != destination.uuid {
            self = .trouble(
                Self.drift("two machines are named \(name), with the UUIDs \(source.uuid) and \(destination.uuid)"))
            return
        }
        if let job = [source?.job, destination?.job].compactMap({ $0 }).first(where: { !Self.isMove($0) }) {
            self = .trouble(
                StepFailure(code: .locked, message: "\(name): something else is being done with it (\(job))"))
            return
        }
        let isMoving = [source, destination].contains { Self.isMove($0?.job) }
        switch (source?.state, destination?.state) {
        case (nil, nil): self = .trouble(Self.drift("\(name) is on neither hypervisor"))
        case (.running, .running):
            // In the last moment of a move both say so, and only one of them has it running.
            self =
                isMoving
                ? .underWay
                : .trouble(
                    StepFailure(code: .internal, message: "\(name) runs on both hypervisors: nothing is done to it"))
        case (.running, .paused), (.paused, .paused):
            self =
                isMoving
                ? .underWay
                : .trouble(
                    StepFailure(
                        code: .locked, message: "\(name) is paused at the destination, and not gone where it came from")
                )
        case (.paused, .running): self = isMoving ? .underWay : .leftBehind(isActive: true)
        case (.off, .running): self = .leftBehind(isActive: false)
        case (nil, .running): self = .moved
        case (nil, .paused), (.off, .paused):
            self =
                isMoving
                ? .underWay
                : .trouble(
                    StepFailure(
                        code: .inconclusive,
                        message:
                            "\(name) is paused at the destination (\(destination?.reason ?? "no reason told")) and runs "
                            + "nowhere else: whether its move had ended only a person can tell"))
        case (.running, nil), (.running, .off): self = isMoving ? .underWay : .here
        case (.paused, nil), (.paused, .off): self = isMoving ? .underWay : Self.paused(name, source)
        case (.off, nil), (.off, .off): self = .off
        case (nil, .off): self = .offThere
        }
    }

    /// What people paused is theirs.
    private static func paused(_ name: String, _ source: LibvirtView.Machine?) -> MachineStanding {
        let reason = source?.reason ?? ""
        if ["migrating", "migration", "post-copy", "post-copy failed"].contains(reason) {
            if reason.hasPrefix("post-copy") {
                return .trouble(
                    StepFailure(
                        code: .inconclusive,
                        message:
                            "\(name) is paused in the middle of a post-copy move: a part of its memory is elsewhere"))
            }
            return .stalled
        }
        return .trouble(drift("\(name) is paused, and not by a move (\(reason.isEmpty ? "no reason told" : reason))"))
    }

    static func isMove(_ job: String?) -> Bool { job?.lowercased().contains("migration") == true }

    private static func drift(_ words: String) -> StepFailure { StepFailure(code: .drift, message: words) }
}
