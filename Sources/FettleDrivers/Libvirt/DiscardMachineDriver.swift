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

    private static let leftKey = "left"

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let replacer = try replacer(step, context)
            let began = clock.now()
            let (standing, view) = try await replacer.standing()
            switch standing {
            case .settled: return .alreadyDone(observation(replacer, context, at: began))
            case .trouble(let failure): throw failure
            case .original, .aside:
                throw StepFailure(
                    code: .drift,
                    message: "\(replacer.new.machine.name) is not the machine that was made: what was kept stays")
            case .replaced: break
            }
            let kept = view.machine(replacer.new.keptName)
            let left = kept.flatMap { kept in
                MachineReplacer.ownDisk(kept, view) == nil
                    ? kept.description.writableDisks.compactMap { $0 }.joined(separator: " ") : nil
            }
            return .ready(
                prior: context.prior ?? PriorState(alreadySo: false, details: left.map { [Self.leftKey: $0] } ?? [:]))
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
        return observation(replacer, context, at: began)
    }

    private func replacer(_ step: Step, _ context: StepContext) throws(StepFailure) -> MachineReplacer {
        guard case .discardKept(let machine) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) removes no machine")
        }
        return try MachineReplacer(machine, machine.name, context, channels, clock)
    }

    private func observation(_ replacer: MachineReplacer, _ context: StepContext, at time: Timestamp) -> Observation {
        let left = context.prior?.details[Self.leftKey].map { "; its disk \($0) is left: Fettle has not made it" } ?? ""
        return Observation(
            verdict: .pass, summary: "\(replacer.new.keptName) is gone from \(replacer.hypervisor.id)\(left)",
            observedAt: time)
    }
}
