import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// I3: what a bake asks beside those it watches is somebody else, and is in nobody's hands meanwhile.
@Suite struct NeighbourTests {
    /// Two pools of four, the second after the first.
    private static let plan: Plan = {
        var plan = FleetPlan(groups: 2, size: 4, lanes: 1, environments: 1).plan()
        plan.order.append(
            TurnOrder(
                reason: "groups",
                turns: (1...2).map { group in (1...4).map { ResourceID("pool-\(group)-host-\($0)") } },
                isDependency: true))
        return plan
    }()

    private static let probe = Probe(name: "ping", check: .tcp(port: 80))

    static func neighbour(
        _ resource: ResourceID, beside: [ResourceID] = [BakeTests.canary], probes: [Probe] = [probe]
    ) -> BakeNeighbour {
        BakeNeighbour(
            resource: resource, address: .ssh(resource.rawValue), group: "pool-2", relation: .dependent,
            beside: beside, probes: probes)
    }

    private func violations(_ neighbours: [BakeNeighbour], in plan: Plan = Self.plan) -> [Violation] {
        let plan = plan.changing(BakeTests.bake) {
            $0.action = .bake(
                seconds: 60, resources: [BakeTests.canary], probes: [],
                judgement: BakeJudgement(
                    controls: [BakeTests.second], extendUntilSeconds: 70, neighbours: neighbours))
        }
        return PlanChecker.check(plan).violations
    }

    @Test func whoWaitsForTheBakeOrIsNotTouchedMayBeAsked() {
        #expect(violations(["stranger", "pool-1-host-3", "pool-2-host-1"].map { Self.neighbour($0) }) == [])
        #expect(violations([Self.neighbour("stranger", beside: [BakeTests.second])]) == [], "of a control")
    }

    @Test func whoMayBeOutMeanwhileIsRefusedAndSoIsWhatGoesDownWithIt() {
        var plan = Self.plan
        plan.order.removeLast()
        #expect(violations([Self.neighbour("pool-2-host-1")], in: plan).map(\.invariant) == [.order])
        let place = plan.targets.firstIndex { $0.resource == "pool-2-host-1" }
        if let place { plan.targets[place].carries = ["machine"] }
        #expect(violations([Self.neighbour("machine")], in: plan).contains { $0.invariant == .order })
    }

    @Test func whoIsNoNeighbourOrIsAskedNothingIsRefused() {
        let bad = [
            Self.neighbour(BakeTests.canary), Self.neighbour(BakeTests.second), Self.neighbour("x", beside: []),
            Self.neighbour("x", beside: ["somebody"]), Self.neighbour("x", probes: []),
            Self.neighbour("x", probes: [Probe(name: "look", check: .manual(question: "Well?"))]),
        ]
        for neighbour in bad {
            #expect(violations([neighbour]).map(\.invariant) == [.form], "\(neighbour)")
        }
        #expect(violations([Self.neighbour("x"), Self.neighbour("x")]).map(\.invariant) == [.form], "twice")
    }

    @Test func moreThanCanBeAskedAreRefused() {
        func many(_ count: Int, probes: Int = 1) -> [BakeNeighbour] {
            (0..<count).map {
                Self.neighbour(ResourceID("x-\($0)"), probes: [Probe](repeating: Self.probe, count: probes))
            }
        }
        #expect(violations(many(BakeNeighbour.most)) == [])
        #expect(violations(many(BakeNeighbour.most + 1)).map(\.invariant) == [.form])
        #expect(violations(many(2, probes: 200)).map(\.invariant) == [.form])
    }
}
