#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A child that is written to and read from without blocking any thread, and that is always reaped.
///
/// Everything after `init` happens on `loop`; that is what makes it Sendable. It keeps itself alive until the child has
/// ended and `ended` was called.
final class ChildProcess: @unchecked Sendable {
    enum Stream: Sendable { case output, error }

    /// How the child ended.
    enum Ending: Sendable, Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// Somebody else reaped it.
        case unknown
    }

    /// Called on the loop. `ended` comes once, after the last `received`.
    struct Handlers: Sendable {
        let received: @Sendable (Stream, UnsafeRawBufferPointer) -> Void
        let ended: @Sendable (Ending) -> Void
    }

    private static let readSize = 64 * 1_024

    let processIdentifier: pid_t
    private let loop: EventLoop
    private var handlers: Handlers?
    /// The streams that have not ended.
    private var readers: [Stream: CInt] = [:]
    private let inputDescriptor: CInt
    private var inputIsOpen = true
    private var closesWhenWritten = false
    /// What is still to be written, and from where.
    private var unwritten: [UInt8] = []
    private var written = 0
    private var isWaitingForRoom = false
    private var reaping = false
    private var isReaped = false

    /// Starts the program. `posix_spawn` holds up the calling thread until the program is loaded, under a millisecond.
    init(
        _ executable: String, arguments: [String], environment: [String: String], loop: EventLoop,
        handlers: Handlers
    ) throws(SystemErrno) {
        DescriptorLimit.raise()
        let (process, descriptors) = try ChildSpawn.start(
            executable, arguments: arguments, environment: environment)
        processIdentifier = process
        self.loop = loop
        self.handlers = handlers
        inputDescriptor = descriptors.input
        readers = [.output: descriptors.output, .error: descriptors.error]
        loop.execute {
            for (stream, descriptor) in self.readers {
                loop.watch(descriptor, for: POLLIN) { self.read(stream, from: descriptor) }
            }
        }
    }

    // MARK: Input

    /// Sends the bytes behind those that still wait. Only on the loop.
    func write(_ bytes: [UInt8]) {
        guard inputIsOpen, !closesWhenWritten else { return }
        unwritten += bytes
        flush()
    }

    /// Ends the child's input once all is written. Only on the loop.
    func finishInput() {
        closesWhenWritten = true
        flush()
    }

    /// Ends the child's input now, whatever still waits. Only on the loop.
    func abandonInput() {
        (unwritten, written) = ([], 0)
        finishInput()
    }

    private func flush() {
        guard inputIsOpen else { return }
        while written < unwritten.count {
            let count = unwritten.withUnsafeBytes { bytes in
                send(
                    inputDescriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written,
                    CInt(MSG_NOSIGNAL))
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                return waitForRoom()
            } else if errno != EINTR {
                // The child takes no more; that it ended is told by its output.
                closesWhenWritten = true
                break
            }
        }
        (unwritten, written) = ([], 0)
        if closesWhenWritten { closeInput() }
    }

    /// Writes on when the child has read some.
    private func waitForRoom() {
        guard !isWaitingForRoom else { return }
        isWaitingForRoom = true
        loop.watch(inputDescriptor, for: POLLOUT) {
            self.stopWaitingForRoom()
            self.flush()
        }
    }

    private func stopWaitingForRoom() {
        guard isWaitingForRoom else { return }
        isWaitingForRoom = false
        loop.unwatch(inputDescriptor)
    }

    private func closeInput() {
        guard inputIsOpen else { return }
        inputIsOpen = false
        stopWaitingForRoom()
        SystemCalls.close(inputDescriptor)
    }

    // MARK: Output

    private func read(_ stream: Stream, from descriptor: CInt) {
        guard let handlers, readers[stream] != nil else { return }
        withUnsafeTemporaryAllocation(byteCount: Self.readSize, alignment: 1) { buffer in
            // A few reads for each event, so that the other stream and the clock get their turn.
            for _ in 0..<4 {
                let count = SystemCalls.read(descriptor, into: buffer)
                if count > 0 {
                    handlers.received(stream, UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    if count < buffer.count { return }
                } else if count < 0, errno == EINTR {
                    continue
                } else if count < 0, errno == EAGAIN {
                    return
                } else {
                    return endOfStream(stream)
                }
            }
        }
    }

    private func endOfStream(_ stream: Stream) {
        stopReading(stream)
        // Without standard output there are no answers any more. Standard error may be held open by a helper of ssh.
        if stream == .output { reap() }
    }

    private func stopReading(_ stream: Stream) {
        guard let descriptor = readers.removeValue(forKey: stream) else { return }
        loop.unwatch(descriptor)
        SystemCalls.close(descriptor)
    }

    // MARK: End

    /// Ends the child and its helpers (the `ssh` to a jump host, a proxy command) for certain. Only on the loop.
    func kill() {
        // Only while it is not reaped: afterwards the number may be another process's.
        if !isReaped { SystemCalls.killGroup(of: processIdentifier) }
        reap()
    }

    /// Waits for the child's end by looking now and then: a child whose output has ended, or that was killed, is gone
    /// within milliseconds.
    private func reap() {
        guard !reaping else { return }
        reaping = true
        (unwritten, written) = ([], 0)
        closeInput()
        lookForEnd(waited: 0, pause: 1)
    }

    /// - Parameters: both in milliseconds.
    private func lookForEnd(waited: Int, pause: Int) {
        var status: CInt = 0
        let found = waitpid(processIdentifier, &status, WNOHANG)
        if found == processIdentifier || (found < 0 && errno != EINTR) {
            isReaped = true
            let ending: Ending = found < 0 ? .unknown : Self.ending(status)
            // Its last words on standard error may still be on their way; they say why it ended.
            return waitForLastWords(ending, tries: 20)
        }
        // It has closed its output and does not end.
        if waited > 2_000 { SystemCalls.killGroup(of: processIdentifier) }
        loop.after(.milliseconds(pause)) {
            self.lookForEnd(waited: waited + pause, pause: min(pause * 2, 100))
        }
    }

    private func waitForLastWords(_ ending: Ending, tries: Int) {
        if readers.isEmpty || tries == 0 {
            stopReading(.output)
            stopReading(.error)
            handlers?.ended(ending)
            handlers = nil
            return
        }
        loop.after(.milliseconds(5)) {
            self.waitForLastWords(ending, tries: tries - 1)
        }
    }

    private static func ending(_ status: CInt) -> Ending {
        // The macros WIFSIGNALED and WEXITSTATUS are not imported; these are their definitions on Linux.
        let signal = status & 0x7F
        return signal == 0 ? .exited((status >> 8) & 0xFF) : .signalled(signal)
    }
}
