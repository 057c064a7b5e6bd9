public import FettleDriverKit
public import FettleModel

/// Watches resources for a time: none of their probes may fail on the way, and all must pass at the end.
///
/// Only time in which somebody looked counts. If Fettle was away in the middle, the whole watch begins anew with the next
/// attempt: the time alone proves nothing (I6).
public struct BakeDriver: StepDriver {
    private let runner: ProbeRunner

    public init(runner: ProbeRunner) { self.runner = runner }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            _ = try watches(step, context)
            return .ready(prior: nil)
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (watches, seconds) = try watches(step, context)
        // All at the same time, or the later ones would be watched later and not at all while the first are.
        _ = try await concurrently(watches, limit: watches.count) { watch throws(StepFailure) in
            try await watch.watch(for: .seconds(seconds))
        }
    }

    /// Asks every probe of every resource once more.
    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (watches, seconds) = try watches(step, context)
        var observation = try await GateDriver.once(watches, since: context.intendedAt)
        let names = Set(watches.map(\.target.resource)).sorted().map(\.rawValue).joined(separator: ", ")
        observation.summary = "\(names) stayed healthy for \(seconds) s"
        return observation
    }

    private func watches(
        _ step: Step, _ context: StepContext
    ) throws(StepFailure) -> (watches: [ProbeWatch], seconds: Int) {
        guard case .bake(let seconds, let resources, let probes) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no bake")
        }
        guard !resources.isEmpty else {
            throw StepFailure(code: .inconclusive, message: "\(step.id): there is nothing left to watch")
        }
        var targets: [ProbeTarget] = []
        for resource in resources {
            guard let target = context.plan.probeTarget(resource) else {
                throw StepFailure(code: .refused, message: "the plan has no address for \(resource)")
            }
            targets.append(target)
        }
        return (ProbeWatch.all(targets, probes, runner, in: context), min(max(0, seconds), 30 * 86_400))
    }
}
