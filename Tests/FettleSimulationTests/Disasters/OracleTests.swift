import FettleExecution
import FettleModel
import FettleTestSupport
import Testing

@testable import FettleSimulation

/// The oracle finds deliberate faults: here those of the store's rules, in all sources `make mutations`.
@Suite struct OracleTests {
    static let most: UInt64 = 3_000

    /// The first seed that breaks an invariant with the fault.
    static func found(_ defect: SimulatedStore.Defect) throws -> (scene: DisasterScene, result: DisasterResult)? {
        for seed in 1...most {
            var scene = DisasterScene(DisasterTests.plan(seed))
            scene.defect = defect
            let result = try scene.play(seed, .everything)
            if !result.violations.isEmpty { return (scene, result) }
        }
        return nil
    }

    @Test(arguments: [
        (SimulatedStore.Defect.fencesNobody, "I2"), (.grantsEverything, "I1"), (.losesLedger, "I7"),
        (.losesLastLine, "I"),
    ])
    func aRuleThatIsLeftOutIsFound(defect: SimulatedStore.Defect, invariant: String) throws {
        let found = try #require(try Self.found(defect))
        #expect(found.result.violations.contains { $0.hasPrefix(invariant) }, "\(found.result.violations)")
    }

    @Test(arguments: SimulatedStore.Defect.allCases)
    func aFailedPlayShrinksToAShorterOneThatFailsTheSame(defect: SimulatedStore.Defect) throws {
        let (scene, result) = try #require(try Self.found(defect))
        func shrink() throws -> ShrunkDisaster {
            var shrinking = try #require(
                DisasterShrinking(result, of: scene, profile: .everything, most: 300))
            return try shrinking.shrink()
        }
        let shrunk = try shrink()
        #expect(shrunk.faults.count <= result.drawn.count)
        #expect(shrunk.scene.plan.targets.count <= scene.plan.targets.count)
        #expect(shrunk.faults.count < result.drawn.count || shrunk.scene.plan.targets.count < scene.plan.targets.count)
        #expect(Set(shrunk.faults).isSubset(of: result.drawn))
        #expect(shrunk.plays <= 300)
        let first = { (result: DisasterResult) in Set(result.violations.map { $0.prefix { $0 != ":" } }) }
        #expect(!first(shrunk.result).isDisjoint(with: first(result)))
        // The same each time, and with its story.
        let again = try shrink()
        #expect(again.faults == shrunk.faults && again.result == shrunk.result)
        #expect(shrunk.result.story.contains { $0.contains("writes:") })
        #expect(shrunk.result.story(lines: 20).count <= 21)
    }

    @Test func aPlayByTheFaultsThatItDrewIsTheSamePlay() throws {
        for seed in TestScale.seeds(60, long: 2_000) {
            let plan = DisasterTests.plan(seed)
            var first = try DisasterPlay(plan, seed: seed)
            let result = try first.play()
            var second = try DisasterPlay(plan, seed: seed, faults: result.drawn)
            #expect(try second.play() == result, "seed \(seed)")
        }
    }

    /// With everything that is beside a plan, and work that is done in parts.
    @Test func aPlannedFleetsPlayByTheFaultsThatItDrewIsTheSamePlay() async throws {
        for seed in TestScale.seeds(60, long: 2_000) {
            let fleet = DisasterFleet(seed: seed)
            guard let plan = fleet.plan, !plan.steps.isEmpty else { continue }
            let scene = DisasterScene(plan, surroundings: fleet.surroundings)
            let result = try scene.play(seed, .everything)
            #expect(try scene.play(seed, .everything, faults: result.drawn) == result, "seed \(seed)")
            await Task.yield()
        }
    }

    @Test func aStoryThatIsTooLongLosesItsMiddle() throws {
        var play = try DisasterPlay(DisasterTests.plan(6), seed: 6, profile: .none)
        play.tellsAll = true
        let result = try play.play()
        #expect(result.story.count > 50)
        let short = result.story(lines: 12)
        #expect(short.count == 13)
        #expect(short.first == result.story.first && short.last == result.story.last)
        #expect(short.contains("… \(result.story.count - 12) lines are left out …"))
    }
}

@Suite struct PlanLeavingAloneTests {
    @Test func whatIsLeftIsAPlanThatIsAsSafe() throws {
        for seed in TestScale.seeds(40, long: 400) {
            let fleet = DisasterFleet(seed: seed)
            guard let plan = fleet.plan, let first = plan.targets.first else { continue }
            let smaller = plan.leavingAlone([first.resource])
            #expect(!smaller.steps.contains { $0.resource == first.resource }, "seed \(seed)")
            guard !smaller.steps.isEmpty else { continue }
            var play = try DisasterPlay(smaller, seed: seed, profile: .none, surroundings: fleet.surroundings)
            let result = try play.play()
            #expect(result.violations == [], "seed \(seed)")
        }
    }
}
