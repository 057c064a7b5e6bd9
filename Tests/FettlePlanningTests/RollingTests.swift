import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct RollingTests {
    @Test func aHostIsProvenBeforeTrafficReturnsToIt() throws {
        let plan = try FleetSample.threeWebServers.plan()
        let names = plan.steps.filter { $0.resource == "web-2" }.map(\.id.rawValue)
        #expect(
            names == [
                "web-2/preflight", "web-2/stage", "web-2/drain", "web-2/patch", "web-2/restart", "web-2/reboot",
                "web-2/gate", "web-2/verify", "web-2/restore",
            ])
        #expect(plan.isBefore("web-2/verify", "web-2/restore"))
    }

    @Test func aPlanPassesTheChecker() throws {
        let report = PlanChecker.check(try FleetSample.threeWebServers.plan())
        #expect(report.violations == [])
        #expect(report.method == .exact)
    }

    @Test func theCanaryIsWatchedBeforeTheOthersGo() throws {
        let plan = try FleetSample.threeWebServers.plan()
        let bake = try #require(plan.step("web/bake"))
        #expect(bake.after == ["web-1/restore"])
        #expect(plan.step("web-2/drain")?.after == ["web-2/stage", "web/bake"])
        #expect(plan.step("web-3/drain")?.after == ["web-3/stage", "web/bake"])
        #expect(plan.before("web-2") == ["web-1"])
        #expect(plan.before("web-3") == ["web-1", "web-2"])
        #expect(plan.steps.filter { $0.resource == "web-1" }.allSatisfy { $0.wave == 0 })
        #expect(plan.steps.filter { $0.resource == "web-3" }.allSatisfy { $0.wave == 2 })
    }

    @Test func theWayBackRunsTheOtherWayRound() throws {
        let plan = try FleetSample.threeWebServers.plan()
        #expect(plan.before("web-1", onTheWayBack: true) == ["web-2", "web-3"])
        let back = try #require(plan.step("web-1/rollback/return"))
        #expect(back.compensates == "web-1/patch")
        guard case .changePackages(let transaction) = back.action else {
            Issue.record("\(back.action)")
            return
        }
        #expect(transaction.purpose == .rollback)
        #expect(transaction.changes.map(\.to) == [FleetSample.oldVersion, FleetSample.oldVersion])
    }

    @Test func planningAgainAfterSuccessIsEmpty() throws {
        var sample = FleetSample.threeWebServers
        sample.facts = sample.factsAfterSuccess
        let plan = try sample.plan()
        #expect(plan.steps == [])
        #expect(plan.rollback == [])
        #expect(plan.targets == [])
    }
}
