import FettleModel
internal import Foundation

/// How something is asked of an API.
enum APIMethod: String, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
}

/// One question to a product's API and its answer, by the system's curl, as probes ask (`EncryptedFetch`): TLS only, certificates always
/// verified, no redirects, no proxies. Never asked twice; any status is an answer.
struct APIExchange: Sendable {
    var method: APIMethod
    /// `https://…`, encoded.
    var url: String
    /// Lines that hold no secret.
    var headers: [String] = []
    /// What goes by curl's input, where no list of processes shows it.
    var secret: Secret
    /// Without a secret; nil: none.
    var body: String?
    /// Taken out of what is told where it goes wrong: a server can say back what it was sent.
    var secrets: [String]
    /// The authorities that count, and no others; nil: the system's.
    var certificateAuthorities: String?

    enum Secret: Sendable {
        /// A line such as `Authorization: …`.
        case header(String)
        case body(String)
    }

    /// Of one answer. A cluster of 10,000 guests tells of them in about 6 MiB.
    static let answerLimit = 16 * 1_024 * 1_024
    static let timeout: Duration = .seconds(30)
    private static let connectSeconds = "10"

    /// - Parameter host: how whoever is asked is called where it goes wrong.
    func send(to host: String) async throws(APIError) -> APIAnswer {
        let input =
            switch secret {
            case .header(let line): line + "\n"
            case .body(let text): text
            }
        let output: LocalProgram.Output
        do {
            output = try await LocalProgram.run(
                "curl", arguments, environment: EncryptedFetch.ownEnvironment, input: Array(input.utf8),
                limit: Self.answerLimit, timeout: Self.timeout + .seconds(5), until: { _ in false })
        } catch {
            throw Self.failure(error)
        }
        guard output.status == 0 else { throw Self.failure(output, host) }
        guard let answer = APIAnswer(parsing: output.standardOutput) else {
            throw .garbage("\(host) does not answer in HTTP")
        }
        return (200..<300).contains(answer.status) ? answer : masked(answer)
    }

    /// JSON writes a text in many forms: there it is looked for in what they mean.
    private func masked(_ answer: APIAnswer) -> APIAnswer {
        var answer = answer
        answer.reason = masked(answer.reason)
        if let value = try? JSONSerialization.jsonObject(with: Data(answer.body), options: .fragmentsAllowed),
            let body = try? JSONSerialization.data(
                withJSONObject: masked(json: value), options: [.fragmentsAllowed, .withoutEscapingSlashes])
        {
            answer.body = Array(body)
        }
        answer.body = Array(masked(FactText.decode(answer.body)).utf8)
        return answer
    }

    private func masked(_ text: String) -> String {
        secrets.reduce(text) { $1.isEmpty ? $0 : $0.replacing($1, with: "***") }
    }

    private func masked(json value: Any) -> Any {
        switch value {
        case let text as String: masked(text)
        case let list as [Any]: list.map(masked(json:))
        case let fields as [String: Any]:
            fields.reduce(into: [String: Any]()) { $0[masked($1.key)] = masked(json: $1.value) }
        default: value
        }
    }

    /// Of curl: what any list of processes shows.
    var arguments: [String] {
        var arguments = [
            "-q", "--silent", "--show-error", "--noproxy", "*", "--proto", "=https", "--tlsv1.2", "--http1.1",
            "--include", "--globoff", "--user-agent", "fettle", "--connect-timeout", Self.connectSeconds,
            "--max-time", Self.timeout.inSeconds, "--request", method.rawValue,
        ]
        for line in headers { arguments += ["--header", line] }
        // No directory besides: only these authorities count.
        if let file = certificateAuthorities { arguments += ["--cacert", file, "--capath", "/dev/null"] }
        switch secret {
        case .header:
            arguments += ["--header", "@-"]
            if let body { arguments += ["--data-raw", body] }
        case .body: arguments += ["--data-binary", "@-"]
        }
        return arguments + ["--", url]
    }

    private static func failure(_ error: SocketError) -> APIError {
        switch error.code {
        case .timeout: APIError(.timeout, error.message, nothingRan: false)
        case .tooLarge: .garbage("its answer is longer than \(answerLimit / 1_024 / 1_024) MiB")
        case .cancelled: APIError(.cancelled, error.message, nothingRan: false)
        default: APIError(.unreachable, error.message, nothingRan: true)
        }
    }

    /// EXIT CODES of curl(1).
    private static func failure(_ output: LocalProgram.Output, _ host: String) -> APIError {
        let said = SafeText.lastLines(of: FactText.decode(output.standardError)) ?? "curl ends with \(output.status)"
        let words = "\(host): \(said)"
        return switch output.status {
        // The name, the connection.
        case 5, 6, 7: APIError(.unreachable, words, nothingRan: true)
        // The handshake; a certificate that does not hold. Another host of the cluster has another one.
        case 35, 51, 53, 58, 59, 60, 77, 83, 90, 91: APIError(.refused, words, nothingRan: true)
        case 28: APIError(.timeout, words, nothingRan: false)
        default: APIError(.unreachable, words, nothingRan: false)
        }
    }
}
