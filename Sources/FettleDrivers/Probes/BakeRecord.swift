import FettleJudgement
import FettleModel
import Synchronization

/// What a bake has seen so far, of all members. Of a bake that is longer than what is kept, all of it is kept less densely.
final class BakeRecord: Sendable {
    /// Answers that are kept of one probe of one member.
    private static let answersKept = 5_000
    /// Pulses that are kept of one member.
    private static let pulsesKept = 2_000

    private struct Member {
        var pulses = Thinned<Pulse>(limit: BakeRecord.pulsesKept)
        /// Names of crashes and troubles that a kept pulse shows.
        var shown: Set<String> = []
        var answers: [String: ProbeSeries] = [:]
        var times: [String: Thinned<Double>] = [:]
    }

    /// Names of one member that make a pulse worth keeping.
    private static let namesKept = 256
    private let state = Mutex<[ResourceID: Member]>([:])

    func note(_ sample: ProbeSample, of probe: Probe?, at member: ResourceID) {
        let name = probe?.name ?? "reachability"
        state.withLock { members in
            var answers = members[member]?.answers[name] ?? ProbeSeries()
            switch sample.verdict {
            case .pass: answers.asked += 1
            case .fail:
                answers.asked += 1
                answers.failed += 1
            case .inconclusive, .error: break
            }
            members[member, default: Member()].answers[name] = answers
            if let time = sample.milliseconds {
                members[member, default: Member()].times[name, default: Thinned(limit: Self.answersKept)].append(time)
            }
        }
    }

    func note(_ pulse: Pulse, of member: ResourceID) {
        let names = Set((pulse.crashes ?? [:]).keys).union((pulse.kernelTroubles ?? [:]).keys)
        state.withLock { members in
            let shown = members[member]?.shown ?? []
            let isNews = !names.isSubset(of: shown) && shown.count < Self.namesKept
            members[member, default: Member()].pulses.append(pulse, always: isNews)
            if isNews { members[member]?.shown.formUnion(names) }
        }
    }

    /// In the order of the members; one without anything for who never answered.
    func series(of members: [ResourceID]) -> [MemberSeries] {
        state.withLock { kept in
            members.map { name in
                let member = kept[name] ?? Member()
                var answers = member.answers
                for (probe, times) in member.times { answers[probe]?.milliseconds = times.elements }
                return MemberSeries(member: name, pulses: member.pulses.elements, answers: answers)
            }
        }
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
