import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct BlueGreenTests {
    private func sample(
        then: Strategy.OldSide = .patch, _ change: (inout ResourceGroup) -> Void = { _ in }
    ) -> FleetSample {
        var sample = FleetSample.blueGreen(then: then)
        change(&sample.fleet.groups[0])
        return sample
    }

    /// The old set reached zero before the switch (argo-rollouts#2235 #4390).
    @Test func theSideThatServesIsNotTouchedBeforeTheSwitchHasBeenWatched() throws {
        let plan = try sample().plan()
        for member in ["blue-1", "blue-2"] {
            #expect(plan.isBefore("web/switch", StepID("\(member)/take-out")))
            #expect(plan.isBefore("web/bake", StepID("\(member)/take-out")))
        }
        for member in ["green-1", "green-2"] {
            #expect(plan.isBefore("web/serving", StepID("\(member)/take-out")))
            #expect(plan.isBefore(StepID("\(member)/bring-back"), "web/switch"))
        }
    }

    /// A rollback sent traffic to a set that was too small (argo-rollouts#3941 #3020).
    @Test func theWayBackTurnsTheTrafficToASideThatIsWholeAndWell() throws {
        let plan = try sample().plan()
        let back = try #require(plan.step("web/rollback/switch"))
        #expect(back.compensates == "web/switch")
        #expect(back.after == ["blue-1/rollback/bring-back", "blue-2/rollback/bring-back"])
        guard case .switchTraffic(let turn) = back.action else {
            Issue.record("\(back.action)")
            return
        }
        #expect(turn.to == ["blue-1", "blue-2"])
        #expect(turn.probes == [FleetBuilder.probe])
        #expect(plan.step("green-1/rollback/take-out")?.after == ["web/rollback/switch"])
    }

    @Test func membersAreNeverDrainedOneByOne() throws {
        let plan = try sample().plan()
        #expect(!(plan.steps + plan.rollback).contains { ["drain", "restore"].contains($0.action.name) })
    }

    @Test func aStandbyThatMayNotGoAsAWholeGoesInLanes() throws {
        let plan = try sample { $0.minimumAvailable = .count(3) }.plan()
        #expect(plan.groups[0].maximumOut == 1)
        #expect(plan.before("green-2") == ["green-1"])
        #expect(plan.before("blue-1").isSuperset(of: ["green-1", "green-2"]))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func aMemberThatServesInAnotherGroupAsWellIsDrainedThere() throws {
        var sample = sample()
        sample.fleet.groups.append(
            ResourceGroup(
                id: "api", members: ["blue-1", "green-1"], minimumAvailable: .count(1),
                traffic: FleetBuilder.traffic("api", via: "lb-1"), probes: [FleetBuilder.probe]))
        let plan = try sample.plan()
        #expect(plan.step("green-1/drain")?.group == "api")
        #expect(plan.step("green-1/drain")?.after == ["green-1/stage", "web/serving"])
        #expect(plan.step("green-2/drain") == nil)
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// What Fettle does not reach is known by what is asked from outside alone (I6): otherwise all traffic might go to nobody.
    @Test func aStandbyThatNobodyJudgesIsGivenNoTraffic() throws {
        func problems(_ probes: [Probe]) -> [PlanningRefusal.Problem] {
            var sample = sample { $0.probes = probes }
            let place = sample.fleet.resources.firstIndex { $0.id == "green-2" }!
            sample.fleet.resources[place].address = ResourceAddress(transport: .none, host: "green-2.example")
            sample.selection.hosts.removeAll { $0.resource == "green-2" }
            return sample.problems()
        }
        #expect(problems([FleetBuilder.probe]).isEmpty)
        let unjudged = problems([FleetBuilder.probe, Probe(name: "unit", check: .systemdUnit(name: "nginx.service"))])
        #expect(unjudged.map(\.code) == [.capacity])
        #expect(unjudged.first?.message.contains("asked from outside") == true)
    }

    @Test func whatIsPatchedAlreadyTakesTheTrafficAtOnce() throws {
        var sample = sample()
        sample.selection.hosts.removeAll { $0.resource.rawValue.hasPrefix("green") }
        let plan = try sample.plan()
        #expect(plan.step("web/switch")?.after == ["web/serving"])
        #expect(plan.isBefore("web/bake", "blue-1/take-out"))
        #expect(PlanChecker.check(plan).violations == [])
        sample.fleet.groups[0].strategy = .blueGreen(active: "blue", keepSeconds: 5, then: .keep)
        let (none, report) = try Planner.plan(sample.input())
        #expect(none.steps == [])
        #expect(report.leftOut.map(\.resource) == ["blue-1", "blue-2"])
    }

    /// Members that need no patch are retired as well: the side goes as a whole.
    @Test func theWholeOtherSideIsRetired() throws {
        var sample = sample(then: .retire)
        sample.selection.hosts.removeAll { $0.resource == "blue-2" }
        let (plan, report) = try Planner.plan(sample.input())
        #expect(plan.steps.filter { $0.action == .retire }.map(\.resource) == ["blue-1", "blue-2"])
        #expect(plan.pointOfNoReturn == "blue-1/retire")
        #expect(report.hosts.first { $0.resource == "blue-2" }?.role == .retired)
        #expect(plan.rollback.allSatisfy { !$0.resource.rawValue.hasPrefix("blue") })
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func thePolicysPriceIsThatOfTheTimeForWhichMachinesServeNobody() throws {
        var input = sample(then: .keep).input()
        input.policy.price = Policy.MachinePrice(perHour: 0.5, unit: "EUR")
        let (plan, report) = try Planner.plan(input)
        let double = try #require(report.groups.first?.double)
        #expect(double.price == 0.5 * Double(double.memberSeconds) / 3_600 && double.unit == "EUR")
        // Two machines for an hour and a little.
        #expect(PlanTable.render(plan, report).contains(" of machines, 1.0"))
        #expect(PlanTable.render(plan, report).contains(" EUR, and go on after it"))
    }

    @Test func theReportSaysWhatTheDoubleCosts() throws {
        func double(_ then: Strategy.OldSide) throws -> PlanReport.Double? {
            try Planner.plan(sample(then: then).input()).1.groups.first?.double
        }
        let kept = try #require(try double(.keep))
        #expect(kept.idleMembers == 2 && kept.goesOn && kept.seconds >= 3_600)
        #expect(kept.memberSeconds == 2 * kept.seconds)
        #expect(try double(.retire)?.goesOn == false)
        #expect(kept.price == nil && kept.unit == nil)
        #expect(try Planner.plan(FleetSample.rolling.input()).1.groups.first?.double == nil)
    }

    @Test func aSwitchEndsInTheWindowOfThoseWhoTakeTheTraffic() throws {
        let sample = sample(then: .keep)
        let opens = FactSample.now.adding(seconds: 60)
        func window(_ seconds: Int) -> WindowOffer {
            WindowOffer(TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: seconds)))
        }
        let wide = try Planner.plan(sample.input(windows: window(20_000))).0
        #expect(PlanChecker.check(wide).violations == [])
        let last = (1...40).first { sample.problems(windows: window($0 * 100)).isEmpty }
        let narrowest = try #require(last)
        let plan = try Planner.plan(sample.input(windows: window(narrowest * 100))).0
        #expect(PlanChecker.check(plan).violations == [])
        let chain = plan.steps.filter { $0.resource == "green-1" && $0.availability != .none }
        let turn = try #require(plan.step("web/switch")).estimate.p95Seconds
        #expect(narrowest * 100 >= chain.reduce(turn) { $0 + $1.estimate.p95Seconds })
    }

    @Test func whatCannotWorkIsRefusedAllAtOnce() {
        var sample = sample(then: .retire) {
            $0.probes = []
            $0.traffic = nil
            $0.minimumAvailable = .count(3)
        }
        sample.fleet.groups.append(
            ResourceGroup(id: "other", members: ["blue-1", "blue-2"], minimumAvailable: .count(1)))
        sample.fleet.resources[0].address = .local
        sample.selection.hosts.removeAll { $0.resource == "green-2" }
        sample.facts.hosts.removeAll { $0.resource == "green-2" }
        let messages = sample.problems().map(\.message)
        for part in [
            "blueGreen needs 'traffic'", "blueGreen needs 'probes'", "green-2 of the standby is not available",
            "'then: retire' leaves 2 of 4 members, the minimum is 3",
            "blue-1 is to be retired and is still a member of group other", "blue-1 is Fettle's own host",
        ] {
            #expect(messages.contains { $0.contains(part) }, "\(part)")
        }
    }

    @Test func sidesThatAreNotTwoAreRefused() {
        var sample = sample()
        sample.fleet.resources[0].failureDomain = "red"
        #expect(sample.problems().map(\.code) == [.strategy])
        sample.fleet.resources[0].failureDomain = nil
        #expect(sample.problems().map(\.code) == [.strategy])
    }

    /// Its restore would give traffic to the standby.
    @Test func anotherGroupAtTheSamePlaceOfTheBalancerIsRefused() {
        var sample = sample()
        sample.fleet.groups.append(
            ResourceGroup(
                id: "same", members: ["blue-1", "green-1"], minimumAvailable: .count(1),
                traffic: FleetBuilder.traffic("web"), probes: [FleetBuilder.probe]))
        #expect(sample.problems().contains { $0.message.contains("at the same place of the load balancer") })
    }

    @Test func aMemberIsChangedInOneWayOnly() {
        var sample = sample()
        sample.fleet.resources.append(Resource(id: "manager", address: .ssh("manager"), environment: "production"))
        sample.facts.hosts.append(FleetSample.patchedHost("manager"))
        sample.fleet.groups.append(
            ResourceGroup(
                id: "nodes", members: ["green-1", "green-2"], minimumAvailable: .count(1),
                strategy: .throughController("manager", atOnce: .count(1))))
        #expect(sample.problems().contains { $0.message.contains("a member is changed in one way") })
    }
}
