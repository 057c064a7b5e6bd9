import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct ThroughControllerTests {
    private func upgrade(_ plan: Plan, _ id: StepID = "manager/upgrade") throws -> ControllerUpgrade {
        guard case .upgradeThroughController(let upgrade) = try #require(plan.step(id)).action else {
            throw Missing()
        }
        return upgrade
    }

    private struct Missing: Error {}

    @Test func theControllerIsGivenTheMembersAndItsLimits() throws {
        let plan = try FleetSample.throughController.plan()
        let upgrade = try upgrade(plan)
        #expect(upgrade.members == ["node-1", "node-2", "node-3"])
        #expect(upgrade.atOnce == 1)
        #expect(upgrade.stallSeconds > 0)
        #expect(upgrade.transaction.changes.map(\.to) == [FleetSample.newVersion, FleetSample.newVersion])
        let back = try self.upgrade(plan, "manager/rollback/upgrade")
        #expect(back.transaction.changes == upgrade.transaction.changes.map(\.reversed))
        #expect(plan.turns == ["manager"])
    }

    @Test func noMemberIsTakenOutByThePlanAndEachIsProven() throws {
        let plan = try FleetSample.throughController.plan()
        for member in ["node-1", "node-2", "node-3"] {
            let steps = plan.steps.filter { $0.resource.rawValue == member }
            #expect(steps.map(\.action.name) == ["preflight", "gate", "verify"])
            #expect(steps.allSatisfy { $0.availability == .none })
            #expect(plan.isBefore(StepID("\(member)/preflight"), "manager/upgrade"))
            #expect(plan.isBefore("manager/upgrade", StepID("\(member)/verify")))
            #expect(plan.isBefore(StepID("\(member)/verify"), "manager/bring-back"))
        }
    }

    @Test func moreThanTheGroupMaySpareIsReducedAndSaid() throws {
        var sample = FleetSample.throughController
        sample.fleet.groups[0].strategy = .throughController("manager", atOnce: .count(3))
        let (plan, report) = try Planner.plan(sample.input())
        #expect(try upgrade(plan).atOnce == 1)
        #expect(report.groups[0].reason.contains("3 at once reduced to 1"))
        sample.fleet.groups[0].minimumAvailable = .count(3)
        #expect(sample.problems().map(\.code) == [.capacity])
    }

    @Test func nobodyElseOfAGroupOfItsMembersIsOutMeanwhile() throws {
        var sample = FleetSample.throughController
        sample.fleet.resources.append(Resource(id: "single", address: .ssh("single"), environment: "production"))
        sample = FleetSample(fleet: sample.fleet, selected: ["node-1", "node-2", "node-3", "single"])
        sample.fleet.groups.append(
            ResourceGroup(id: "across", members: ["node-1", "node-2", "single"], minimumAvailable: .count(1)))
        let plan = try sample.plan()
        #expect(plan.before("single") == ["manager"] || plan.before("manager") == ["single"])
        #expect(PlanChecker.check(plan).violations == [])
        sample.fleet.groups[1].minimumAvailable = .count(3)
        #expect(sample.problems().contains { $0.code == .capacity && $0.place == .group("across") })
    }

    @Test func aControllerWithAPatchOfItsOwnGetsBothInOneOutage() throws {
        var sample = FleetSample.throughController
        sample = FleetSample(fleet: sample.fleet)
        let plan = try sample.plan()
        let names = plan.steps.filter { $0.resource == "manager" && $0.availability != .none }.map(\.action.name)
        #expect(
            names == [
                "take out", "patch", "restart services", "reboot", "upgrade through controller", "verify", "bring back",
            ])
        let back = plan.rollback.filter { $0.resource == "manager" }.map(\.action.name)
        #expect(
            back == [
                "take out", "upgrade through controller", "return", "restart services", "reboot", "verify",
                "bring back",
            ])
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func oneControllerOfTwoClustersTakesThemOneAfterTheOther() throws {
        var sample = FleetSample.throughController
        let more: [ResourceID] = ["more-1", "more-2"]
        for id in more {
            sample.fleet.resources.append(Resource(id: id, address: .ssh(id.rawValue), environment: "production"))
        }
        sample.fleet.groups.append(
            ResourceGroup(
                id: "more", members: more, minimumAvailable: .count(1),
                strategy: .throughController("manager", atOnce: .count(1)), probes: [FleetBuilder.probe]))
        let all = Set(more + ["node-1", "node-2", "node-3"])
        let plan = try FleetSample(fleet: sample.fleet, selected: all).plan()
        #expect(plan.isBefore("manager/upgrade-more", "manager/upgrade-nodes"))
        #expect(plan.isBefore("manager/rollback/upgrade-nodes", "manager/rollback/upgrade-more"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func whoeverNeedsOnlyARestartIsNotHandedOver() throws {
        var sample = FleetSample.throughController
        sample.leaveOnlyRestarts(on: "node-3")
        let (plan, report) = try Planner.plan(sample.input())
        #expect(try upgrade(plan).members == ["node-1", "node-2"])
        #expect(report.leftOut.map(\.resource) == ["node-3"])
    }

    @Test func whatCannotWorkIsRefused() {
        func messages(_ change: (inout FleetSample) -> Void) -> [String] {
            var sample = FleetSample.throughController
            change(&sample)
            return sample.problems().map(\.message)
        }
        let unknown = messages { $0.fleet.groups[0].strategy = .throughController("nobody", atOnce: .count(1)) }
        #expect(unknown == ["group nodes: its controller nobody is not declared in the fleet"])
        let member = messages { $0.fleet.groups[0].strategy = .throughController("node-1", atOnce: .count(1)) }
        #expect(member.contains { $0.contains("cannot be a member of the group that it takes through") })
        let unreachable = messages { $0.facts.hosts.removeAll { $0.resource == "manager" } }
        #expect(unreachable == ["group nodes: its controller manager is not known to be reachable; scan again"])
        let versions = messages { sample in
            sample.selection.hosts[1].resolution.changes[0].to = "4"
        }
        #expect(versions.contains { $0.contains("node-1 and node-2 need different changes of libssl3:amd64") })
    }

    @Test func itsOutageWithAllProofsEndsInTheWindow() throws {
        let sample = FleetSample.throughController
        let opens = FactSample.now.adding(seconds: 60)
        let narrowest = try #require(
            (1...400).first { count in
                let window = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: count * 100))
                return sample.problems(windows: WindowOffer(window)).isEmpty
            })
        let window = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: narrowest * 100))
        let plan = try Planner.plan(sample.input(windows: WindowOffer(window))).0
        #expect(PlanChecker.check(plan).violations == [])
    }
}
