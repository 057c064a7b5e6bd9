public import FettleDriverKit
public import FettleModel

/// Keeps the disks of a virtual machine as they are while it is patched, goes back to them, and makes what was written since a part of
/// them.
///
/// The snapshot is of libvirt's external kind: the machine goes on writing to a new file beside each disk. Done is what the hypervisor
/// tells; and for the way back, that the machine answers.
public struct SnapshotDriver: StepDriver {
    /// What `SnapshotRules.driver` calls it.
    public static let name = "libvirt"

    private let channels: any ChannelProvider
    private let clock: DriverClock

    public init(channels: any ChannelProvider, clock: DriverClock = DriverClock()) {
        self.channels = channels
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let keeper = try keeper(step, context)
            let began = clock.now()
            let (machine, _) = try await keeper.look()
            if case .snapshot = step.action {
                if keeper.isTaken(machine) { return .alreadyDone(observation(step, keeper, context, at: began)) }
                let canFreeze = try await keeper.prepare(machine)
                return .ready(
                    prior: context.prior ?? SnapshotMemory.state(machine.description.disks, isFrozen: canFreeze))
            }
            if try await isDone(step, keeper, machine), await answers(step, context) {
                return .alreadyDone(observation(step, keeper, context, at: began))
            }
            return .ready(prior: context.prior ?? PriorState(alreadySo: false, details: [:]))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let keeper = try keeper(step, context)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        switch step.action {
        case .snapshot: try await keeper.take(isFrozen: SnapshotMemory.isFrozen(context.prior))
        case .discardSnapshot: try await keeper.discard(until: deadline)
        default:
            try await keeper.revert(to: SnapshotMemory.disks(context.prior), until: deadline)
            while !(await answers(step, context)) {
                guard clock.now() < deadline, !Task.isCancelled else {
                    throw StepFailure(
                        code: .unhealthy, message: "\(keeper.files.machine.name) runs, and cannot be reached in time")
                }
                await clock.sleep(.seconds(1))
            }
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let keeper = try keeper(step, context)
        let began = clock.now()
        let (machine, _) = try await keeper.look()
        guard try await isDone(step, keeper, machine) else {
            throw StepFailure(
                code: .timeout, message: "\(keeper.files.machine.name): '\(step.action.name)' is not yet seen done")
        }
        return observation(step, keeper, context, at: began)
    }

    // MARK: Parts

    private func keeper(_ step: Step, _ context: StepContext) throws(StepFailure) -> SnapshotKeeper {
        guard let machine = step.action.snapshotMachine else {
            throw StepFailure(code: .internal, message: "\(step.id) is about no snapshot")
        }
        return SnapshotKeeper(
            files: try SnapshotFiles(machine, run: context.run),
            hypervisor: Hypervisor(id: machine.hypervisor, address: machine.address, channels: channels), clock: clock)
    }

    private func isDone(
        _ step: Step, _ keeper: SnapshotKeeper, _ machine: LibvirtView.Machine
    ) async throws(StepFailure) -> Bool {
        if case .snapshot = step.action { return keeper.isTaken(machine) }
        guard machine.isActive || step.action == .discardSnapshot(machine: keeper.files.machine) else { return false }
        return try await keeper.isGone(machine)
    }

    /// Whether it is back is asked on the way back alone.
    private func answers(_ step: Step, _ context: StepContext) async -> Bool {
        guard case .revert = step.action else { return true }
        return await ReplaceMachineDriver.answers(step, context, channels)
    }

    private func observation(
        _ step: Step, _ keeper: SnapshotKeeper, _ context: StepContext, at time: Timestamp
    ) -> Observation {
        let (machine, name) = (keeper.files.machine, keeper.files.name)
        let summary =
            switch step.action {
            case .snapshot:
                "\(machine.name) on \(machine.hypervisor): snapshot \(name), "
                    + (SnapshotMemory.isFrozen(context.prior)
                        ? "file systems held still meanwhile" : "as if its power had failed: no guest agent answers")
            case .discardSnapshot:
                "snapshot \(name) is gone from \(machine.hypervisor); \(machine.name) was not interrupted"
            default: "\(machine.name) on \(machine.hypervisor) runs from the disks that it had before snapshot \(name)"
            }
        return Observation(verdict: .pass, summary: summary, observedAt: time)
    }
}
