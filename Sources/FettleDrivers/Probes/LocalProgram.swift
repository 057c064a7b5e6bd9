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

    private let loop: EventLoop
    private let limit: Int
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
    ///   - limit: bytes of each stream that are kept.
    ///   - timeout: for all of it; then it is ended.
    static func run(
        _ name: String, _ arguments: [String], environment: [String: String], limit: Int = 16_384, timeout: Duration
    ) async throws(SocketError) -> Output {
        let paths = ["/usr/bin/", "/usr/local/bin/", "/bin/"].map { $0 + name }
        guard let program = paths.first(where: { SystemCalls.isProgram($0) }) else {
            throw SocketError(.system, "this needs \(name) on this machine: install \(name)")
        }
        guard let loop = try? EventLoop.next() else { throw SocketError(.system, "no descriptors are left") }
        let run = LocalProgram(loop: loop, limit: limit)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { run.begin(program, arguments, environment, continuation, timeout: timeout) }
            }
        } onCancel: {
            loop.execute { run.finish(.failure(SocketError(.cancelled, "cancelled"))) }
        }
        return try answer.get()
    }

    private init(loop: EventLoop, limit: Int) {
        self.loop = loop
        self.limit = limit
    }

    private func begin(
        _ program: String, _ arguments: [String], _ environment: [String: String],
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
            child?.finishInput()
        } catch {
            finish(.failure(SocketError(.system, "\(program) cannot be started: \(error)")))
        }
    }

    private func take(_ bytes: [UInt8], from stream: ChildProcess.Stream) {
        switch stream {
        case .output: output += bytes.prefix(max(0, limit - output.count))
        case .error: error += bytes.prefix(max(0, limit - error.count))
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
