internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// An address as `connect` takes it.
struct SocketAddress: Sendable, Equatable {
    /// The bytes of a `sockaddr`.
    let bytes: [UInt8]
    let family: CInt
    /// For messages.
    let name: String

    /// The longest path of a UNIX socket on Linux, in bytes: `sun_path` has 108 with the NUL behind it.
    static let longestPath = 107

    static func unix(_ path: String) throws(SocketError) -> SocketAddress {
        let text = Array(path.utf8)
        guard !text.isEmpty, text.count <= longestPath, !text.contains(0) else {
            throw SocketError(.system, "a path of a UNIX socket has 1 to \(longestPath) bytes")
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: text) }
        return SocketAddress(bytes: withUnsafeBytes(of: &address) { Array($0) }, family: AF_UNIX, name: path)
    }

    /// Every address of a host, in the order in which the system prefers them.
    static func resolve(_ host: String, port: Int, timeout: Duration) async throws(SocketError) -> [SocketAddress] {
        guard (1...65_535).contains(port), !host.utf8.contains(0), host.utf8.count <= 255, !host.isEmpty else {
            throw SocketError(.system, "no address with a host and a port from 1 to 65535")
        }
        if let numeric = try? lookUp(host, port: port, flags: AI_NUMERICHOST).get() { return numeric }
        // `getaddrinfo` blocks, and nothing can stop it: it gets a thread outside the cooperative pool, and its answer is
        // dropped when it comes too late.
        let answer = await withCheckedContinuation { continuation in
            let shared = ResolverAnswer(continuation)
            DispatchQueue.global().async { shared.resume(lookUp(host, port: port, flags: 0)) }
            DispatchQueue.global().asyncAfter(deadline: .now() + timeout.seconds) {
                shared.resume(.failure(SocketError(.unresolvable, "looking up the name took too long")))
            }
        }
        return try answer.get()
    }

    private static func lookUp(_ host: String, port: Int, flags: CInt) -> Result<[SocketAddress], SocketError> {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = flags
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else {
            return .failure(
                SocketError(.unresolvable, "the name has no address: \(String(cString: gai_strerror(status)))"))
        }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            if let address = entry.ai_addr {
                let bytes = UnsafeRawBufferPointer(start: address, count: Int(entry.ai_addrlen))
                addresses.append(
                    SocketAddress(bytes: Array(bytes), family: entry.ai_family, name: "port \(port)"))
            }
            next = entry.ai_next
        }
        guard !addresses.isEmpty else { return .failure(SocketError(.unresolvable, "the name has no address")) }
        return .success(addresses)
    }
}

/// Resumes the one who waits with the first answer, and drops the others.
private final class ResolverAnswer: Sendable {
    private let waiting: Mutex<CheckedContinuation<Result<[SocketAddress], SocketError>, Never>?>

    init(_ continuation: CheckedContinuation<Result<[SocketAddress], SocketError>, Never>) {
        waiting = Mutex(continuation)
    }

    func resume(_ answer: Result<[SocketAddress], SocketError>) {
        let first = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        first?.resume(returning: answer)
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
