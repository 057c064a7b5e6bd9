import FettleModel
internal import Foundation
import Synchronization

/// The API of one cloud's Nova.
final class NovaClient: Sendable {
    private let transport: any CloudTransport
    private let session = Mutex<CloudSession?>(nil)
    private let end: ContinuousClock.Instant?

    /// A cloud that tells of more pages than this is not read.
    static let mostPages = 400

    /// - Parameter limit: for all that is asked together; nil: whoever asks has a limit of its own.
    init(_ transport: any CloudTransport, within limit: Duration? = nil) {
        self.transport = transport
        end = limit.map { .now + $0 }
    }

    /// - Throws: `garbage` for an answer that is not `Value`, whole.
    func get<Value: Decodable>(_ request: NovaRequest, as type: Value.Type) async throws(APIError) -> Value {
        let answer = try await send(request)
        do {
            return try JSONDecoder().decode(type, from: Data(answer.body))
        } catch let error as APIError {
            throw error
        } catch {
            throw .garbage(
                "what it answers to /\(request.path.joined(separator: "/")) is not as its documentation says")
        }
    }

    /// - Returns: how Nova calls the request, by which it tells later what came of it; nil: it did not say.
    @discardableResult
    func act(_ request: NovaRequest) async throws(APIError) -> String? {
        let answer = try await send(request)
        let id = answer.headers["x-openstack-request-id"] ?? answer.headers["x-compute-request-id"]
        return id.flatMap { NovaName.isRequest($0) ? $0 : nil }
    }

    /// A list to its last page.
    ///
    /// - Parameter request: by what the last entry of the page before is called.
    func pages<Page: NovaPage>(
        _ type: Page.Type, _ request: (String?) -> NovaRequest
    ) async throws(APIError) -> [Page.Entry] {
        var entries: [Page.Entry] = []
        var marker: String?
        for _ in 0..<Self.mostPages {
            let page = try await get(request(marker), as: type)
            entries += page.entries
            guard page.hasMore else { return entries }
            // One that leads back to itself would never end.
            guard let last = page.entries.last.map(Page.id), last != marker else {
                throw .garbage("a page of its list leads nowhere")
            }
            marker = last
        }
        throw .garbage("its list has more than \(Self.mostPages) pages")
    }

    // MARK: Parts

    /// A token lasts for some hours, and Nova says when it is over: another is asked for, once.
    private func send(_ request: NovaRequest) async throws(APIError) -> APIAnswer {
        if let end, end < .now { throw APIError(.timeout, "its answers take too long", nothingRan: true) }
        let known = session.withLock { $0 }
        let first: CloudSession
        if let known { first = known } else { first = try await signIn() }
        let answer = try await transport.send(request, at: first.endpoint, token: first.token)
        guard answer.status == 401 else { return try Self.required(answer) }
        // What is refused so has begun nothing.
        let second = try await signIn()
        return try Self.required(try await transport.send(request, at: second.endpoint, token: second.token))
    }

    private func signIn() async throws(APIError) -> CloudSession {
        let new = try CloudSession(try await transport.signIn())
        session.withLock { $0 = new }
        return new
    }

    private static func required(_ answer: APIAnswer) throws(APIError) -> APIAnswer {
        guard !(200..<300).contains(answer.status) else { return answer }
        let words = CloudFault.words(answer)
        func error(_ code: APIError.Code, _ message: String) -> APIError {
            APIError(code, message, nothingRan: false, status: answer.status)
        }
        switch answer.status {
        case 400: throw error(.refused, "it does not take what was asked: \(words)")
        case 401: throw error(.refused, "it does not take the token: \(words)")
        case 403: throw error(.refused, "its policy does not allow that: \(words)")
        case 406: throw error(.refused, "it does not know microversion \(NovaRequest.microversion): \(words)")
        case 429, 502, 503, 504: throw error(.unreachable, words)
        default: throw error(.failed, words)
        }
    }
}

extension StepFailure {
    init(nova error: APIError) { self.init(error, of: "OpenStack") }
}

/// One page of a list of Nova's, which says by a link whether there is more.
protocol NovaPage: Decodable {
    associatedtype Entry: Decodable & Sendable
    var entries: [Entry] { get }
    var hasMore: Bool { get }
    /// Behind which the next page begins.
    static func id(_ entry: Entry) -> String
}

struct NovaLink: Decodable {
    var rel: String
}

struct ServersPage: NovaPage {
    var servers: [NovaRecord.Server]
    private var links: [NovaLink]?

    enum CodingKeys: String, CodingKey {
        case servers
        case links = "servers_links"
    }

    var entries: [NovaRecord.Server] { servers }
    var hasMore: Bool { links?.contains { $0.rel == "next" } == true }
    static func id(_ entry: NovaRecord.Server) -> String { entry.id }
}

struct HypervisorsPage: NovaPage {
    var hypervisors: [NovaRecord.Hypervisor]
    private var links: [NovaLink]?

    enum CodingKeys: String, CodingKey {
        case hypervisors
        case links = "hypervisors_links"
    }

    var entries: [NovaRecord.Hypervisor] { hypervisors }
    var hasMore: Bool { links?.contains { $0.rel == "next" } == true }
    static func id(_ entry: NovaRecord.Hypervisor) -> String { entry.id }
}
