public import FettleDriverKit
public import FettleModel

/// What every driver of steps must hold to, whatever it drives. A driver's tests run this on a real or simulated thing that
/// is ready for the step, and report what it finds:
///
///     let findings = await StepDriverConformance(driver: driver, step: step, plan: plan).run { await world.digest() }
///     #expect(findings == [])
public struct StepDriverConformance: Sendable {
    public var driver: any StepDriver
    public var step: Step
    public var plan: Plan
    /// Steps that only look (preflight, gate, verify) or only count (`takeOut`) are always ready: nothing they did can be seen.
    public var leavesTrace: Bool
    public var now: @Sendable () -> Timestamp

    public init(
        driver: any StepDriver, step: Step, plan: Plan, leavesTrace: Bool = true,
        now: @escaping @Sendable () -> Timestamp = { Timestamp.now() }
    ) {
        self.driver = driver
        self.step = step
        self.plan = plan
        self.leavesTrace = leavesTrace
        self.now = now
    }

    /// Takes the step through its life, twice performed; what it does against the contract, in words.
    ///
    /// - Parameter state: everything that the step may change, as text that is the same as long as nothing has changed.
    public func run(state: () async throws -> String) async -> [String] {
        var findings: [String] = []
        do {
            let before = try await state()
            let readiness = await driver.check(step, in: context(prior: nil))
            if try await state() != before { findings.append("check changed something") }
            guard case .ready(let prior) = readiness else {
                return findings + ["check of a step that is ready says \(readiness)"]
            }
            let context = context(prior: prior)
            try await driver.perform(step, in: context)
            let after = try await state()
            if leavesTrace, after == before { findings.append("perform changed nothing") }
            if !leavesTrace, after != before { findings.append("perform of a step that only looks changed something") }
            findings += try await findingsOfVerify(context)

            // After a crash: the same step, attempted anew, with what the journal has.
            let again = await driver.check(step, in: context)
            if leavesTrace {
                if case .alreadyDone(let observation) = again {
                    if observation.verdict != .pass {
                        findings.append("check calls it done, but \(observation.verdict)")
                    }
                } else {
                    findings.append("check after perform says \(again)")
                }
            }
            try await driver.perform(step, in: context)
            if try await state() != after { findings.append("perform twice changed more than perform once") }
            findings += try await findingsOfVerify(context)
        } catch {
            findings.append("stopped: \(error)")
        }
        return findings
    }

    private func findingsOfVerify(_ context: StepContext) async throws -> [String] {
        let asked = now()
        let observation = try await driver.verify(step, in: context)
        var findings: [String] = []
        if observation.verdict != .pass {
            findings.append("verify says \(observation.verdict): \(observation.summary)")
        }
        if observation.observedAt < asked {
            findings.append("verify did not look anew: its observation is from before")
        }
        if observation.summary.isEmpty || observation.summary.contains("\n") {
            findings.append("verify's summary is no line for people: '\(observation.summary)'")
        }
        return findings
    }

    private func context(prior: PriorState?) -> StepContext {
        StepContext(run: "run-conformance", plan: plan, attempt: 1, intendedAt: now(), prior: prior)
    }
}
