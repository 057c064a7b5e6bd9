import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Synchronization
import Testing

@testable import FettleDrivers

/// All traffic turned from one side to the other, by a real HAProxy before real web servers: `web-1` and `web-2` are blue, `web-3`
/// and `web-4` green.
@Suite("HAProxy's switch", .serialized, .enabled(if: HAProxyFixture.isAvailable), .timeLimit(.minutes(10)))
struct HAProxySwitchTests {
    static let blue: [ResourceID] = ["web-1", "web-2"]
    static let green: [ResourceID] = ["web-3", "web-4"]
    /// A map's file is written as root.
    static let isRoot = geteuid() == 0

    let channels = LocalConnection()
    var driver: HAProxySwitchDriver {
        HAProxySwitchDriver(channels: channels, runner: ProbeRunner(channels: channels))
    }

    static func fixture() async throws -> HAProxyFixture {
        let fixture = try await HAProxyFixture(servers: 4) { directory, lines in
            let map = directory.appending(path: "sides.map").path
            try "# who has the traffic\nother\tpair-green\npair pair-blue\n"
                .write(toFile: map, atomically: true, encoding: .utf8)
            return """
                frontend pair
                  bind unix@\(directory.path)/pair.sock
                  use_backend %[str(pair),map(\(map),pair-blue)]
                backend pair-blue
                  option httpchk GET /health
                \(lines[..<2].joined(separator: "\n"))
                backend pair-green
                  option httpchk GET /health
                \(lines[2...].joined(separator: "\n"))
                """
        }
        try await eventually("both sides are up by a check") {
            for backend in ["pair-blue", "pair-green"] {
                let views = try await fixture.client.view(of: backend)
                guard views.allSatisfy({ $0.isUp && $0.statistics.checkHealth?.isFull == true }) else { return false }
            }
            return true
        }
        return fixture
    }

    static func map(_ fixture: HAProxyFixture) -> String { fixture.directory.appending(path: "sides.map").path }

    static func traffic(_ fixture: HAProxyFixture, byMap: Bool, drainTimeoutSeconds: Int = 10) -> TrafficBinding {
        guard byMap else { return fixture.traffic(drainTimeoutSeconds: drainTimeoutSeconds) }
        var traffic = fixture.traffic(backend: "pair", drainTimeoutSeconds: drainTimeoutSeconds)
        traffic.sides = TrafficSides(
            map: map(fixture),
            sides: [
                TrafficSide(backend: "pair-blue", members: blue), TrafficSide(backend: "pair-green", members: green),
            ])
        return traffic
    }

    static func turn(
        _ traffic: TrafficBinding, to: [ResourceID] = green, from: [ResourceID] = blue, probes: [Probe] = []
    ) -> Step {
        TrafficSteps.step(
            .switchTraffic(turn: TrafficSwitch(group: "pair", traffic: traffic, from: from, to: to, probes: probes)))
    }

    static let context = TrafficSteps.context(
        targets: (blue + green).map { PlanTarget(resource: $0, address: .local, environment: "production") })

    /// Without a map the standby is out by a drain: HAProxy goes on checking it.
    static func standBy(_ members: [ResourceID], at fixture: HAProxyFixture) async throws {
        for member in members { _ = try await fixture.ask("set server web/\(member) state drain") }
    }

    static func state(of fixture: HAProxyFixture, byMap: Bool) async throws -> String {
        guard byMap else {
            return try await fixture.client.view(of: "web").map { "\($0.state.name) \($0.state.administrative.words)" }
                .joined(separator: "\n")
        }
        let running = try await fixture.client.value(of: "pair", in: map(fixture)) ?? "nobody"
        return running + "\n" + (try String(contentsOfFile: map(fixture), encoding: .utf8))
    }

    @Test("It holds to the contract of every driver, there and back", arguments: [true, false])
    func conformance(byMap: Bool) async throws {
        guard Self.isRoot || !byMap else { return }
        let fixture = try await Self.fixture()
        if !byMap { try await Self.standBy(Self.green, at: fixture) }
        let traffic = Self.traffic(fixture, byMap: byMap)
        for (to, from) in [(Self.green, Self.blue), (Self.blue, Self.green)] {
            let step = Self.turn(traffic, to: to, from: from)
            let findings = await StepDriverConformance(driver: driver, step: step, plan: Self.context.plan).run {
                try await Self.state(of: fixture, byMap: byMap)
            }
            #expect(findings == [])
            // What is to be seen before anything is touched, and what is seen where it is not so.
            guard case .alreadyDone = await driver.check(Self.turn(traffic, to: to, from: []), in: Self.context) else {
                Issue.record("\(to) are not seen to serve alone")
                return
            }
            let other = Self.turn(traffic, to: from, from: [])
            #expect(await driver.check(other, in: Self.context) == .ready(prior: nil))
            try await driver.perform(other, in: Self.context)
            await #expect { try await driver.verify(other, in: Self.context) } throws: {
                ($0 as? StepFailure)?.code == .drift
            }
        }
        guard byMap else { return }
        let text = try String(contentsOfFile: Self.map(fixture), encoding: .utf8)
        #expect(text == "# who has the traffic\nother\tpair-green\npair pair-blue\n", "all else is as it was")
    }

    @Test(
        "No request is lost while traffic is turned there and back, and each side alone answers",
        arguments: [true, false])
    func noRequestIsLost(byMap: Bool) async throws {
        guard Self.isRoot || !byMap else { return }
        let fixture = try await Self.fixture()
        if !byMap { try await Self.standBy(Self.green, at: fixture) }
        let traffic = Self.traffic(fixture, byMap: byMap)
        let front = byMap ? "pair.sock" : "front.sock"
        let end = End()
        defer { end.come() }
        let requests = (0..<4).map { _ in
            Task {
                var statuses: [Int?] = []
                while !end.hasCome { statuses.append(try await fixture.get("/", at: front)) }
                return statuses
            }
        }
        for _ in 0..<5 {
            for (to, from) in [(Self.green, Self.blue), (Self.blue, Self.green)] {
                let step = Self.turn(traffic, to: to, from: from)
                try await driver.perform(step, in: Self.context)
                _ = try await driver.verify(step, in: Self.context)
                let before = try await Self.answered(from, fixture, byMap)
                try await Task.sleep(for: .milliseconds(100))
                #expect(try await Self.answered(from, fixture, byMap) == before, "\(from) still answer")
            }
        }
        end.come()
        for request in requests {
            let statuses = try await request.value
            #expect(!statuses.isEmpty && statuses.allSatisfy { $0 == 200 })
        }
    }

    /// Sessions that these servers have had.
    static func answered(_ members: [ResourceID], _ fixture: HAProxyFixture, _ byMap: Bool) async throws -> Int {
        var sessions = 0
        for backend in byMap ? ["pair-blue", "pair-green"] : ["web"] {
            for view in try await fixture.client.view(of: backend)
            where members.contains(ResourceID(view.state.name.server)) { sessions += view.statistics.sessions ?? 0 }
        }
        return sessions
    }

    /// Traffic switched to a side that is not whole: argo-rollouts#3941, #3020, #2235, #4390.
    @Test(
        "Nothing is turned to a side of which one member is unwell, by HAProxy's check or by a probe",
        arguments: [true, false])
    func unwell(byProbe: Bool) async throws {
        let fixture = try await Self.fixture()
        try await Self.standBy(Self.green, at: fixture)
        let traffic = Self.traffic(fixture, byMap: false)
        let before = try await Self.state(of: fixture, byMap: false)
        var step = Self.turn(traffic)
        if byProbe {
            let probe = Probe(
                name: "smoke", check: .command(argv: ["/bin/false"]), timeoutSeconds: 5, samples: 1,
                intervalSeconds: 0, deadlineSeconds: 1)
            step = Self.turn(traffic, probes: [probe])
        } else {
            try fixture.backends[3].setHealthy(false)
            try await eventually("HAProxy has seen it") { try await !fixture.view("web-4").isUp }
            guard case .blocked(let reason) = await driver.check(step, in: Self.context) else {
                Issue.record("it is not blocked")
                return
            }
            #expect(reason.contains("web-4"))
        }
        await #expect { try await driver.perform(step, in: Self.context) } throws: {
            ($0 as? StepFailure)?.code == .unhealthy
        }
        #expect(try await Self.state(of: fixture, byMap: false) == before)
    }

    @Test("After a restart of HAProxy the side of the map's file serves", .enabled(if: isRoot))
    func restart() async throws {
        let fixture = try await Self.fixture()
        let step = Self.turn(Self.traffic(fixture, byMap: true))
        try await driver.perform(step, in: Self.context)
        fixture.stop()
        try await fixture.start()
        try await eventually("green serves") {
            try await driver.verify(step, in: Self.context).verdict == .pass
        }
    }

    @Test("A side that falls when it has the traffic is not called done; nobody who is up is none who serves")
    func fallen() async throws {
        let fixture = try await Self.fixture()
        try await Self.standBy(Self.green, at: fixture)
        let traffic = Self.traffic(fixture, byMap: false)
        let (step, seen) = (Self.turn(traffic), Self.turn(traffic, to: Self.green, from: []))
        try await driver.perform(step, in: Self.context)
        for (index, server) in [(3, "web-4"), (2, "web-3")] {
            _ = try await driver.verify(seen, in: Self.context)
            try fixture.backends[index].setHealthy(false)
            try await eventually("HAProxy has seen it") { try await !fixture.view(server).isUp }
            await #expect { try await driver.verify(step, in: Self.context) } throws: {
                ($0 as? StepFailure)?.code == .unhealthy
            }
            #expect(await driver.check(step, in: Self.context) == .ready(prior: nil))
        }
        await #expect { try await driver.verify(seen, in: Self.context) } throws: {
            ($0 as? StepFailure)?.code == .drift
        }
    }

    @Test(
        "Of a run that died between file and balancer the rest is done, and nothing is called done before",
        .enabled(if: isRoot))
    func half() async throws {
        let fixture = try await Self.fixture()
        let step = Self.turn(Self.traffic(fixture, byMap: true))
        let text = try String(contentsOfFile: Self.map(fixture), encoding: .utf8)
        try HAProxyMapFile.setting("pair", to: "pair-green", in: text)
            .write(toFile: Self.map(fixture), atomically: true, encoding: .utf8)
        #expect(await driver.check(step, in: Self.context) == .ready(prior: nil))
        await #expect(throws: StepFailure.self) { try await driver.verify(step, in: Self.context) }
        try await driver.perform(step, in: Self.context)
        #expect(try await driver.verify(step, in: Self.context).verdict == .pass)
    }

    @Test("Requests under way on the side that is turned away end there, or are told", arguments: [10, 1])
    func sessionsEnd(drainTimeoutSeconds: Int) async throws {
        let fixture = try await Self.fixture()
        try await Self.standBy(Self.green, at: fixture)
        let slow = Task { try await fixture.get("/slow?4") }
        try await eventually("it is under way") {
            try await fixture.client.view(of: "web").contains { $0.work == 1 }
        }
        let step = Self.turn(Self.traffic(fixture, byMap: false, drainTimeoutSeconds: drainTimeoutSeconds))
        try await driver.perform(step, in: Self.context)
        if drainTimeoutSeconds == 10 {
            #expect(try await driver.verify(step, in: Self.context).verdict == .pass)
        } else {
            await #expect { try await driver.verify(step, in: Self.context) } throws: {
                ($0 as? StepFailure)?.code == .timeout
            }
        }
        #expect(try await slow.value == 200)
    }

    @Test(
        "A map keeps its comments and its other keys",
        arguments: [
            ("", "pair a\n"), ("pair b\n", "pair a\n"), ("# pair b\n  pair\t b \nx y\n\n", "# pair b\npair a\nx y\n"),
            ("pairs b\npair b", "pairs b\npair a\n"), ("pair\n", "pair\npair a\n"),
        ])
    func mapText(text: String, after: String) {
        let set = HAProxyMapFile.setting("pair", to: "a", in: text)
        #expect(set == after)
        #expect(HAProxyMapFile.value(of: "pair", in: set) == "a")
        #expect(HAProxyMapFile.setting("pair", to: "a", in: set) == set)
    }

    @Test(
        "A path that is more than a path makes no rule and no command",
        arguments: [
            "relative", "/a b", "/a;b", "/a\nb", "/a/../b", "//a", "/a/", "/", "", "/a,b", "/ä",
        ])
    func hostilePaths(path: String) {
        #expect(!TrafficSides.isMapPath(path))
        #expect(throws: SudoRuleError.self) { try HAProxySwitchDriver.sudoRules(map: path) }
    }
}

/// Told to tasks that go on until then.
private final class End: Sendable {
    private let flag = Mutex(false)
    var hasCome: Bool { flag.withLock { $0 } }
    func come() { flag.withLock { $0 = true } }
}
