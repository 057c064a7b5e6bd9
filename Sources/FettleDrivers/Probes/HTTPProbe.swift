internal import Foundation

/// One GET from here: no redirect is followed, no proxy used, no connection kept.
struct HTTPProbe: Sendable {
    /// What is read of an answer at most, head and body together.
    static let answerLimit = 512 * 1_024

    let template: String
    let status: Int
    let contains: String?

    func ask(_ target: ProbeTarget, timeout: Duration) async -> ProbeAnswer {
        let request: HTTPRequest
        switch HTTPRequest.make(template, host: target.host) {
        case .success(let made): request = made
        case .failure(let problem): return .error(problem.reason)
        }
        switch await HTTPExchange.get(request, needsBody: contains != nil, timeout: timeout) {
        case .success(let response): return judge(response)
        case .failure(let refusal): return refusal.answer
        }
    }

    private func judge(_ response: HTTPResponse) -> ProbeAnswer {
        guard response.status == status else { return .fail("status \(response.status), not \(status)") }
        guard let contains else { return .pass("status \(status)") }
        guard Array(contains.utf8).isEmpty || response.body.firstRange(of: Array(contains.utf8)) != nil else {
            return .fail("status \(status), but its body doesn't hold the text that it should")
        }
        return .pass("status \(status) with the text that it should hold")
    }
}

/// What is asked, worked out from a probe's URL.
struct HTTPRequest: Sendable {
    struct Problem: Error { let reason: String }

    let isEncrypted: Bool
    let host: String
    let port: Int
    /// As it is written, with `{host}` filled in.
    let url: String
    /// Of an `Authorization` header: a secret, so it goes into no argument of a program.
    var authorization: String?
    private let path: String
    private let authority: String

    /// As it goes over the line.
    var bytes: [UInt8] {
        let secret = authorization.map { "Authorization: \($0)\r\n" } ?? ""
        return Array(
            ("GET \(path) HTTP/1.1\r\nHost: \(authority)\r\nUser-Agent: fettle-probe\r\n\(secret)"
                + "Accept: */*\r\nConnection: close\r\n\r\n").utf8)
    }

    static func make(_ template: String, host: String?) -> Result<HTTPRequest, Problem> {
        var text = template
        if template.contains("{host}") {
            guard let host, isHost(host) else {
                return .failure(Problem(reason: "the resource has no host that could stand in a URL"))
            }
            text = template.replacing("{host}", with: host.contains(":") ? "[\(host)]" : host)
        }
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", var name = parts.host, parts.user == nil, parts.password == nil
        else { return .failure(Problem(reason: "not a URL such as http://{host}/health")) }
        if name.hasPrefix("["), name.hasSuffix("]") { name = String(name.dropFirst().dropLast()) }
        guard isHost(name) else { return .failure(Problem(reason: "its URL has no host")) }
        let port = parts.port ?? (scheme == "https" ? 443 : 80)
        var path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        if let query = parts.percentEncodedQuery { path += "?" + query }
        guard path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), path.utf8.count <= 8_192 else {
            return .failure(Problem(reason: "its URL's path cannot be sent as it is"))
        }
        let authority = (name.contains(":") ? "[\(name)]" : name) + (parts.port.map { ":\($0)" } ?? "")
        return .success(
            HTTPRequest(
                isEncrypted: scheme == "https", host: name, port: port, url: "\(scheme)://\(authority)\(path)",
                path: path, authority: authority))
    }

    private init(isEncrypted: Bool, host: String, port: Int, url: String, path: String, authority: String) {
        self.isEncrypted = isEncrypted
        self.host = host
        self.port = port
        self.url = url
        self.path = path
        self.authority = authority
    }

    static func isHost(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 255 && !text.hasPrefix("-")
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "-._:%".unicodeScalars.contains($0))
            }
    }
}
