import FettleChecking
import FettleDriverKit
import FettleInventory
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// From the fleet's file over facts and a plan that is proven to what the cluster says in the end.
@Suite("Proxmox VE, a whole way") struct ProxmoxPlanTests {
    private static let file = """
        version: 1
        defaults: {environment: production}
        resources:
          - {id: "pve[1:3]", kind: hypervisor}
          - {id: web-1, kind: virtualMachine}
        groups:
          - id: compute
            kind: hypervisorPool
            members: ["pve*"]
            minimumAvailable: 2
            machines:
              driver: proxmox
              api: {token: {env: PVE_TOKEN}}
              mayStay: [box]
              apart: [[mail-1, web-1]]
        """

    @Test func aNodeOfTheFilesPoolIsEmptiedAndFilledAgain() async throws {
        let cluster = ProxmoxSteps.cluster { state in
            state.services = [101: "started"]
            state.guests[300] = .init(name: "box", node: "pve1", type: "lxc", gibibytes: 1)
        }
        let plan = try await Self.plan(cluster).plan
        #expect(PlanChecker.check(plan).violations == [])
        let target = try #require(plan.target("pve1"))
        #expect(target.interrupts?.map(\.machine) == ["box"])
        let evacuation = try #require(plan.steps.first { $0.action.name == "evacuate" })
        guard case .evacuate(let moves, let staying) = evacuation.action else { return }
        #expect(staying == ["box"])
        #expect(moves.first { $0.machine == "web-1" }?.to == "pve3", "mail-1 is on pve2")

        var prior: PriorState?
        #expect(try await play(evacuation, of: plan, on: cluster, &prior) == .pass)
        #expect(cluster.places["web-1"] == "pve3" && cluster.places["db-1"] != "pve1")
        #expect(cluster.now.maintained == ["pve1"])
        // The node's restart.
        cluster.change { $0.guests[300]?.isRunning = false }
        let homecoming = try #require(plan.steps.first { $0.action.name == "bring home" })
        #expect(try await play(homecoming, of: plan, on: cluster, &prior) == .pass)
        #expect(cluster.places == ["web-1": "pve1", "db-1": "pve1", "mail-1": "pve2", "box": "pve1"])
        #expect(cluster.now.maintained.isEmpty)
        #expect(cluster.now.guests[300]?.isRunning == true)
    }

    @Test func aNodeOfWhichNothingIsKnownIsLeftOut() async throws {
        let cluster = ProxmoxSteps.cluster { $0.nodes["pve1"] = false }
        let leftOut = try await Self.plan(cluster).report.leftOut
        #expect(leftOut.map(\.resource) == ["pve1"])
        #expect(leftOut.first?.reason.contains("not in the cluster at the moment") == true, "\(leftOut)")
    }

    private static func plan(_ cluster: PretendCluster) async throws -> (plan: Plan, report: PlanReport) {
        let fleet = try FleetFile.parse(file).fleet
        var sample = FleetSample(fleet: fleet, selected: ["pve1"])
        let addresses: [ResourceID: ResourceAddress] = fleet.groups[0].members.reduce(into: [:]) {
            $0[$1] = fleet.resource($1)?.address
        }
        let machines = await ProxmoxFacts(connect: { _ in cluster }).machines(
            of: fleet.groups[0], at: addresses, asked: Set(fleet.groups[0].members))
        for place in sample.facts.hosts.indices {
            sample.facts.hosts[place].hypervisor = machines[sample.facts.hosts[place].resource]
        }
        return try Planner.plan(
            PlanningInput(
                id: "plan-1", selection: sample.selection,
                selectionReference: FleetSample.reference(sample.selection.id), facts: sample.facts, fleet: fleet,
                policy: sample.policy, createdAt: FactSample.now))
    }

    /// As the executor does it.
    private func play(
        _ step: Step, of plan: Plan, on cluster: PretendCluster, _ prior: inout PriorState?
    ) async throws -> GateVerdict {
        let driver: any StepDriver = step.action.name == "evacuate" ? cluster.evacuation : cluster.homecoming
        var context = StepContext(
            run: "run-1", plan: plan, attempt: 1, intendedAt: cluster.clock.now(), prior: prior)
        guard case .ready(let seen) = await driver.check(step, in: context) else { return .inconclusive }
        context.prior = seen
        prior = seen
        try await driver.perform(step, in: context)
        return try await driver.verify(step, in: context).verdict
    }
}
