import FettleModel
import FettlePlanning
import FettleSimulation
import Fleets
import Foundation

/// Plays plans among disasters, seed after seed, on all processors: `disasters FROM TO [JOBS]`. Exits with 1 if an invariant broke.
@main struct Disasters {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        guard arguments.count >= 2, arguments[0] < arguments[1] else {
            print("usage: disasters FROM TO [JOBS]: plays the seeds from FROM up to TO, TO not among them")
            exit(64)
        }
        let jobs = arguments.count > 2 ? max(1, Int(arguments[2])) : ProcessInfo.processInfo.activeProcessorCount
        let began = ContinuousClock.now
        let tally = try await withThrowingTaskGroup(of: Tally.self) { group in
            for job in 0..<jobs {
                group.addTask { try play(from: arguments[0] + UInt64(job), to: arguments[1], by: jobs) }
            }
            var tally = Tally()
            while let part = try await group.next() { tally.add(part) }
            return tally
        }
        report(tally, after: (ContinuousClock.now - began) / .seconds(1))
        exit(tally.broken.isEmpty ? 0 : 1)
    }

    private static func play(from first: UInt64, to end: UInt64, by step: Int) throws -> Tally {
        var tally = Tally()
        for seed in stride(from: first, to: end, by: step) {
            let fleet = DisasterFleet(seed: seed)
            guard let plan = plan(fleet), !plan.steps.isEmpty else { continue }
            var play = try DisasterPlay(
                plan, seed: seed,
                surroundings: DisasterSurroundings(fleet: fleet.sample.fleet, facts: fleet.sample.facts))
            tally.add(try play.play(), hosts: plan.targets.count)
        }
        return tally
    }

    /// As the planner plans it; nil if it refuses.
    private static func plan(_ fleet: DisasterFleet) -> Plan? {
        let sample = fleet.sample
        let calendar = MaintenanceCalendar(policy: sample.policy, fleet: sample.fleet, from: fleet.createdAt)
        let input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: fleet.createdAt,
            named: fleet.named, windows: WindowOffer(calendar.offered))
        return try? Planner.plan(input).0
    }

    private static func report(_ tally: Tally, after seconds: Double) {
        print(
            "\(tally.plays) runs of \(tally.hosts) hosts, \(tally.events) journal lines, "
                + "\(Int(Double(tally.plays) / max(seconds, 0.001))) runs a second")
        for encounter in Encounter.allCases.sorted() {
            print("  \(encounter.rawValue): \(tally.met[encounter] ?? 0)")
        }
        for result in tally.broken.sorted(by: { $0.story.count < $1.story.count }).prefix(5) {
            print("\nseed \(result.seed), \(tally.broken.count) in all:")
            print(result.violations.joined(separator: "\n"))
            print(result.story.map { "  " + $0 }.joined(separator: "\n"))
            if ProcessInfo.processInfo.environment["JOURNAL"] != nil {
                for record in result.journal {
                    print("  \(record.sequence) e\(record.epoch) \(record.at) \(record.event)")
                }
            }
        }
    }
}

struct Tally: Sendable {
    var plays = 0
    var hosts = 0
    var events = 0
    var met: [Encounter: Int] = [:]
    var broken: [DisasterResult] = []

    mutating func add(_ result: DisasterResult, hosts count: Int) {
        plays += 1
        hosts += count
        events += result.journal.count
        for encounter in result.met { met[encounter, default: 0] += 1 }
        if !result.violations.isEmpty { broken.append(result) }
    }

    mutating func add(_ other: Tally) {
        plays += other.plays
        hosts += other.hosts
        events += other.events
        met.merge(other.met) { $0 + $1 }
        broken += other.broken
    }
}
