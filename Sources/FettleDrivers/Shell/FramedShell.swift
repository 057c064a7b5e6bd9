public import FettleDriverKit
internal import Synchronization

/// A command channel over a shell: over `ssh` to a host, or `sh` on this machine.
///
/// Keeps one connection, in which commands run one after the other; makes it when it is needed, and gives it up after
/// any failure or a time without use. A channel that is let go hangs up by itself.
public actor FramedShell: CommandChannel {
    /// The target as messages name it.
    nonisolated let host: String
    private let specification: ShellSpecification
    private let gate: ConnectionGate
    /// Who holds it may use the connection: commands run one at a time.
    private let turn = AsyncSemaphore(permits: 1)
    private var connection: Connection?
    /// The connection before, while its child still ends.
    private var ending: ConnectionState?
    /// The session that is being opened.
    private let opening = Mutex<ShellSession?>(nil)
    private var isShutDown = false
    private var idleWatch: Task<Void, Never>?
    private var lastUsed = ContinuousClock.now

    private struct Connection {
        let session: ShellSession
        let isRoot: Bool
        let state: ConnectionState
    }

    init(_ specification: ShellSpecification, gate: ConnectionGate) {
        host = specification.host
        self.specification = specification
        self.gate = gate
    }

    deinit {
        idleWatch?.cancel()
        connection?.session.abandon()
    }

    public func run(_ command: RemoteCommand) async throws(AccessError) -> CommandResult {
        try check(command)
        try await takeTurn()
        defer { turn.release() }
        let connection = try await connected()
        do throws(AccessError) {
            return try await run(command, over: connection)
        } catch  where error.code == .unreachable {
            // It had ended while nobody used it, which was seen only now: nothing ran.
            return try await run(command, over: try await connected())
        }
    }

    private func run(
        _ command: RemoteCommand, over connection: Connection
    ) async throws(AccessError) -> CommandResult {
        let frame = try self.frame(command, channelIsRoot: connection.isRoot)
        let clock = ContinuousClock()
        let start = clock.now
        do throws(AccessError) {
            let output = try await connection.session.run(frame, timeout: command.timeout)
            let result = CommandResult(
                status: output.status, standardOutput: output.standardOutput, standardError: output.standardError,
                duration: start.duration(to: clock.now))
            used()
            if case .root = command.program, !connection.isRoot { try refusePrivilegeFailure(result) }
            return result
        } catch  where error.code != .privilege {
            drop()
            throw error
        }
    }

    /// Makes the connection if there is none.
    func connect() async throws(AccessError) {
        try await takeTurn()
        defer { turn.release() }
        _ = try await connected()
    }

    public func close() async {
        let sessions = [connection?.session, opening.withLock { $0 }]
        drop()
        for session in sessions { await session?.close() }
    }

    /// Closes for good: every later `run` fails.
    func shutDown() async {
        isShutDown = true
        await close()
    }

    /// Hangs up if no command runs or waits, and none did for this time.
    ///
    /// - Returns: whether there was a connection that was given up.
    func closeIfIdle(for time: Duration) async -> Bool {
        guard connection != nil, lastUsed.duration(to: .now) >= time, turn.tryAcquire() else { return false }
        defer { turn.release() }
        await close()
        return true
    }

    // MARK: Connection

    private func takeTurn() async throws(AccessError) {
        guard await turn.acquire() else { throw failure(.cancelled, "the task was cancelled") }
    }

    private func connected() async throws(AccessError) -> Connection {
        guard !isShutDown else { throw failure(.unreachable, "the channel was closed") }
        if let connection, connection.state.isAlive { return connection }
        drop()
        try await waitForEndOfLast()
        var attempt = 1
        while true {
            do throws(AccessError) {
                let made = try await gate.open(specification) { session in opening.withLock { $0 = session } }
                opening.withLock { $0 = nil }
                guard !isShutDown else {
                    made.session.abandon()
                    throw failure(.unreachable, "the channel was closed")
                }
                let new = Connection(session: made.session, isRoot: made.isRoot, state: made.state)
                connection = new
                lastUsed = .now
                watchIdleness()
                return new
            } catch {
                opening.withLock { $0 = nil }
                // A busy sshd drops handshakes at random (MaxStartups): nothing ran, so it is safe to ask again.
                guard error.code == .unreachable, SSHDiagnosis.isDroppedHandshake(error), attempt < 6 else {
                    throw error
                }
                let pause = Duration.milliseconds(Int.random(in: 100...300) * attempt)
                try? await Task.sleep(for: pause)
                attempt += 1
            }
        }
    }

    private func drop() {
        idleWatch?.cancel()
        idleWatch = nil
        connection?.session.abandon()
        ending = connection?.state ?? ending
        connection = nil
    }

    /// What was stopped should be gone before the next command looks at the target. That takes about a second, and is
    /// bounded by the time after which a session kills its child.
    private func waitForEndOfLast() async throws(AccessError) {
        while let ending, ending.isAlive {
            do {
                try await Task.sleep(for: .milliseconds(10))
            } catch {
                throw failure(.cancelled, "the task was cancelled")
            }
        }
        ending = nil
    }

    private func used() {
        lastUsed = .now
        // Somebody waits for a place that this connection would hold while nobody uses it.
        if gate.isContended, !turn.isContended { drop() }
    }

    private func watchIdleness() {
        let limit = gate.idleTime
        idleWatch = Task { [weak self] in
            var pause = limit
            while true {
                do { try await Task.sleep(for: pause) } catch { return }
                guard let left = await self?.idleTimeLeft(of: limit) else { return }
                if left <= .zero {
                    if await self?.closeIfIdle(for: limit) ?? true { return }
                    pause = limit
                } else {
                    pause = left
                }
            }
        }
    }

    private func idleTimeLeft(of limit: Duration) -> Duration? {
        connection.map { _ in limit - lastUsed.duration(to: .now) }
    }
}
