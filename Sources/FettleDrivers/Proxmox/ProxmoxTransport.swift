import FettleModel

/// Takes one question to one host of a cluster.
protocol ProxmoxTransport: Sendable {
    /// Never retries, and takes any status for an answer.
    func send(_ request: ProxmoxRequest, to host: String) async throws(ProxmoxError) -> ProxmoxAnswer
}

/// An answer as it came.
struct ProxmoxAnswer: Sendable, Equatable {
    var status: Int
    /// Behind the status, where Proxmox VE says what was wrong.
    var reason: String
    var body: [UInt8]

    /// Of what curl prints with `--include`: heads, the last of which is the answer's, and its body. nil: that is none.
    init?(parsing bytes: [UInt8]) {
        var rest = bytes[...]
        var head = Self.takeHead(&rest)
        // 1xx come before the answer proper.
        while let early = head, early.status < 200 { head = Self.takeHead(&rest) }
        guard let head else { return nil }
        self.init(status: head.status, reason: head.reason, body: Array(rest))
    }

    private static func takeHead(_ rest: inout ArraySlice<UInt8>) -> (status: Int, reason: String)? {
        guard let end = rest.prefix(headLimit).firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let line = FactText.decode(rest[..<end.lowerBound].prefix { $0 != UInt8(ascii: "\r") })
        rest = rest[end.upperBound...]
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/"), words[1].utf8.count == 3,
            let status = FactText.number(words[1], Int.self)
        else { return nil }
        return (status, words.count > 2 ? String(words[2]) : "")
    }

    init(status: Int, reason: String, body: [UInt8]) {
        self.status = status
        self.reason = reason
        self.body = body
    }

    private static let headLimit = 64 * 1_024
}

/// By the system's curl, as probes ask (`EncryptedFetch`): TLS only, certificates always verified, no redirects, no proxies.
struct CurlTransport: ProxmoxTransport {
    let api: MachineAPI
    /// `USER@REALM!NAME=SECRET`.
    let token: String

    /// Of one answer. A cluster of 10,000 guests tells of them in about 6 MiB.
    static let answerLimit = 16 * 1_024 * 1_024
    static let timeout: Duration = .seconds(30)
    private static let connectSeconds = "10"

    func send(_ request: ProxmoxRequest, to host: String) async throws(ProxmoxError) -> ProxmoxAnswer {
        guard HTTPRequest.isHost(host) || !api.url.contains("{host}") else {
            throw ProxmoxError(.unreachable, "'\(host)' cannot stand in an address", nothingRan: true)
        }
        let base = api.url.replacing("{host}", with: host.contains(":") ? "[\(host)]" : host)
        let output: LocalProgram.Output
        do {
            output = try await LocalProgram.run(
                "curl", arguments(request, base + request.pathAndQuery), environment: EncryptedFetch.ownEnvironment,
                // By its input, where no list of processes shows it.
                input: Array("Authorization: PVEAPIToken=\(token)\n".utf8), limit: Self.answerLimit,
                timeout: Self.timeout + .seconds(5), until: { _ in false })
        } catch {
            throw Self.failure(error)
        }
        guard output.status == 0 else { throw Self.failure(output, host) }
        guard let answer = ProxmoxAnswer(parsing: output.standardOutput) else {
            throw .garbage("\(host) does not answer in HTTP")
        }
        return (200..<300).contains(answer.status) ? answer : masked(answer)
    }

    /// What is wrong is told to people, and a server can say back what it was sent.
    private func masked(_ answer: ProxmoxAnswer) -> ProxmoxAnswer {
        let secret = token.split(separator: "=", maxSplits: 1).last.map(String.init) ?? token
        var answer = answer
        answer.reason = answer.reason.replacing(secret, with: "***")
        answer.body = Array(FactText.decode(answer.body).replacing(secret, with: "***").utf8)
        return answer
    }

    private func arguments(_ request: ProxmoxRequest, _ url: String) -> [String] {
        var arguments = [
            "-q", "--silent", "--show-error", "--noproxy", "*", "--proto", "=https", "--tlsv1.2", "--http1.1",
            "--include", "--globoff", "--user-agent", "fettle", "--connect-timeout", Self.connectSeconds,
            "--max-time", Self.timeout.inSeconds, "--request", request.method.rawValue, "--header", "@-",
        ]
        // No directory besides: only these authorities count.
        if let file = api.certificateAuthorities { arguments += ["--cacert", file, "--capath", "/dev/null"] }
        if request.method == .post { arguments += ["--data-raw", request.form] }
        return arguments + ["--", url]
    }

    private static func failure(_ error: SocketError) -> ProxmoxError {
        switch error.code {
        case .timeout: ProxmoxError(.timeout, error.message, nothingRan: false)
        case .tooLarge: .garbage("its answer is longer than \(answerLimit / 1_024 / 1_024) MiB")
        case .cancelled: ProxmoxError(.cancelled, error.message, nothingRan: false)
        default: ProxmoxError(.unreachable, error.message, nothingRan: true)
        }
    }

    /// EXIT CODES of curl(1).
    private static func failure(_ output: LocalProgram.Output, _ host: String) -> ProxmoxError {
        let said = SafeText.lastLines(of: FactText.decode(output.standardError)) ?? "curl ends with \(output.status)"
        let words = "\(host): \(said)"
        return switch output.status {
        // The name, the connection.
        case 5, 6, 7: ProxmoxError(.unreachable, words, nothingRan: true)
        // The handshake; a certificate that does not hold. Another host of the cluster has another one.
        case 35, 51, 53, 58, 59, 60, 77, 83, 90, 91: ProxmoxError(.refused, words, nothingRan: true)
        case 28: ProxmoxError(.timeout, words, nothingRan: false)
        default: ProxmoxError(.unreachable, words, nothingRan: false)
        }
    }
}
