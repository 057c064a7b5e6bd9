import Foundation
import Synchronization

/// Everything that commands write for people and programs. A write that fails is no reason to crash: the disk behind a
/// redirection fills up, the reader of a pipe ends, a terminal hangs up while hosts are out of traffic.
enum Output {
    private static let mustGoOn = Mutex(false)

    /// From here on the work matters more than who reads of it: the process goes on though nobody listens any more.
    static func goOnWithoutReader() {
        mustGoOn.withLock { $0 = true }
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
    }

    /// Writes to standard output. Where it cannot be written, the process ends with 1, unless it has to go on without a reader:
    /// half an answer must not look like a whole one.
    static func write(_ text: String) {
        guard !write(text, to: STDOUT_FILENO), !mustGoOn.withLock({ $0 }) else { return }
        let reason = String(cString: strerror(errno))
        writeError("error: standard output cannot be written: \(reason)\n")
        Foundation.exit(ExitStatus.failure.rawValue)
    }

    /// Writes to standard error; if that fails there is nobody left to tell.
    static func writeError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    /// - Returns: false if not all of it could be written.
    static func write(_ text: String, to descriptor: Int32) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                let written = Foundation.write(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    guard poll(&waiting, 1, 10_000) > 0 else { return false }
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
