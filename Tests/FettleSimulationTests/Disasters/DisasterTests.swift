import FettleModel
import FettlePlanning
import FettleSimulation
import FettleTestSupport
import Testing

/// Everything goes wrong that a seed draws; no invariant may break, and every run comes to an end.
@Suite struct DisasterTests {
    static func plan(_ seed: UInt64) -> Plan {
        RollingPlan.plan(size: 2 + Int(seed % 5), lanes: 1 + Int(seed % 2), reboot: seed % 3 == 0)
    }

    @Test func withoutFaultsEveryRunSucceeds() async throws {
        for seed in TestScale.seeds(30, long: 300) {
            var play = try DisasterPlay(Self.plan(seed), seed: seed, profile: .none)
            let result = try play.play()
            // Others wait for the same two threads.
            await Task.yield()
            #expect(result.outcome == .succeeded && result.violations == [], "seed \(seed): \(result.account)")
        }
    }

    @Test func aSeedGivesTheSamePlay() throws {
        var first = try DisasterPlay(Self.plan(6), seed: 6)
        var second = try DisasterPlay(Self.plan(6), seed: 6)
        #expect(try first.play() == second.play())
    }

    @Test func noDisasterBreaksAnInvariant() async throws {
        for seed in TestScale.seeds(60, long: 20_000) {
            var play = try DisasterPlay(Self.plan(seed), seed: seed)
            let result = try play.play()
            // Others wait for the same two threads.
            await Task.yield()
            #expect(result.violations == [], "seed \(seed): \(result.account)")
        }
    }
}

/// What the planner plans, in fleets of every kind, among disasters.
@Suite struct PlannedDisasterTests {
    @Test func noDisasterBreaksAnInvariantOfAPlannedFleet() async throws {
        var met: Set<Encounter> = []
        for seed in TestScale.seeds(60, long: 20_000) {
            guard let plan = try Self.plan(seed), !plan.steps.isEmpty else { continue }
            var play = try DisasterPlay(plan, seed: seed)
            let result = try play.play()
            // Others wait for the same two threads.
            await Task.yield()
            met.formUnion(result.met)
            #expect(result.violations == [], "seed \(seed): \(result.account)")
        }
        // Rare states are reached: otherwise it would prove less than it seems to.
        let sought: Set<Encounter> = [
            .crash, .fencedAppend, .takenOverInPatch, .takenOverInReboot, .crashedInRollback, .drainsForgotten,
            .lostReply,
            .hostLost, .quarantined, .succeeded, .rolledBack, .failed,
        ]
        #expect(sought.subtracting(met) == [])
    }

    static func plan(_ seed: UInt64) throws -> Plan? {
        let sample = FleetGenerator.sample(seed: seed)
        var input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now,
            named: seed % 2 == 0 ? Set(sample.fleet.resources.map(\.id)) : [])
        var random = SplitMix(seed: seed &* 7919)
        input.policy.limits.failureBudget = Int.random(in: 0...4, using: &random)
        return try Planner.plan(input).0
    }
}

extension DisasterResult {
    /// For a person who looks for the reason.
    var account: String {
        let lines = journal.suffix(60).map { "\($0.sequence) e\($0.epoch) \($0.at) \($0.event)" }
        return ([violations.joined(separator: "\n"), "\(outcome as Any) \(awaitingHuman ?? "")"] + story + lines)
            .joined(separator: "\n")
    }
}
