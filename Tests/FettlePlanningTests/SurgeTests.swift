import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Rolling with spares: as many more may be out at once as serve beside the members that a group is sized for.
@Suite struct SurgeTests {
    private func sample(
        _ size: Int, spares: Int, minimum: Quantity, _ strategy: Strategy, selected: Set<ResourceID>? = nil
    ) -> FleetSample {
        var builder = FleetBuilder()
        builder.pool("web", size: size + spares, minimum: minimum, strategy: strategy)
        var fleet = builder.fleet
        let members = fleet.groups[0].members
        if spares > 0 { fleet.groups[0].spares = (size + 1...size + spares).map { ResourceID("web-\($0)") }.sorted() }
        return FleetSample(fleet: fleet, selected: selected ?? Set(members))
    }

    /// With all of four that must serve, nobody could ever go out without the fifth.
    @Test func nobodyIsMissedThatMustServe() throws {
        let (plan, report) = try Planner.plan(FleetSample.rollingWithSpare.input())
        let web = try #require(plan.group("web"))
        #expect(web.minimumAvailable == 4 && web.maximumOut == 1 && web.members.count == 5)
        #expect(plan.turns.first == "web-5")
        #expect(report.groups[0].capacity.map(\.available).min() == 4)
        #expect(PlanChecker.check(plan).violations == [])
        var without = FleetSample.rollingWithSpare
        without.fleet.groups[0].spares = nil
        #expect(without.problems().map(\.code) == [.capacity])
    }

    /// A spare that does not answer lets nobody more out.
    @Test func aSpareThatIsNotThereCountsForNothing() throws {
        let rolling = Strategy.rolling(maxUnavailable: .count(1), maxSurge: .count(2))
        var sample = sample(4, spares: 2, minimum: .count(3), rolling, selected: ["web-1", "web-2", "web-3", "web-4"])
        #expect(try sample.plan().group("web")?.maximumOut == 3)
        let place = try #require(sample.facts.hosts.firstIndex { $0.resource == "web-6" })
        sample.facts.hosts[place].reachability = .unreachable(reason: "no answer")
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.group("web")?.maximumOut == 2)
        #expect(
            report.groups[0].reason
                == "declared in the fleet; web-5 serves beside the 4 that the group is sized for, so that 1 more may be out"
        )
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test(arguments: [
        // maxUnavailable is rounded down, but never to nothing; maxSurge up.
        (Quantity.percent(25), Quantity.percent(25), 10, 3, 5), (.percent(10), .percent(10), 5, 5, 2),
        (.count(0), .percent(1), 10, 3, 1), (.count(0), .percent(100), 3, 2, 2), (.count(2), .count(0), 6, 2, 2),
    ])
    func sharesAreOfTheMembersWithoutTheSpares(
        unavailable: Quantity, surge: Quantity, size: Int, spares: Int, out: Int
    ) throws {
        let rolling = Strategy.rolling(maxUnavailable: unavailable, maxSurge: surge)
        let plan = try sample(size, spares: spares, minimum: .count(0), rolling).plan()
        #expect(plan.group("web")?.maximumOut == out)
    }

    /// Spares go first, in every lane; whatever is asked for, the minimum of the members that must serve is kept.
    @Test(arguments: TestScale.seeds(120, long: 2_000))
    func whateverIsAskedForIsProvenOrRefused(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        func quantity() -> Quantity {
            Bool.random(using: &random)
                ? .count(Int.random(in: 0...4, using: &random)) : .percent(Int.random(in: 0...100, using: &random))
        }
        let (size, spares) = (Int.random(in: 1...7, using: &random), Int.random(in: 0...4, using: &random))
        let (most, surge, minimum) = (quantity(), quantity(), quantity())
        let strategy = Strategy.rolling(maxUnavailable: most, maxSurge: surge)
        let sample = sample(size, spares: spares, minimum: minimum, strategy)
        let needed = minimum.asMinimum(of: size)
        let wished = most.asMaximum(of: size) + min(surge.asSurge(of: size), spares)
        let allowed = min(wished, size + spares - needed)
        guard allowed > 0 else {
            #expect(!sample.problems().isEmpty)
            return
        }
        let plan = try sample.plan()
        #expect(PlanChecker.check(plan).violations == [])
        #expect(plan.group("web")?.maximumOut == allowed)
        #expect(plan.group("web")?.minimumAvailable == needed)
        let first = Set(sample.fleet.groups[0].spares ?? [])
        for member in sample.fleet.groups[0].members where !first.contains(member) {
            #expect(plan.before(member).isSuperset(of: first))
            #expect(first.allSatisfy { plan.before($0, onTheWayBack: true).contains(member) })
        }
        // Without the lanes all go at once, and that is seen.
        var wider = plan
        wider.order.removeAll { $0.reason.hasPrefix("group web") }
        #expect(PlanChecker.check(wider).violations.isEmpty == (allowed >= size + spares))
    }

    /// What is not patched is not put first, and a spare that is up to date serves all the same.
    @Test func aSpareThatNeedsNothingServes() throws {
        let rolling = Strategy.rolling(maxUnavailable: .count(0), maxSurge: .count(1))
        let plan = try sample(3, spares: 1, minimum: .count(3), rolling, selected: ["web-1", "web-2"]).plan()
        #expect(plan.targets.map(\.resource) == ["web-1", "web-2"])
        #expect(plan.group("web")?.maximumOut == 1)
        #expect(PlanChecker.check(plan).violations == [])
    }
}
