/// One GET over TLS by the system's curl, as ssh is the system's OpenSSH: its certificates, its fixes. Certificates are
/// always verified. Not URLSession, which on Linux is the same libcurl but linked into Fettle, with the proxies of the
/// environment and no way to switch them off.
///
/// Everything after `init` happens on `loop`; that is what makes it Sendable.
final class EncryptedFetch: @unchecked Sendable {
    typealias Answer = Result<[UInt8], SocketError>

    /// A login's, and the certificates that the user trusts beside the system's.
    static var ownEnvironment: [String: String] {
        let trust = ["CURL_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"]
        return ChildEnvironment.login.merging(ChildEnvironment.own.filter { trust.contains($0.key) }) { _, own in own }
    }

    private let loop: EventLoop
    private let environment: [String: String]
    private let limit: Int
    private let isEnough: @Sendable ([UInt8]) -> Bool
    private var child: ChildProcess?
    private var received: [UInt8] = []
    private var said: [UInt8] = []
    private var continuation: CheckedContinuation<Answer, Never>?
    private var timer: EventLoop.TimerID?
    private var isOver = false

    /// - Returns: the answer's head and body as they came over the line.
    static func fetch(
        _ request: HTTPRequest, limit: Int, timeout: Duration, environment: [String: String] = ownEnvironment,
        until isEnough: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(SocketError) -> [UInt8] {
        let program = ["/usr/bin/curl", "/usr/local/bin/curl", "/bin/curl"].first { SystemCalls.isProgram($0) }
        guard let program else {
            throw SocketError(.system, "probes over https need curl on this machine: install curl")
        }
        guard let loop = try? EventLoop.next() else { throw SocketError(.system, "no descriptors are left") }
        let fetch = EncryptedFetch(loop: loop, environment: environment, limit: limit, until: isEnough)
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.execute { fetch.begin(program, request, continuation, timeout: timeout) }
            }
        } onCancel: {
            loop.execute { fetch.finish(.failure(SocketError(.cancelled, "cancelled"))) }
        }
        return try answer.get()
    }

    private init(
        loop: EventLoop, environment: [String: String], limit: Int,
        until isEnough: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.loop = loop
        self.environment = environment
        self.limit = limit
        self.isEnough = isEnough
    }

    private func begin(
        _ program: String, _ request: HTTPRequest, _ continuation: CheckedContinuation<Answer, Never>,
        timeout: Duration
    ) {
        self.continuation = continuation
        guard !isOver else { return finish(.failure(SocketError(.cancelled, "cancelled"))) }
        timer = loop.after(timeout) { self.finish(.failure(SocketError(.timeout, "no answer in time"))) }
        let arguments = [
            "-q", "--silent", "--show-error", "--noproxy", "*", "--proto", "=https", "--http1.1", "--raw", "--include",
            "--globoff", "--user-agent", "fettle-probe", "--max-time", timeout.inSeconds, "--header", "@-", "--",
            request.url,
        ]
        let handlers = ChildProcess.Handlers(
            received: { stream, bytes in self.take(Array(bytes), from: stream) },
            ended: { ending in self.ended(ending) })
        do throws(SystemErrno) {
            child = try ChildProcess(
                program, arguments: arguments, environment: environment, loop: loop,
                handlers: handlers)
            // By its input, where no list of processes shows it.
            if let secret = request.authorization { child?.write(Array("Authorization: \(secret)\n".utf8)) }
            child?.finishInput()
        } catch {
            finish(.failure(SocketError(.system, "curl cannot be started: \(error)")))
        }
    }

    private func take(_ bytes: [UInt8], from stream: ChildProcess.Stream) {
        guard !isOver else { return }
        switch stream {
        case .error: said.append(contentsOf: bytes.prefix(max(0, 4_096 - said.count)))
        case .output:
            received += bytes
            if received.count > limit {
                finish(.failure(SocketError(.tooLarge, "more than \(limit) bytes came")))
            } else if isEnough(received) {
                finish(.success(received))
            }
        }
    }

    private func ended(_ ending: ChildProcess.Ending) {
        guard case .exited(let status) = ending, status != 0 else { return finish(.success(received)) }
        let words = SafeText.lastLines(of: String(decoding: said, as: UTF8.self)) ?? "curl ends with \(status)"
        // EXIT CODES of curl(1).
        let code: SocketError.Code =
            switch status {
            case 6: .unresolvable
            case 7: words.contains("unreachable") ? .noNetwork : .refused
            case 28: .timeout
            // A certificate that doesn't hold, a handshake that fails, a connection that is cut: it was asked.
            case 35, 51, 52, 56, 60: .refused
            default: .system
            }
        finish(.failure(SocketError(code, words)))
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
