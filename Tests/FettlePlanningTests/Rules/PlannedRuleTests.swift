import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Rules as the plan keeps them.
@Suite struct PlannedRuleTests {
    @Test func aResourceGoesAfterThoseThatItsFileNames() throws {
        var sample = FleetSample.threeWebServers
        for place in sample.fleet.resources.indices where sample.fleet.resources[place].id == "web-1" {
            sample.fleet.resources[place].after = ["web-3"]
        }
        let plan = try sample.plan()
        #expect(plan.before("web-1").contains("web-3"))
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func twoThatWaitForEachOtherAreToldWithTheirPath() {
        var sample = FleetSample.threeWebServers
        for place in sample.fleet.resources.indices {
            if sample.fleet.resources[place].id == "web-1" { sample.fleet.resources[place].after = ["web-3"] }
            if sample.fleet.resources[place].id == "web-3" { sample.fleet.resources[place].after = ["web-1"] }
        }
        let problems = sample.problems()
        #expect(problems.map(\.code).contains(.orderCycle))
        #expect(
            problems.contains { $0.message.contains("web-1 after web-3") && $0.message.contains("web-3 after web-1") })
    }

    @Test func aRebootBetweenTwoPackagesSplitsTheChangeOnBothWays() throws {
        var sample = FleetSample.threeWebServers
        // Of two sources: what is built from one goes together.
        for place in sample.facts.hosts.indices {
            let packages = (sample.facts.hosts[place].packages.value ?? []) + [FactSample.package("kernel-core", "1.0")]
            sample.facts.hosts[place].packages = .observed(packages)
        }
        for place in sample.selection.hosts.indices {
            sample.selection.hosts[place].resolution.changes.append(
                PackageChange(name: "kernel-core", architecture: "amd64", from: "1.0", to: "2.0"))
        }
        sample.policy.releases = [ReleaseRule(name: "kernel first", rebootBetween: ["kernel-core", "openssl"])]
        let plan = try sample.plan()
        let steps = plan.steps.filter { $0.resource == "web-2" }.map(\.id.rawValue)
        #expect(steps.filter { $0.contains("stage") } == ["web-2/stage-1", "web-2/stage-2"])
        let between = try #require(steps.firstIndex(of: "web-2/reboot-before-2"))
        #expect(steps[between - 1] == "web-2/patch-1")
        #expect(steps[between + 1] == "web-2/patch-2")
        let back = plan.rollback.filter { $0.resource == "web-2" }.map(\.id.rawValue)
        let reboot = try #require(back.firstIndex(of: "web-2/rollback/reboot-before-2"))
        #expect(back[reboot - 1] == "web-2/rollback/return-2")
        #expect(back[reboot + 1] == "web-2/rollback/return-1")
        #expect(PlanChecker.check(plan).violations == [])
    }
}
