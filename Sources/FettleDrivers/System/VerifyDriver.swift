public import FettleDriverKit
public import FettleModel

/// Facts again at the end: the versions are there, and the new code runs.
public struct VerifyDriver: StepDriver {
    private let look: HostLook

    public init(inspector: any HostInspector) { look = HostLook(inspector: inspector) }

    /// Looking is the step itself, so that it is always to be done: an older look proves nothing (I6).
    public func check(_ step: Step, in context: StepContext) async -> StepReadiness { .ready(prior: nil) }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {}

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        guard case .verify(let expectation) = step.action else {
            throw StepFailure(code: .refused, message: "\(step.id) verifies nothing")
        }
        let judge = ExpectationJudge(expectation: expectation)
        let facts = try await look.facts(judge.parts.union(.services), step, in: context)
        let deviations = try judge.deviations(in: facts)
        guard deviations.isEmpty else {
            throw StepFailure(code: .unhealthy, message: deviations.joined(separator: "; "))
        }
        guard facts.observedAt >= context.intendedAt else {
            throw StepFailure(code: .inconclusive, message: "the facts are older than the step: they prove nothing")
        }
        var details = StaleServices(facts.staleServices.value ?? [], expectation.noStaleServicesExcept ?? []).details
        details["packages"] = PackageWords.list(expectation.packages)
        let count = expectation.packages.count
        let packages = count == 1 ? "1 package" : "\(count) packages"
        return Observation(
            verdict: .pass, summary: "\(packages) at the planned version, and nothing older runs", details: details,
            observedAt: facts.observedAt)
    }
}
