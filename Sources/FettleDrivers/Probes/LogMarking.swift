internal import FettleDriverKit
internal import FettleModel

/// A driver of an act, which first notes where the logs end that the act will be judged by. What is noted is durable before
/// anything is done, and the steps that judge are handed it.
///
/// The earliest note counts, so one of an unknown place could never be mended: an act waits until it is known, with
/// nothing done yet. A way back does not wait for a log: it is noted as unknown, and the gate is inconclusive.
struct LogMarking: StepDriver {
    let driver: any StepDriver
    let runner: ProbeRunner

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        let readiness = await driver.check(step, in: context)
        guard case .ready(var prior) = readiness else { return readiness }
        let sources = Self.sources(of: step, in: context.plan)
        guard !sources.isEmpty, let target = context.plan.probeTarget(step.resource) else { return readiness }
        for source in sources {
            let key = LogMark.key(source, on: step.resource)
            let mark: String
            switch await runner.place(of: source, on: target) {
            case .success(let place): mark = place
            case .failure(let problem):
                if let known = context.prior?.details[key] {
                    mark = known
                } else if context.plan.rollback.contains(where: { $0.id == step.id }) {
                    mark = LogMark.unknown
                } else {
                    return .unknown(Self.failure(source, on: step.resource, problem))
                }
            }
            prior = prior ?? PriorState(alreadySo: false, details: [:])
            prior?.details[key] = mark
        }
        return .ready(prior: prior)
    }

    func lookAhead(at step: Step, in context: StepContext) async { await driver.lookAhead(at: step, in: context) }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        try await driver.perform(step, in: context)
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await driver.verify(step, in: context)
    }

    private static func failure(
        _ source: LogSource, on resource: ResourceID, _ problem: LogMark.Problem
    ) -> StepFailure {
        let name =
            switch source {
            case .unit(let name): "the journal of \(name)"
            case .file(let path): path
            }
        let place = "where \(SafeText.lastLines(of: name) ?? "a log") ends before the change"
        return StepFailure(
            code: .unreachable, message: "\(resource): \(place) is not known: \(problem.reason)")
    }

    private static func sources(of step: Step, in plan: Plan) -> [LogSource] {
        var sources: [LogSource] = []
        for probe in plan.groups(of: step.resource).flatMap(\.probes) {
            if case .log(let source, _, _) = probe.check, !sources.contains(source) { sources.append(source) }
        }
        return sources
    }
}

extension ProbeRunner {
    /// Where a log ends now; `LogMark.unknown` if that cannot be found out, so that nobody takes it for its beginning.
    func logMark(_ source: LogSource, of target: ProbeTarget) async -> String {
        (try? await place(of: source, on: target).get()) ?? LogMark.unknown
    }

    /// Where a log ends now, or why that cannot be found out.
    fileprivate func place(of source: LogSource, on target: ProbeTarget) async -> Result<String, LogMark.Problem> {
        let timeout = Duration.seconds(10)
        let answer = await onHost(target, timeout, LogMark.command(source, timeout: timeout)) { result in
            LogMark.read(result, of: source).map { .pass($0) }
                ?? .error(SafeText.lastLines(of: result.errorText) ?? "its host does not tell")
        }
        return answer.verdict == .pass ? .success(answer.reason) : .failure(LogMark.Problem(reason: answer.reason))
    }
}
