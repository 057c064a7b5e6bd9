import FettleDriverKit
import FettleJudgement
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// What runs beside those of a bake, asked of real servers.
@Suite("Neighbours of a bake", .timeLimit(.minutes(10)))
struct NeighbourWatchTests {
    private static func probe(_ port: Int, _ name: String = "ping", samples: Int = 2) -> Probe {
        Probe(
            name: name, check: .http(url: "http://127.0.0.1:\(port)/health", status: 200, contains: nil),
            timeoutSeconds: 2, samples: samples, intervalSeconds: 0, deadlineSeconds: 5)
    }

    private static func neighbour(
        _ resource: ResourceID, _ probes: [Probe], beside: [ResourceID] = ["web-1"]
    ) -> BakeNeighbour {
        BakeNeighbour(
            resource: resource, address: .ssh(resource.rawValue), group: "db", relation: .host, beside: beside,
            probes: probes)
    }

    private static func plan(_ neighbours: [BakeNeighbour], watched: [ResourceID] = ["web-1"]) -> Plan {
        var plan = TrafficSteps.context().plan
        plan.steps = [
            TrafficSteps.step(
                .bake(
                    seconds: 2, resources: watched, probes: [],
                    judgement: BakeJudgement(controls: ["web-2"], extendUntilSeconds: 2, neighbours: neighbours)))
        ]
        return plan
    }

    private let runner = ProbeRunner(channels: NoChannels())

    private func before(_ plan: Plan, _ resource: ResourceID = "web-1", at milliseconds: Int64 = 1) async -> Observation
    {
        let preflight = TrafficSteps.step(
            .preflight(expectation: HostExpectation(packages: []), probes: []), on: resource)
        var observation = Observation(
            verdict: .pass, summary: "", observedAt: Timestamp(milliseconds: milliseconds))
        observation.details[NeighbourHistory.detailsKey] = await NeighbourHistory.record(
            preflight, in: plan, runner: runner)
        return observation
    }

    private func watch(
        _ plan: Plan, before: [ResourceID: Observation], patched: Set<ResourceID> = ["web-1"]
    ) async throws -> [NeighbourSeries] {
        guard case .bake(_, _, _, let judgement?)? = plan.steps.first?.action else { return [] }
        let neighbours = await NeighbourWatch(
            judgement, patched: patched, before: before, runner: runner, at: .none)
        let watch = BakeWatch(
            patched: [], controls: [], probes: [], runner: runner, pulses: PulseTaker(channels: NoChannels()),
            at: .none,
            in: plan, neighbours: neighbours)
        try await watch.round(.seconds(2))
        return neighbours.series
    }

    @Test func oneThatFallsIllAfterTheChangeIsSeen() async throws {
        let (well, ill) = (try await WebServerFixture(), try await WebServerFixture())
        let plan = Self.plan([
            Self.neighbour("db-1", [Self.probe(ill.port)]), Self.neighbour("db-2", [Self.probe(well.port)]),
        ])
        let before = await before(plan)
        try ill.setHealthy(false)
        let series = try await watch(plan, before: ["web-1": before])
        #expect(series.map(\.before) == [.pass, .pass])
        #expect(series[0].failedInRow >= 2 && series[0].passed == 0 && series[0].reason.contains("503"), "\(series)")
        #expect(series[1].passed >= 2 && series[1].failed == 0, "\(series)")
        let rows = BakeJudge(BakeJudgement(extendUntilSeconds: 2)).judge(
            [], against: .nothing(reason: "-"), neighbours: series
        ).rows
        #expect(rows.first?.subject == "neighbour db-1, db: ping" && rows.first?.verdict == "fail", "\(rows)")
    }

    @Test func whatWasSeenBeforeIsToldApart() async throws {
        let server = try await WebServerFixture()
        try server.setHealthy(false)
        let refused = Probe(
            name: "nowhere", check: .http(url: "http://no-such-host.invalid/", status: 200, contains: nil))
        let plan = Self.plan([Self.neighbour("db-1", [Self.probe(server.port), refused])])
        let before = await before(plan)
        try server.setHealthy(true)
        let series = try await watch(plan, before: ["web-1": before])
        #expect(series.map(\.before) == [.fail, .error])
        #expect(series[1].passed == 0 && series[1].unanswered > 0, "\(series)")
        #expect(try await watch(plan, before: [:]).map(\.before) == [nil, nil], "no preflight told")
    }

    /// The second canary's preflight may come when the first one is patched: what it sees then is no excuse.
    @Test func theEarliestLookCounts() async throws {
        let server = try await WebServerFixture()
        let plan = Self.plan([Self.neighbour("db-1", [Self.probe(server.port)])], watched: ["web-1", "web-3"])
        let early = await before(plan, "web-3", at: 10)
        try server.setHealthy(false)
        let late = await before(plan, "web-1", at: 20)
        let series = try await watch(plan, before: ["web-1": late, "web-3": early], patched: ["web-1", "web-3"])
        #expect(series.map(\.before) == [.pass])
    }

    @Test func whoIsBesideNobodyOfTheBakeIsNotAskedAndWhoIsBesideAControlIsMarked() async throws {
        let server = try await WebServerFixture()
        let probes = [Self.probe(server.port)]
        let plan = Self.plan([
            Self.neighbour("db-1", probes, beside: ["web-9"]), Self.neighbour("db-2", probes, beside: ["web-2"]),
            Self.neighbour("db-3", probes, beside: ["web-1", "web-2"]),
        ])
        let series = try await watch(plan, before: ["web-1": await before(plan)])
        #expect(series.map(\.resource) == ["db-2", "db-3"])
        #expect(series.map(\.isOfControls) == [true, false])
    }

    @Test func whoHasNoBakeAsksNobodyAndHostileRecordsAreNone() async {
        let plan = Self.plan([Self.neighbour("db-1", [Self.probe(1)])])
        #expect(await before(plan, "web-7").details[NeighbourHistory.detailsKey] == nil)
        for text in ["", "{}", "[1]", "[{\"verdict\":\"pass\"}]", String(repeating: "[", count: 100_000)] {
            let observation = Observation(
                verdict: .pass, summary: "", details: [NeighbourHistory.detailsKey: text],
                observedAt: Timestamp(milliseconds: 1))
            #expect(NeighbourHistory.verdicts(in: ["web-1": observation]).isEmpty, "\(text.prefix(20))")
        }
    }
}
