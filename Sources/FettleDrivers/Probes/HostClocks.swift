import FettleJudgement
import FettleModel
import Synchronization

/// When the watch began, by each host's own clock. Hosts are asked for what they noted since a moment, and no two clocks need
/// agree: a host that is slow by minutes would show nothing, and a fast one what happened before.
final class HostClocks: Sendable {
    private let state = Mutex<[ResourceID: Timestamp]>([:])

    /// Keeps what the first pulse that tells it told.
    func note(_ pulse: Pulse, of member: ResourceID) {
        guard let now = pulse.hostClock, pulse.at.isFinite, (0...1e10).contains(pulse.at) else { return }
        let began = now - min(now, Int64(pulse.at))
        let (milliseconds, overflow) = began.multipliedReportingOverflow(by: 1_000)
        if overflow { return }
        state.withLock { clocks in
            if clocks[member] == nil { clocks[member] = Timestamp(milliseconds: milliseconds) }
        }
    }

    func began(_ member: ResourceID) -> Timestamp? { state.withLock { $0[member] } }
}
