import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// What the fleet says of a pool's machines decides before anybody approves.
@Suite struct MachineRulesPlanTests {
    private static let rules = MachineRules(
        driver: "libvirt", sharedDirectories: ["/srv/guests"], reservedMebibytes: 0)

    /// Two hypervisors of 16 GiB; machine `a` on the first.
    private func sample(_ rules: MachineRules?, paths: [String]? = nil, because: String? = nil) -> FleetSample {
        var builder = FleetBuilder()
        let nodes = ["node-1", "node-2"].map { builder.host($0, kind: .hypervisor) }
        builder.group(
            "compute", nodes, minimum: .count(1), strategy: .evacuate(maxUnavailable: .count(1)), probes: [],
            kind: .hypervisorPool)
        var fleet = builder.fleet
        fleet.groups[0].machines = rules
        var sample = FleetSample(fleet: fleet, selected: ["node-1"])
        sample.put(
            [
                ResidentMachine(
                    name: "a", memoryMebibytes: 4_096, processors: 2, isBoundBecause: because, sharedPaths: paths)
            ], on: "node-1", gibibytes: 16)
        sample.put([], on: "node-2", gibibytes: 16)
        return sample
    }

    /// Which VMs will be stopped rather than moved is told only afterwards: harvester#11108.
    @Test func aMachineThatCannotMoveAndMayNotStayLeavesItsHypervisorOut() throws {
        let (_, report) = try Planner.plan(sample(Self.rules, because: "a card is passed through to it").input())
        #expect(report.leftOut.map(\.resource) == ["node-1"])
        let reason = report.leftOut.first?.reason ?? ""
        #expect(reason.contains("a (a card is passed through to it)") && reason.contains("mayStay"), "\(reason)")
    }

    @Test func aMachineThatTheFleetLetsStayGoesDownAndIsTold() throws {
        var rules = Self.rules
        rules.mayStay = ["a"]
        let plan = try sample(rules, because: "a card is passed through to it").plan()
        #expect(plan.target("node-1")?.interrupts?.map(\.machine) == ["a"])
        #expect(PlanChecker.check(plan).violations == [])
        // Its hypervisor boots, is seen to be there again, and starts it: nothing of that is a move.
        let home = try #require(plan.steps.first { $0.action == .bringHome(moves: []) })
        #expect(home.timeoutSeconds >= 900)
    }

    @Test func aDiskOnSharedDirectoriesMovesAndOneElsewhereDoesNot() throws {
        let plan = try sample(Self.rules, paths: ["/srv/guests/a.qcow2"]).plan()
        #expect(plan.rooms.map(\.hypervisor) == ["node-2"])
        #expect(plan.group("compute")?.machines == Self.rules)
        let (_, report) = try Planner.plan(sample(Self.rules, paths: ["/var/lib/libvirt/images/a.qcow2"]).input())
        #expect(report.leftOut.first?.reason.contains("/var/lib/libvirt/images/a.qcow2") == true)
    }

    @Test func roomIsWhatTheFleetGivesOut() throws {
        var rules = Self.rules
        rules.mostMebibytes = 4_095
        #expect(throws: (any Error).self) { try sample(rules, paths: ["/srv/guests/a"]).plan() }
        rules.mostMebibytes = 4_096
        #expect(try sample(rules, paths: ["/srv/guests/a"]).plan().rooms.map(\.memoryMebibytes) == [4_096])
    }
}
