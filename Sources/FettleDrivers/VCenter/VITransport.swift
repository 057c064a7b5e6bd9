import FettleModel

/// Takes questions to a vCenter. Never retries, and takes any status for an answer.
protocol VITransport: Sendable {
    /// Asks for a session.
    func signIn(at manager: VIReference) async throws(APIError) -> APIAnswer
    /// - Parameter session: nil: the question needs none.
    func send(_ request: VIRequest, session: String?) async throws(APIError) -> APIAnswer
}

/// How a vCenter is asked, and with what: by the system's curl, or in a test.
typealias VIConnect = @Sendable (MachineAPI) throws(StepFailure) -> any VITransport

/// Over TLS.
struct CurlVCenter: VITransport {
    let api: MachineAPI
    let credential: VCenterCredential

    /// Each connection reads it anew, so that one that was renewed counts at once.
    static func connect(_ secrets: @escaping SecretReading) -> VIConnect {
        { api throws(StepFailure) in
            guard let credential = VCenterCredential(try secrets(api.token)) else {
                throw StepFailure(
                    code: .refused,
                    message: "what is read as the token is no account of vCenter: USER@DOMAIN:PASSWORD, on one line")
            }
            return CurlVCenter(api: api, credential: credential)
        }
    }

    private var base: Substring {
        var base = Substring(api.url)
        while base.hasSuffix("/") { base = base.dropLast() }
        return base
    }

    func signIn(at manager: VIReference) async throws(APIError) -> APIAnswer {
        try await APIExchange(
            method: .post,
            url: "\(base)/sdk/vim25/\(VIRequest.release)/\(manager.type)/\(manager.value)/Login",
            headers: ["Content-Type: application/json", "Accept: application/json"],
            secret: .body(credential.question), secrets: [credential.password],
            certificateAuthorities: api.certificateAuthorities
        ).send(to: "vCenter")
    }

    func send(_ request: VIRequest, session: String?) async throws(APIError) -> APIAnswer {
        var headers = ["Accept: application/json"]
        if request.body != nil { headers.append("Content-Type: application/json") }
        return try await APIExchange(
            method: request.method, url: base + request.path, headers: headers,
            secret: .header(session.map { "vmware-api-session-id: \($0)" } ?? "Accept-Language: en"),
            body: request.body, secrets: [session ?? "", credential.password],
            certificateAuthorities: api.certificateAuthorities
        ).send(to: "vCenter")
    }
}
