import FettleControl
import FettleInventory
import FettleModel
import Foundation
import Synchronization

/// Everything that commands write for people and programs. A write that fails is no reason to crash: the disk behind a
/// redirection fills up, the reader of a pipe ends, a terminal hangs up while hosts are out of traffic.
enum Output {
    private struct Mode {
        var mustGoOn = false
        var isJSON = false
        var notesOfEnd: [String] = []
    }

    private static let mode = Mutex(Mode())

    /// From here on notes and errors are JSON lines too: standard output holds one JSON document.
    static func usesJSON() { mode.withLock { $0.isJSON = true } }
    static var isJSON: Bool { mode.withLock { $0.isJSON } }

    /// From here on the work matters more than who reads of it: the process goes on though nobody listens any more.
    static func goOnWithoutReader() {
        mode.withLock { $0.mustGoOn = true }
        signal(SIGPIPE, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
    }

    /// Writes to standard output. Where it cannot be written, the process ends, unless it has to go on without a reader: half an
    /// answer must not look like a whole one. A reader that has read enough (`| head`) is no failure to speak of.
    static func write(_ text: String) { write(Array(text.utf8)) }

    /// The same for bytes, such as many lines at once.
    static func write(_ bytes: [UInt8]) {
        Interruption.waitIfEnding()
        guard !write(bytes, to: STDOUT_FILENO), !mode.withLock({ $0.mustGoOn }) else { return }
        let cause = errno
        if cause == EPIPE { Foundation.exit(128 + SIGPIPE) }
        writeError("error: standard output cannot be written: \(String(cString: strerror(cause)))\n")
        Foundation.exit(ExitStatus.failure.rawValue)
    }

    static func writeLine(_ text: String) { write(text + "\n") }

    static func writeJSON(_ value: some Encodable) throws {
        writeLine(String(decoding: try CanonicalJSON.pretty(value), as: UTF8.self))
    }

    /// The form that digests are taken over, on one line: for what others compare or approve.
    static func writePlan(_ document: PlanDocument) throws {
        try document.write { write($0) }
        write("\n")
    }

    /// Writes to standard error; if that fails there is nobody left to tell.
    static func writeError(_ text: String) {
        Interruption.waitIfEnding()
        _ = write(Array(text.utf8), to: STDERR_FILENO)
    }

    /// What to type next; only where a person reads.
    static func next(_ commands: [String]) {
        let isWanted = ProcessInfo.processInfo.environment["FETTLE_HINTS"] == "always"
        guard Terminal.standard.isInteractive || isWanted else { return }
        for (index, command) in commands.enumerated() {
            writeLine(TextStyle.dim.apply("\(index == 0 ? "next:" : "     ") \(command)", in: .standard))
        }
    }

    /// Something to know beside the answer.
    static func note(_ text: String) {
        if isJSON { return writeErrorLine(["note": text]) }
        writeError("\(TextStyle.yellow.apply("note:", in: .error)) \(text.printable)\n")
    }

    /// Something to know beside the answer that is told below it, once, when the command ends: nobody reads what a long table has
    /// pushed away.
    static func noteAtEnd(_ text: String) {
        mode.withLock { if !$0.notesOfEnd.contains(text) { $0.notesOfEnd.append(text) } }
    }

    /// Tells what `noteAtEnd` was given.
    static func tellNotesOfEnd() {
        let notes = mode.withLock { mode in
            defer { mode.notesOfEnd = [] }
            return mode.notesOfEnd
        }
        for text in notes { note(text) }
    }

    /// Why there is no answer: what went wrong, and below it what to do about it.
    ///
    /// - Parameter problems: what is wrong in which place of a file, where that is why: programs get each by itself.
    static func error(_ message: String, status: ExitStatus, problems: [InventoryProblem]? = nil) {
        if isJSON {
            struct Failure: Encodable {
                var exit: Int32
                var message: String
                var problems: [InventoryProblem]?
            }
            return writeErrorLine(["error": Failure(exit: status.rawValue, message: message, problems: problems)])
        }
        let prefix = TextStyle.red.apply("error:", in: .error)
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        writeError("\(prefix) \(lines.joined(separator: "\n"))\n")
    }

    private static func writeErrorLine(_ value: some Encodable) {
        guard let line = try? CanonicalJSON.encode(value) else { return }
        writeError(String(decoding: line, as: UTF8.self) + "\n")
    }

    /// - Returns: false if not all of it could be written; `errno` says why.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
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
