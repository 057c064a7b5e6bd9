import FettleModel
import Testing

@testable import FettlePlanning

@Suite("Journals say how long steps took")
struct DurationSampleTests {
    private let start = Timestamp("2026-11-23T09:30:00Z") ?? Timestamp(milliseconds: 0)

    private var plan: Plan {
        let change = PackageTransaction(
            manager: .dpkg, purpose: .patch,
            changes: ["nginx", "curl", "nginx"].map {
                PackageChange(name: $0, architecture: "amd64", from: "1", to: "2")
            },
            conffiles: .keepCurrent, downloadBytes: 0)
        let steps: [(String, StepAction)] = [
            ("patch", .changePackages(transaction: change)), ("reboot", .reboot(condition: .ifRequired)),
            ("bake", .bake(seconds: 600, resources: ["web-1"], probes: [])),
            ("verify", .verify(expectation: .init(packages: []))),
        ]
        return Plan(
            id: "plan-1", title: "", selection: StageReference(id: "s", digest: Digest(rawValue: "0")),
            createdAt: start,
            environments: ["dev"],
            targets: [PlanTarget(resource: "web-1", address: .ssh("web-1"), environment: "dev")],
            groups: ["web", "all"].map {
                PlannedGroup(
                    id: $0, members: ["web-1", "web-2"], minimumAvailable: 1, maximumOut: 1, traffic: nil, probes: [])
            },
            steps: steps.map { step(StepID("web-1/\($0)"), $1) },
            rollback: [step("web-1/rollback/reboot", .reboot(condition: .always))],
            limits: PlanLimits())
    }

    @Test func aStepThatIsDoneIsASample() {
        let samples = samples(
            intended("web-1/patch", 0), done("web-1/patch", 12), intended("web-1/rollback/reboot", 20),
            done("web-1/rollback/reboot", 95))
        #expect(
            samples == [
                DurationSample(
                    action: "patch", resource: "web-1", groups: ["all", "web"], packages: ["curl", "nginx"],
                    seconds: 12,
                    expectedSeconds: 11, at: start.adding(seconds: 12)),
                DurationSample(
                    action: "reboot", resource: "web-1", groups: ["all", "web"], seconds: 75, expectedSeconds: 90,
                    at: start.adding(seconds: 95)),
            ])
    }

    @Test func ofSeveralAttemptsTheOneThatWasDoneCounts() {
        let samples = samples(
            intended("web-1/patch", 0), failed("web-1/patch", 60), intended("web-1/patch", 70, attempt: 2),
            done("web-1/patch", 79, attempt: 2))
        #expect(samples.map(\.seconds) == [9])
    }

    /// A reboot that was not needed took no time, and must not be taken for a quick one.
    @Test func whatWasSoAlreadyIsNoSample() {
        let prior = PriorState(alreadySo: true, details: [:])
        #expect(samples(intended("web-1/reboot", 0, prior: prior), done("web-1/reboot", 0)).isEmpty)
    }

    @Test(arguments: [
        RunEvent.claimed(executor: "b"), .paused(by: Person("x"), reason: ""), .resumed(by: Person("x")),
        .awaitingHuman(reason: ""),
    ])
    func whatWasInterruptedIsNoSample(_ event: RunEvent) {
        #expect(samples(intended("web-1/verify", 0), (event, 5), done("web-1/verify", 4_000)).isEmpty)
        #expect(samples((event, 0), intended("web-1/verify", 1), done("web-1/verify", 3)).count == 1)
    }

    @Test func whatNeverEndedAndWhatLastsAsLongAsItIsToldIsNoSample() {
        #expect(samples(intended("web-1/verify", 0)).isEmpty)
        #expect(samples(done("web-1/verify", 0)).isEmpty)
        #expect(samples(intended("web-1/bake", 0), done("web-1/bake", 600)).isEmpty)
        #expect(samples(intended("web-9/verify", 0), done("web-9/verify", 6)).isEmpty)
        #expect(samples(intended("web-1/verify", 0), done("web-1/verify", 6, attempt: 2)).isEmpty)
    }

    @Test func aClockThatJumpedMakesNothingLongerThanItsStepWasGivenNorShorterThanNothing() {
        #expect(samples(intended("web-1/verify", 0), done("web-1/verify", 9_000_000)).map(\.seconds) == [100])
        #expect(samples(intended("web-1/verify", 10), done("web-1/verify", 5)).isEmpty)
    }

    // MARK: Helpers

    private func samples(_ events: (RunEvent, Int)...) -> [DurationSample] {
        DurationSample.samples(
            plan: plan,
            journal: events.enumerated().map { place, event in
                JournalRecord(sequence: place + 1, epoch: 1, at: start.adding(seconds: event.1), event: event.0)
            })
    }

    private func intended(_ step: StepID, _ at: Int, attempt: Int = 1, prior: PriorState? = nil) -> (RunEvent, Int) {
        (.stepIntended(step: step, attempt: attempt, prior: prior), at)
    }

    private func done(_ step: StepID, _ at: Int, attempt: Int = 1) -> (RunEvent, Int) {
        let observation = Observation(verdict: .pass, summary: "", observedAt: start.adding(seconds: at))
        return (.stepDone(step: step, attempt: attempt, observation: observation), at)
    }

    private func failed(_ step: StepID, _ at: Int) -> (RunEvent, Int) {
        (.stepFailed(step: step, attempt: 1, failure: StepFailure(code: .timeout, message: "")), at)
    }

    private func step(_ id: StepID, _ action: StepAction) -> Step {
        Step(
            id: id, resource: "web-1", wave: 0, action: action, after: [], availability: .none,
            rollbackClass: .nothingToUndo, estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2),
            timeoutSeconds: 100)
    }
}
