import AsyncHTTPClient
import FettleModel
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL

/// Requests to one receiver within one try: bounded in time and size, certificates verified, redirects not followed.
struct WebSession: Sendable {
    private let client: HTTPClient
    private let address: WebAddress
    private let limits: MessageDelivery.Limits
    private let version: String
    private let deadline: ContinuousClock.Instant

    struct Answer: Sendable {
        var status: Int
        /// As much of it as the limit lets in.
        var body: [UInt8]
        var isWhole: Bool
        var retryAfter: String?
        var headers: HTTPHeaders = [:]
    }

    /// Opens a session for the length of `body`, and ends it when its time is over.
    static func with<Value: Sendable>(
        _ receiver: MessageReceiver, _ address: WebAddress, _ limits: MessageDelivery.Limits, version: String,
        _ body: @escaping @Sendable (WebSession) async throws(DeliveryFailure) -> Value
    ) async throws(DeliveryFailure) -> Value {
        let client = HTTPClient(
            eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration(receiver, limits))
        let session = WebSession(
            client: client, address: address, limits: limits, version: version,
            deadline: .now + .seconds(limits.totalSeconds))
        let result = await within(limits.totalSeconds) { () async -> Result<Value, DeliveryFailure> in
            do throws(DeliveryFailure) { return .success(try await body(session)) } catch { return .failure(error) }
        }
        try? await client.shutdown()
        return try result.get()
    }

    private static func configuration(
        _ receiver: MessageReceiver, _ limits: MessageDelivery.Limits
    ) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .fullVerification
        tls.minimumTLSVersion = .tlsv12
        tls.additionalTrustRoots = receiver.certificateAuthorities.map { [.file($0)] } ?? []
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(Int64(limits.connectSeconds)), read: .seconds(Int64(limits.totalSeconds))),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }

    /// What `work` gives, or that time is over; the work is then cancelled.
    private static func within<Value: Sendable>(
        _ seconds: Int, _ work: @escaping @Sendable () async -> Result<Value, DeliveryFailure>
    ) async -> Result<Value, DeliveryFailure> {
        let late = Result<Value, DeliveryFailure>.failure(
            DeliveryFailure("no whole answer within \(seconds) s", mayPass: true))
        return await withTaskGroup(of: Result<Value, DeliveryFailure>.self) { group in
            group.addTask { await work() }
            group.addTask {
                try? await Task.sleep(for: .seconds(seconds))
                return late
            }
            let first = await group.next() ?? late
            group.cancelAll()
            return first
        }
    }

    /// Sends one request.
    ///
    /// - Parameters:
    ///   - path: appended to the receiver's address; with its query, percent-encoded.
    ///   - headers: besides those that every request has.
    /// - Throws: where no answer came, or a redirect. Any other status is an answer.
    func send(
        _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], json: [UInt8]? = nil
    ) async throws(DeliveryFailure) -> Answer {
        var request = HTTPClientRequest(url: address.origin + Self.joined(address.path, path))
        request.method = method
        request.headers.add(name: "User-Agent", value: "fettle/\(version)")
        request.headers.add(name: "Accept", value: "application/json")
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let json {
            request.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: json))
        }
        let left = max(1, ContinuousClock.now.duration(to: deadline).components.seconds)
        do {
            let response = try await client.execute(request, timeout: .seconds(left))
            let status = Int(response.status.code)
            guard !(300..<400).contains(status) else {
                throw DeliveryFailure(
                    "answers \(status), a redirect, which is not followed: set the address that it leads to",
                    mayPass: false)
            }
            let (body, isWhole) = try await read(response.body)
            return Answer(
                status: status, body: body, isWhole: isWhole, retryAfter: response.headers.first(name: "Retry-After"),
                headers: response.headers)
        } catch let failure as DeliveryFailure {
            throw failure
        } catch {
            throw Self.failure(error)
        }
    }

    private static func joined(_ base: String, _ path: String) -> String {
        guard !path.isEmpty else { return base.isEmpty ? "/" : base }
        return (base.hasSuffix("/") ? String(base.dropLast()) : base) + path
    }

    /// Stops at the limit: the connection is then given up.
    private func read(_ body: HTTPClientResponse.Body) async throws -> ([UInt8], Bool) {
        var bytes: [UInt8] = []
        for try await part in body {
            bytes += part.readableBytesView.prefix(limits.answerBytes - bytes.count)
            if bytes.count >= limits.answerBytes { return (bytes, false) }
        }
        return (bytes, true)
    }

    /// In our own words: those of a library may hold the address.
    private static func failure(_ error: any Error) -> DeliveryFailure {
        if let error = error as? HTTPClientError {
            switch error {
            case .connectTimeout: return DeliveryFailure("no connection within the time allowed", mayPass: true)
            case .readTimeout, .deadlineExceeded, .cancelled, .tlsHandshakeTimeout:
                return DeliveryFailure("no answer within the time allowed", mayPass: true)
            default: break
            }
        }
        if error is CancellationError { return DeliveryFailure("no answer within the time allowed", mayPass: true) }
        let words = "\(error)"
        guard words.contains("CERTIFICATE_VERIFY_FAILED") || words.contains("unableToValidateCertificate") else {
            return DeliveryFailure("the connection failed", mayPass: true)
        }
        return DeliveryFailure("its certificate is not trusted", mayPass: true)
    }
}

extension WebSession.Answer {
    var isSuccess: Bool { (200..<300).contains(status) }

    /// What an answer that is no success means: 408, 425, 429 and 5xx may pass, everything else will not.
    func failure(_ what: String = "") -> DeliveryFailure {
        let text = PlainText.line(String(decoding: body.prefix(400), as: UTF8.self), limit: 200)
        let asked = retryAfter.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) }
        let words = what.isEmpty ? "answers \(status)" : "\(what): answers \(status)"
        return DeliveryFailure(
            text.isEmpty ? words : "\(words): \(text)", mayPass: [408, 425, 429].contains(status) || status >= 500,
            afterSeconds: asked)
    }

    func required(_ what: String = "") throws(DeliveryFailure) -> WebSession.Answer {
        guard isSuccess else { throw failure(what) }
        return self
    }

    /// The body as an object of JSON.
    func object(_ what: String) throws(DeliveryFailure) -> [String: JSONPiece] {
        guard isWhole else { throw DeliveryFailure("\(what): the answer is longer than is read", mayPass: false) }
        guard case .object(let object)? = try? JSONDecoder().decode(JSONPiece.self, from: Data(body)) else {
            throw DeliveryFailure("\(what): the answer is not what the documentation says", mayPass: false)
        }
        return object
    }
}
