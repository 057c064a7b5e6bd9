import FettleDatabase
import FettleModel
import Foundation
import Testing

/// A folder in which the real program carries out `run-1`, and a journal that is looked at from outside.
protocol KillableSite {
    var store: SQLiteStore { get }
    func launch(_ words: [String]) throws -> FettleProcess
}

extension Site: KillableSite {
    func launch(_ words: [String]) throws -> FettleProcess { try launch(words: words) }
}

extension HypervisorSite: KillableSite {
    func launch(_ words: [String]) throws -> FettleProcess { try launch(words, as: "alice") }
}

/// After which events a run was killed, and after which it was not.
struct Deaths {
    var count = 0
    var missed: [String] = []
}

extension KillableSite {
    /// Starts the run, or goes on with it where it was begun.
    func carryOn() async throws -> FettleProcess {
        let journal = try await store.records(of: "run-1", after: 0)
        return try launch(journal.isEmpty ? ["run", "start", "change-1"] : ["run", "resume", "run-1"])
    }

    /// One run that dies as often as its journal tells something new, and goes on each time from the journal alone.
    ///
    /// - Parameter seconds: in which something new has to come into the journal.
    func dieAfterEachEvent(within seconds: Int = 120) async throws -> Deaths {
        var (known, deaths): (Set<String>, [String]) = ([], [])
        while true {
            let process = try await carryOn()
            let dies = try await process.dies(
                atFirst: { $0.mark.map { !known.contains($0) } ?? false }, of: self, within: seconds)
            guard dies else {
                let code = try await process.end(within: seconds)
                #expect(code == 0, "after \(deaths.last ?? "-"): \(process.output)")
                break
            }
            let marks = try await store.records(of: "run-1", after: 0).compactMap(\.mark)
            deaths.append(try #require(marks.last { !known.contains($0) }, "it died of nothing"))
            known.formUnion(marks)
            try #require(deaths.count < 200, "it comes to no end: \(deaths.suffix(5))")
        }
        // Where two events are written at once it died after the second; and a busy machine may look too late a few times.
        let firstOfTwo = try await store.records(of: "run-1", after: 0).filter(\.isWrittenWithTheNext)
            .compactMap(\.mark)
        return Deaths(count: deaths.count, missed: known.subtracting(deaths).subtracting(firstOfTwo).sorted())
    }
}

extension JournalRecord {
    /// A run's beginning with its first claim, and what was so already with its end.
    fileprivate var isWrittenWithTheNext: Bool {
        switch event {
        case .started: true
        case .stepIntended(_, _, let prior): prior?.alreadySo == true
        default: false
        }
    }

    /// What tells the event apart from all others of a run that is not tried twice. A claim comes with each successor: only the first
    /// one's counts, or nobody would ever get beyond it.
    var mark: String? {
        switch event {
        case .started: "started"
        case .claimed: epoch == 2 ? "claimed by the first successor" : nil
        case .stepIntended(let step, _, _): "intent of \(step)"
        case .stepDone(let step, _, _): "\(step) done"
        case .stepFailed(let step, _, _): "\(step) failed"
        case .ended: "ended"
        default: "\(event)"
        }
    }
}

extension FettleProcess {
    /// Watches the journal in the database and kills the process as soon as such a record is durable.
    ///
    /// - Returns: whether it died of that; not if it ended before.
    func dies(
        atFirst isReason: (JournalRecord) -> Bool, of site: some KillableSite, within seconds: Int = 120
    ) async throws -> Bool {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(seconds)
        var seen = 0
        while isRunning {
            let records = try await site.store.records(of: "run-1", after: seen)
            if records.contains(where: isReason) {
                killAtOnce()
                return try await end() == -SIGKILL
            }
            seen = records.last?.sequence ?? seen
            guard clock.now < deadline else {
                killAtOnce()
                throw TestFailure("nothing more came into the journal within \(seconds) s: \(output)")
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        return false
    }
}
