/// One GET over TLS by the system's curl, as ssh is the system's OpenSSH: its certificates, its fixes. Certificates are
/// always verified. Not URLSession, which on Linux is the same libcurl but linked into Fettle, with the proxies of the
/// environment and no way to switch them off.
enum EncryptedFetch {
    /// A login's, and the certificates that the user trusts beside the system's.
    static var ownEnvironment: [String: String] {
        let trust = ["CURL_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE"]
        return ChildEnvironment.login.merging(ChildEnvironment.own.filter { trust.contains($0.key) }) { _, own in own }
    }

    /// - Returns: the answer's head and body as they came over the line.
    static func fetch(
        _ request: HTTPRequest, limit: Int, timeout: Duration, environment: [String: String] = ownEnvironment,
        until isEnough: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(SocketError) -> [UInt8] {
        let arguments = [
            "-q", "--silent", "--show-error", "--noproxy", "*", "--proto", "=https", "--http1.1", "--raw", "--include",
            "--globoff", "--user-agent", "fettle-probe", "--max-time", timeout.inSeconds, "--header", "@-", "--",
            request.url,
        ]
        // By its input, where no list of processes shows it.
        let secret = request.authorization.map { "Authorization: \($0)\n" } ?? ""
        let output = try await LocalProgram.run(
            "curl", arguments, environment: environment, input: Array(secret.utf8), limit: limit, timeout: timeout,
            until: isEnough)
        guard output.status != 0 else { return output.standardOutput }
        throw error(output)
    }

    /// EXIT CODES of curl(1).
    private static func error(_ output: LocalProgram.Output) -> SocketError {
        let said = SafeText.lastLines(of: String(decoding: output.standardError, as: UTF8.self))
        let words = said ?? "curl ends with \(output.status)"
        let code: SocketError.Code =
            switch output.status {
            case 6: .unresolvable
            case 7: words.contains("unreachable") ? .noNetwork : .refused
            case 28: .timeout
            // A certificate that doesn't hold, a handshake that fails, a connection that is cut: it was asked.
            case 35, 51, 52, 56, 60: .refused
            default: .system
            }
        return SocketError(code, words)
    }
}
