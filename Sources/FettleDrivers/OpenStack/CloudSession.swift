import FettleModel
internal import Foundation

/// What Keystone answers to whoever signs in: a token, and where Nova is.
struct CloudSession: Sendable, Equatable {
    var token: String
    /// Without a slash behind it.
    var endpoint: String

    private static let longestToken = 16_384

    init(token: String, endpoint: String) {
        self.token = token
        self.endpoint = endpoint
    }

    /// - Throws: `refused` where Keystone does not let one in, or its catalog does not say which Nova is meant.
    init(_ answer: APIAnswer) throws(APIError) {
        guard answer.status == 201 || answer.status == 200 else {
            let words = CloudFault.words(answer)
            switch answer.status {
            case 401, 403: throw APIError(.refused, "Keystone does not let it in: \(words)", nothingRan: true)
            case 400, 404: throw APIError(.refused, "Keystone does not take the question: \(words)", nothingRan: true)
            default: throw APIError(.unreachable, "Keystone: \(words)", nothingRan: true)
            }
        }
        // It becomes a header: one line, without anything that could be a second.
        guard let token = answer.headers["x-subject-token"], !token.isEmpty, token.utf8.count <= Self.longestToken,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .garbage("Keystone gives no token") }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(answer.body)) else {
            throw .garbage("what Keystone answers is not as its documentation says")
        }
        self.init(token: token, endpoint: try Self.endpoint(body.token.catalog ?? []))
    }

    private struct Body: Decodable {
        struct Token: Decodable { var catalog: [Service]? }
        struct Service: Decodable {
            var type: String
            var endpoints: [Endpoint]
        }
        struct Endpoint: Decodable {
            var interface: String
            var region: String?
            var url: String
        }
        var token: Token
    }

    private static func endpoint(_ catalog: [Body.Service]) throws(APIError) -> String {
        let found = catalog.filter { $0.type == "compute" }.flatMap(\.endpoints).filter { $0.interface == "public" }
        guard let first = found.first else {
            throw APIError(.refused, "Keystone's catalog has no public endpoint of Nova (compute)", nothingRan: true)
        }
        guard found.count == 1 else {
            let regions = found.map { FactText.excerpt(FactText.decode(($0.region ?? "?").utf8), limit: 60) }
            throw APIError(
                .refused, "Keystone's catalog has Nova in more than one region: \(PackageWords.list(regions))",
                nothingRan: true)
        }
        let address: WebAddress
        do throws(WebAddressError) {
            address = try WebAddress(first.url, encrypted: "https", others: [])
        } catch {
            // The token would cross the network in the clear.
            throw APIError(.refused, "the address of Nova in Keystone's catalog \(error.message)", nothingRan: true)
        }
        guard !address.path.contains("?") else { throw .garbage("the address of Nova has a question in it") }
        var path = Substring(address.path)
        while path.hasSuffix("/") { path = path.dropLast() }
        return address.origin + path
    }
}

/// What OpenStack's services say where they could not: `{"conflictingRequest": {"code": 409, "message": "…"}}`.
enum CloudFault {
    private struct Fault: Decodable { var message: String? }

    static func words(_ answer: APIAnswer) -> String {
        let faults = try? JSONDecoder().decode([String: Fault].self, from: Data(answer.body))
        let said = faults?.values.compactMap(\.message).first ?? answer.reason
        return "\(answer.status) " + (SafeText.lastLines(of: FactText.decode(said.utf8)) ?? "without a word")
    }
}
