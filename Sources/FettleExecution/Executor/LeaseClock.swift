import Synchronization

/// Whether an executor still holds its run, as far as it can know by itself.
///
/// Who stood still for longer than the lease, in a debugger, a suspended machine or a full disk's wait, must not touch anything
/// before it has asked: another may have taken the run over meanwhile (I2). The journal's fence comes too late for that: a command
/// whose intent was durable before would still go out.
final class LeaseClock: Sendable {
    private let renewedAt: Mutex<Duration>
    private let length: Duration
    private let uptime: @Sendable () -> Duration

    /// - Parameter settings: the lease begins now, so this is made before the run is claimed.
    init(_ settings: RunExecutorSettings) {
        length = .seconds(settings.leaseSeconds)
        uptime = settings.uptime
        renewedAt = Mutex(settings.uptime())
    }

    var isHeld: Bool { uptime() - renewedAt.withLock { $0 } < length }

    /// Notes a renewal that was asked for at `time`.
    func renewed(at time: Duration) { renewedAt.withLock { $0 = max($0, time) } }

    /// The time for `renewed(at:)`, to be taken before the store is asked.
    var now: Duration { uptime() }
}
