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
        _ = try Self.answer(to: step, in: context)
        let watches = try watches(step, context)
        _ = try await concurrently(watches) { watch throws(StepFailure) in try await watch.untilSteady() }
    }

    /// Asks every probe once more.
    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let answer = try Self.answer(to: step, in: context)
        let watches = try watches(step, context)
        // The answer was given after all that it judges, and stands now.
        guard !watches.isEmpty else {
            return Observation(
                verdict: .pass, summary: answer ?? "nothing is asked", observedAt: max(.now(), context.intendedAt))
        }
        var observation = try await Self.once(watches, since: context.intendedAt)
        if let answer { observation.summary += "; \(answer)" }
        return observation
    }

    /// What a person answered; nil if nobody is asked.
    ///
    /// - Throws: `inconclusive` as long as there is no answer: time alone never gives one. `unhealthy` if it was no.
    static func answer(to step: Step, in context: StepContext) throws(StepFailure) -> String? {
        guard !step.action.questions.isEmpty else { return nil }
        let details = context.prior?.details ?? [:]
        guard let verdict = details[PriorState.answerVerdict].flatMap({ GateVerdict(rawValue: $0) }),
            let person = details[PriorState.answerPerson]
        else { throw StepFailure(code: .inconclusive, message: "\(step.id): a person has to answer") }
        let words = "\(person) answered \(verdict.rawValue): \(details[PriorState.answerReason] ?? "")"
        guard verdict == .pass else {
            throw StepFailure(code: verdict == .fail ? .unhealthy : .inconclusive, message: "\(step.id): \(words)")
        }
        return words
    }

    /// A gate that is part of another step, such as a preflight.
    ///
    /// - Throws: `unhealthy` or `inconclusive`.
    public func ask(
        _ probes: [Probe], _ step: Step, _ context: StepContext
    ) async throws(StepFailure) -> Observation {
        guard let target = context.plan.probeTarget(step.resource) else {
            throw StepFailure(code: .refused, message: "the plan has no address for \(step.resource)")
        }
        // There was no act: a time since then would be empty.
        let watches = ProbeWatch.all([target], probes, runner, at: .none, in: context.plan)
        _ = try await concurrently(watches) { watch throws(StepFailure) in try await watch.untilSteady() }
        return try await Self.once(watches, since: context.intendedAt)
    }

    private func watches(_ step: Step, _ context: StepContext) throws(StepFailure) -> [ProbeWatch] {
        let asked: [Probe]
        switch step.action {
        case .gate(let probes):
            guard let target = context.plan.probeTarget(step.resource) else {
                throw StepFailure(code: .refused, message: "the plan has no address for \(step.resource)")
            }
            let isOnlyManual = !probes.isEmpty && probes.allSatisfy(\.isManual)
            return isOnlyManual ? [] : ProbeWatch.all([target], probes, runner, in: context)
        case .groupGate(let gate): asked = gate.probes.filter { !$0.isManual }
        default: throw StepFailure(code: .internal, message: "\(step.id) is no gate")
        }
        // Of no member: what speaks of one has no host here, and is told so.
        guard case .groupGate(let gate) = step.action, !asked.isEmpty else { return [] }
        let target = ProbeTarget(
            resource: ResourceID(gate.group.rawValue), address: ResourceAddress(transport: .none))
        return ProbeWatch.all([target], asked, runner, in: context)
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
