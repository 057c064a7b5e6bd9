import FettleModel
import FettlePlanning
import FettleSimulation
import Fleets
import Foundation

/// A data centre of hypervisors, planned and played among disasters with the oracle's checks on: `disasters hypervisors 100 2000`.
/// Seconds are those of its own thread.
enum Hypervisors {
    /// - Parameter numbers: hypervisors, machines, how often it is played, the first seed.
    /// - Returns: whether all invariants held.
    static func run(_ numbers: [UInt64]) throws -> Bool {
        func number(_ place: Int, else usual: UInt64) -> UInt64 { place < numbers.count ? numbers[place] : usual }
        var shape = DataCentre.Shape(
            hypervisors: max(2, Int(clamping: number(0, else: 100))), machines: Int(clamping: number(1, else: 2_000)))
        // Those that cannot be emptied would have to be left out first.
        shape.smallPools = 0
        let first = number(3, else: 1)
        var sample = DataCentre(seed: first, shape).sample
        sample.policy.limits.failureBudget = 4
        let input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now)
        var (planning, looking) = (Rate(), Rate())
        var planned: Plan?
        planning.measure { planned = try? Planner.plan(input).0 }
        guard let plan = planned else {
            print("the planner refuses this one: take another seed")
            return false
        }
        let surroundings = DisasterSurroundings(fleet: sample.fleet, facts: sample.facts)
        var blank: DisasterPlay?
        try looking.measure { blank = try DisasterPlay(plan, seed: 0, surroundings: surroundings) }
        print(
            "\(plan.targets.count) targets, \(plan.steps.count) steps; planned in \(planning.seconds) s, looked through in "
                + "\(looking.seconds) s")
        var holds = true
        for time in 0...number(2, else: 9) {
            // The first without faults.
            let profile = time == 0 ? DisasterProfile.none : .everything
            var result: DisasterResult?
            var playing = Rate()
            try playing.measure {
                var play = try DisasterPlay(
                    plan, seed: first &+ time, profile: profile, like: blank, surroundings: surroundings)
                result = try play.play()
            }
            guard let result else { return false }
            let outcome = result.outcome.map { "\($0)" } ?? "waits: \(result.awaitingHuman ?? "")"
            print(
                "seed \(first &+ time), \(result.drawn.count) faults: \(outcome); \(result.journal.count) journal lines, "
                    + "\(result.seconds / 3_600) h of virtual time in \(playing.seconds) s")
            // A play may take minutes.
            fflush(nil)
            guard !result.violations.isEmpty else { continue }
            holds = false
            for violation in result.violations { print("  BROKEN: \(violation)") }
            for line in result.story.suffix(20) { print("  \(line)") }
            for record in result.journal.suffix(20) {
                print("  \(record.sequence) e\(record.epoch) \(record.at) \(record.event)")
            }
        }
        return holds
    }
}
