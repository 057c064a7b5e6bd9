import FettleChecking
import FettleDriverKit
import FettleInventory
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// From the fleet's file over facts and a plan that is proven to what Nova says in the end.
@Suite("OpenStack, a whole way") struct NovaPlanTests {
    private static let file = """
        version: 1
        defaults: {environment: production}
        resources:
          - {id: "cmp[1:3]", kind: hypervisor}
          - {id: web-1, kind: virtualMachine}
        groups:
          - id: compute
            kind: hypervisorPool
            members: ["cmp*"]
            minimumAvailable: 2
            machines:
              driver: openstack
              api: {url: "https://keystone.example:5000/v3", token: {env: CLOUD}}
              mayStay: [box]
        """

    private static func cloud() -> PretendCloud {
        NovaSteps.cloud { state in
            state.servers[PretendCloud.id(5)] = .init(
                name: "box", host: "cmp1", gibibytes: 1, specifications: ["pci_passthrough:alias": "a:1"])
            state.groups = [
                .init(name: "web", policy: "anti-affinity", members: [PretendCloud.id(1), PretendCloud.id(3)])
            ]
        }
    }

    @Test func aHostOfTheFilesPoolIsEmptiedAndFilledAgain() async throws {
        let cloud = Self.cloud()
        let plan = try await Self.plan(cloud).plan
        #expect(PlanChecker.check(plan).violations == [])
        let target = try #require(plan.target("cmp1"))
        #expect(target.interrupts?.map(\.machine) == ["box"])
        let evacuation = try #require(plan.steps.first { $0.action.name == "evacuate" })
        guard case .evacuate(let moves, let staying) = evacuation.action else { return }
        #expect(staying == ["box"])
        #expect(moves.first { $0.machine == "web-1" }?.to == "cmp3", "its group keeps it from mail-1 on cmp2")

        var prior: PriorState?
        #expect(try await play(evacuation, of: plan, on: cloud, &prior) == .pass)
        #expect(cloud.places["web-1"] == "cmp3" && cloud.places["db-1"] != "cmp1")
        #expect(cloud.now.hosts["cmp1"]?.isEnabled == false)
        // The host's restart.
        cloud.change { state in
            state.servers[PretendCloud.id(5)]?.vmState = "stopped"
            state.servers[PretendCloud.id(5)]?.powerState = 4
        }
        let homecoming = try #require(plan.steps.first { $0.action.name == "bring home" })
        #expect(try await play(homecoming, of: plan, on: cloud, &prior) == .pass)
        #expect(cloud.places == ["web-1": "cmp1", "db-1": "cmp1", "mail-1": "cmp2", "box": "cmp1"])
        #expect(cloud.now.hosts["cmp1"]?.isEnabled == true)
        #expect(cloud.now.servers[PretendCloud.id(5)]?.powerState == 1)
    }

    @Test func aHostOfWhichNothingIsKnownIsLeftOut() async throws {
        let cloud = Self.cloud()
        cloud.change { $0.hosts["cmp1"]?.isUp = false }
        let leftOut = try await Self.plan(cloud).report.leftOut
        #expect(leftOut.map(\.resource) == ["cmp1"])
        #expect(leftOut.first?.reason.contains("does not report to Nova") == true, "\(leftOut)")
    }

    private static func plan(_ cloud: PretendCloud) async throws -> (plan: Plan, report: PlanReport) {
        let fleet = try FleetFile.parse(file).fleet
        var sample = FleetSample(fleet: fleet, selected: ["cmp1"])
        let machines = await NovaFacts(connect: { _ in cloud }).machines(
            of: fleet.groups[0], asked: Set(fleet.groups[0].members))
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
        _ step: Step, of plan: Plan, on cloud: PretendCloud, _ prior: inout PriorState?
    ) async throws -> GateVerdict {
        let driver: any StepDriver = step.action.name == "evacuate" ? cloud.evacuation : cloud.homecoming
        var context = StepContext(
            run: "run-1", plan: plan, attempt: 1, intendedAt: cloud.clock.now(), prior: prior)
        guard case .ready(let seen) = await driver.check(step, in: context) else { return .inconclusive }
        context.prior = seen
        prior = seen
        try await driver.perform(step, in: context)
        return try await driver.verify(step, in: context).verdict
    }
}
