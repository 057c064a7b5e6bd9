import FettleModel

/// Takes questions to Keystone and to Nova. Never retries, and takes any status for an answer.
protocol CloudTransport: Sendable {
    /// Asks Keystone for a token.
    func signIn() async throws(APIError) -> APIAnswer
    /// - Parameter endpoint: of Nova, as Keystone's catalog tells it.
    func send(_ request: NovaRequest, at endpoint: String, token: String) async throws(APIError) -> APIAnswer
}

/// How a cloud is asked, and with what: by the system's curl, or in a test.
typealias CloudConnect = @Sendable (MachineAPI) throws(StepFailure) -> any CloudTransport

/// Over TLS.
struct CurlCloud: CloudTransport {
    let api: MachineAPI
    let credential: CloudCredential

    /// Each connection reads it anew, so that one that was renewed counts at once.
    static func connect(_ secrets: @escaping SecretReading) -> CloudConnect {
        { api throws(StepFailure) in
            guard let credential = CloudCredential(try secrets(api.token)) else {
                throw StepFailure(
                    code: .refused,
                    message: "what is read as the token is no credential of OpenStack: ID:SECRET of an application "
                        + "credential, or USER@PROJECT:PASSWORD by their ids")
            }
            return CurlCloud(api: api, credential: credential)
        }
    }

    func signIn() async throws(APIError) -> APIAnswer {
        var base = Substring(api.url)
        while base.hasSuffix("/") { base = base.dropLast() }
        if base.hasSuffix("/v3") { base = base.dropLast(3) }
        return try await APIExchange(
            method: .post, url: base + "/v3/auth/tokens",
            headers: ["Content-Type: application/json", "Accept: application/json"],
            secret: .body(credential.question), secrets: [credential.secret],
            certificateAuthorities: api.certificateAuthorities
        ).send(to: "Keystone")
    }

    func send(_ request: NovaRequest, at endpoint: String, token: String) async throws(APIError) -> APIAnswer {
        var headers = [
            "Accept: application/json", "OpenStack-API-Version: compute \(NovaRequest.microversion)",
            "X-OpenStack-Nova-API-Version: \(NovaRequest.microversion)",
        ]
        if request.body != nil { headers.append("Content-Type: application/json") }
        return try await APIExchange(
            method: request.method, url: endpoint + request.pathAndQuery, headers: headers,
            secret: .header("X-Auth-Token: \(token)"), body: request.body, secrets: [token, credential.secret],
            certificateAuthorities: api.certificateAuthorities
        ).send(to: "Nova")
    }
}
