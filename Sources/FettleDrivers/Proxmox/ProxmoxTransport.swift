import FettleModel

/// Takes one question to one host of a cluster.
protocol ProxmoxTransport: Sendable {
    /// Never retries, and takes any status for an answer.
    func send(_ request: ProxmoxRequest, to host: String) async throws(APIError) -> APIAnswer
}

/// Over TLS.
struct CurlTransport: ProxmoxTransport {
    let api: MachineAPI
    /// `USER@REALM!NAME=SECRET`.
    let token: String

    func send(_ request: ProxmoxRequest, to host: String) async throws(APIError) -> APIAnswer {
        guard HTTPRequest.isHost(host) || !api.url.contains("{host}") else {
            throw APIError(.unreachable, "'\(host)' cannot stand in an address", nothingRan: true)
        }
        let base = api.url.replacing("{host}", with: host.contains(":") ? "[\(host)]" : host)
        return try await APIExchange(
            method: request.method, url: base + request.pathAndQuery,
            secret: .header("Authorization: PVEAPIToken=\(token)"), body: request.method == .post ? request.form : nil,
            secrets: [token.split(separator: "=", maxSplits: 1).last.map(String.init) ?? token],
            certificateAuthorities: api.certificateAuthorities
        ).send(to: host)
    }
}
