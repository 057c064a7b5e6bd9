import FettleModel
import Testing

@testable import FettleDrivers

/// A real HAProxy's own view of its servers.
@Suite(
    "The load balancer's view", .serialized, .timeLimit(.minutes(10)),
    .enabled(if: HAProxyFixture.isAvailable, "apt-get install haproxy"))
struct BalancerProbeTests {
    private func ask(
        _ haproxy: HAProxyFixture, since: Timestamp? = nil, traffic: [TrafficBinding]? = nil, interval: Int = 1,
        of resource: ResourceID = "web-1"
    ) async -> ProbeSample {
        let probe = Probe(name: "balancer", check: .balancer(checkIntervalSeconds: interval))
        return await ProbeRunner(channels: NoChannels()).sample(
            probe, of: ProbeTarget(resource: resource, address: .local),
            at: ProbeMoment(since: since, traffic: traffic ?? [haproxy.traffic()]))
    }

    @Test func aServerIsWellByAChecksWordSinceTheAct() async throws {
        let haproxy = try await HAProxyFixture()
        #expect(await ask(haproxy).verdict == .pass)
        let act = Timestamp.now()
        let early = await ask(haproxy, since: act)
        #expect(early.verdict == .inconclusive && early.reason.contains("since the change"), "\(early.reason)")
        try await eventually("a whole check has passed since") { await ask(haproxy, since: act).verdict == .pass }
        #expect(act.adding(seconds: 2) <= .now())
        // Drained, it is still checked: that is how it is before it comes back.
        _ = try await haproxy.ask("set server web/web-1 state drain")
        #expect(await ask(haproxy).verdict == .pass)
        try haproxy.backends[0].setHealthy(false)
        try await eventually("its check fails") { await ask(haproxy).verdict == .fail }
        #expect(await ask(haproxy, of: "web-2").verdict == .pass)
        try haproxy.backends[0].setHealthy(true)
        try await eventually("it is well again") { await ask(haproxy).verdict == .pass }
    }

    @Test func whatCannotBeAskedIsAnError() async throws {
        let haproxy = try await HAProxyFixture()
        #expect(await ask(haproxy, traffic: []).verdict == .error)
        #expect(await ask(haproxy, of: "web-9").verdict == .error)
        #expect(await ask(haproxy, traffic: [haproxy.traffic(serverName: "a;b")]).verdict == .error)
        var other = haproxy.traffic()
        other.driver = "other"
        #expect(await ask(haproxy, traffic: [other]).verdict == .error)
        haproxy.stop()
        #expect(await ask(haproxy).verdict == .error)
    }

    @Test func whatIsNotCheckedIsNotKnown() async throws {
        let haproxy = try await HAProxyFixture(options: "weight 100")
        #expect(await ask(haproxy).verdict == .inconclusive)
    }
}
