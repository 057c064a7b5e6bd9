#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Connects, sends, reads until there is enough, and hangs up; bounded in time and size, and never blocking a thread.
///
/// Everything after `init` happens on `loop`; that is what makes it Sendable.
final class SocketConversation: @unchecked Sendable {
    typealias Answer = Result<[UInt8], SocketError>

    private static let readSize = 64 * 1_024

    private let loop: EventLoop
    private let descriptor: CInt
    private let limit: Int
    /// Whether what has come is all that is wanted. An end of the stream ends the conversation anyway.
    private let isEnough: @Sendable ([UInt8]) -> Bool
    private var unsent: ArraySlice<UInt8>
    private var received: [UInt8] = []
    private var continuation: CheckedContinuation<Answer, Never>?
    private var timer: EventLoop.TimerID?
    private var isOver = false

    /// - Parameters:
    ///   - limit: bytes that may come; more is `tooLarge`.
    ///   - timeout: for all of it together, so that an answer that comes byte by byte doesn't last for ever.
    static func hold(
        with address: SocketAddress, sending bytes: [UInt8], limit: Int, timeout: Duration,
        until isEnough: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }
    ) async throws(SocketError) -> [UInt8] {
        guard !Task.isCancelled else { throw SocketError(.cancelled, "cancelled") }
        let conversation: SocketConversation
        do throws(SystemErrno) {
            conversation = try SocketConversation(to: address, sending: bytes, limit: limit, until: isEnough)
        } catch {
            throw failure(error.code, of: address)
        }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                conversation.loop.execute { conversation.begin(address, continuation, timeout: timeout) }
            }
        } onCancel: {
            conversation.loop.execute { conversation.finish(.failure(SocketError(.cancelled, "cancelled"))) }
        }
        return try answer.get()
    }

    /// Connects to the first address that takes the connection; each gets its share of the time.
    static func hold(
        withAny addresses: [SocketAddress], sending bytes: [UInt8], limit: Int, timeout: Duration,
        until isEnough: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }
    ) async throws(SocketError) -> [UInt8] {
        let clock = ContinuousClock()
        let end = clock.now + timeout
        var last = SocketError(.unresolvable, "no address")
        for (index, address) in addresses.enumerated() {
            let share = clock.now.duration(to: end) / (addresses.count - index)
            do throws(SocketError) {
                return try await hold(with: address, sending: bytes, limit: limit, timeout: share, until: isEnough)
            } catch {
                if error.code == .cancelled || error.code == .tooLarge { throw error }
                last = error
            }
        }
        throw last
    }

    private init(
        to address: SocketAddress, sending bytes: [UInt8], limit: Int,
        until isEnough: @escaping @Sendable ([UInt8]) -> Bool
    ) throws(SystemErrno) {
        loop = try EventLoop.next()
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = socket(address.family, kind, 0)
        self.limit = limit
        self.isEnough = isEnough
        unsent = bytes[...]
        guard descriptor >= 0 else { throw SystemErrno.last }
    }

    private func begin(
        _ address: SocketAddress, _ continuation: CheckedContinuation<Answer, Never>, timeout: Duration
    ) {
        self.continuation = continuation
        // Cancelled before it began.
        guard !isOver else { return finish(.failure(SocketError(.cancelled, "cancelled"))) }
        timer = loop.after(timeout) { self.finish(.failure(SocketError(.timeout, "no answer in time"))) }
        connect(to: address)
    }

    private func connect(to address: SocketAddress) {
        guard !isOver else { return }
        switch SystemCalls.connect(descriptor, address.bytes) {
        case 0: connected()
        case EINPROGRESS:
            loop.watch(descriptor, for: POLLOUT) {
                var code: CInt = 0
                var size = socklen_t(MemoryLayout<CInt>.size)
                _ = getsockopt(self.descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
                if code == 0 { self.connected() } else { self.finish(.failure(Self.failure(code, of: address))) }
            }
        case EAGAIN:
            // The queue of a UNIX socket is full, and there is no event for when it isn't any more.
            loop.after(.milliseconds(20)) { self.connect(to: address) }
        case let code: finish(.failure(Self.failure(code, of: address)))
        }
    }

    private func connected() {
        loop.unwatch(descriptor)
        // Nothing wanted but the connection.
        if unsent.isEmpty, limit == 0 { return finish(.success([])) }
        if !unsent.isEmpty { loop.watch(descriptor, for: POLLOUT) { self.sendOn() } }
        sendOn()
    }

    private func sendOn() {
        while !isOver, !unsent.isEmpty {
            let count = unsent.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count >= 0 {
                unsent = unsent.dropFirst(count)
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                break  // It takes no more, but may have answered already.
            }
        }
        if !isOver { loop.watch(descriptor, for: POLLIN) { self.readOn() } }
    }

    private func readOn() {
        withUnsafeTemporaryAllocation(byteCount: Self.readSize, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 {
                received.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                if received.count > limit {
                    finish(.failure(SocketError(.tooLarge, "more than \(limit) bytes came")))
                } else if isEnough(received) {
                    finish(.success(received))
                }
            } else if count == 0 {
                finish(.success(received))
            } else if errno != EAGAIN, errno != EINTR {
                finish(.failure(SocketError(.reset, "the connection was cut")))
            }
        }
    }

    private func finish(_ answer: Answer) {
        isOver = true
        guard let continuation else { return }
        self.continuation = nil
        if let timer { loop.cancel(timer) }
        loop.unwatch(descriptor)
        SystemCalls.close(descriptor)
        continuation.resume(returning: answer)
    }

    private static func failure(_ code: CInt, of address: SocketAddress) -> SocketError {
        let words = String(cString: strerror(code)).lowercased()
        let kind: SocketError.Code =
            switch code {
            case ECONNREFUSED: .refused
            case ECONNRESET, EPIPE: .reset
            case EHOSTUNREACH, EHOSTDOWN: .noHost
            case ETIMEDOUT: .timeout
            case ENOENT, ENOTDIR: .notFound
            case EACCES, EPERM: .permission
            case ENETUNREACH, ENETDOWN, EADDRNOTAVAIL: .noNetwork
            default: .system
            }
        return SocketError(kind, words)
    }
}
