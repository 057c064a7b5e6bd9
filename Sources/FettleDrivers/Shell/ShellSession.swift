internal import FettleDriverKit

/// One connected shell from its start to its end: it runs one frame at a time and is never repaired. After any failure
/// it is over, because what is still on its way can no longer be told apart.
///
/// Everything happens on `loop`; that is what makes it Sendable.
final class ShellSession: @unchecked Sendable {
    /// What one frame gave.
    struct Output: Sendable {
        var status: Int32
        var standardOutput: [UInt8]
        var standardError: [UInt8]
    }

    typealias Outcome = Result<Output, AccessError>

    /// A frame on its way.
    private final class Exchange: @unchecked Sendable {
        var output: FrameReader
        var error: FrameReader
        let timeout: Duration
        var continuation: CheckedContinuation<Outcome, Never>?
        var isCancelled = false

        init(mark: CommandFrame.Mark, limit: Int, timeout: Duration) {
            output = FrameReader(mark: mark, limit: limit)
            error = FrameReader(mark: mark, limit: limit)
            self.timeout = timeout
        }
    }

    private enum Phase {
        case opening, ready
        /// Told to end; what comes is thrown away.
        case stopping
        case ended
    }

    /// Bytes of greeting that are thrown away before the shell answers.
    private static let greetingLimit = 1_024 * 1_024
    private static let lastWordsLimit = 4_096

    private let specification: ShellSpecification
    private let loop: EventLoop
    private var timer: EventLoop.TimerID?
    private var child: ChildProcess?
    private var phase = Phase.opening
    /// It did not end by itself.
    private var wasTold = false
    private var exchange: Exchange?
    /// The end of everything on standard error, where ssh says why it gives up.
    private var lastWords: [UInt8] = []
    private var endWaiters: [CheckedContinuation<Void, Never>] = []
    /// Called once when the child is gone.
    private let onEnd: @Sendable () -> Void

    init(_ specification: ShellSpecification, onEnd: @escaping @Sendable () -> Void) throws(AccessError) {
        self.specification = specification
        self.onEnd = onEnd
        do throws(SystemErrno) {
            loop = try EventLoop.next()
        } catch {
            throw AccessError(
                .spawn, "no thread to wait for children", host: specification.host, cause: error.description)
        }
    }

    // MARK: Use

    /// Starts the child and waits for the shell's answer.
    ///
    /// - Returns: whether the shell runs as root.
    func open() async throws(AccessError) -> Bool {
        var generator = SystemRandomNumberGenerator()
        let mark = CommandFrame.Mark(using: &generator)
        let exchange = Exchange(mark: mark, limit: Self.greetingLimit, timeout: specification.openTimeout)
        let outcome = await perform(exchange) { () throws(AccessError) in
            try self.startChild()
            self.child?.write(ShellBootstrap.text(mark: mark))
        }
        let answer = String(decoding: try outcome.get().standardOutput, as: UTF8.self)
        guard let user = UInt32(answer.prefix { $0 != "\n" }) else {
            throw failure(.protocolViolation, "the shell does not tell which user it runs as", said: answer)
        }
        return user == 0
    }

    /// Runs one frame. One at a time: the caller sees to that.
    func run(_ frame: CommandFrame, timeout: Duration) async throws(AccessError) -> Output {
        let exchange = Exchange(mark: frame.mark, limit: frame.outputLimit, timeout: timeout)
        return try await perform(exchange) { self.child?.write(frame.text) }.get()
    }

    /// Ends the shell, and with it what still runs on the target, and waits until the child is gone.
    func close() async {
        await withCheckedContinuation { continuation in
            loop.execute {
                self.stop(answer: self.closed)
                if self.phase == .ended { continuation.resume() } else { self.endWaiters.append(continuation) }
            }
        }
    }

    /// Like `close`, without waiting.
    func abandon() {
        loop.execute { self.stop(answer: self.closed) }
    }

    private func perform(_ exchange: Exchange, _ send: @escaping @Sendable () throws(AccessError) -> Void) async
        -> Outcome
    {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute {
                    guard !exchange.isCancelled else { return continuation.resume(returning: .failure(self.cancelled)) }
                    guard self.phase == .ready || self.phase == .opening, self.exchange == nil else {
                        return continuation.resume(returning: .failure(self.wasTold ? self.closed : self.gone))
                    }
                    exchange.continuation = continuation
                    self.exchange = exchange
                    self.setTimer(exchange.timeout)
                    do throws(AccessError) {
                        try send()
                    } catch {
                        self.end(with: error)
                    }
                }
            }
        } onCancel: {
            loop.execute {
                exchange.isCancelled = true
                if self.exchange === exchange { self.stop(answer: self.cancelled) }
            }
        }
    }

    // MARK: Events

    private func startChild() throws(AccessError) {
        let handlers = ChildProcess.Handlers(
            received: { stream, bytes in self.received(stream, bytes) },
            ended: { ending in self.childEnded(ending) })
        do throws(SystemErrno) {
            child = try ChildProcess(
                specification.executable, arguments: specification.arguments,
                environment: specification.environment, loop: loop, handlers: handlers)
        } catch {
            throw failure(.spawn, "\(specification.executable) could not be started", said: error.description)
        }
    }

    private func received(_ stream: ChildProcess.Stream, _ bytes: UnsafeRawBufferPointer) {
        if stream == .error { keepLastWords(bytes) }
        guard let exchange, phase == .opening || phase == .ready else { return }
        switch stream {
        case .output: exchange.output.consume(bytes)
        case .error: exchange.error.consume(bytes)
        }
        switch (exchange.output.state, exchange.error.state) {
        case (.ended(let status), .ended):
            phase = .ready
            finish(
                .success(
                    Output(status: status, standardOutput: exchange.output.kept, standardError: exchange.error.kept)))
        case (.broken(let violation), _), (_, .broken(let violation)):
            stop(answer: error(for: violation))
        default:
            break
        }
    }

    private func setTimer(_ time: Duration?) {
        if let timer { loop.cancel(timer) }
        timer = time.map { loop.after($0) { [weak self] in self?.timeIsUp() } }
    }

    private func timeIsUp() {
        timer = nil
        guard let exchange else {
            // The time that a shell has to end after it was told to.
            if phase == .stopping { child?.kill() }
            return
        }
        let seconds = exchange.timeout.inSeconds
        if phase == .opening {
            stop(answer: failure(.unreachable, "no shell answered within \(seconds) s", said: lastWordsText))
        } else {
            stop(answer: failure(.timeout, "the command did not end within \(seconds) s"))
        }
    }

    private func childEnded(_ ending: ChildProcess.Ending) {
        let opening = phase == .opening
        end(with: specification.diagnose(specification.host, ending, opening, lastWordsText))
    }

    // MARK: Ends

    private func finish(_ outcome: Outcome) {
        setTimer(nil)
        let continuation = exchange?.continuation
        exchange = nil
        continuation?.resume(returning: outcome)
    }

    /// Answers whoever waits, and ends the shell behind their back: ends the input, which is the order to end (see
    /// `ShellBootstrap`), and kills the child if it does not end by itself.
    private func stop(answer: AccessError) {
        let wasRunning = exchange != nil
        switch phase {
        case .stopping, .ended: return
        case .opening:
            wasTold = true
            finish(.failure(answer))
            guard let child else { return end(with: answer) }
            // No shell yet that could be told anything.
            phase = .stopping
            child.kill()
        case .ready:
            wasTold = true
            phase = .stopping
            finish(.failure(answer))
            setTimer(Self.stopPatience)
            if wasRunning {
                // What is not sent yet of the command must not be: half a command is not run.
                child?.abandonInput()
            } else {
                child?.write(Array("exit 0\n".utf8))
                child?.finishInput()
            }
        }
    }

    /// Longer than the relay takes to see that we listen and to end the group with TERM, and KILL after it.
    private static let stopPatience = ShellBootstrap.stopDelay + .seconds(5)

    private func end(with error: AccessError) {
        guard phase != .ended else { return }
        phase = .ended
        finish(.failure(error))
        child = nil
        let waiters = endWaiters
        endWaiters = []
        for waiter in waiters { waiter.resume() }
        onEnd()
    }

    // MARK: Words

    private func keepLastWords(_ bytes: UnsafeRawBufferPointer) {
        lastWords.append(contentsOf: bytes.suffix(Self.lastWordsLimit))
        if lastWords.count > Self.lastWordsLimit { lastWords.removeFirst(lastWords.count - Self.lastWordsLimit) }
    }

    private var lastWordsText: String { String(decoding: lastWords, as: UTF8.self) }

    private var cancelled: AccessError { failure(.cancelled, "the task was cancelled") }

    /// By itself, while nobody used it: of what was asked for since then nothing ran.
    private var gone: AccessError { failure(.unreachable, "the connection had ended", said: lastWordsText) }

    /// By somebody here, not by the other side.
    private var closed: AccessError { failure(.cancelled, "the connection was closed") }

    private func error(for violation: FrameReader.Violation) -> AccessError {
        switch violation {
        case .tooLarge where phase == .opening:
            failure(
                .protocolViolation, "the login shell wrote more than \(Self.greetingLimit) bytes before it answered")
        case .tooLarge:
            failure(.outputTooLarge, "the command wrote more than its limit")
        case .badStatus:
            failure(.protocolViolation, "the shell told no exit status")
        }
    }

    private func failure(_ code: AccessError.Code, _ message: String, said words: String = "") -> AccessError {
        AccessError(code, message, host: specification.host, cause: SafeText.lastLines(of: words))
    }
}
