import FettleDriverKit
import FettleModel
import Testing

@testable import FettleDrivers

@Suite("Where logs end before an act")
struct LogMarkingTests {
    private static let source = LogSource.unit(name: "nginx.service")
    private let key = LogMark.key(source, on: "web-1")
    private let step = TrafficSteps.step(.reboot(condition: .always))

    private func context(isWayBack: Bool = false, prior: PriorState? = nil) -> StepContext {
        let probe = Probe(name: "log", check: .log(source: Self.source, pattern: "ERROR", atMost: 0))
        let group = PlannedGroup(
            id: "web", members: ["web-1"], minimumAvailable: 0, maximumOut: 1, traffic: nil, probes: [probe],
            memberAddresses: ["web-1": .local])
        let target = PlanTarget(resource: "web-1", address: .local, environment: "production")
        var context = TrafficSteps.context(prior: prior, targets: [target], groups: [group])
        if isWayBack { context.plan.rollback = [step] } else { context.plan.steps = [step] }
        return context
    }

    private func check(_ answer: StepReadiness, by channels: any ChannelProvider, _ context: StepContext) async
        -> StepReadiness
    {
        await LogMarking(driver: Ready(answer: answer), runner: ProbeRunner(channels: channels))
            .check(step, in: context)
    }

    /// What is journaled as unknown stays so: the earliest mark counts. So it is asked again before the act.
    @Test func anActWaitsUntilItIsKnownWhereTheLogEnds() async {
        let answer = await check(.ready(prior: nil), by: NoChannels(), context())
        guard case .unknown(let failure) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(failure.code == .unreachable && failure.code.isRetryable)
        #expect(failure.message.contains("nginx.service") && failure.message.contains("no channels here"))
    }

    @Test func aWayBackDoesNotWaitForALog() async {
        let answer = await check(.ready(prior: nil), by: NoChannels(), context(isWayBack: true))
        #expect(answer == .ready(prior: PriorState(alreadySo: false, details: [key: LogMark.unknown])))
    }

    /// After a crash in the middle of a reboot: the place before it is known already.
    @Test func whatAnEarlierAttemptHasNotedIsEnough() async {
        let prior = PriorState(alreadySo: false, details: [key: "1795668940.5", "boot": "a"])
        let driver = PriorState(alreadySo: false, details: ["boot": "b"])
        let answer = await check(.ready(prior: driver), by: NoChannels(), context(prior: prior))
        #expect(answer == .ready(prior: PriorState(alreadySo: false, details: ["boot": "b", key: "1795668940.5"])))
    }

    @Test func whereTheLogEndsIsNotedBesideWhatTheDriverNotes() async throws {
        let local = LocalConnection()
        let driver = PriorState(alreadySo: false, details: ["boot": "b"])
        let answer = await check(.ready(prior: driver), by: local, context())
        guard case .ready(let prior?) = answer else {
            Issue.record("\(answer)")
            return
        }
        let mark = try #require(prior.details[key])
        #expect(prior.details["boot"] == "b" && LogScript.time(mark) != nil)
        await local.shutDown()
    }

    @Test func whatIsNotReadyIsNotAskedAboutItsLog() async {
        let blocked = StepReadiness.blocked(reason: "apt is busy")
        #expect(await check(blocked, by: NoChannels(), context()) == blocked)
    }

    private struct Ready: StepDriver {
        let answer: StepReadiness
        func check(_ step: Step, in context: StepContext) async -> StepReadiness { answer }
        func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {}
        func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
            Observation(verdict: .pass, summary: "", observedAt: context.intendedAt)
        }
    }
}
