import FettleChecking
import FettleDriverKit
import FettleInventory
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@testable import FettleDrivers

/// From the fleet's file over facts and a plan that is proven to what vCenter says in the end.
@Suite("vCenter, a whole way") struct VCenterPlanTests {
    private static let file = """
        version: 1
        defaults: {environment: production}
        resources:
          - {id: "esx[1:3]", kind: hypervisor}
          - {id: web-1, kind: virtualMachine}
        groups:
          - id: compute
            kind: hypervisorPool
            members: ["esx*"]
            minimumAvailable: 2
            machines:
              driver: vcenter
              api: {url: "https://vcenter.example", token: {env: VCENTER}}
              mayStay: [box]
        """

    private static func center(_ behaviour: String = "manual") -> PretendCenter {
        VCenterSteps.center { state in
            state.behaviour = behaviour
            state.rules = [.init(type: "ClusterAntiAffinityRuleSpec", name: "web", machines: ["vm-1", "vm-3"])]
            state.choices = ["vm-1": "host-3"]
            state.machines["vm-5"] = .init(
                name: "box", host: "host-1", gibibytes: 1, devices: [.init(type: "VirtualPCIPassthrough")],
                isLeftByBalancer: true)
        }
    }

    @Test(arguments: ["manual", "fullyAutomated"]) func aHostOfTheFilesPoolIsEmptiedAndFilledAgain(
        behaviour: String
    ) async throws {
        let center = Self.center(behaviour)
        let plan = try await Self.plan(center).plan
        #expect(PlanChecker.check(plan).violations == [])
        let evacuation = try #require(plan.steps.first { $0.action.name == "evacuate" })
        guard case .evacuate(let moves, let staying) = evacuation.action else { return }
        #expect(staying == ["box"])
        #expect(moves.first { $0.machine == "web-1" }?.to == "esx3", "a rule keeps it from mail-1 on esx2")

        var prior: PriorState?
        #expect(try await play(evacuation, of: plan, on: center, &prior) == .pass)
        #expect(center.places["web-1"] == "esx3" && center.places["db-1"] != "esx1")
        #expect(center.now.hosts["host-1"]?.isMaintained == true && center.now.machines["vm-5"]?.power == "poweredOff")
        let homecoming = try #require(plan.steps.first { $0.action.name == "bring home" })
        #expect(try await play(homecoming, of: plan, on: center, &prior) == .pass)
        #expect(center.places == ["web-1": "esx1", "db-1": "esx1", "mail-1": "esx2", "box": "esx1"])
        #expect(center.now.hosts["host-1"]?.isMaintained == false && center.now.machines["vm-5"]?.power == "poweredOn")
    }

    @Test func aHostOfWhichNothingIsKnownOrOfWhichSomethingCannotBeMovedIsLeftOut() async throws {
        let center = Self.center()
        center.change { $0.hosts["host-1"]?.connection = "notResponding" }
        let away = try await Self.plan(center).report.leftOut
        #expect(away.map(\.resource) == ["esx1"])
        #expect(away.first?.reason.contains("does not reach esx1.example") == true, "\(away)")
        let bound = Self.center()
        bound.change { $0.machines["vm-2"]?.devices = [.init(type: "VirtualPCIPassthrough")] }
        let left = try await Self.plan(bound).report.leftOut
        #expect(left.map(\.resource) == ["esx1"] && left.first?.reason.contains("db-1") == true, "\(left)")
    }

    private static func plan(_ center: PretendCenter) async throws -> (plan: Plan, report: PlanReport) {
        let fleet = try FleetFile.parse(file).fleet
        var sample = FleetSample(fleet: fleet, selected: ["esx1"])
        let machines = await VCenterFacts(connect: { _ in center }).machines(
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
        _ step: Step, of plan: Plan, on center: PretendCenter, _ prior: inout PriorState?
    ) async throws -> GateVerdict {
        let driver: any StepDriver = step.action.name == "evacuate" ? center.evacuation : center.homecoming
        var context = StepContext(
            run: "run-1", plan: plan, attempt: 1, intendedAt: center.clock.now(), prior: prior)
        guard case .ready(let seen) = await driver.check(step, in: context) else { return .inconclusive }
        context.prior = seen
        prior = seen
        try await driver.perform(step, in: context)
        return try await driver.verify(step, in: context).verdict
    }
}
