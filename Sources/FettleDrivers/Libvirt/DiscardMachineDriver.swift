public import FettleDriverKit
public import FettleModel

/// Removes the machine that `ReplaceMachineDriver` has kept. Its disk goes only if Fettle has made it; another one is left and told.
public struct DiscardMachineDriver: StepDriver {
    private let channels: any ChannelProvider
    private let clock: DriverClock

    public init(channels: any ChannelProvider, clock: DriverClock = DriverClock()) {
        self.channels = channels
        self.clock = clock
    }

    /// Files that are left, because Fettle has not made them; and the one that is removed if nobody else has it.
    private static let (leftKey, ownKey) = ("left", "own")

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let replacer = try replacer(step, context)
            let began = clock.now()
            let (standing, view) = try await replacer.standing()
            guard let kept = try await replacer.discardable(standing, view) else {
                return .alreadyDone(try await observation(replacer, context, at: began))
            }
            let details =
                MachineReplacer.ownDisk(kept, view).map { [Self.ownKey: $0] }
                ?? [Self.leftKey: kept.description.writableDisks.compactMap { $0 }.joined(separator: " ")]
            return .ready(prior: context.prior ?? PriorState(alreadySo: false, details: details))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        try await replacer(step, context).discard()
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let replacer = try replacer(step, context)
        let began = clock.now()
        let (standing, _) = try await replacer.standing()
        if case .trouble(let failure) = standing { throw failure }
        guard standing == .settled else {
            throw StepFailure(
                code: .timeout, message: "\(replacer.new.keptName) is still on \(replacer.hypervisor.id)")
        }
        return try await observation(replacer, context, at: began)
    }

    private func replacer(_ step: Step, _ context: StepContext) throws(StepFailure) -> MachineReplacer {
        guard case .discardKept(let machine) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) removes no machine")
        }
        var replacer = try MachineReplacer(machine, machine.name, context, channels, clock)
        let channels = channels
        replacer.answers = { await ReplaceMachineDriver.answers(step, context, channels) }
        return replacer
    }

    private func observation(
        _ replacer: MachineReplacer, _ context: StepContext, at time: Timestamp
    ) async throws(StepFailure) -> Observation {
        var left = context.prior?.details[Self.leftKey].map { "; its disk \($0) is left: Fettle has not made it" } ?? ""
        if let own = context.prior?.details[Self.ownKey],
            try await FilePresence.ask(own, on: replacer.hypervisor) == .there
        {
            left = "; its disk \(own) is left: another machine has it, or not every hypervisor could be asked"
        }
        return Observation(
            verdict: .pass, summary: "\(replacer.new.keptName) is gone from \(replacer.hypervisor.id)\(left)",
            observedAt: time)
    }
}
