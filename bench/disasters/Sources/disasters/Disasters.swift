import FettleModel
import FettlePlanning
import FettleSimulation
import Fleets
import Foundation

/// Plays plans among disasters, seed after seed, on all processors: `disasters FROM TO [JOBS]`. Exits with 1 if an invariant broke.
///
/// Read from the environment: `PLAYS`, how often each fleet is played, each time with other dice; `DIGEST`, whether to print one over
/// every journal and story, to be compared after a change that must not change any play; `JOURNAL`, whether to print those of failures.
@main struct Disasters {
    static func main() async throws {
        if CommandLine.arguments.dropFirst().first == "replay" { return try Replay.run() }
        let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        guard arguments.count >= 2, arguments[0] < arguments[1] else {
            print(
                "usage: disasters FROM TO [JOBS]: plays the seeds from FROM up to TO, TO not among them; disasters replay"
            )
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
        let environment = ProcessInfo.processInfo.environment
        let times = environment["PLAYS"].flatMap { UInt64($0) } ?? 1
        var tally = Tally(isDigested: environment["DIGEST"] != nil)
        for seed in stride(from: first, to: end, by: step) {
            let plan = try tally.planning.measure { try Self.plan(seed) }
            guard !plan.steps.isEmpty else { continue }
            let first = try tally.indexing.measure { try DisasterPlay(plan, seed: seed) }
            for time in 0..<max(1, times) {
                let result = try tally.playing.measure {
                    var play = try DisasterPlay(plan, seed: seed &+ time &* 0x1_0000_0000, like: first)
                    return try play.play()
                }
                tally.add(result, hosts: plan.targets.count)
            }
        }
        return tally
    }

    /// A fleet of its own for each seed, as the planner plans it.
    static func plan(_ seed: UInt64, largestGroup: Int = 6) throws -> Plan {
        let sample = FleetGenerator.sample(seed: seed, largestGroup: largestGroup)
        var input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now,
            named: seed % 2 == 0 ? Set(sample.fleet.resources.map(\.id)) : [])
        input.policy.limits.failureBudget = Int(seed % 5)
        return try Planner.plan(input).0
    }

    private static func report(_ tally: Tally, after seconds: Double) {
        print(
            "\(tally.plays) runs of \(tally.hosts) hosts, \(tally.events) journal lines, "
                + "\(Int(Double(tally.plays) / max(seconds, 0.001))) runs a second")
        print(
            "on one processor, a second: \(tally.planning) plans with their fleets, \(tally.indexing) looks through them, "
                + "\(tally.playing) runs")
        if tally.isDigested { print("digest \(String(tally.digest, radix: 16))") }
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
    var planning = Rate()
    var indexing = Rate()
    var playing = Rate()
    var isDigested = false
    /// Of all plays, in whatever order they come.
    var digest: UInt64 = 0

    mutating func add(_ result: DisasterResult, hosts count: Int) {
        plays += 1
        hosts += count
        events += result.journal.count
        for encounter in result.met { met[encounter, default: 0] += 1 }
        if !result.violations.isEmpty { broken.append(result) }
        if isDigested { digest ^= result.digest }
    }

    mutating func add(_ other: Tally) {
        plays += other.plays
        hosts += other.hosts
        events += other.events
        met.merge(other.met) { $0 + $1 }
        broken += other.broken
        planning.add(other.planning)
        indexing.add(other.indexing)
        playing.add(other.playing)
        isDigested = isDigested || other.isDigested
        digest ^= other.digest
    }
}

/// How often something was done, and in how much time of its own thread.
struct Rate: Sendable, CustomStringConvertible {
    private var count = 0
    private var nanoseconds: UInt64 = 0

    mutating func measure<Value>(_ body: () throws -> Value) rethrows -> Value {
        let before = threadTime()
        defer {
            count += 1
            nanoseconds += threadTime() - before
        }
        return try body()
    }

    mutating func add(_ other: Rate) {
        count += other.count
        nanoseconds += other.nanoseconds
    }

    var description: String { "\(Int(Double(count) / max(Double(nanoseconds) / 1e9, 1e-9)))" }

    private func threadTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension DisasterResult {
    /// FNV-1a over everything that the play showed.
    fileprivate var digest: UInt64 {
        let words = story + violations + journal.map { "\($0)" } + met.sorted().map(\.rawValue) + ["\(seed) \(seconds)"]
        return words.reduce(0xcbf2_9ce4_8422_2325) { hash, line in
            line.utf8.reduce(hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }
    }
}
