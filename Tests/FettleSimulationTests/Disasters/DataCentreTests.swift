import FettleModel
import FettlePlanning
import FettleSimulation
import FettleTestSupport
import Testing

/// Many hypervisors with many machines, emptied and filled again in the middle of disasters.
@Suite struct DataCentreTests {
    private static func scene(_ seed: UInt64) throws -> (plan: Plan, surroundings: DisasterSurroundings) {
        let size = TestScale.isLong ? 100 : 16
        var shape = DataCentre.Shape(hypervisors: size, machines: size * 20)
        shape.smallPools = 0
        shape.poolSizes = 8...16
        var sample = DataCentre(seed: seed, shape).sample
        sample.policy.limits.failureBudget = 4
        let input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now)
        return (try Planner.plan(input).0, DisasterSurroundings(fleet: sample.fleet, facts: sample.facts))
    }

    @Test func everybodyIsMovedAndComesHome() throws {
        let scene = try Self.scene(1)
        var play = try DisasterPlay(scene.plan, seed: 1, profile: .none, surroundings: scene.surroundings)
        let result = try play.play()
        #expect(result.outcome == .succeeded && result.violations == [])
        let emptied = Set(
            result.journal.compactMap { record -> StepID? in
                guard case .stepDone(let step, _, _) = record.event else { return nil }
                return step.rawValue.hasSuffix("/evacuate") ? step : nil
            })
        #expect(emptied.count == scene.plan.steps.count { if case .evacuate = $0.action { true } else { false } })
    }

    @Test(arguments: TestScale.seeds(3, long: 10)) func noDisasterBreaksAnInvariant(seed: UInt64) throws {
        let scene = try Self.scene(seed)
        var play = try DisasterPlay(scene.plan, seed: seed, surroundings: scene.surroundings)
        let result = try play.play()
        #expect(result.violations == [], "seed \(seed)")
        #expect(!result.drawn.isEmpty)
    }
}
