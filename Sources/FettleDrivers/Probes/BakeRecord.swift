import FettleJudgement
import FettleModel
import Synchronization

/// What a bake has seen so far, of all members.
final class BakeRecord: Sendable {
    /// Answers that are kept of one probe of one member.
    private static let answersKept = 5_000
    /// Pulses that are kept of one member.
    private static let pulsesKept = 2_000

    private let state = Mutex<[ResourceID: MemberSeries]>([:])

    func note(_ sample: ProbeSample, of probe: Probe?, at member: ResourceID) {
        let name = probe?.name ?? "reachability"
        state.withLock { series in
            var answers = series[member]?.answers[name] ?? ProbeSeries()
            switch sample.verdict {
            case .pass: answers.asked += 1
            case .fail:
                answers.asked += 1
                answers.failed += 1
            case .inconclusive, .error: break
            }
            if let time = sample.milliseconds, answers.milliseconds.count < Self.answersKept {
                answers.milliseconds.append(time)
            }
            series[member, default: MemberSeries(member: member)].answers[name] = answers
        }
    }

    func note(_ pulse: Pulse, of member: ResourceID) {
        state.withLock { series in
            guard series[member]?.pulses.count ?? 0 < Self.pulsesKept else { return }
            series[member, default: MemberSeries(member: member)].pulses.append(pulse)
        }
    }

    /// In the order of the members; one without anything for who never answered.
    func series(of members: [ResourceID]) -> [MemberSeries] {
        state.withLock { series in members.map { series[$0] ?? MemberSeries(member: $0) } }
    }
}

/// Verdicts between a bake's `perform` and its `verify`. Not kept longer: after a crash the bake begins anew.
final class BakeVerdicts: Sendable {
    private struct Key: Hashable {
        var run: RunID
        var step: StepID
        var attempt: Int
    }

    private static let kept = 256
    private let state = Mutex<[Key: BakeVerdict]>([:])

    func keep(_ verdict: BakeVerdict, run: RunID, step: StepID, attempt: Int) {
        state.withLock { verdicts in
            if verdicts.count >= Self.kept { verdicts.removeAll() }
            verdicts[Key(run: run, step: step, attempt: attempt)] = verdict
        }
    }

    func take(run: RunID, step: StepID, attempt: Int) -> BakeVerdict? {
        state.withLock { $0.removeValue(forKey: Key(run: run, step: step, attempt: attempt)) }
    }
}
