import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Members that Fettle cannot reach: whether anybody tells if they serve.
@Suite struct UnwatchedMemberTests {
    private func sample(_ probes: [Probe], traffic: TrafficBinding? = nil) -> FleetSample {
        var builder = FleetBuilder()
        let members = [
            builder.host("web-1"), builder.host("win", address: ResourceAddress(transport: .none, host: "win.example")),
        ]
        builder.group("web", members, minimum: .count(1), traffic: traffic, probes: probes)
        return FleetSample(fleet: builder.fleet)
    }

    /// Unknown is not healthy (I6): otherwise the only member that is known to serve would be taken out.
    @Test(arguments: [
        [], [Probe(name: "unit", check: .systemdUnit(name: "nginx.service"))],
        [FleetBuilder.probe, Probe(name: "unit", check: .systemdUnit(name: "nginx.service"))],
    ])
    func aMemberThatNobodyJudgesDoesNotCount(_ probes: [Probe]) throws {
        let problems = sample(probes).problems()
        #expect(problems.map(\.code) == [.capacity])
        #expect(problems.first?.message.contains("have win judged, which Fettle does not reach") == true)
    }

    @Test func aMemberThatIsJudgedFromOutsideCounts() throws {
        #expect(sample([FleetBuilder.probe]).problems().isEmpty)
        #expect(sample([], traffic: FleetBuilder.traffic("web")).problems().isEmpty)
    }
}
