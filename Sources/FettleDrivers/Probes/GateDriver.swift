public import FettleDriverKit
public import FettleModel

/// Waits until every probe of a resource passes, as often in a row as each demands, each within its deadline.
///
/// Only a pass advances. Bad answers until the deadline are `unhealthy`; if it could not be asked, `inconclusive`.
public struct GateDriver: StepDriver {
    private let runner: ProbeRunner

    public init(runner: ProbeRunner) { self.runner = runner }

    /// What was observed before the intent proves nothing, so a gate is never done already.
    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            _ = try watches(step, context)
            return .ready(prior: nil)
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let watches = try watches(step, context)
        _ = try await concurrently(watches) { watch throws(StepFailure) in try await watch.untilSteady() }
    }

    /// Asks every probe once more.
    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await Self.once(try watches(step, context), since: context.intendedAt)
    }

    /// A gate that is part of another step, such as a preflight.
    ///
    /// - Throws: `unhealthy` or `inconclusive`.
    public func ask(
        _ probes: [Probe], _ step: Step, _ context: StepContext
    ) async throws(StepFailure) -> Observation {
        var gate = step
        gate.action = .gate(probes: probes)
        try await perform(gate, in: context)
        return try await verify(gate, in: context)
    }

    private func watches(_ step: Step, _ context: StepContext) throws(StepFailure) -> [ProbeWatch] {
        guard case .gate(let probes) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no gate")
        }
        guard let target = context.plan.probeTarget(step.resource) else {
            throw StepFailure(code: .refused, message: "the plan has no address for \(step.resource)")
        }
        return ProbeWatch.all([target], probes, runner)
    }

    /// One answer of each, all of which must pass.
    static func once(_ watches: [ProbeWatch], since intendedAt: Timestamp) async throws(StepFailure) -> Observation {
        let samples = try await concurrently(watches) { watch throws(StepFailure) in
            let sample = await watch.sample()
            switch sample.verdict {
            case .pass where sample.observedAt >= intendedAt: return sample
            case .fail:
                throw StepFailure(code: .unhealthy, message: "\(watch.target.resource): \(sample.reason)")
            case .pass, .inconclusive, .error:
                throw StepFailure(code: .inconclusive, message: "\(watch.target.resource): \(sample.reason)")
            }
        }
        guard let oldest = samples.map(\.observedAt).min() else {
            throw StepFailure(code: .inconclusive, message: "there was nothing to ask")
        }
        return Observation(
            verdict: .pass, summary: samples.count == 1 ? samples[0].reason : "all \(samples.count) probes pass",
            details: Dictionary(
                zip(watches, samples).map { ("\($0.target.resource) \($0.probe?.name ?? "reachability")", $1.reason) },
                uniquingKeysWith: { first, _ in first }),
            observedAt: oldest)
    }
}
