import FettleModel
import FettleTestSupport
import Testing

@testable import FettleSimulation

/// People take parts of a run back, have what failed tried again, hand it over and replace it, while everything else goes wrong.
@Suite struct PeopleDisasterTests {
    private static let sought: Set<Encounter> = [
        .hostTakenBack, .waveTakenBack, .groupTakenBack, .dependentsTakenBack, .endedInPart,
        .failedTriedAgain, .cameThroughOnceMore, .handedToAnother, .stalledInHandOver, .handOverMissed, .zombieHeard,
        .superseded, .supersededWhileUnwell, .supersededWhileOwing, .supersededAfterTheEnd, .supersessionRefused,
    ]

    @Test func whatPeopleAskForInPartBreaksNoInvariant() async throws {
        var met: Set<Encounter> = []
        for seed in TestScale.seeds(400, long: 20_000) {
            let fleet = DisasterFleet(seed: seed &+ 3_000_000)
            guard let plan = fleet.plan, !plan.steps.isEmpty else { continue }
            var profile = DisasterProfile.everything
            profile.person = 60
            profile.mostFaults = 24
            let scene = DisasterScene(plan, surroundings: fleet.surroundings)
            let result = try scene.play(seed, profile)
            await Task.yield()
            met.formUnion(result.met)
            #expect(result.violations == [], "seed \(seed): \(result.account)")
            if seed % 8 == 0 {
                #expect(try scene.play(seed, profile, faults: result.drawn) == result, "seed \(seed)")
            }
        }
        #expect(Self.sought.subtracting(met) == [])
    }
}
