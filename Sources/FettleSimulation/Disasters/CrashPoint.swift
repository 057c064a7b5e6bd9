public import FettleModel

/// Where an executor dies once, by design: a play without any other fault goes on from there with another executor.
public struct CrashPoint: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// While the line is being written: it is not there afterwards, nor are those that were written with it.
        case torn
        /// The line is there, and its writer never heard of it.
        case unacknowledged
        /// The writer has heard of it and has done nothing further.
        case applied
    }

    /// The line of the journal, counted from 1.
    public var line: Int
    public var kind: Kind
    /// When another takes over.
    public var successorSeconds: Int
    /// Whether what the dead executor asked for last gets to its targets all the same.
    public var lastCommandsArrive: Bool
}

extension DisasterPlay {
    func isCrashPoint(_ kind: CrashPoint.Kind, _ records: [JournalRecord]) -> Bool {
        guard let crashPoint, crashPoint.kind == kind, executors.count == 1 else { return false }
        return records.contains { $0.sequence == crashPoint.line }
    }
}

/// What became of a plan's plays, one for each place at which its executor can die.
public struct CrashPointReport: Sendable, Equatable {
    /// Lines of the journal of the play in which nobody dies.
    public var lines: Int
    public var plays: Int
    /// What was different from that play, or broken, with the place: empty if nothing was.
    public var differences: [String]
}

extension CrashPointReport {
    /// Plays a plan once without any fault, and then once for each line of that journal, each way to die at it, a successor that comes
    /// before and after the lease has run out, and last commands that arrive or don't: exhaustive, so for plans of few hosts.
    ///
    /// Every play has to come to the same end: nothing is done twice, nothing is held.
    /// - Parameters:
    ///   - faults: what goes wrong beside that, of another play of the plan: then only the invariants are asked for, as the end may be
    ///     another one.
    ///   - surroundings: what is true beside what the plan says.
    /// - Throws: `PlanDefect` if the plan's steps or orders don't hang together.
    public static func of(
        _ plan: Plan, seed: UInt64, faults: [DrawnFault] = [], surroundings: DisasterSurroundings = .none
    ) throws -> CrashPointReport {
        func played(_ point: CrashPoint?) throws -> (play: DisasterPlay, result: DisasterResult) {
            try play(plan, seed, faults, point, surroundings)
        }
        let undisturbed = try played(nil)
        var report = CrashPointReport(
            lines: undisturbed.result.journal.count, plays: 0, differences: undisturbed.result.violations)
        for line in 1...max(1, report.lines) {
            for kind in CrashPoint.Kind.allCases {
                for (seconds, arrive) in [(6, false), (6, true), (SimulatedStore.leaseSeconds, true)] {
                    let point = CrashPoint(
                        line: line, kind: kind, successorSeconds: seconds, lastCommandsArrive: arrive)
                    let (play, result) = try played(point)
                    report.plays += 1
                    var words = result.violations
                    if faults.isEmpty { words += differences(of: play, result, from: undisturbed) }
                    report.differences += words.map {
                        "line \(line), \(kind.rawValue), successor after \(seconds) s\(arrive ? ", commands arrive" : ""): \($0)"
                    }
                }
            }
        }
        return report
    }

    private static func play(
        _ plan: Plan, _ seed: UInt64, _ faults: [DrawnFault], _ point: CrashPoint?,
        _ surroundings: DisasterSurroundings
    ) throws -> (play: DisasterPlay, result: DisasterResult) {
        var play = try DisasterPlay(plan, seed: seed, faults: faults, surroundings: surroundings)
        play.crashPoint = point
        let result = try play.play()
        return (play, result)
    }

    private static func differences(
        of play: DisasterPlay, _ result: DisasterResult, from undisturbed: (play: DisasterPlay, result: DisasterResult)
    ) -> [String] {
        var words: [String] = []
        if play.executors.count < 2 { words.append("nobody died") }
        if result.outcome != undisturbed.result.outcome {
            words.append("ends as \(result.outcome.map { "\($0)" } ?? "nothing"): \(result.awaitingHuman ?? "")")
        }
        for host in play.world.names {
            let (now, then) = (play.world[host], undisturbed.play.world[host])
            if now.installed != then.installed || now.running != then.running { words.append("\(host) is otherwise") }
            if now.patches != then.patches || now.returns != then.returns || now.boots != then.boots {
                words.append("\(host): something was done twice")
            }
        }
        if !play.store.held.isEmpty { words.append("reservations are held") }
        return words
    }
}
