import FettleDriverKit
import FettleModel
import Synchronization
import Testing

@testable import FettleDrivers

/// Who is shut down for good, and who is not. That a real host is, is seen on the lab (`BlueGreenTests`).
@Suite struct RetireTests {
    private static let retire: StepID = "blue-1/retire"

    private static func plan(turning: Bool = true) -> Plan {
        let traffic = TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/run/haproxy.sock", backend: "pair")
        let turn = TrafficSwitch(group: "pair", traffic: traffic, from: ["blue-1"], to: ["green-1"])
        let steps =
            turning
            ? [step(.retire, retire), step(.switchTraffic(turn: turn), "pair/switch")] : [step(.retire, retire)]
        return Plan(
            id: "plan-1", title: "retire", selection: StageReference(id: "s", digest: Digest(rawValue: "0")),
            createdAt: .now(), environments: [],
            targets: [PlanTarget(resource: "blue-1", address: .ssh("blue-1"), environment: "production")], groups: [],
            steps: steps, rollback: [], limits: PlanLimits())
    }

    private static func step(_ action: StepAction, _ id: StepID) -> Step {
        Step(
            id: id, resource: "blue-1", wave: 0, action: action, after: [], availability: .none,
            rollbackClass: .irreversible, estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2),
            timeoutSeconds: 60)
    }

    private func driver(_ host: Host, turned: StepReadiness = .alreadyDone(Turner.seen)) -> RetireDriver {
        RetireDriver(channels: host, turner: Turner(readiness: turned), clock: DriverClock(sleep: { _ in }))
    }

    private func context(_ plan: Plan = plan(), before boot: String? = nil) -> StepContext {
        StepContext(
            run: "run-1", plan: plan, attempt: 1, intendedAt: .now(),
            prior: boot.map { PriorState(alreadySo: false, details: ["bootID": $0]) })
    }

    private func step(_ plan: Plan = plan()) -> Step { plan.steps[0] }

    /// Nor after a crash: whether it was told to, nobody knows.
    @Test(arguments: [nil, "a"]) func aHostThatIsSilentIsNotTakenForShutDownByThat(boot: String?) async {
        let host = Host(.silent)
        guard case .unknown(let failure) = await driver(host).check(step(), in: context(before: boot)) else {
            Issue.record("it was")
            return
        }
        #expect(failure.code == .unreachable)
        let again = await #expect(throws: StepFailure.self) {
            try await driver(host).perform(step(), in: context(before: "a"))
        }
        #expect(again?.code == .unreachable && host.roots == [])
    }

    /// One look that fails is a connection that broke.
    @Test func silenceIsSeveralLooksInARow() async throws {
        let host = Host(.silent, .silent, .up("a"))
        let failure = await #expect(throws: StepFailure.self) {
            try await driver(host).verify(step(), in: context(before: "a"))
        }
        #expect(failure?.code == .timeout)
        let hanging = Host(.hangs, .silent, .silent)
        #expect(try await driver(hanging).verify(step(), in: context(before: "a")).verdict == .pass)
    }

    @Test func aHostThatSomethingStartsAgainIsAFailure() async {
        let host = Host(.up("b"))
        let failure = await #expect(throws: StepFailure.self) {
            try await driver(host).verify(step(), in: context(before: "a"))
        }
        #expect(failure?.code == .unhealthy && failure?.message.contains("started it again") == true)
        await #expect(throws: StepFailure.self) { try await driver(host).perform(step(), in: context(before: "a")) }
        #expect(host.roots == [])
    }

    /// A key that is another is no silence, and no reason to go on.
    @Test func whoMayNotBeAskedIsNotTakenForShutDown() async {
        guard case .unknown(let failure) = await driver(Host(.refuses)).check(step(), in: context(before: "a")) else {
            Issue.record("it was")
            return
        }
        #expect(failure.code == .refused)
    }

    /// A person turned the traffic back since.
    @Test(arguments: [
        StepReadiness.ready(prior: nil), .blocked(reason: "down"),
        .unknown(StepFailure(code: .unreachable, message: "no HAProxy")),
    ])
    func nobodyIsShutDownWhoMayServe(turned: StepReadiness) async {
        let host = Host(.up("a"))
        let driver = driver(host, turned: turned)
        guard case .unknown(let failure) = await driver.check(step(), in: context()) else {
            Issue.record("it is ready")
            return
        }
        #expect([.drift, .unreachable].contains(failure.code))
        await #expect(throws: StepFailure.self) { try await driver.perform(step(), in: context(before: "a")) }
        #expect(host.roots == [])
    }

    @Test func aPlanThatTurnsNothingAwayFromItShutsNobodyDown() async {
        let plan = Self.plan(turning: false)
        let host = Host(.up("a"))
        guard case .unknown(let failure) = await driver(host).check(step(plan), in: context(plan)) else {
            Issue.record("it is ready")
            return
        }
        #expect(failure.code == .refused && host.roots == [])
    }

    private struct Turner: StepDriver {
        static let seen = Observation(verdict: .pass, summary: "all traffic is with green-1", observedAt: .now())
        let readiness: StepReadiness

        func check(_ step: Step, in context: StepContext) async -> StepReadiness { readiness }
        func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {}
        func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation { Self.seen }
    }

    /// Its answers one after the other, the last for good.
    private final class Host: ChannelProvider, CommandChannel {
        enum Answer: Sendable {
            case up(String)
            case silent, hangs, refuses
        }
        private let state: Mutex<(answers: [Answer], roots: [RootCommand])>

        init(_ answers: Answer...) { state = Mutex((answers, [])) }

        var roots: [RootCommand] { state.withLock { $0.roots } }

        func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }

        func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
            let answer = state.withLock { state -> Answer in
                if case .root(let root) = command.program { state.roots.append(root) }
                return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
            }
            switch answer {
            case .up(let boot):
                return CommandResult(
                    status: 0, standardOutput: Array("\(boot)\n".utf8), standardError: [], duration: .zero)
            case .silent: throw AccessError(.unreachable, "no route to host", host: "blue-1")
            case .hangs: throw AccessError(.timeout, "no answer", host: "blue-1")
            case .refuses: throw AccessError(.hostKey, "another key", host: "blue-1")
            }
        }

        func close() async {}
    }
}
