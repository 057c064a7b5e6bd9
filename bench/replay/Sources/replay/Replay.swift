import FettleExecution
import FettleModel
import FettleStore
import Foundation
import Plans

/// Makes the journal of a whole run, then replays it again and again.
@main
enum Replay {
    static let lines = 10_000
    static let rounds = 15

    static func main() throws {
        // A host takes 14 lines: seven steps, each intended and done.
        var pool = PoolPlan(waves: [4, lines / 14], minimumAvailable: 0)
        pool.maximumOut = 50
        pool.lanes = 50
        pool.limits.parallelSteps = 100
        let plan = pool.plan()
        let journal = Array(try journal(of: plan).prefix(lines))
        let texts = try journal.map { try JSONEncoder().encode($0.event) }
        var reading: [Double] = []
        var folding: [Double] = []
        for _ in 0..<rounds {
            var events: [RunEvent] = []
            reading.append(
                try milliseconds {
                    let decoder = JSONDecoder()
                    events = try texts.map { try decoder.decode(RunEvent.self, from: $0) }
                })
            folding.append(
                try milliseconds {
                    var machine = try RunMachine(run: "run-1", plan: plan)
                    for (record, event) in zip(journal, events) {
                        var record = record
                        record.event = event
                        try machine.apply(record)
                    }
                    guard machine.sequence == journal.count else { throw Trouble(words: "not all was replayed") }
                })
        }
        print("\(journal.count) lines of \(pool.hosts.count) hosts")
        print("processor time, median of \(rounds) rounds (shortest, longest)")
        print("read from JSON: \(words(reading))")
        print("folded:         \(words(folding))")
        print("together:       \(words(zip(reading, folding).map { $0 + $1 }))")
    }

    struct Trouble: Error { var words: String }

    private static func words(_ times: [Double]) -> String {
        let sorted = times.sorted()
        return String(
            format: "%.1f ms (%.1f, %.1f)", sorted[sorted.count / 2], sorted.first ?? 0, sorted.last ?? 0)
    }

    private static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        let start = processorTime()
        try body()
        return processorTime() - start
    }

    /// Of this process, in milliseconds: what else the machine does is left out. All is done by one thread.
    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    /// By the machine itself, in a world in which everything works at once.
    private static func journal(of plan: Plan) throws -> [JournalRecord] {
        var machine = try RunMachine(run: "run-1", plan: plan)
        var journal: [JournalRecord] = []
        var now = Timestamp(milliseconds: 1_800_000_000_000)
        func append(_ events: [RunEvent]) throws {
            for event in events {
                let record = JournalRecord(sequence: machine.sequence + 1, epoch: 1, at: now, event: event)
                try machine.apply(record)
                journal.append(record)
            }
        }
        let reference = StageReference(id: plan.id.rawValue, digest: Digest(rawValue: "00"))
        try append([
            .started(change: "change-1", plan: reference, by: "alice"), .claimed(executor: "bench:1"),
        ])
        while machine.outcome == nil {
            now = Timestamp(milliseconds: now.milliseconds + 10)
            for command in machine.next(at: now) {
                switch command {
                case .append(let events): try append(events)
                case .check(let order, _):
                    let prior = PriorState(alreadySo: false, details: ["state": "ready", "weight": "100"])
                    let answer = StepAnswer.ready(prior: order.step.availability == .takesOut ? prior : nil)
                    machine.receive(.checked(order.step.id, attempt: order.attempt, answer), at: now)
                case .observeAndReserve(let order): machine.receive(.reserved(order.step.id, .granted), at: now)
                case .perform(let order, _):
                    let seen = Observation(
                        verdict: .pass, summary: "seen as it should be", details: ["took": "12"], observedAt: now)
                    machine.receive(.performed(order.step.id, attempt: order.attempt, .success(seen)), at: now)
                case .release(let resource): machine.receive(.released(resource), at: now)
                case .quarantine, .wait: break
                case .stop: return journal
                }
            }
        }
        return journal
    }
}
