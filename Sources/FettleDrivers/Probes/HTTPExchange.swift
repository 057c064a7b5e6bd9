/// One GET from here and its answer: no redirect is followed, no proxy used, no connection kept.
enum HTTPExchange {
    struct Refusal: Error { let answer: ProbeAnswer }

    /// - Parameters:
    ///   - request: what is asked.
    ///   - needsBody: whether the answer is read to its end; otherwise its head is enough.
    ///   - timeout: for all of it.
    /// - Returns: the answer, or what its lack means for a probe.
    static func get(
        _ request: HTTPRequest, needsBody: Bool = true, timeout: Duration
    ) async -> Result<HTTPResponse, Refusal> {
        let isEnough: @Sendable ([UInt8]) -> Bool = { bytes in
            switch HTTPResponse.parse(bytes, isWhole: false) {
            case .incomplete(let head): head != nil && !needsBody
            case .complete, .malformed: true
            }
        }
        do throws(SocketError) {
            return response(try await bytes(request, timeout, isEnough), needsBody: needsBody)
        } catch {
            return .failure(Refusal(answer: ProbeAnswer(error, timeout: timeout)))
        }
    }

    private static func bytes(
        _ request: HTTPRequest, _ timeout: Duration, _ isEnough: @escaping @Sendable ([UInt8]) -> Bool
    ) async throws(SocketError) -> [UInt8] {
        if request.isEncrypted {
            return try await EncryptedFetch.fetch(
                request, limit: HTTPProbe.answerLimit, timeout: timeout, until: isEnough)
        }
        let start = ContinuousClock.now
        let addresses = try await SocketAddress.resolve(request.host, port: request.port, timeout: timeout)
        let left = timeout - start.duration(to: .now)
        return try await SocketConversation.hold(
            withAny: addresses, sending: request.bytes, limit: HTTPProbe.answerLimit,
            timeout: max(left, .milliseconds(1)), until: isEnough)
    }

    private static func response(_ bytes: [UInt8], needsBody: Bool) -> Result<HTTPResponse, Refusal> {
        switch HTTPResponse.parse(bytes, isWhole: true) {
        case .complete(let whole): .success(whole)
        case .incomplete(let head?) where !needsBody: .success(head)
        case .incomplete:
            .failure(
                Refusal(answer: .fail(bytes.isEmpty ? "it hangs up without an answer" : "its answer is cut off")))
        case .malformed(let why): .failure(Refusal(answer: .fail("its answer is no HTTP: \(why)")))
        }
    }
}
