public import FettleDriverKit
public import FettleModel

/// Asks probes of a resource and gives one answer, as the gate does.
///
/// - Throws: `unhealthy` or `inconclusive`, like the gate.
public typealias ProbeAsking =
    @Sendable (_ probes: [Probe], _ step: Step, _ context: StepContext) async throws(StepFailure) -> Observation

/// Whether the world is still as the plan foresaw it: before anything is touched, a plan that is void here is stopped.
public struct PreflightDriver: StepDriver {
    private let look: HostLook
    private let ask: ProbeAsking
    private let clock: DriverClock
    /// Records how the resource, and what runs beside it, is before it is patched: details of the observation. Empty where nobody
    /// will ask.
    private let record: @Sendable (Step, Plan) async throws(StepFailure) -> [String: String]

    public init(
        inspector: any HostInspector, probes: @escaping ProbeAsking, clock: DriverClock = DriverClock()
    ) {
        self.init(inspector: inspector, probes: probes, clock: clock) { _, _ throws(StepFailure) in [:] }
    }

    init(
        inspector: any HostInspector, probes: @escaping ProbeAsking, clock: DriverClock = DriverClock(),
        record: @escaping @Sendable (Step, Plan) async throws(StepFailure) -> [String: String]
    ) {
        look = HostLook(inspector: inspector)
        ask = probes
        self.clock = clock
        self.record = record
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness { .ready(prior: nil) }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {}

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        guard case .preflight(let expectation, let probes) = step.action else {
            throw StepFailure(code: .refused, message: "\(step.id) is no preflight")
        }
        let judge = ExpectationJudge(expectation: expectation)
        let facts = try await unlockedFacts(judge.parts, step, context)
        let deviations = try judge.deviations(in: facts)
        guard deviations.isEmpty else {
            throw StepFailure(
                code: .drift, message: "the host is not as the plan saw it: \(deviations.joined(separator: "; "))")
        }
        try requireSpace(step, context, facts)
        if !probes.isEmpty {
            let answer = try await ask(probes, step, context)
            guard answer.verdict == .pass else {
                throw StepFailure(code: .unhealthy, message: "unhealthy before anything was done: \(answer.summary)")
            }
        }
        var details = ["packages": "\(expectation.packages.count)", "probes": "\(probes.count)"]
        details.merge(try await record(step, context.plan)) { own, _ in own }
        return Observation(
            verdict: .pass, summary: "as the plan foresaw it, and healthy", details: details,
            observedAt: facts.observedAt)
    }

    /// Somebody else's package work is waited for: it ends, and in the middle of it nothing is as any plan saw it. The last look
    /// and the probes keep the time that the plan thinks they take.
    private func unlockedFacts(
        _ parts: FactParts, _ step: Step, _ context: StepContext
    ) async throws(StepFailure) -> HostFacts {
        let deadline = clock.now().adding(seconds: max(0, step.timeoutSeconds - step.estimate.p95Seconds))
        while true {
            let facts = try await look.facts(parts.union([.fileSystems, .packageLocks]), step, in: context)
            let locks = try HostLook.require(facts.packageLocks, "locks of the package manager")
            guard let holder = PackageLocks.holder(of: locks) else { return facts }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(code: .locked, message: holder)
            }
            await clock.sleep(.seconds(3))
        }
    }

    /// The room that the plan's own downloads take on this host; how much unpacking needs is looked at once more before it.
    private func requireSpace(_ step: Step, _ context: StepContext, _ facts: HostFacts) throws(StepFailure) {
        let disks = try HostLook.require(facts.fileSystems, "free space")
        let free = Dictionary(disks.map { ($0.mountPoint, $0.availableBytes) }) { first, _ in first }
        for other in context.plan.steps where other.resource == step.resource {
            switch other.action {
            case .stage(let transaction): try PackageSpace.requireForDownload(transaction.downloadBytes, in: free)
            case .changePackages(let transaction):
                try PackageSpace.requireForUnpacking(transaction.downloadBytes, in: free)
            default: continue
            }
        }
    }
}
