import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// Drain and restore against a real HAProxy and real web servers.
@Suite("HAProxy steps", .serialized, .enabled(if: HAProxyFixture.isAvailable), .timeLimit(.minutes(10)))
struct HAProxyStepTests {
    let drain = HAProxyDrainDriver(channels: NoChannels())
    let restore = HAProxyRestoreDriver(channels: NoChannels())

    /// Checks, then drains; gives back what the journal would hold as the prior state.
    func drained(_ fixture: HAProxyFixture) async throws -> PriorState {
        let step = TrafficSteps.step(.drain(traffic: fixture.traffic()))
        guard case .ready(let prior?) = await drain.check(step, in: TrafficSteps.context()) else {
            throw TimedOut(description: "the drain is not ready")
        }
        try await drain.perform(step, in: TrafficSteps.context())
        _ = try await drain.verify(step, in: TrafficSteps.context())
        return prior
    }

    @Test("A server is drained, observed idle, and put back as it was")
    func drainAndRestore() async throws {
        let fixture = try await HAProxyFixture()
        let prior = try await drained(fixture)
        #expect(!prior.alreadySo)
        var view = try await fixture.view("web-1")
        #expect(view.state.administrative == .drain)
        #expect(!view.isInService && view.isUp)
        #expect(try await fixture.view("web-2").isInService)

        let step = TrafficSteps.step(.restore(traffic: fixture.traffic()))
        let context = TrafficSteps.context(prior: prior)
        #expect(await restore.check(step, in: context) == .ready(prior: nil))
        let began = ContinuousClock.now
        try await restore.perform(step, in: context)
        #expect(ContinuousClock.now - began >= .milliseconds(500), "watched, though nobody asks for anything")
        let observation = try await restore.verify(step, in: context)
        #expect(observation.verdict == .pass)
        #expect(observation.observedAt >= context.intendedAt)
        view = try await fixture.view("web-1")
        #expect(view.isInService && view.state.weight == 100)
        guard case .alreadyDone = await restore.check(step, in: context) else {
            Issue.record("a second restore finds something to do")
            return
        }
    }

    @Test("A number that HAProxy gives another backend since is not believed")
    func staleNumber() async throws {
        let fixture = try await HAProxyFixture()
        var client = fixture.client
        client.numbers = BackendNumbers()
        let first = try await client.view(of: "web")
        let number = try #require(client.numbers.number(of: "web", at: "fixture"))
        #expect(try await client.view(of: "web").map(\.state) == first.map(\.state), "asked in one line")
        #expect(try await client.view(of: "web").count == 2)
        for wrong in [number + 1, number - 1, 0] {
            client.numbers.note(wrong, of: "web", at: "fixture")
            #expect(try await client.view(of: "web").map(\.state) == first.map(\.state))
            #expect(client.numbers.number(of: "web", at: "fixture") == number)
        }
    }

    @Test("A drain ends only when the work has ended (nomad#14293), and no request is lost")
    func waitsForSessions() async throws {
        let fixture = try await HAProxyFixture()
        let requests = [Task { try await fixture.get("/slow?1.5") }, Task { try await fixture.get("/slow?1.5") }]
        try await eventually("both servers work") {
            let views = try await fixture.client.view(of: "web")
            return views.allSatisfy { $0.work == 1 }
        }
        let step = TrafficSteps.step(.drain(traffic: fixture.traffic()))
        let begin = ContinuousClock.now
        try await drain.perform(step, in: TrafficSteps.context())
        #expect(begin.duration(to: .now) > .milliseconds(700))
        #expect(try await fixture.view("web-1").work == 0)
        for request in requests { #expect(try await request.value == 200) }
    }

    @Test("Work that doesn't end in time fails the drain, which stays for another attempt")
    func drainTimesOut() async throws {
        let fixture = try await HAProxyFixture()
        let requests = [Task { try await fixture.get("/slow?3") }, Task { try await fixture.get("/slow?3") }]
        try await eventually("both servers work") {
            try await fixture.client.view(of: "web").allSatisfy { $0.work == 1 }
        }
        let short = TrafficSteps.step(.drain(traffic: fixture.traffic(drainTimeoutSeconds: 1)))
        guard case .ready(let prior) = await drain.check(short, in: TrafficSteps.context()) else {
            Issue.record("not ready")
            return
        }
        let failure = await #expect(throws: StepFailure.self) {
            try await drain.perform(short, in: TrafficSteps.context())
        }
        #expect(failure?.code == .timeout)
        #expect(failure?.message.contains("1 session") == true)
        #expect(try await fixture.view("web-1").state.administrative == .drain)
        // The next attempt knows by its prior state that the drain is this run's own.
        let step = TrafficSteps.step(.drain(traffic: fixture.traffic()))
        let context = TrafficSteps.context(prior: prior)
        #expect(await drain.check(step, in: context) == .ready(prior: prior))
        try await drain.perform(step, in: context)
        guard case .alreadyDone = await drain.check(step, in: context) else {
            Issue.record("drained and idle, but not done")
            return
        }
        for request in requests { #expect(try await request.value == 200) }
    }

    @Test(
        "What others have taken out stays out (system-upgrade-controller#341)",
        arguments: ["drain", "maint"])
    func othersDrain(state: String) async throws {
        let fixture = try await HAProxyFixture()
        _ = try await fixture.ask("set server web/web-1 state \(state)")
        let before = try await fixture.view("web-1").state
        let prior = try await drained(fixture)
        #expect(prior.alreadySo)
        let step = TrafficSteps.step(.restore(traffic: fixture.traffic()))
        let context = TrafficSteps.context(prior: prior)
        guard case .alreadyDone(let observation) = await restore.check(step, in: context) else {
            Issue.record("there is something to restore")
            return
        }
        #expect(observation.summary.contains("before this run"))
        try await restore.perform(step, in: context)
        _ = try await restore.verify(step, in: context)
        #expect(try await fixture.view("web-1").state == before)
    }

    @Test("A weight that was set at run time comes back, though HAProxy was restarted and has forgotten it")
    func weightSurvivesRestart() async throws {
        let fixture = try await HAProxyFixture()
        _ = try await fixture.ask("set weight web/web-1 50%")
        let prior = try await drained(fixture)
        fixture.stop()
        let step = TrafficSteps.step(.drain(traffic: fixture.traffic()))
        let context = TrafficSteps.context(prior: prior)
        guard case .unknown(let failure) = await drain.hold(of: step, in: context) else {
            Issue.record("HAProxy is away, and the drain stands")
            return
        }
        #expect(failure.code == .unreachable)
        try await fixture.start()
        #expect(try await fixture.view("web-1").state.weight == 100)
        guard case .lost = await drain.hold(of: step, in: context) else {
            Issue.record("the drain was lost, and nobody sees it")
            return
        }
        #expect(await drain.check(step, in: context) == .ready(prior: prior))
        #expect(try await drain.reassert(step, in: context).verdict == .pass)
        guard case .stands = await drain.hold(of: step, in: context) else {
            Issue.record("reasserted, and it doesn't stand")
            return
        }
        let back = TrafficSteps.step(.restore(traffic: fixture.traffic()))
        try await restore.perform(back, in: context)
        _ = try await restore.verify(back, in: context)
        let view = try await fixture.view("web-1")
        #expect(view.isInService && view.state.weight == 50 && view.state.initialWeight == 100)
    }

    @Test("A server that HAProxy sees failing gets no traffic, and is quarantined by the failure")
    func unhealthyStaysOut() async throws {
        let fixture = try await HAProxyFixture()
        let prior = try await drained(fixture)
        try fixture.backends[0].setHealthy(false)
        let step = TrafficSteps.step(.restore(traffic: fixture.traffic()), timeoutSeconds: 3)
        let context = TrafficSteps.context(prior: prior)
        try await eventually("HAProxy sees it") { try await !fixture.view("web-1").isUp }
        let failure = await #expect(throws: StepFailure.self) { try await restore.perform(step, in: context) }
        #expect(failure?.code == .unhealthy)
        #expect(failure?.message.contains("L7STS") == true)
        #expect(try await fixture.view("web-1").state.administrative == .drain)
        // It becomes well while a second attempt waits.
        async let second: Void = restore.perform(TrafficSteps.step(step.action), in: context)
        try await Task.sleep(for: .milliseconds(300))
        try fixture.backends[0].setHealthy(true)
        try await second
        #expect(try await fixture.view("web-1").isInService)
    }

    @Test("A server that falls as soon as it is back is drained again")
    func fallsAfterRestore() async throws {
        let fixture = try await HAProxyFixture()
        let prior = try await drained(fixture)
        let step = TrafficSteps.step(.restore(traffic: fixture.traffic()))
        let context = TrafficSteps.context(prior: prior)
        let restoring = Task { try await restore.perform(step, in: context) }
        try await eventually("it is back") { try await !fixture.view("web-1").state.administrative.isOut }
        try fixture.backends[0].setHealthy(false)
        await #expect(throws: StepFailure.self) { try await restoring.value }
        #expect(try await fixture.view("web-1").state.administrative == .drain)
    }

    @Test("A maintenance that somebody else has set meanwhile is left alone")
    func othersMaintenance() async throws {
        let fixture = try await HAProxyFixture()
        let prior = try await drained(fixture)
        _ = try await fixture.ask("set server web/web-1 state maint")
        let step = TrafficSteps.step(.restore(traffic: fixture.traffic()))
        let failure = await #expect(throws: StepFailure.self) {
            try await restore.perform(step, in: TrafficSteps.context(prior: prior))
        }
        #expect(failure?.code == .drift)
        #expect(try await fixture.view("web-1").state.administrative.contains(.maintenance))
    }

    @Test("Without a prior state nothing is put back")
    func nothingWithoutPrior() async throws {
        let fixture = try await HAProxyFixture()
        _ = try await drained(fixture)
        let step = TrafficSteps.step(.restore(traffic: fixture.traffic()))
        guard case .unknown = await restore.check(step, in: TrafficSteps.context()) else {
            Issue.record("it would be put back")
            return
        }
        await #expect(throws: StepFailure.self) { try await restore.perform(step, in: TrafficSteps.context()) }
        #expect(try await fixture.view("web-1").state.administrative == .drain)
    }

    @Test("Names that HAProxy doesn't know, rights that it doesn't give, and its absence are told apart")
    func errors() async throws {
        let fixture = try await HAProxyFixture()
        func code(_ traffic: TrafficBinding) async -> StepFailure.Code? {
            let step = TrafficSteps.step(.drain(traffic: traffic))
            guard case .unknown(let failure) = await drain.check(step, in: TrafficSteps.context()) else { return nil }
            return failure.code
        }
        #expect(await code(fixture.traffic(backend: "other")) == .drift)
        #expect(await code(fixture.traffic(serverName: "web-9")) == .drift)
        var reader = fixture.traffic()
        reader.endpoint = fixture.directory.appending(path: "reader.sock").path
        await #expect {
            try await drain.perform(TrafficSteps.step(.drain(traffic: reader)), in: TrafficSteps.context())
        } throws: { ($0 as? StepFailure)?.message.contains("level admin") == true }
        fixture.stop()
        #expect(await code(fixture.traffic()) == .unreachable)
    }

    @Test("No name and no path becomes a command")
    func injection() async throws {
        let fixture = try await HAProxyFixture()
        let before = try await fixture.client.view(of: "web").map(\.state)
        let names = [
            "web-1;disable frontend web", "web-1\nset server web/web-2 state maint", "web-1 ", "", "web/1", "#1",
            "web-1\u{0}", "wéb", String(repeating: "a", count: 200), "$(id)", "web-1\r",
        ]
        for name in names {
            for traffic in [
                fixture.traffic(backend: name), fixture.traffic(serverName: name), fixture.traffic(serverName: "{id}"),
            ] {
                let step = TrafficSteps.step(.drain(traffic: traffic), on: ResourceID(name))
                guard case .unknown(let failure) = await drain.check(step, in: TrafficSteps.context()) else {
                    Issue.record("taken as a name: \(name)")
                    continue
                }
                #expect(failure.code == .refused)
                await #expect(throws: StepFailure.self) { try await drain.perform(step, in: TrafficSteps.context()) }
            }
            var elsewhere = fixture.traffic()
            elsewhere.endpoint = "/run/\(name),x"
            await #expect(throws: StepFailure.self) {
                try await drain.perform(TrafficSteps.step(.drain(traffic: elsewhere)), in: TrafficSteps.context())
            }
        }
        #expect(try await fixture.client.view(of: "web").map(\.state) == before)
    }

    @Test("HAProxy is restarted while a step is under way: the server is drained again within moments")
    func keepsHolds() async throws {
        let fixture = try await HAProxyFixture()
        let prior = try await drained(fixture)
        let step = TrafficSteps.step(.drain(traffic: fixture.traffic()))
        let hold = Hold(driver: drain, step: step, context: TrafficSteps.context(prior: prior))
        let losses = Losses()
        let isDrained = await keeping(
            [hold], pause: .milliseconds(50), lost: { _, reason in await losses.add(reason) },
            during: { () async -> Bool in
                fixture.stop()
                do {
                    try await fixture.start()
                    try await eventually("it is drained again") {
                        try await fixture.view("web-1").state.administrative == .drain
                    }
                    return true
                } catch {
                    return false
                }
            })
        #expect(isDrained)
        #expect(await losses.reasons.count == 1)
        // Nobody drains it any more when the work is over.
        _ = try await fixture.ask("set server web/web-1 state ready")
        try await Task.sleep(for: .milliseconds(300))
        #expect(try await fixture.view("web-1").isInService)
    }
}

actor Losses {
    private(set) var reasons: [String] = []
    func add(_ reason: String) { reasons.append(reason) }
}
