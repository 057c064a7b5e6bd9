internal import FettleDriverKit
internal import FettleModel

/// A driver of an act, which first notes where the logs end that the act will be judged by. What is noted is durable before
/// anything is done, and the steps that judge are handed it.
struct LogMarking: StepDriver {
    let driver: any StepDriver
    let runner: ProbeRunner

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        let readiness = await driver.check(step, in: context)
        guard case .ready(var prior) = readiness else { return readiness }
        let sources = Self.sources(of: step, in: context.plan)
        guard !sources.isEmpty, let target = context.plan.probeTarget(step.resource) else { return readiness }
        for source in sources {
            prior = prior ?? PriorState(alreadySo: false, details: [:])
            prior?.details[LogMark.key(source, on: step.resource)] = await runner.logMark(source, of: target)
        }
        return .ready(prior: prior)
    }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        try await driver.perform(step, in: context)
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await driver.verify(step, in: context)
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
        let timeout = Duration.seconds(10)
        let box = await onHost(target, timeout, LogMark.command(source, timeout: timeout)) { result in
            LogMark.read(result, of: source).map { .pass($0) } ?? .error("no mark")
        }
        return box.verdict == .pass ? box.reason : LogMark.unknown
    }
}
