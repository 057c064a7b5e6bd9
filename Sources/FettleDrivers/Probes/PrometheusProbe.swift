internal import FettleModel
internal import Foundation

/// A query of Prometheus. Whatever is missing, old, partial or no number is never taken for well.
struct PrometheusProbe: Sendable {
    let question: PrometheusQuestion
    /// How many values each series of a range must have.
    let samples: Int
    let maximumAge: Int

    private static let mostTokenBytes = 8_192

    func ask(
        _ target: ProbeTarget, _ moment: ProbeMoment, timeout: Duration, now: Timestamp = .now()
    ) async -> ProbeAnswer {
        let query: String
        let base: String
        let token: String?
        do throws(HTTPRequest.Problem) {
            query = try filled(question.query, target)
            base = try filled(question.url, target)
            token = try self.token()
        } catch { return .error(error.reason) }
        let judge = PrometheusJudge(question: question, samples: samples, maximumAge: maximumAge, now: now)
        guard let path = path(query, now, since: moment.since) else {
            return .inconclusive("nothing has been measured since the change yet")
        }
        let reply: PrometheusReply
        switch await get(base + path, token, timeout) {
        case .success(let answer): reply = answer
        case .failure(let problem): return problem.answer
        }
        let answer = judge.judge(reply)
        guard answer.verdict == .pass, reply.resultType != "scalar" else { return answer }
        // The time of an instant answer is that of the question. Only this tells how old the sample behind it is.
        let age = "/api/v1/query?query=\(Self.encoded("timestamp(\n\(query)\n)"))&time=\(Self.seconds(now))"
        switch await get(base + age, token, timeout) {
        case .success(let ages): return judge.judgeAge(ages, of: answer, since: moment.since)
        case .failure(let problem): return problem.answer
        }
    }

    /// nil: a range from the act up to now would be empty.
    private func path(_ query: String, _ now: Timestamp, since: Timestamp?) -> String? {
        let query = Self.encoded(query)
        // Where the server knows it (2.44 and later), older samples are not carried on into the answer.
        guard let over = question.overSeconds else {
            return "/api/v1/query?query=\(query)&time=\(Self.seconds(now))&lookback_delta=\(max(1, maximumAge))s"
        }
        let start = max(now.adding(seconds: -over), since ?? now.adding(seconds: -over))
        guard start < now else { return nil }
        return "/api/v1/query_range?query=\(query)&start=\(Self.seconds(start))&end=\(Self.seconds(now))"
            + "&step=\(question.stepSeconds)&lookback_delta=\(max(1, question.stepSeconds))s"
    }

    private func get(_ url: String, _ token: String?, _ timeout: Duration) async -> Result<PrometheusReply, Refusal> {
        var request: HTTPRequest
        switch HTTPRequest.make(url.hasPrefix("http") ? Self.joined(url) : url, host: nil) {
        case .success(let made): request = made
        case .failure(let problem): return .failure(Refusal(.error(problem.reason)))
        }
        request.authorization = token.map { "Bearer \($0)" }
        let response: HTTPResponse
        switch await HTTPExchange.get(request, timeout: timeout) {
        case .success(let answer): response = answer
        // Of the health of what is asked about this says nothing.
        case .failure(let problem): return .failure(Refusal(.error(problem.answer.reason)))
        }
        let reply = PrometheusReply.read(response.body)
        guard response.status == 200 else {
            let words = reply?.error.flatMap { SafeText.lastLines(of: $0) }.map { ": \($0)" } ?? ""
            return .failure(Refusal(.error("status \(response.status)\(words)")))
        }
        guard let reply else { return .failure(Refusal(.error("its answer is none of Prometheus"))) }
        return .success(reply)
    }

    struct Refusal: Error {
        let answer: ProbeAnswer
        init(_ answer: ProbeAnswer) { self.answer = answer }
    }

    // MARK: Parts

    /// `http://host/` and `/api` have one slash between them.
    private static func joined(_ url: String) -> String { url.replacing("//api/v1/", with: "/api/v1/") }

    /// Names that go into a query are of letters that mean nothing there.
    private func filled(_ text: String, _ target: ProbeTarget) throws(HTTPRequest.Problem) -> String {
        var text = text
        let values = [("{host}", target.host), ("{id}", target.resource.rawValue)]
        for (name, value) in values where text.contains(name) {
            guard let value, HTTPRequest.isHost(value) else {
                throw HTTPRequest.Problem(reason: "nothing can stand for \(name) in its query")
            }
            text = text.replacing(name, with: value)
        }
        return text
    }

    private func token() throws(HTTPRequest.Problem) -> String? {
        guard let path = question.tokenFile else { return nil }
        guard let file = FileHandle(forReadingAtPath: path),
            let bytes = try? file.read(upToCount: Self.mostTokenBytes + 1), bytes.count <= Self.mostTokenBytes
        else { throw HTTPRequest.Problem(reason: "the file with its token cannot be read: \(path)") }
        let token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HTTPRequest.Problem(reason: "the file with its token holds none: \(path)")
        }
        return token
    }

    static func seconds(_ time: Timestamp) -> String {
        let rest = String(time.milliseconds % 1_000)
        return "\(time.milliseconds / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// All but the unreserved characters of RFC 3986.
    static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + String(digits[Int(byte >> 4)]) + String(digits[Int(byte & 15)])
            }
        }
        return result
    }
}
