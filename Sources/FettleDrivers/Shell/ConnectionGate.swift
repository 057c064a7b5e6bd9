internal import FettleDriverKit
internal import Synchronization

/// What all channels of a provider share: how many may shake hands at once, and how many may be open.
final class ConnectionGate: Sendable {
    let idleTime: Duration
    private let handshakes: AsyncSemaphore
    private let places: AsyncSemaphore
    /// Asked for a place when there is none: closes a connection that nobody uses.
    private let makeRoom: Mutex<(@Sendable () async -> Void)?> = Mutex(nil)

    /// - Parameters:
    ///   - handshakes: a handshake costs about 100 ms of processor on both sides, so more at once are not faster, and
    ///     a jump host drops what goes beyond its `MaxStartups` (10, at random up to 100).
    ///   - connections: open at once; each is a child with three descriptors here.
    init(handshakes: Int, connections: Int, idleTime: Duration) {
        self.handshakes = AsyncSemaphore(permits: handshakes)
        self.places = AsyncSemaphore(permits: connections)
        self.idleTime = idleTime
    }

    var isContended: Bool { places.isContended }

    func onFull(_ action: @escaping @Sendable () async -> Void) {
        makeRoom.withLock { $0 = action }
    }

    /// Starts a session when there is a place and a turn for it. The place is given back when its child has ended.
    ///
    /// - Parameter made: gets the session before it is opened, so that whoever must can close it meanwhile.
    func open(
        _ specification: ShellSpecification, made: @Sendable (ShellSession) -> Void
    ) async throws(AccessError) -> (session: ShellSession, isRoot: Bool, state: ConnectionState) {
        if !places.tryAcquire() {
            let action = makeRoom.withLock { $0 }
            // Again and again: a channel that was busy may be idle now.
            let asking = Task {
                while !Task.isCancelled {
                    await action?()
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
            defer { asking.cancel() }
            guard await places.acquire() else { throw Self.cancelled(specification) }
        }
        let state = ConnectionState()
        let session: ShellSession
        do throws(AccessError) {
            session = try ShellSession(specification) { [places] in
                state.end()
                places.release()
            }
        } catch {
            places.release()
            throw error
        }
        made(session)
        guard await handshakes.acquire() else {
            session.abandon()
            throw Self.cancelled(specification)
        }
        defer { handshakes.release() }
        do throws(AccessError) {
            return (session, try await session.open(), state)
        } catch {
            session.abandon()
            throw error
        }
    }

    private static func cancelled(_ specification: ShellSpecification) -> AccessError {
        AccessError(.cancelled, "the task was cancelled while it waited to connect", host: specification.host)
    }
}

/// Whether a session's child is still there, for those who are not on its queue.
final class ConnectionState: Sendable {
    private let alive = Atomic(true)
    var isAlive: Bool { alive.load(ordering: .acquiring) }
    func end() { alive.store(false, ordering: .releasing) }
}
