import Crypto
import FettleModel
import Foundation
import Testing

@testable import FettleMessaging

@Suite struct WebhookTests {
    private static let secret = "a secret of some length"

    @Test func aReceiverCanVerifyWhatIsSigned() async throws {
        let server = try await WebServer { _ in .status(204) }
        let outcome = await Sample.deliver(Sample.event(), to: Sample.receiver(.webhook, server.address + "/hook?a=b"))
        #expect(outcome.kind == .delivered(reference: nil), "\(outcome.note)")
        let request = try #require(server.requests.first)
        #expect(request.method == "POST" && request.target == "/hook?a=b")
        #expect(request.headers["webhook-id"] == "7-abcdef")
        let seconds = try #require(request.headers["webhook-timestamp"])
        #expect(seconds == "1795000000")
        let signed = Data("7-abcdef.\(seconds).".utf8) + Data(request.body)
        let code = try #require(
            request.headers["webhook-signature"].flatMap { Data(base64Encoded: String($0.dropFirst(3))) })
        let key = SymmetricKey(data: Data(Self.secret.utf8))
        #expect(HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: signed, using: key))
        for place in [0, signed.count / 2, signed.count - 1] {
            var altered = signed
            altered[place] ^= 1
            #expect(!HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: altered, using: key))
        }
        #expect(request.json["type"] as? String == "change.submitted")
        let data = request.json["data"] as? [String: Any]
        #expect((data?["change"] as? [String: Any])?["id"] as? String == "change-1")
        await server.stop()
    }

    /// The example of the specification's own libraries.
    @Test func theSignatureIsThatOfStandardWebhooks() throws {
        let signature = try WebhookReceiver.signature(
            of: Array(#"{"test": 2432232314}"#.utf8), id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330,
            secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        // The libraries take the prefix away where there is one, and decode in any case.
        let bare = try WebhookReceiver.signature(
            of: Array(#"{"test": 2432232314}"#.utf8), id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330,
            secret: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        #expect(bare == signature)
    }

    @Test func aSecondTrySaysExactlyTheSameUnderTheSameID() async throws {
        let server = try await WebServer { _ in .status(500) }
        let receiver = Sample.receiver(.webhook, server.address)
        for _ in 0..<2 { #expect(await Sample.deliver(Sample.event(), to: receiver).isFailed) }
        let requests = server.requests
        #expect(requests.count == 2 && requests[0].body == requests[1].body)
        #expect(Set(requests.map { $0.headers["webhook-id"] }) == ["7-abcdef"])
        await server.stop()
    }

    @Test func aShortOrBrokenSecretIsRefusedBeforeAnythingIsSent() async throws {
        let server = try await WebServer { _ in .status(200) }
        for secret in ["tiny", "whsec_????", "with\nnewline, long enough", ""] {
            let outcome = await Sample.deliver(
                Sample.event(), to: Sample.receiver(.webhook, server.address), secret: secret)
            #expect(outcome.kind == .refused)
            #expect(secret.isEmpty || !outcome.note.contains(secret))
        }
        #expect(server.requests.isEmpty)
        await server.stop()
    }
}

/// What a receiver may answer that does no good.
@Suite struct HostileReceiverTests {
    @Test(arguments: [(400, false), (401, false), (404, false), (408, true), (429, true), (500, true), (503, true)])
    func theStatusSaysWhetherAnotherTryMayDoBetter(status: Int, mayPass: Bool) async throws {
        let server = try await WebServer { _ in .status(status) }
        let outcome = await Sample.deliver(Sample.event(), to: Sample.receiver(.webhook, server.address))
        #expect(outcome.isFailed == mayPass && !outcome.isDelivered)
        #expect(outcome.note.contains("\(status)"))
        await server.stop()
    }

    @Test func whenToComeAgainIsHeard() async throws {
        let server = try await WebServer { _ in .status(429, [("Retry-After", "120")]) }
        let outcome = await Sample.deliver(Sample.event(), to: Sample.receiver(.slack, server.address))
        #expect(outcome.kind == .failed(afterSeconds: 120))
        await server.stop()
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func aRedirectIsNotFollowed(status: Int) async throws {
        let other = try await WebServer { _ in .status(200) }
        let target = other.address
        let server = try await WebServer { _ in .status(status, [("Location", target)]) }
        let jira = Sample.receiver(.jira(.init(project: "OPS")), server.address, user: "fettle")
        for receiver in [Sample.receiver(.webhook, server.address), jira] {
            #expect(await Sample.deliver(Sample.event(), to: receiver).kind == .refused)
        }
        #expect(other.requests.isEmpty)
        await server.stop()
        await other.stop()
    }

    @Test func aServerThatNeverAnswersIsLeft() async throws {
        let server = try await WebServer { _ in WebServer.Answer(hangs: true) }
        let delivery = MessageDelivery(version: "0", limits: .init(connectSeconds: 1, totalSeconds: 1))
        let outcome = await Sample.deliver(
            Sample.event(), to: Sample.receiver(.webhook, server.address), by: delivery)
        #expect(outcome.isFailed, "\(outcome.note)")
        await server.stop()
    }

    @Test func nobodyListeningIsAFailureThatMayPass() async throws {
        let server = try await WebServer { _ in .status(200) }
        let address = server.address
        await server.stop()
        #expect(await Sample.deliver(Sample.event(), to: Sample.receiver(.webhook, address)).isFailed)
    }

    @Test func ofAnAnswerWithoutAnEndOnlyTheBeginningIsRead() async throws {
        let server = try await WebServer { _ in WebServer.Answer(endless: 64 << 20) }
        let webhook = await Sample.deliver(Sample.event(), to: Sample.receiver(.webhook, server.address))
        #expect(webhook.isDelivered, "the status is all that counts: \(webhook.note)")
        let servicenow = Sample.receiver(.serviceNow(.init()), server.address, user: "fettle")
        let outcome = await Sample.deliver(Sample.event(), to: servicenow)
        #expect(outcome.kind == .refused && outcome.note.contains("longer"), "\(outcome.note)")
        await server.stop()
    }

    @Test(arguments: ["[]", "{}", "null", "{\"result\":7}", "{\"result\":[{\"sys_id\":\"../../x\"}]}", "<html>", ""])
    func anAnswerThatIsNotAsDocumentedIsNoSuccess(body: String) async throws {
        let server = try await WebServer { _ in WebServer.Answer(body: [UInt8](body.utf8)) }
        for kind: MessageReceiver.Kind in [.serviceNow(.init()), .jira(.init(project: "OPS"))] {
            let outcome = await Sample.deliver(Sample.event(), to: Sample.receiver(kind, server.address, user: "u"))
            #expect(!outcome.isDelivered, "\(kind): \(outcome.note)")
        }
        #expect(server.requests.allSatisfy { !$0.target.contains("..") })
        await server.stop()
    }
}

@Suite struct AddressTests {
    @Test(arguments: [
        "http://hooks.example/", "http://127.evil.example/", "http://127.0.0.1.evil.example/", "http://0127.0.0.1/",
        "http://localhost.evil.example/", "ftp://127.0.0.1/", "https://user:pass@host/", "https://@host/", "https:///x",
        "https://ho st/", "https://host:0/", "https://host:99999/", "https://host:+80/", "https://-host/",
        "https://host/a\nb",
        "https://host/#x", "https://[::1", "https://[::1]x/", "//host", "host", "", "https://h\u{00F6}st/",
    ])
    func whatIsNoSafeAddressIsRefused(text: String) {
        #expect(throws: WebAddressError.self) { try Sample.receiver(.webhook, text).checked(text) }
    }

    @Test(arguments: [
        ("https://Host.example", "https://host.example"), ("https://host:8443/a?b=c", "https://host:8443"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080"), ("http://localhost/", "http://localhost"),
        ("http://[::1]:1/", "http://[::1]:1"),
    ])
    func whatIsSafeIsTaken(text: String, origin: String) throws {
        #expect(try Sample.receiver(.webhook, text).checked(text).origin == origin)
    }

    @Test func plaintextNeedsTheReceiversLeave() throws {
        let text = "http://hooks.example/"
        #expect(try Sample.receiver(.webhook, text, plain: true).checked(text).scheme == "http")
    }

    @Test func anAddressThatIsASecretIsNeverTold() async {
        let text = "http://hooks.example/T0000/very-secret"
        let outcome = await Sample.deliver(Sample.event(), to: Sample.receiver(.slack, text))
        #expect(outcome.kind == .refused && !outcome.note.contains("very-secret") && !outcome.note.contains("hooks"))
    }
}
