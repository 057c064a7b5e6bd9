import FettleDriverKit
import FettleModel

/// What a move took, for people: `vm-1 to hv-2 in 3.1 s`.
struct MoveRecord: Sendable, Equatable {
    var machine: String
    var words: String

    init(_ move: MachineMove, from began: Timestamp, to ended: Timestamp) {
        let milliseconds = max(0, ended.milliseconds - began.milliseconds)
        machine = move.machine
        words = "\(move.from) to \(move.to) in \(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    }
}

/// What a step's performances tell of their moves, for the proof that follows.
struct MoveRecords: Sendable {
    private let records = RecentLooks<[MoveRecord]>(freshFor: nil)

    /// To those of an attempt before this one, whose proof failed.
    func add(_ done: [MoveRecord], of step: Step, in context: StepContext) {
        records.note((records.take(of: step, in: context) ?? []) + done, of: step, in: context, since: .now)
    }

    func tell(in seen: inout Observation, of step: Step, in context: StepContext) {
        for record in records.take(of: step, in: context) ?? [] {
            seen.details["moved " + record.machine] = record.words
        }
    }
}
