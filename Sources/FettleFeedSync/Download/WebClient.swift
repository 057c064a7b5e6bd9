internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import Synchronization

/// Sends requests: one HTTP client for each proxy, certificates always verified, redirects followed by our own rule.
final class WebClient: Sendable {
    static let longestRedirectChain = 5

    private let options: FeedSyncOptions
    private let proxies: ProxyEnvironment
    private let trust: [String]
    private let clients = Mutex<[ProxyEnvironment.Proxy?: HTTPClient]>([:])

    /// - Parameter certificateAuthorities: a file in PEM form, trusted besides the system's own.
    init(_ options: FeedSyncOptions, certificateAuthorities: String?) {
        self.options = options
        proxies = ProxyEnvironment(options.environment)
        trust = certificateAuthorities.map { [$0] } ?? []
    }

    /// Must be called once, when nobody asks any more.
    func shutdown() async {
        let all = clients.withLock { clients in
            defer { clients = [:] }
            return Array(clients.values)
        }
        for client in all { try? await client.shutdown() }
    }

    /// The answer's head, redirects followed; its body has not been read yet.
    ///
    /// - Throws: `Passing` for what may pass by itself.
    func get(_ address: FeedAddress, _ headers: HTTPHeaders, deadline: ContinuousClock.Instant) async throws -> (
        response: HTTPClientResponse, address: FeedAddress
    ) {
        var address = address
        for _ in 0...Self.longestRedirectChain {
            var request = HTTPClientRequest(url: address.text)
            request.headers = headers
            request.headers.replaceOrAdd(name: "User-Agent", value: "fettle/\(options.version)")
            // The bytes as the publisher's checksum counts them.
            request.headers.replaceOrAdd(name: "Accept-Encoding", value: "identity")
            let left = max(.zero, ContinuousClock.now.duration(to: deadline))
            let wait = min(Int64(options.connectSeconds + options.idleSeconds), left.components.seconds + 1)
            let response: HTTPClientResponse
            do {
                response = try await client(for: address).execute(request, timeout: .seconds(wait))
            } catch {
                throw try Passing.of(error, at: address)
            }
            guard
                case .redirect(let location) = ResponseRule(
                    status: Int(response.status.code), headers: response.headers, sent: SentRequest())
            else { return (response, address) }
            address = try address.redirected(to: location)
        }
        throw FeedSyncError(
            .refused, place: address.shown, "more than \(Self.longestRedirectChain) redirects in a row",
            hint: "set the file's own address in feeds.yaml")
    }

    private func client(for address: FeedAddress) throws -> HTTPClient {
        let proxy = try proxies.proxy(for: address)
        return clients.withLock { clients in
            if let known = clients[proxy] { return known }
            let client = HTTPClient(
                eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration(proxy))
            clients[proxy] = client
            return client
        }
    }

    private func configuration(_ proxy: ProxyEnvironment.Proxy?) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .fullVerification
        tls.minimumTLSVersion = .tlsv12
        tls.additionalTrustRoots = trust.map { .file($0) }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(Int64(options.connectSeconds)), read: .seconds(Int64(options.idleSeconds))),
            decompression: .disabled)
        configuration.httpVersion = .http1Only
        // Retries are ours: they are counted, and they wait.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let proxy {
            let authorization = proxy.user.map {
                HTTPClient.Authorization.basic(username: $0, password: proxy.password ?? "")
            }
            configuration.proxy = .server(host: proxy.host, port: proxy.port, authorization: authorization)
        }
        return configuration
    }
}

/// A failure that may pass by itself: worth another try.
struct Passing: Error {
    var error: FeedSyncError
    /// As the server asked.
    var afterSeconds: Int?
    /// Whether bytes came in before: then the count of tries begins anew.
    var hasProgressed = false

    /// - Throws: what cannot pass by itself: a certificate that is not trusted, a task that was cancelled.
    static func of(_ error: any Error, at address: FeedAddress) throws -> Passing {
        if let known = error as? Passing { return known }
        if error is CancellationError || Task.isCancelled { throw CancellationError() }
        if error is FeedSyncError { throw error }
        if let error = error as? HTTPClientError {
            switch error {
            case .readTimeout, .connectTimeout, .deadlineExceeded, .tlsHandshakeTimeout,
                .httpProxyHandshakeTimeout:
                return Passing(
                    error: FeedSyncError(.timedOut, place: address.shown, "no answer within the time allowed"))
            case .cancelled: throw CancellationError()
            case .proxyAuthenticationRequired:
                throw FeedSyncError(
                    .refused, place: address.shown, "the proxy asks for a user name and a password",
                    hint: "such as https_proxy=http://user:password@proxy.example:3128")
            default: break
            }
        }
        let words = "\(error)"
        if words.contains("CERTIFICATE_VERIFY_FAILED") || words.contains("unableToValidateCertificate")
            || words.contains("failedToLoadCertificate") || words.contains("noSuchFilesystemObject")
        {
            throw FeedSyncError(
                .refused, place: address.shown,
                "the server's certificate is not trusted (\(words.printable(limit: 120)))",
                hint: "for a mirror with a certificate of your own, name its authorities in feeds.yaml: "
                    + "certificateAuthorities: /path/to/ca.pem")
        }
        return Passing(
            error: FeedSyncError(
                .network, place: address.shown, "the connection failed (\(words.printable(limit: 200)))",
                hint: "is this machine allowed out? Set a proxy (https_proxy), or a mirror in feeds.yaml"))
    }
}
