import FettleModel
import Foundation
import Testing

@testable import FettleMessaging

/// Mail against a real server: aiosmtpd (https://aiosmtpd.aio-libs.org), where Python has it, with a certificate of its own.
@Suite(.serialized, .enabled(if: MailServer.isAvailable, "needs Debian's python3 with aiosmtpd, openssl and curl"))
struct MailServerTests {
    private func deliver(
        _ server: MailServer, trusts: Bool = true, user: String? = "fettle", secret: String = "right password",
        event: MessageEvent = Sample.event(), scheme: String = "smtp"
    ) async -> DeliveryOutcome {
        var receiver = Sample.receiver(
            .mail(.init(from: "fettle@example.org", recipients: ["ops@example.org", "dba@example.org"])),
            "\(scheme)://localhost:\(server.port)", user: user)
        if trusts { receiver.certificateAuthorities = server.certificate.path }
        // A server takes its time over a wrong password.
        return await Sample.deliver(
            event, to: receiver, secret: user == nil ? nil : secret, by: MessageDelivery(version: "0"))
    }

    @Test(arguments: ["smtp", "smtps"])
    func aMailIsTakenOverTLSByWhoSaysWhoTheyAre(scheme: String) async throws {
        let server = try await MailServer(scheme == "smtps" ? "tls" : "starttls")
        let outcome = await deliver(server, scheme: scheme)
        #expect(outcome.isDelivered, "\(outcome.note)")
        let mail = try #require(server.mails().first)
        #expect(mail["from"] as? String == "fettle@example.org")
        #expect(mail["to"] as? [String] == ["ops@example.org", "dba@example.org"])
        #expect(mail["tls"] as? Bool == true && mail["user"] as? String == "fettle")
        #expect(mail["subject"] as? String == "Fettle: change-1 asks for approval")
        #expect((mail["text"] as? String)?.contains("reason: October's security updates") == true)
        #expect((mail["id"] as? String) == "<7-abcdef.ops@example.org>")
    }

    @Test func aWrongPasswordIsRefusedForGoodAndNotTold() async throws {
        let server = try await MailServer("starttls")
        let outcome = await deliver(server, secret: "wrong-password")
        #expect(outcome.kind == .refused && !outcome.note.contains("wrong-password"), "\(outcome.note)")
        #expect(server.mails().isEmpty)
    }

    @Test func aCertificateThatNobodyVouchesForIsNotTaken() async throws {
        let server = try await MailServer("starttls")
        let outcome = await deliver(server, trusts: false)
        #expect(!outcome.isDelivered && outcome.note.contains("TLS"), "\(outcome.note)")
        #expect(server.mails().isEmpty)
    }

    @Test(arguments: [("busy", true), ("unknown", false)])
    func theServersWordSaysWhetherAnotherTryMayDoBetter(mode: String, mayPass: Bool) async throws {
        let server = try await MailServer(mode)
        let outcome = await deliver(server)
        #expect(!outcome.isDelivered && outcome.isFailed == mayPass, "\(outcome.note)")
    }

    @Test(arguments: Sample.hostile)
    func nothingThatIsWrittenAddsARecipientOrAHeader(reason: String) async throws {
        let server = try await MailServer("starttls")
        var event = Sample.event(
            .changeSubmitted, Sample.change(reason: reason + "\r\n.\r\nRCPT TO:<eve@example.org>\r\n"))
        event.id = reason
        #expect(await deliver(server, event: event).isDelivered)
        let mails = server.mails()
        #expect(mails.count == 1 && mails[0]["to"] as? [String] == ["ops@example.org", "dba@example.org"])
        #expect((mails[0]["headers"] as? [String])?.contains("Bcc") == false)
    }
}

/// A process with the server; gone when the test is over.
final class MailServer {
    let port: Int
    let certificate: URL
    private let process = Process()
    private let folder: URL

    static let isAvailable = {
        let python = run("/usr/bin/python3", ["-c", "import aiosmtpd"]) == 0
        return python && run("openssl", ["version"]) == 0
            && MailSubmission.programs.contains(where: FileManager.default.isExecutableFile)
    }()

    @discardableResult
    private static func run(_ program: String, _ words: [String]) -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + words
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return -1 }
        process.waitUntilExit()
        return process.terminationStatus
    }

    init(_ mode: String) async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-smtp-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificate = folder.appendingPathComponent("certificate.pem")
        let made = Self.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                folder.appendingPathComponent("key.pem").path, "-out", certificate.path,
            ])
        try #require(made == 0)
        let script = folder.appendingPathComponent("server.py")
        try Data(Self.script.utf8).write(to: script)
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["/usr/bin/python3", "-W", "ignore", script.path, mode, folder.path]
        process.standardOutput = output
        try process.run()
        let said = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(said.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    deinit {
        // Signals that can be switched off may be, by whoever runs the tests; a child inherits that.
        kill(process.processIdentifier, SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// What it took.
    func mails() -> [[String: Any]] {
        let text = (try? String(contentsOf: folder.appendingPathComponent("mails"), encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap {
            try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    private static let script = """
        import asyncio, email, email.policy, json, ssl, sys
        from aiosmtpd.smtp import SMTP, AuthResult

        mode, folder = sys.argv[1:3]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/certificate.pem", folder + "/key.pem")

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                if mode == "busy": return "451 come again later"
                if mode == "unknown": return "550 no such user here"
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server, session, envelope):
                mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
                with open(folder + "/mails", "a") as file:
                    file.write(json.dumps({
                        "from": envelope.mail_from, "to": envelope.rcpt_tos, "subject": mail["subject"],
                        "id": mail["message-id"], "headers": list(mail.keys()), "text": mail.get_content(),
                        "tls": session.ssl is not None or mode == "tls",
                        "user": session.auth_data.login.decode() if session.auth_data else None}) + "\\n")
                return "250 taken"

        def check(server, session, envelope, mechanism, data):
            return AuthResult(success=data.login == b"fettle" and data.password == b"right password",
                handled=False, auth_data=data)

        async def serve():
            loop = asyncio.get_running_loop()
            def make():
                return SMTP(Handler(), authenticator=check, auth_required=True, hostname="localhost",
                    auth_require_tls=mode != "tls", require_starttls=mode != "tls",
                    tls_context=None if mode == "tls" else context)
            server = await loop.create_server(make, "localhost", 0, ssl=context if mode == "tls" else None)
            print(server.sockets[0].getsockname()[1], flush=True)
            await asyncio.sleep(120)

        asyncio.run(serve())
        """
}
