import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that answers what a test says, byte for byte: it can hang, lie and go on for ever.
final class WebServer: Sendable {
    struct Request: Sendable {
        var method: String
        var target: String
        /// Names in small letters.
        var headers: [String: String]
        var body: [UInt8]

        /// The body as JSON.
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        }
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// No answer ever comes.
        var hangs = false
        /// The body goes on for so many bytes more, whatever was said of its length.
        var endless = 0

        static func status(_ status: Int, _ headers: [(String, String)] = []) -> Answer {
            Answer(status: status, headers: headers)
        }
        static func json(_ object: Any, status: Int = 200) -> Answer {
            Answer(status: status, body: [UInt8]((try? JSONSerialization.data(withJSONObject: object)) ?? Data()))
        }
    }

    private let channel: any Channel
    private let log: Log
    let port: Int
    var address: String { "http://127.0.0.1:\(port)" }
    /// In the order in which they came.
    var requests: [Request] { log.all.withLock { $0 } }

    private final class Log: Sendable { let all = Mutex<[Request]>([]) }

    init(_ answer: @escaping @Sendable (Request) -> Answer) async throws {
        let log = Log()
        self.log = log
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Handler { request in
                            log.all.withLock { $0.append(request) }
                            return answer(request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func stop() async { try? await channel.close().get() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private var received: [UInt8] = []
        private var isAnswered = false
        private let answer: @Sendable (Request) -> Answer

        init(_ answer: @escaping @Sendable (Request) -> Answer) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += unwrapInboundIn(data).readableBytesView
            guard !isAnswered, let request = Self.request(received) else { return }
            isAnswered = true
            let answer = answer(request)
            guard !answer.hangs else { return }
            var head = "HTTP/1.1 \(answer.status) Whatever\r\n"
            for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
            if answer.endless == 0 { head += "Content-Length: \(answer.body.count)\r\n" }
            head += "Connection: close\r\n\r\n"
            let channel = context.channel
            channel.writeAndFlush(ByteBuffer(bytes: [UInt8](head.utf8) + answer.body), promise: nil)
            let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 65_536)
            for _ in 0..<(answer.endless / 65_536) { channel.writeAndFlush(piece, promise: nil) }
            channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        /// nil: not whole yet.
        private static func request(_ bytes: [UInt8]) -> Request? {
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { return nil }
            let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
            }
            let head = text[..<end.upperBound].utf8.count
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            guard bytes.count >= head + length else { return nil }
            let words = lines[0].split(separator: " ")
            return Request(
                method: String(words.first ?? ""), target: String(words.dropFirst().first ?? ""), headers: headers,
                body: Array(bytes[head..<(head + length)]))
        }
    }
}
