import Dispatch
import FettleDrivers
import Foundation
import Synchronization

/// What happens on Ctrl-C (SIGINT), SIGTERM, and when the terminal is gone (SIGHUP).
///
/// A command that only looks ends at once: the terminal is left tidy, no `ssh` stays behind, and whoever started it sees by which
/// signal it ended. One that has hosts in its hands takes the first one over (see `RunWatcher`); a second always ends it.
enum Interruption {
    private struct State {
        /// What is still open to hosts.
        var connections: [HostConnections] = []
        /// Takes the next signal over, once.
        var taker: (@Sendable (Int32) -> Void)?
        /// Takes away what was drawn on the terminal.
        var tidy: (@Sendable () -> Void)?
        var isWatching = false
        /// A signal ends the process: nobody else may any more, nor say anything.
        var isEnding = false
    }

    private static let state = Mutex(State())
    /// How long hanging up may take; after that the connections notice by themselves that nobody is there.
    private static let patience = DispatchTimeInterval.seconds(2)

    /// From now on signals are dealt with here. Those that whoever started us has switched off (`nohup`) stay so.
    static func watch() {
        guard
            state.withLock({ state in
                defer { state.isWatching = true }
                return !state.isWatching
            })
        else { return }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        interruptionPipe = ends[1]
        let reader = ends[0]
        Thread.detachNewThread {
            var number: UInt8 = 0
            while true {
                let count = read(reader, &number, 1)
                if count == 1 { took(Int32(number)) } else if count == 0 || errno != EINTR { return }
            }
        }
        for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
            var action = sigaction()
            // Nothing but a write is allowed in here.
            action.__sigaction_handler.sa_handler = { number in
                let before = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(interruptionPipe, &byte, 1)
                errno = before
            }
            action.sa_flags = SA_RESTART
            sigaction(number, &action, nil)
        }
    }

    static func closesAtEnd(_ connections: HostConnections) {
        state.withLock { $0.connections.append(connections) }
    }

    /// The next signal is `taker`'s, the one after it ends the process.
    static func next(goesTo taker: (@Sendable (Int32) -> Void)?) { state.withLock { $0.taker = taker } }

    static func tidies(with tidy: (@Sendable () -> Void)?) { state.withLock { $0.tidy = tidy } }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        guard let handler = action.__sigaction_handler.sa_handler else { return false }
        return unsafeBitCast(handler, to: UInt.self) == unsafeBitCast(SIG_IGN, to: UInt.self)
    }

    private static func took(_ number: Int32) {
        let taker = state.withLock { state in
            defer { state.taker = nil }
            return state.taker
        }
        if let taker { return taker(number) }
        end(by: number)
    }

    /// For whoever is about to answer or to end the process: where a signal ends it, the work fails because its connections are
    /// hung up, and that is no answer.
    static func waitIfEnding() {
        guard state.withLock({ $0.isEnding }) else { return }
        while true { sleep(60) }
    }

    /// Ends the process as the signal would have, after hanging up.
    private static func end(by number: Int32) -> Never {
        let (tidy, connections) = state.withLock { state in
            state.isEnding = true
            return (state.tidy, state.connections)
        }
        tidy?()
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            for connection in connections { await connection.shutDown() }
            done.signal()
        }
        _ = done.wait(timeout: .now() + patience)
        signal(number, SIG_DFL)
        // This thread may have been made with every signal blocked.
        var own = sigset_t()
        sigemptyset(&own)
        sigaddset(&own, number)
        pthread_sigmask(SIG_UNBLOCK, &own, nil)
        raise(number)
        _exit(128 + number)
    }
}

/// The writing end, for the handler: a plain number that is there before any handler is.
nonisolated(unsafe) private var interruptionPipe: Int32 = -1
