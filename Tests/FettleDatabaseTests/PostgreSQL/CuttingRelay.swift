import Foundation
import Synchronization

/// Stands between a store and its server's socket and breaks the connection at a moment of the test's choosing.
final class CuttingRelay: Sendable {
    enum Moment: Sendable {
        /// The server never gets the statement.
        case before
        /// The server has answered, and the answer does not arrive.
        case after
        /// From then on nothing passes any more, and nobody hangs up.
        case mute
    }

    let directory: String
    private let target: String
    private let listener: Int32
    private let plan = Mutex<(word: String, moment: Moment)?>(nil)
    private let passed = Mutex(0)

    /// How often a connection was made through it.
    var connections: Int { passed.withLock { $0 } }

    init(to server: PostgresServer) throws {
        directory = "/tmp/fettle-relay-\(UUID().uuidString.prefix(8))"
        target = "\(server.directory)/.s.PGSQL.5432"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let isBound = Self.withAddress("\(directory)/.s.PGSQL.5432") { bind(listener, $0, $1) }
        guard isBound == 0, listen(listener, 16) == 0 else { throw TestSetupFailure(message: "no relay: \(errno)") }
        Thread.detachNewThread { [self] in accept() }
    }

    func end() {
        shutdown(listener, Int32(SHUT_RDWR))
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Breaks the connection once, at the next statement that holds `word`.
    func cut(_ moment: Moment, _ word: String) { plan.withLock { $0 = (word, moment) } }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            passed.withLock { $0 += 1 }
            let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            guard Self.withAddress(target, { connect(server, $0, $1) }) == 0 else { return }
            Thread.detachNewThread { [self] in relay(client, server) }
        }
        close(listener)
    }

    private func relay(_ client: Int32, _ server: Int32) {
        defer {
            close(client)
            close(server)
        }
        var hidesAnswer = false
        while true {
            var ready = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&ready, 2, -1) > 0 else { return }
            if ready[0].revents != 0 {
                guard let bytes = Self.read(client) else { return }
                switch moment(for: bytes) {
                case nil: Self.write(bytes, to: server)
                case .before: return
                case .after:
                    Self.write(bytes, to: server)
                    hidesAnswer = true
                case .mute:
                    // The client gives up by itself and hangs up.
                    while Self.read(client) != nil {}
                    return
                }
            }
            if ready[1].revents != 0 {
                guard let bytes = Self.read(server) else { return }
                if hidesAnswer { return }
                Self.write(bytes, to: client)
            }
        }
    }

    private func moment(for bytes: [UInt8]) -> Moment? {
        plan.withLock { plan in
            guard let (word, moment) = plan, String(decoding: bytes, as: UTF8.self).contains(word) else { return nil }
            plan = nil
            return moment
        }
    }

    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8).prefix($0.count - 1)) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
