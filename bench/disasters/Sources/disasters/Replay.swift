import FettleExecution
import FettleModel
import FettlePlanning
import FettleSimulation
import FettleStore
import Fleets
import Foundation

/// How long a successor needs to know what its predecessor knew: `disasters replay` reads and folds 10,000 lines, as a store keeps them.
enum Replay {
    private static let lines = 10_000

    static func run() throws {
        let (plan, journal) = try longJournal()
        let kept = try journal.map { (record: $0, event: try JSONEncoder().encode($0.event)) }
        let began = ContinuousClock.now
        let blank = try RunMachine(run: "replay", plan: plan)
        print("a plan of \(plan.targets.count) hosts, \(plan.steps.count) steps looked through: \(since(began)) ms")
        var best = (reading: Double.infinity, folding: Double.infinity, general: Double.infinity)
        for _ in 0..<5 {
            let first = ContinuousClock.now
            let reader = RunEventReader()
            let records = try kept.map {
                JournalRecord(
                    sequence: $0.record.sequence, epoch: $0.record.epoch, at: $0.record.at,
                    event: try reader.event(from: $0.event))
            }
            best.reading = min(best.reading, since(first))
            let second = ContinuousClock.now
            var machine = blank
            for record in records { try machine.apply(record) }
            best.folding = min(best.folding, since(second))
            precondition(records == journal && machine.sequence == lines)
            let third = ContinuousClock.now
            let decoder = JSONDecoder()
            for entry in kept { _ = try decoder.decode(RunEvent.self, from: entry.event) }
            best.general = min(best.general, since(third))
        }
        print(
            "\(lines) lines, the best of five: read in \(best.reading) ms (by JSONDecoder alone: \(best.general) ms), "
                + "folded in \(best.folding) ms, together \(best.reading + best.folding) ms")
    }

    /// Of a fleet that is large enough, played without disasters.
    private static func longJournal() throws -> (Plan, [JournalRecord]) {
        for seed in UInt64(1)... {
            let plan = try SampledFleets.plan(seed, largestGroup: 600)
            guard plan.steps.count > lines else { continue }
            var rehearsal = try Rehearsal(plan, seed: seed)
            let journal = try rehearsal.play().journal
            if journal.count >= lines { return (plan, Array(journal.prefix(lines))) }
        }
        throw CancellationError()
    }

    private static func since(_ began: ContinuousClock.Instant) -> Double {
        ((ContinuousClock.now - began) / .milliseconds(1) * 10).rounded() / 10
    }
}
