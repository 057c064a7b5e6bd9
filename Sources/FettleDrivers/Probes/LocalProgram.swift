/// Runs one of the system's programs on the controller to its end; bounded in time and output, and never blocking a thread.
///
/// Everything after `init` happens on `loop`; that is what makes it Sendable.
final class LocalProgram: @unchecked Sendable {
    struct Output: Sendable, Equatable {
        var status: Int32
        var standardOutput: [UInt8]
        var standardError: [UInt8]
    }
    typealias Answer = Result<Output, SocketError>

    private static let mostOfErrors = 16_384

    private let loop: EventLoop
    private let limit: Int
    private let isEnough: (@Sendable ([UInt8]) -> Bool)?
    private var child: ChildProcess?
    private var output: [UInt8] = []
    private var error: [UInt8] = []
    private var continuation: CheckedContinuation<Answer, Never>?
    private var timer: EventLoop.TimerID?
    private var isOver = false

    /// - Parameters:
    ///   - name: looked for where the system keeps its programs.
    ///   - arguments: without the program's own name.
    ///   - environment: all of it.
    ///   - input: what it reads.
    ///   - limit: bytes of each stream that are kept.
    ///   - timeout: for all of it; then it is ended.
    ///   - isEnough: whether what it has printed so far is all that is wanted: then it is ended, and its status is 0. With this, more
    ///     output than the limit is `tooLarge`; nil: all is waited for, and what is more is left out.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String], input: [UInt8] = [],
        limit: Int = 16_384, timeout: Duration, until isEnough: (@Sendable ([UInt8]) -> Bool)? = nil
    ) async throws(SocketError) -> Output {
        let paths = ["/usr/bin/", "/usr/local/bin/", "/bin/"].map { $0 + name }
        guard let program = paths.first(where: { SystemCalls.isProgram($0) }) else {
            throw SocketError(.system, "this needs \(name) on this machine: install \(name)")
        }
        guard let loop = try? EventLoop.next() else { throw SocketError(.system, "no descriptors are left") }
        let run = LocalProgram(loop: loop, limit: limit, until: isEnough)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { run.begin(program, arguments, environment, input, continuation, timeout: timeout) }
            }
        } onCancel: {
            loop.execute { run.finish(.failure(SocketError(.cancelled, "cancelled"))) }
        }
        return try answer.get()
    }

    private init(loop: EventLoop, limit: Int, until isEnough: (@Sendable ([UInt8]) -> Bool)?) {
        self.loop = loop
        self.limit = limit
        self.isEnough = isEnough
    }

    private func begin(
        _ program: String, _ arguments: [String], _ environment: [String: String], _ input: [UInt8],
        _ continuation: CheckedContinuation<Answer, Never>, timeout: Duration
    ) {
        self.continuation = continuation
        guard !isOver else { return finish(.failure(SocketError(.cancelled, "cancelled"))) }
        timer = loop.after(timeout) { self.finish(.failure(SocketError(.timeout, "no answer in time"))) }
        let handlers = ChildProcess.Handlers(
            received: { stream, bytes in self.take(Array(bytes), from: stream) },
            ended: { ending in self.ended(ending) })
        do throws(SystemErrno) {
            child = try ChildProcess(
                program, arguments: arguments, environment: environment, loop: loop, handlers: handlers)
            if !input.isEmpty { child?.write(input) }
            child?.finishInput()
        } catch {
            finish(.failure(SocketError(.system, "\(program) cannot be started: \(error)")))
        }
    }

    private func take(_ bytes: [UInt8], from stream: ChildProcess.Stream) {
        guard !isOver else { return }
        switch stream {
        case .error: error += bytes.prefix(max(0, min(limit, Self.mostOfErrors) - error.count))
        case .output:
            guard let isEnough else {
                output += bytes.prefix(max(0, limit - output.count))
                return
            }
            output += bytes
            if output.count > limit {
                finish(.failure(SocketError(.tooLarge, "more than \(limit) bytes came")))
            } else if isEnough(output) {
                finish(.success(Output(status: 0, standardOutput: output, standardError: error)))
            }
        }
    }

    private func ended(_ ending: ChildProcess.Ending) {
        guard case .exited(let status) = ending else {
            return finish(.failure(SocketError(.system, "it was ended before it had an answer")))
        }
        finish(.success(Output(status: status, standardOutput: output, standardError: error)))
    }

    private func finish(_ answer: Answer) {
        isOver = true
        if let timer { loop.cancel(timer) }
        child?.kill()
        child = nil
        continuation?.resume(returning: answer)
        continuation = nil
    }
}
