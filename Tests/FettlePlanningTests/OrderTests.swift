import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct OrderTests {
    @Test func neighboursInTurnAreOfDifferentFailureDomains() throws {
        var builder = FleetBuilder()
        let domains = ["rack-a", "rack-a", "rack-a", "rack-b", "rack-b", "rack-c"]
        let ids = domains.indices.map { builder.host(ResourceID("web-\($0 + 1)"), domain: domains[$0]) }
        builder.group("web", ids, minimum: .count(4), strategy: .rolling(maxUnavailable: .count(2)))
        let fleet = builder.fleet
        let turns = try FleetSample(fleet: fleet).plan().turns
        #expect(turns == ["web-1", "web-4", "web-2", "web-5", "web-3", "web-6"])
        for (one, next) in zip(turns, turns.dropFirst()) {
            #expect(fleet.resource(one)?.failureDomain != fleet.resource(next)?.failureDomain)
        }
    }

    @Test(arguments: TestScale.seeds(60, long: 600)) func domainsOnlyRepeatWhereTheyMust(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var builder = FleetBuilder()
        let size = Int.random(in: 2...9, using: &random)
        let ids = (1...size).map { number in
            builder.host(
                ResourceID("web-\(number)"), domain: ["a", "b", "c"].randomElement(using: &random))
        }
        builder.group("web", ids, minimum: .count(1), strategy: .rolling(maxUnavailable: .count(1)))
        let fleet = builder.fleet
        let line = try FleetSample(fleet: fleet).plan().turns.map { fleet.resource($0)?.failureDomain }
        let largest = Dictionary(grouping: line, by: { $0 }).values.map(\.count).max() ?? 0
        let repeats = zip(line, line.dropFirst()).filter { $0 == $1 }.count
        #expect(repeats == max(0, largest - (size - largest) - 1))
    }

    @Test func aGroupWaitsForWhatItComesAfterEvenThroughOneThatIsNotTouched() throws {
        var builder = FleetBuilder()
        builder.pool("db", size: 2, minimum: .count(1))
        builder.pool("queue", size: 2, minimum: .count(1), after: ["db"])
        builder.pool("web", size: 2, minimum: .count(1), after: ["queue"])
        let plan = try FleetSample(
            fleet: builder.fleet, selected: ["db-1", "db-2", "web-1", "web-2"]
        ).plan()
        #expect(plan.turns == ["db-1", "db-2", "web-1", "web-2"])
        #expect(plan.before("web-1").contains("db-2"))
        #expect(plan.groups.map(\.id) == ["db", "web"])
    }

    @Test func aLoadBalancerIsLeftOutUnlessItIsNamed() throws {
        var sample = FleetSample.threeWebServers
        sample = FleetSample(fleet: sample.fleet)
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.target("lb-1") == nil)
        #expect(
            report.leftOut == [
                Selection.LeftOut(
                    resource: "lb-1", subject: nil,
                    reason: "would interrupt the traffic of web; plan it by naming it")
            ])
    }

    @Test func aNamedLoadBalancerGoesLastAndAlone() throws {
        let sample = FleetSample(fleet: FleetSample.threeWebServers.fleet)
        let (plan, report) = try Planner.plan(sample.input(named: ["lb-1"]))
        #expect(plan.turns.last == "lb-1")
        for member in ["web-1", "web-2", "web-3"] {
            #expect(plan.isBefore(StepID("\(member)/restore"), "lb-1/take-out"))
        }
        #expect(report.warnings.contains { $0.contains("nothing stands in for it") })
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aLoadBalancerWithAStandInNeedsNoNaming() throws {
        var builder = FleetBuilder()
        builder.pool("web", size: 2, minimum: .count(1), traffic: FleetBuilder.traffic("web", via: "lb-1"))
        builder.pool("lb", size: 2, minimum: .count(1))
        let (plan, report) = try Planner.plan(FleetSample(fleet: builder.fleet).input())
        #expect(plan.turns == ["lb-2", "web-1", "web-2", "lb-1"])
        #expect(report.leftOut == [])
    }

    /// keepalived: `via` names one of the members, and no balancer before them.
    @Test func membersThatHandTrafficToEachOtherGoInTheirUsualOrder() throws {
        func turns(_ driver: String) throws -> [ResourceID] {
            var traffic = FleetBuilder.traffic("10.0.0.100", via: "lb-1")
            (traffic.driver, traffic.address) = (driver, .ssh("lb-1"))
            var builder = FleetBuilder()
            builder.pool("lb", size: 2, minimum: .count(1), traffic: traffic)
            let (plan, report) = try Planner.plan(FleetSample(fleet: builder.fleet).input())
            #expect(report.leftOut == [])
            #expect(PlanChecker.check(plan).violations == [])
            return plan.turns
        }
        #expect(try turns("keepalived") == ["lb-1", "lb-2"])
        #expect(try turns("haproxy") == ["lb-2", "lb-1"], "it would be the balancer of the other one")
    }

    /// What a fleet with two balancers of one address has to say: a group with the same members for each of them.
    @Test func behindTwoBalancersOfOneAddressEachMemberIsDrainedAtBothWhileBothAreThere() throws {
        var address = FleetBuilder.traffic("10.0.0.100", via: "lb-1")
        (address.driver, address.address) = ("keepalived", .ssh("lb-1"))
        var builder = FleetBuilder()
        builder.pool("lb", size: 2, minimum: .count(1), traffic: address)
        let ids = ["web-1", "web-2"].map { builder.host($0) }
        builder.group("web-a", ids, minimum: .count(1), traffic: FleetBuilder.traffic("web", via: "lb-1"))
        builder.group("web-b", ids, minimum: .count(1), traffic: FleetBuilder.traffic("web", via: "lb-2"))
        let (plan, report) = try Planner.plan(FleetSample(fleet: builder.fleet).input())
        #expect(report.leftOut == [])
        #expect(PlanChecker.check(plan).violations == [])
        for member in ids {
            let outage = plan.steps.filter { $0.resource == member && $0.availability != .none }.map(\.id.rawValue)
            #expect(outage.prefix(2) == ["\(member)/drain-web-a", "\(member)/drain-web-b"])
            #expect(outage.suffix(2) == ["\(member)/restore-web-b", "\(member)/restore-web-a"])
            // No balancer is away while a member is taken out at it.
            for balancer in ["lb-1", "lb-2"] as [ResourceID] {
                let isBefore = plan.before(member).contains(balancer)
                #expect(isBefore || plan.before(balancer).contains(member), "\(balancer), \(member)")
            }
        }
    }

    @Test func fettlesOwnHostGoesLast() throws {
        var builder = FleetBuilder(environments: ["dev", "production"])
        builder.host("controller", in: "dev", address: .local)
        builder.host("dev-1", in: "dev")
        builder.pool("web", size: 2, in: "production", minimum: .count(1))
        let (plan, report) = try Planner.plan(FleetSample(fleet: builder.fleet).input())
        #expect(plan.turns == ["dev-1", "web-1", "web-2", "controller"])
        // On the way back too (I12): it is the others' way back that hangs on it.
        let back = plan.rollback.filter { $0.availability == .takesOut }.map(\.resource)
        #expect(back == ["web-2", "web-1", "dev-1", "controller"])
        #expect(plan.before("controller", onTheWayBack: true) == ["dev-1", "web-1", "web-2"])
        #expect(plan.before("web-2", onTheWayBack: true) == [])
        #expect(PlanChecker.check(plan).violations == [])
        #expect(report.warnings.contains { $0.hasPrefix("controller: the machine that Fettle runs on") })
    }

    @Test func aHostBehindTwoBackendsIsDrainedAtBothAndComesBackTheOtherWayRound() throws {
        var builder = FleetBuilder()
        let ids = ["node-1", "node-2", "node-3"].map { builder.host($0) }
        builder.group("api", ids, minimum: .count(2), traffic: FleetBuilder.traffic("api"))
        builder.group("web", Array(ids.prefix(2)), minimum: .count(1), traffic: FleetBuilder.traffic("web"))
        let plan = try FleetSample(fleet: builder.fleet).plan()
        let outage = plan.steps.filter { $0.resource == "node-1" && $0.availability != .none }.map(\.id.rawValue)
        #expect(outage.first == "node-1/drain-api")
        #expect(outage.dropFirst().first == "node-1/drain-web")
        #expect(outage.suffix(2) == ["node-1/restore-web", "node-1/restore-api"])
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// No driver can be asked for a role that no driver has told.
    @Test func aClusterWhoseRolesAreNotKnownGoesOneByOneWithoutAHandover() throws {
        var builder = FleetBuilder()
        let ids = ["db-1", "db-2", "db-3"].map { builder.host($0) }
        builder.group("db", ids, minimum: .count(1), kind: .cluster)
        var sample = FleetSample(fleet: builder.fleet)
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.steps.allSatisfy { $0.action.name != "hand over" })
        #expect(report.warnings.contains { $0.contains("do not say who leads") })
        // A quorum of three is two, whatever the file says.
        #expect(plan.groups.map(\.minimumAvailable) == [2])
        for place in sample.facts.hosts.indices {
            let role: ClusterRole = sample.facts.hosts[place].resource == "db-1" ? .leader : .replica
            sample.facts.hosts[place].clusterRoles = ["db": role]
        }
        let known = try sample.plan()
        #expect(known.turns.last == "db-1")
        #expect(known.steps.filter { $0.action.name == "hand over" }.count == 3)
        #expect(PlanChecker.check(known).violations == [])
    }

    @Test func hostsInNoGroupGoAsManyAtOnceAsStepsAreAllowed() throws {
        var builder = FleetBuilder()
        for number in 1...5 { builder.host(ResourceID("single-\(number)")) }
        var sample = FleetSample(fleet: builder.fleet)
        sample.policy.limits.parallelSteps = 2
        let plan = try sample.plan()
        #expect(plan.step("single-2/take-out")?.after == ["single-2/stage"])
        #expect(plan.before("single-5") == ["single-1", "single-3"])
    }
}
