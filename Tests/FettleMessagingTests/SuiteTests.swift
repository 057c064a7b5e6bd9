import Crypto
import FettleModel
import Foundation
import Testing

@testable import FettleMessaging

/// A stage's own suite behind a real server: what it is asked, and what of its answers is believed.
@Suite struct SuiteTests {
    private static let secret = "a secret of some length"
    private static let digest = String(repeating: "0123456789abcdef", count: 4)

    private static let note = PatchSetNote(
        id: "note-4", set: StageReference(id: "patchset-1", digest: Digest(rawValue: digest)), kind: .asked,
        passes: false, stage: "qa",
        request: .init(environments: ["qa", "lab"], runs: ["run-7"], dueBy: Sample.time.adding(seconds: 3_600)),
        text: "asked", by: "alice", at: Sample.time)

    private func ask(
        _ server: WebServer, secret: String? = Self.secret, note: PatchSetNote = Self.note,
        by delivery: MessageDelivery = Sample.delivery
    ) async -> SuiteReply {
        await delivery.ask(
            note, of: Sample.receiver(.webhook, server.address), with: .init(address: server.address, secret: secret),
            at: Sample.time)
    }

    private static func body(_ edit: (inout [String: Any], inout [String: Any]) -> Void = { _, _ in }) -> [UInt8] {
        var form: [String: Any] = ["type": "patchset.tests.answer"]
        var data: [String: Any] = [
            "request": "note-4", "set": "patchset-1", "digest": digest, "stage": "qa", "passed": true,
            "note": "412\npassed",
        ]
        edit(&form, &data)
        form["data"] = data
        return [UInt8]((try? JSONSerialization.data(withJSONObject: form)) ?? Data())
    }

    /// Signs as a suite would, by its own means.
    private static func signed(
        _ body: [UInt8], to request: WebServer.Request, id: String? = nil, seconds: Int64? = nil,
        secret: String = secret, status: Int = 200
    ) -> WebServer.Answer {
        let id = id ?? request.headers["webhook-id"] ?? ""
        let seconds = seconds ?? Sample.time.milliseconds / 1_000
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(id).\(seconds).".utf8) + Data(body), using: SymmetricKey(data: Data(secret.utf8)))
        return WebServer.Answer(
            status: status,
            headers: [
                ("webhook-id", id), ("webhook-timestamp", "\(seconds)"),
                ("webhook-signature", "v1a,AAAA v1,\(Data(code).base64EncodedString())"),
            ], body: body)
    }

    @Test func itIsAskedBySetDigestStageEnvironmentsAndRuns() async throws {
        let server = try await WebServer { _ in .status(204) }
        #expect(await ask(server) == .taken)
        #expect(await ask(server) == .taken)
        let requests = server.requests
        let request = try #require(requests.first)
        #expect(requests.count == 2 && requests[0].body == requests[1].body)
        let id = try #require(request.headers["webhook-id"])
        #expect(requests[1].headers["webhook-id"] == id && !id.contains("."))
        let signed = Data("\(id).\(request.headers["webhook-timestamp"] ?? "").".utf8) + Data(request.body)
        let code = try #require(
            request.headers["webhook-signature"].flatMap { Data(base64Encoded: String($0.dropFirst(3))) })
        let key = SymmetricKey(data: Data(Self.secret.utf8))
        #expect(HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: key))
        let data = try #require(request.json["data"] as? [String: Any])
        #expect(request.json["type"] as? String == "patchset.tests")
        #expect(data["request"] as? String == "note-4" && data["set"] as? String == "patchset-1")
        #expect(data["digest"] as? String == Self.digest && data["stage"] as? String == "qa")
        #expect(data["environments"] as? [String] == ["qa", "lab"] && data["runs"] as? [String] == ["run-7"])
        await server.stop()
    }

    @Test(arguments: [true, false]) func aSignedAnswerIsHeard(passed: Bool) async throws {
        let server = try await WebServer { request in
            Self.signed(Self.body { $1["passed"] = passed }, to: request)
        }
        guard case .answered(let answer) = await ask(server) else {
            Issue.record("not heard")
            return
        }
        #expect(answer.passed == passed && answer.note == "412 passed" && answer.request == "note-4")
        await server.stop()
    }

    @Test func anAnswerThatCountsForNothingIsTold() async throws {
        let cases: [(String, @Sendable (WebServer.Request) -> WebServer.Answer)] = [
            ("not signed", { _ in WebServer.Answer(body: Self.body()) }),
            ("with another secret", { Self.signed(Self.body(), to: $0, secret: "another secret of length") }),
            ("for another request", { Self.signed(Self.body(), to: $0, id: "note-3-1-ab") }),
            ("too old", { Self.signed(Self.body(), to: $0, seconds: Sample.time.milliseconds / 1_000 - 301) }),
            ("of the future", { Self.signed(Self.body(), to: $0, seconds: Sample.time.milliseconds / 1_000 + 301) }),
            ("at the end of time", { Self.signed(Self.body(), to: $0, seconds: .min) }),
            (
                "altered behind the signature",
                { request in
                    var answer = Self.signed(Self.body { $1["passed"] = false }, to: request)
                    answer.body = Self.body()
                    return answer
                }
            ),
            // What was sent, sent back with its good signature.
            (
                "an echo",
                { request in
                    WebServer.Answer(
                        headers: ["webhook-id", "webhook-timestamp", "webhook-signature"].map {
                            ($0, request.headers[$0] ?? "")
                        }, body: request.body)
                }
            ),
            ("about another set", { Self.signed(Self.body { $1["set"] = "patchset-2" }, to: $0) }),
            ("about another stage", { Self.signed(Self.body { $1["stage"] = "production" }, to: $0) }),
            ("to another request", { Self.signed(Self.body { $1["request"] = "note-5" }, to: $0) }),
            (
                "about another digest",
                { Self.signed(Self.body { $1["digest"] = String(repeating: "f", count: 64) }, to: $0) }
            ),
            ("no digest", { Self.signed(Self.body { $1["digest"] = "../\u{1B}[31m" }, to: $0) }),
            ("no verdict", { Self.signed(Self.body { $1["passed"] = nil }, to: $0) }),
            ("a verdict in words", { Self.signed(Self.body { $1["passed"] = "true" }, to: $0) }),
            ("of another type", { request in Self.signed(Self.body { form, _ in form["type"] = "x" }, to: request) }),
            ("no JSON", { Self.signed([UInt8]("ok".utf8), to: $0) }),
            ("a list", { Self.signed([UInt8]("[]".utf8), to: $0) }),
            ("a page", { _ in WebServer.Answer(body: [UInt8]("<html>passed</html>".utf8)) }),
            ("without an end", { _ in WebServer.Answer(endless: 64 << 20) }),
        ]
        for (name, answer) in cases {
            let server = try await WebServer(answer)
            let reply = await ask(server)
            guard case .worthless(let why) = reply else {
                Issue.record("\(name): \(reply)")
                continue
            }
            #expect(!why.isEmpty && !why.contains(Self.secret) && !why.contains("\u{1B}"), "\(name): \(why)")
            await server.stop()
        }
    }

    /// 202 says that it has the request: whatever stands behind it is no verdict, signed or not.
    @Test func whoHasOnlyTakenItHasNotAnswered() async throws {
        let server = try await WebServer { Self.signed(Self.body(), to: $0, status: 202) }
        #expect(await ask(server) == .taken)
        await server.stop()
    }

    @Test func whoIsNotReachedHasNotAnswered() async throws {
        for (status, mayPass) in [(500, true), (503, true), (429, true), (401, false), (404, false), (307, false)] {
            let server = try await WebServer { Self.signed(Self.body(), to: $0, status: status) }
            guard case .failed(_, mayPass, _) = await ask(server) else {
                Issue.record("\(status)")
                continue
            }
            await server.stop()
        }
        let silent = try await WebServer { _ in WebServer.Answer(hangs: true) }
        let short = MessageDelivery(version: "0", limits: .init(connectSeconds: 1, totalSeconds: 1))
        guard case .failed(_, true, _) = await ask(silent, by: short) else {
            Issue.record("it never answers")
            return
        }
        await silent.stop()
    }

    @Test func nothingIsSentWithoutASecretToSignWith() async throws {
        let server = try await WebServer { _ in .status(200) }
        for secret in [nil, "", "tiny", "a\nsecret of some length"] as [String?] {
            guard case .failed(_, false, _) = await ask(server, secret: secret) else {
                Issue.record("\(secret ?? "none")")
                continue
            }
        }
        #expect(server.requests.isEmpty)
        await server.stop()
    }
}
