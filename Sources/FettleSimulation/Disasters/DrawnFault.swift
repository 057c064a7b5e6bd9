import FettleExecution
import FettleModel

/// A fault that struck in a play: where, and what its further draws came from. A play can be played again with some of them.
public struct DrawnFault: Sendable, Hashable {
    /// One kind of fault at one moment.
    struct Place: Sendable, Hashable {
        /// Where in the sources it is drawn: that tells the kinds apart, within one build.
        var source: String
        var moment: Moment
        /// How often that moment has come: what was torn, or was another executor's, comes once more.
        var time: Int
    }

    var place: Place
    var seed: UInt64
    /// In a few words, for people.
    public var words: String
}

/// A moment of a play by what happens in it and not by when, so that it is the same moment when other faults are left out.
enum Moment: Sendable, Hashable {
    case start
    case intended(StepID, attempt: Int)
    case done(StepID, attempt: Int)
    case failed(StepID, attempt: Int)
    /// After the so-manieth line that is about no step.
    case line(Int)
    case begun(StepID, attempt: Int)
    /// Of work that is done in parts.
    case part(StepID, attempt: Int, part: Int)
    case finished(StepID, attempt: Int)
}

extension DisasterPlay {
    mutating func enter(_ moment: Moment) {
        self.moment = moment
        times[moment, default: 0] += 1
    }

    /// Whether a fault strikes now: as the dice say or the script, as long as there are faults left.
    mutating func strikes(
        _ chances: Int, _ encounter: Encounter?, _ words: @autoclosure () -> String, file: StaticString = #fileID,
        line: UInt = #line
    ) -> Bool {
        guard faultsLeft > 0, chances > 0 else { return false }
        if let last = profile.faultsStopAfterSeconds, now > beganAt.adding(seconds: last) { return false }
        if script == nil, Int.random(in: 0..<1_000, using: &dice) >= chances { return false }
        let place = DrawnFault.Place(source: "\(file):\(line)", moment: moment, time: times[moment] ?? 0)
        let seed: UInt64
        if script == nil {
            seed = dice.next()
        } else {
            guard let scripted = script?.removeValue(forKey: place) else { return false }
            seed = scripted
        }
        faultsLeft -= 1
        lastDisturbance = now
        random = SplitMix(seed: seed)
        let words = words()
        drawn.append(
            DrawnFault(place: place, seed: seed, words: encounter.map { "\($0.rawValue) \(words)" } ?? words))
        if let encounter { meet(encounter, words) }
        return true
    }

    func nextMoment(after events: [RunEvent]) -> Moment {
        switch events.first {
        case .stepIntended(let step, let attempt, _): .intended(step, attempt: attempt)
        case .stepDone(let step, let attempt, _): .done(step, attempt: attempt)
        case .stepFailed(let step, let attempt, _): .failed(step, attempt: attempt)
        default: .line(account.linesAboutNoStep)
        }
    }

    // MARK: How long things take

    /// Draws that are the same whatever else goes wrong: by what is done, not by when.
    private func timing(_ step: StepID, _ attempt: Int, _ salt: UInt64) -> SplitMix {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in step.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return SplitMix(seed: hash ^ seed ^ (UInt64(truncatingIfNeeded: attempt) << 40) ^ (salt << 56))
    }

    /// Until an answer is there, in milliseconds.
    func latency(of step: StepID, _ attempt: Int) -> Int64 {
        var random = timing(step, attempt, 1)
        return Int64.random(in: 1...1_500, using: &random)
    }

    /// Half of all steps take up to their median, 45% up to their 95% figure, the rest up to twice that; in milliseconds.
    func duration(of order: StepOrder) -> Int64 {
        let step = order.step
        var random = timing(step.id, order.attempt, 2)
        let median = Int64(max(1, min(step.estimate.medianSeconds, 1_000_000))) * 1_000
        let p95 = max(median, Int64(max(0, min(step.estimate.p95Seconds, 1_000_000))) * 1_000)
        let drawn =
            switch Int.random(in: 0..<100, using: &random) {
            case ..<50: Int64.random(in: median / 2...median, using: &random)
            case ..<95: Int64.random(in: median...p95, using: &random)
            default: Int64.random(in: p95...2 * p95, using: &random)
            }
        return max(4, min(drawn, Int64(step.timeoutSeconds) * 1_000))
    }

    /// Whether a balancer turns the group's servers one by one, in every play with this seed.
    func isTurnedOneByOne(_ group: GroupID) -> Bool {
        var random = timing(StepID(group.rawValue), 0, 4)
        return Bool.random(using: &random)
    }

    /// What a person does next, the same whatever else goes wrong.
    func pick(_ what: String, _ number: Int, _ range: ClosedRange<Int>) -> Int {
        var random = timing(StepID(what), number, 5)
        return Int.random(in: range, using: &random)
    }

    /// Whether the last command of an executor that is dead gets to its target all the same.
    func arrives(_ order: StepOrder) -> Bool {
        if let crashPoint { return crashPoint.lastCommandsArrive }
        var random = timing(order.step.id, order.attempt, 3)
        return Bool.random(using: &random)
    }
}
