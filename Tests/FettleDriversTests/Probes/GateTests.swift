import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// Gates, bakes and the health of groups, on real servers.
@Suite("Gates", .serialized, .timeLimit(.minutes(10)))
struct GateTests {
    let runner = ProbeRunner(channels: NoChannels())
    let targets = [PlanTarget(resource: "web-1", address: .local, environment: "production")]

    func probe(_ server: WebServerFixture, samples: Int = 2, deadlineSeconds: Int = 10, host: String = "{host}")
        -> Probe
    {
        Probe(
            name: "health", check: .http(url: "http://\(host):\(server.port)/health", status: 200, contains: nil),
            timeoutSeconds: 2, samples: samples, intervalSeconds: 0, deadlineSeconds: deadlineSeconds)
    }

    func failure(_ work: () async throws -> Void) async -> StepFailure? {
        do { try await work() } catch { return error as? StepFailure }
        return nil
    }

    @Test("A gate waits for health, and what it tells is younger than the intent")
    func gateOpens() async throws {
        let server = try await WebServerFixture()
        try server.setHealthy(false)
        let driver = GateDriver(runner: runner)
        let step = TrafficSteps.step(.gate(probes: [probe(server)]))
        let context = TrafficSteps.context(targets: targets)
        #expect(await driver.check(step, in: context) == .ready(prior: nil))
        async let opened: Void = driver.perform(step, in: context)
        try await Task.sleep(for: .milliseconds(500))
        try server.setHealthy(true)
        try await opened
        let observation = try await driver.verify(step, in: context)
        #expect(observation.verdict == .pass && observation.observedAt >= context.intendedAt)
        #expect(await driver.check(step, in: context) == .ready(prior: nil), "a gate is never done already")
    }

    @Test("At its deadline a gate is unhealthy, or inconclusive if nothing could be asked")
    func gateStaysShut() async throws {
        let server = try await WebServerFixture()
        try server.setHealthy(false)
        let driver = GateDriver(runner: runner)
        let context = TrafficSteps.context(targets: targets)
        let sick = TrafficSteps.step(.gate(probes: [probe(server, deadlineSeconds: 1)]))
        #expect(await failure { try await driver.perform(sick, in: context) }?.code == .unhealthy)
        #expect(await failure { _ = try await driver.verify(sick, in: context) }?.code == .unhealthy)
        let lost = TrafficSteps.step(.gate(probes: [probe(server, deadlineSeconds: 1, host: "no-such-host.invalid")]))
        #expect(await failure { try await driver.perform(lost, in: context) }?.code == .inconclusive)
        let unknown = TrafficSteps.step(.gate(probes: [probe(server)]), on: "web-9")
        guard case .unknown = await driver.check(unknown, in: context) else {
            Issue.record("a gate without an address is ready")
            return
        }
    }

    @Test("A gate whose samples cannot come together before the deadline is inconclusive, though each passed")
    func tooFewSamples() async throws {
        let server = try await WebServerFixture()
        var slow = probe(server, samples: 50, deadlineSeconds: 2)
        slow.intervalSeconds = 1
        let step = TrafficSteps.step(.gate(probes: [slow]))
        let context = TrafficSteps.context(targets: targets)
        let result = await failure { try await GateDriver(runner: runner).perform(step, in: context) }
        #expect(result?.code == .inconclusive)
    }

    @Test("A bake bears one bad answer, and fails at as many in a row as the probe demands good ones")
    func bake() async throws {
        let server = try await WebServerFixture()
        var probe = probe(server, samples: 3)
        probe.intervalSeconds = 0
        let driver = BakeDriver(runner: runner, channels: NoChannels())
        let context = TrafficSteps.context(targets: targets)
        let step = TrafficSteps.step(.bake(seconds: 1, resources: ["web-1"], probes: [probe]))
        try await driver.perform(step, in: context)
        let observation = try await driver.verify(step, in: context)
        #expect(observation.verdict == .pass && observation.summary.contains("1 s"))
        let long = TrafficSteps.step(.bake(seconds: 3_600, resources: ["web-1"], probes: [probe]))
        // Who waited for its end would wait for an hour.
        async let result = failure { try await driver.perform(long, in: context) }
        try await Task.sleep(for: .milliseconds(300))
        try server.setHealthy(false)
        #expect(await result?.code == .unhealthy)
    }

    @Test("A bake in which too little could be asked is inconclusive (kayenta#426)")
    func thinBake() async throws {
        let server = try await WebServerFixture()
        let context = TrafficSteps.context(targets: targets)
        let lost = probe(server, deadlineSeconds: 1, host: "no-such-host.invalid")
        let driver = BakeDriver(runner: runner, channels: NoChannels())
        let step = TrafficSteps.step(.bake(seconds: 1, resources: ["web-1"], probes: [lost]))
        #expect(await failure { try await driver.perform(step, in: context) }?.code == .inconclusive)
        let nobody = TrafficSteps.step(.bake(seconds: 1, resources: [], probes: [lost]))
        #expect(await failure { try await driver.perform(nobody, in: context) }?.code == .inconclusive)
    }

    @Test("A service that is restarted within a bake fails it at once; within a gate the count begins again")
    func restarts() async throws {
        let marks = ScriptedUnits(["1", "1", "2", "2", "2", "2", "2", "2"])
        let unit = Probe(
            name: "unit", check: .systemdUnit(name: "orders.service"), timeoutSeconds: 1, samples: 3,
            intervalSeconds: 0,
            deadlineSeconds: 10)
        let context = TrafficSteps.context(targets: targets)
        let bake = TrafficSteps.step(.bake(seconds: 5, resources: ["web-1"], probes: [unit]))
        let driver = BakeDriver(runner: ProbeRunner(channels: marks), channels: marks)
        let result = await failure { try await driver.perform(bake, in: context) }
        #expect(result?.code == .unhealthy && result?.message.contains("restarted") == true)

        let gate = ScriptedUnits(["1", "1", "2", "2", "2", "2"])
        let step = TrafficSteps.step(.gate(probes: [unit]))
        try await GateDriver(runner: ProbeRunner(channels: gate)).perform(step, in: context)
        #expect(await gate.asked == 5)
    }

    // MARK: The health of groups

    @Test("A member is healthy by HAProxy's view and by its probes, both; what cannot be asked is unknown")
    func health() async throws {
        let fixture = try await HAProxyFixture(servers: 4)
        let observer = BuiltInHealthObserver(channels: NoChannels(), runner: runner)
        func group(_ traffic: TrafficBinding?, _ probes: [Probe] = []) -> PlannedGroup {
            PlannedGroup(
                id: "web", members: ["web-1", "web-2", "web-3", "web-4", "web-9"], minimumAvailable: 2, maximumOut: 1,
                traffic: traffic, probes: probes,
                memberAddresses: ["web-1": .local, "web-2": .local, "web-3": .local, "web-4": .local])
        }
        let plan = TrafficSteps.context().plan
        _ = try await fixture.ask("set server web/web-2 state drain")
        try fixture.backends[2].setHealthy(false)
        try await eventually("HAProxy sees web-3 down") { try await !fixture.view("web-3").isUp }
        _ = try await fixture.ask("set weight web/web-4 0")
        var health = await observer.health(of: group(fixture.traffic()), in: plan)
        #expect(health["web-1"] == .healthy)
        for member: ResourceID in ["web-2", "web-3", "web-4"] {
            guard case .unhealthy = health[member] else {
                Issue.record("\(member) is \(String(describing: health[member]))")
                continue
            }
        }
        guard case .unknown = health["web-9"] else {
            Issue.record("a member that HAProxy doesn't know is \(String(describing: health["web-9"]))")
            return
        }
        // HAProxy says that web-1 is well, the probe says that it isn't.
        let closed = Probe(name: "port", check: .tcp(port: try freePort()), timeoutSeconds: 1)
        health = await observer.health(of: group(fixture.traffic(), [closed]), in: plan)
        guard case .unhealthy = health["web-1"] else {
            Issue.record("web-1 is \(String(describing: health["web-1"]))")
            return
        }
        fixture.stop()
        health = await observer.health(of: group(fixture.traffic()), in: plan)
        #expect(health.count == 5)
        #expect(health.values.allSatisfy { if case .unknown = $0 { true } else { false } })
        var foreign = fixture.traffic()
        foreign.driver = "other"
        health = await observer.health(of: group(foreign), in: plan)
        #expect(health.values.allSatisfy { if case .unknown = $0 { true } else { false } })
        // Neither a balancer nor a probe: the host has to answer.
        let local = LocalConnection()
        let reaching = BuiltInHealthObserver(channels: local, runner: ProbeRunner(channels: local))
        health = await reaching.health(of: group(nil), in: plan)
        #expect(health["web-1"] == .healthy && health["web-9"]?.isHealthy == false)
        await local.shutDown()
    }

    @Test("After a restart of HAProxy nobody is healthy before it has checked", arguments: ["", "INI", "L7OK"])
    func unchecked(checkStatus: String) throws {
        let name = try HAProxyServerName(backend: "web", server: "web-1", place: "test")
        let view = ServerView(
            state: ServerState(
                name: name, backendNumber: 3, operational: .running, administrative: [], weight: 1, initialWeight: 1),
            statistics: ServerStatistics(
                name: name, status: "UP", currentSessions: 0, queued: 0, checkStatus: checkStatus, checkWords: "",
                checkHealth: ServerStatistics.CheckHealth(rise: 2, fall: 2, value: 3)),
            observedAt: .now())
        #expect(view.isInService, "HAProxy takes it for up")
        #expect(BuiltInHealthObserver.health(view, "web").isHealthy == (checkStatus == "L7OK"))
    }

    @Test(
        "A check that fails between HAProxy's two answers is not overlooked", arguments: ["DOWN", "DOWN 1/2", "UP 1/3"])
    func fallingBetweenAnswers(status: String) throws {
        let name = try HAProxyServerName(backend: "web", server: "web-1", place: "test")
        let view = ServerView(
            state: ServerState(
                name: name, backendNumber: 3, operational: .running, administrative: [], weight: 1, initialWeight: 1),
            statistics: ServerStatistics(
                name: name, status: status, currentSessions: 0, queued: 0, checkStatus: "L7STS", checkWords: "",
                checkHealth: ServerStatistics.CheckHealth(rise: 2, fall: 3, value: 0)),
            observedAt: .now())
        // One check that fails takes nobody out where more are asked for: HAProxy still sends requests.
        #expect(BuiltInHealthObserver.health(view, "web").isHealthy == (status == "UP 1/3"))
    }

    @Test("A member that is ill when HAProxy starts is never told to be healthy")
    func illAtStart() async throws {
        let fixture = try await HAProxyFixture(options: "check inter 1s rise 2 fall 2")
        let observer = BuiltInHealthObserver(channels: NoChannels(), runner: runner)
        let group = PlannedGroup(
            id: "web", members: ["web-1", "web-2"], minimumAvailable: 1, maximumOut: 1, traffic: fixture.traffic(),
            probes: [])
        try fixture.backends[0].setHealthy(false)
        fixture.stop()
        try await fixture.start()
        try await eventually("web-2 is healthy, and web-1 has never been") {
            let health = await observer.health(of: group, in: TrafficSteps.context().plan)
            #expect(health["web-1"]?.isHealthy == false)
            return health["web-2"]?.isHealthy == true
        }
    }
}

/// A host whose unit is active, with these marks one after the other.
actor ScriptedUnits: ChannelProvider, CommandChannel {
    private var marks: ArraySlice<String>
    private(set) var asked = 0

    init(_ marks: [String]) { self.marks = marks[...] }

    nonisolated func channel(to address: ResourceAddress) async throws(AccessError) -> any CommandChannel { self }

    func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        asked += 1
        let mark = marks.count > 1 ? marks.removeFirst() : marks.first ?? "0"
        let text = "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=\(mark)\n"
        return CommandResult(status: 0, standardOutput: Array(text.utf8), standardError: [], duration: .zero)
    }

    func close() async {}
}
