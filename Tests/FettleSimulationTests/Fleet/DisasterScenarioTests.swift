import FettleModel
import FettlePlanning
import FettleSimulation
import FettleTestSupport
import Testing

/// What `fettle simulate --generated` plays.
@Suite struct DisasterScenarioTests {
    private static let time = Timestamp(milliseconds: 1_795_424_400_000)

    private static func scenario(_ hosts: Int, _ seed: UInt64) -> DisasterScenario {
        let reference = StageReference(id: "findings-1", digest: Digest(rawValue: ""))
        return DisasterScenario(hosts: hosts, seed: seed, at: time, findings: reference)
    }

    private static func scene(_ scenario: DisasterScenario) -> DisasterScene? {
        let calendar = MaintenanceCalendar(policy: scenario.policy, fleet: scenario.fleet, from: scenario.time)
        let input = PlanningInput(
            id: "plan-1", selection: scenario.selection,
            selectionReference: StageReference(id: "selection-1", digest: Digest(rawValue: "")),
            facts: scenario.facts, fleet: scenario.fleet, policy: scenario.policy, createdAt: scenario.time,
            windows: WindowOffer(calendar.offered))
        guard let plan = try? Planner.plan(input).0 else { return nil }
        return DisasterScene(plan, surroundings: DisasterSurroundings(fleet: scenario.fleet, facts: scenario.facts))
    }

    @Test func aSeedGivesTheSameFleetOfExactlyThatSize() {
        for hosts in [1, 4, 20, 60] {
            let one = Self.scenario(hosts, 7)
            let other = Self.scenario(hosts, 7)
            #expect(one.fleet.resources.count == hosts)
            #expect(one.fleet == other.fleet && one.facts == other.facts && one.policy == other.policy)
            #expect(one.fleet.groups.map(\.id) == one.fleet.groups.map(\.id).sorted())
        }
    }

    /// Pools that are patched behind snapshots: what is taken is gone back to or removed, or owed.
    @Test func snapshotsAreTakenAndNoneIsLeft() async throws {
        var (plans, met): (Int, Set<Encounter>) = (0, [])
        for seed in TestScale.seeds(60, long: 2_000) {
            guard let scene = Self.scene(Self.scenario(20, seed * 3)),
                scene.plan.steps.contains(where: { $0.action.snapshotMachine != nil })
            else { continue }
            plans += 1
            let unmerged = DisasterProfile(crash: 10, lostReply: 10, unmergeable: 400, mostFaults: 12)
            // They go back.
            let unwell = DisasterProfile(unwell: 200, mostFaults: 12)
            for (number, profile) in [.none, .everything, .everything, unwell, unmerged].enumerated() {
                var play = try DisasterPlay(
                    scene.plan, seed: seed + UInt64(number) * 1_000_000, profile: profile,
                    surroundings: scene.surroundings)
                let result = try play.play()
                await Task.yield()
                met.formUnion(result.met)
                #expect(result.violations == [], "seed \(seed): \(result.account)")
                if profile == .none { #expect(result.outcome == .succeeded, "seed \(seed): \(result.account)") }
            }
        }
        #expect(plans >= 10)
        #expect(Set<Encounter>([.snapshotRemoved, .snapshotLeft, .wentBackToSnapshot]).subtracting(met) == [])
    }

    /// Windows, hypervisors, clusters and storage are in what is played, and what goes wrong with them is met.
    @Test func everyWorldIsPlayedAndNoInvariantBreaks() async throws {
        var (planned, windows, hypervisors, sides, leaders) = (0, 0, 0, 0, 0)
        var met: Set<Encounter> = []
        let seeds = TestScale.seeds(60, long: 2_000)
        for seed in seeds {
            guard let scene = Self.scene(Self.scenario(20, seed)) else { continue }
            planned += 1
            windows += scene.plan.windows.isEmpty ? 0 : 1
            hypervisors += scene.surroundings.hypervisors.isEmpty ? 0 : 1
            sides += scene.surroundings.sides.isEmpty ? 0 : 1
            leaders += scene.surroundings.leaders.isEmpty ? 0 : 1
            var play = try DisasterPlay(scene.plan, seed: seed, surroundings: scene.surroundings)
            let result = try play.play()
            await Task.yield()
            met.formUnion(result.met)
            #expect(result.violations == [], "seed \(seed): \(result.account)")
        }
        #expect(planned * 10 >= seeds.count * 9)
        #expect(windows > 0 && hypervisors > 0 && sides > 0 && leaders > 0)
        #expect(Set<Encounter>([.machineMoved, .handedOver, .failedOver]).subtracting(met) == [])
    }
}
