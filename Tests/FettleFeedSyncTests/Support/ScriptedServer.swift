import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on loopback whose answers a test writes byte for byte: it can be cut off, be slow, and lie.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        var method: String
        /// As in the request line: a path, or host and port where a proxy is asked for a tunnel.
        var target: String
        /// Names in small letters.
        var headers: [String: String]
    }

    enum Piece: Sendable {
        case bytes([UInt8])
        case pause(milliseconds: Int64)
    }

    private let channel: any Channel
    private let log = Mutex<[Request]>([])
    let port: Int

    private let scheme: String

    var address: String { "\(scheme)://127.0.0.1:\(port)" }
    /// In the order in which they came.
    var requests: [Request] { log.withLock { $0 } }

    /// - Parameters:
    ///   - certificate: a file in PEM form, and its key: then it speaks TLS.
    ///   - answer: what is sent for a request; then the connection is closed.
    init(
        certificate: String? = nil, key: String? = nil, _ answer: @escaping @Sendable (Request) -> [Piece]
    ) async throws {
        scheme = certificate == nil ? "http" : "https"
        let tls = try certificate.map { path in
            let chain = try NIOSSLCertificate.fromPEMFile(path).map { NIOSSLCertificateSource.certificate($0) }
            let key = try NIOSSLPrivateKey(file: key ?? "", format: .pem)
            return try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
        }
        let box = Recorder()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        Handler { request in
                            box.record(request)
                            return answer(request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        box.sink.withLock { $0 = { [weak self] request in self?.log.withLock { $0.append(request) } } }
    }

    func stop() async { try? await channel.close().get() }

    private final class Recorder: Sendable {
        let sink = Mutex<(@Sendable (Request) -> Void)?>(nil)
        func record(_ request: Request) { sink.withLock { $0 }?(request) }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var received = ""
        private var isAnswered = false
        private let answer: @Sendable (Request) -> [Piece]

        init(_ answer: @escaping @Sendable (Request) -> [Piece]) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            received += String(decoding: buffer.readableBytesView, as: UTF8.self)
            guard !isAnswered, received.contains("\r\n\r\n") else { return }
            let request = Self.parse(received)
            // As a proxy: what comes through the tunnel is answered here too.
            isAnswered = request.method != "CONNECT"
            received = ""
            ScriptedServer.send(answer(request)[...], context.channel, closes: isAnswered)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private static func parse(_ text: String) -> Request {
            let lines = text.split(separator: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
            }
            let words = (lines.first ?? "").split(separator: " ")
            return Request(
                method: String(words.first ?? ""), target: String(words.dropFirst().first ?? ""), headers: headers)
        }
    }

    private static func send(_ pieces: ArraySlice<Piece>, _ channel: any Channel, closes: Bool) {
        var rest = pieces
        guard let piece = rest.popFirst() else {
            if closes { channel.close(promise: nil) }
            return
        }
        let left = rest
        switch piece {
        case .bytes(let bytes):
            channel.writeAndFlush(ByteBuffer(bytes: bytes)).whenComplete { _ in send(left, channel, closes: closes) }
        case .pause(let milliseconds):
            channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { send(left, channel, closes: closes) }
        }
    }
}

extension ScriptedServer.Request {
    /// The first byte that is asked for; nil for the whole file.
    var rangeStart: Int? {
        headers["range"].flatMap { Int($0.dropFirst("bytes=".count).dropLast()) }
    }
}

extension [ScriptedServer.Piece] {
    static func head(_ status: String, _ headers: [(String, String)] = []) -> Self {
        let lines = ["HTTP/1.1 \(status)"] + headers.map { "\($0.0): \($0.1)" } + ["Connection: close", "", ""]
        return [.bytes([UInt8](lines.joined(separator: "\r\n").utf8))]
    }

    static func status(_ status: String, _ headers: [(String, String)] = []) -> Self {
        head(status, headers + [("Content-Length", "0")])
    }

    static func text(_ text: String) -> Self { file([UInt8](text.utf8)) }

    static func file(_ body: [UInt8], _ headers: [(String, String)] = []) -> Self {
        head("200 OK", headers + [("Content-Length", "\(body.count)")]) + [.bytes(body)]
    }

    /// As a good server answers: conditional requests and ranges honoured.
    ///
    /// - Parameter cut: after how many bytes of the body the connection ends.
    static func good(
        _ request: ScriptedServer.Request, _ body: [UInt8], tag: String, modified: String? = nil, cut: Int? = nil
    ) -> Self {
        let validators = [("ETag", tag)] + (modified.map { [("Last-Modified", $0)] } ?? [])
        if request.headers["if-none-match"] == tag { return head("304 Not Modified", validators) }
        let start = request.headers["if-range"] == tag ? request.rangeStart ?? 0 : 0
        guard start < body.count || start == 0 else {
            return status("416 Range Not Satisfiable", [("Content-Range", "bytes */\(body.count)")])
        }
        let rest = [UInt8](body[start...])
        let sent = [UInt8](rest.prefix(cut ?? .max))
        let range = start > 0 ? [("Content-Range", "bytes \(start)-\(body.count - 1)/\(body.count)")] : []
        let status = start > 0 ? "206 Partial Content" : "200 OK"
        return head(status, validators + range + [("Content-Length", "\(rest.count)")]) + [.bytes(sent)]
    }
}
