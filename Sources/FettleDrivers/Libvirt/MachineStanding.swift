import FettleModel

/// Where a machine stands on its way from one hypervisor to another, by what both of them tell: libvirt's own word on how a move
/// ended is not asked, because it can be lost with the connection, with libvirtd, or with a hypervisor (project-pegaprox#647: "failed" but
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
        if let failure = Self.brokenPostCopy(name, source, destination) {
            self = .trouble(failure)
            return
        }
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
        case (.paused, .running), (.off, .running), (nil, .running):
            self = Self.runningThere(name, source, destination, isMoving: isMoving)
        case (nil, .paused), (.off, .paused):
            self =
                isMoving
                ? .underWay
                : .trouble(
                    Self.inconclusive(
                        "\(name) is paused at the destination (\(destination?.reason ?? "no reason told")) and runs "
                            + "nowhere else: whether its move had ended only a person can tell"))
        case (.running, nil), (.running, .off): self = isMoving ? .underWay : .here
        case (.paused, nil): self = isMoving ? .underWay : Self.paused(name, source)
        case (.paused, .off):
            // It may have gone on there and been shut down: what is paused here would be older than its disk.
            self =
                isMoving
                ? .underWay
                : .trouble(
                    Self.inconclusive(
                        "\(name) is paused here, shut off at the destination: it may have run there"))
        case (.off, nil), (.off, .off): self = .off
        case (nil, .off): self = .offThere
        }
    }

    /// It runs at the destination, and not where it came from.
    private static func runningThere(
        _ name: String, _ source: LibvirtView.Machine?, _ destination: LibvirtView.Machine?, isMoving: Bool
    ) -> MachineStanding {
        // Until its memory has followed, what is paused where it came from holds a part of it.
        if isMoving && source?.state == .paused || destination?.reason?.hasPrefix(postCopy) == true {
            return .underWay
        }
        switch source?.state {
        case nil: return .moved
        case .paused:
            guard let reason = source?.reason, [migrating, postCopy].contains(reason) else {
                return .trouble(
                    drift(
                        "\(name) runs at the destination, and is paused here, but not by a move "
                            + "(\(source?.reason ?? "no reason told"))"))
            }
            return .leftBehind(isActive: true)
        default: return .leftBehind(isActive: false)
        }
    }

    /// Its memory is in two places, whatever is under way: only a person can tell which of the two is to go on.
    private static func brokenPostCopy(
        _ name: String, _ source: LibvirtView.Machine?, _ destination: LibvirtView.Machine?
    ) -> StepFailure? {
        guard [source, destination].contains(where: { $0?.isActive == true && $0?.reason == postCopyFailed }) else {
            return nil
        }
        return inconclusive("the post-copy move of \(name) has failed: a part of its memory is elsewhere")
    }

    /// What people paused is theirs.
    private static func paused(_ name: String, _ source: LibvirtView.Machine?) -> MachineStanding {
        switch source?.reason {
        case migrating: return .stalled
        case postCopy:
            return .trouble(
                inconclusive("\(name) is paused in the middle of a post-copy move: a part of its memory is elsewhere"))
        case let reason: return .trouble(drift("\(name) is paused, and not by a move (\(reason ?? "no reason told"))"))
        }
    }

    /// As `virsh domstate --reason` names them.
    private static let migrating = "migrating"
    private static let postCopy = "post-copy"
    private static let postCopyFailed = "post-copy failed"

    static func isMove(_ job: String?) -> Bool { job?.lowercased().contains("migration") == true }

    static func isOutgoing(_ job: String?) -> Bool { isMove(job) && job?.lowercased().contains("outgoing") == true }

    private static func inconclusive(_ words: String) -> StepFailure {
        StepFailure(code: .inconclusive, message: words)
    }

    private static func drift(_ words: String) -> StepFailure { StepFailure(code: .drift, message: words) }
}
