import FettleDriverKit
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleDrivers

/// One answer of each kind of probe, from real servers and real programs.
@Suite("Probes", .serialized, .timeLimit(.minutes(10)))
struct ProbeTests {
    let here = ProbeTarget(resource: "web-1", address: .local)

    func http(
        _ url: String, status: Int = 200, contains: String? = nil, timeoutSeconds: Int = 5
    ) async -> ProbeSample {
        let probe = Probe(
            name: "http", check: .http(url: url, status: status, contains: contains), timeoutSeconds: timeoutSeconds)
        return await ProbeRunner(channels: NoChannels()).sample(probe, of: here)
    }

    @Test("HTTP: only the status and the text that were asked for pass")
    func httpAnswers() async throws {
        let server = try await WebServerFixture()
        let base = "http://{host}:\(server.port)"
        #expect(await http("\(base)/").verdict == .pass)
        #expect(await http(base).verdict == .pass)
        #expect(await http("\(base)/", contains: "hello from").verdict == .pass)
        #expect(await http("\(base)/", contains: "good bye").verdict == .fail)
        #expect(await http("\(base)/", status: 204).verdict == .fail)
        try server.setHealthy(false)
        let sick = await http("\(base)/health")
        #expect(sick.verdict == .fail && sick.reason.contains("503"))
        #expect(await http("\(base)/health", status: 503).verdict == .pass)
    }

    @Test("HTTP: a redirect is an answer and is not followed; a body is read to a limit")
    func httpBounds() async throws {
        let server = try await WebServerFixture()
        let base = "http://{host}:\(server.port)"
        #expect(await http("\(base)/moved").verdict == .fail)
        #expect(await http("\(base)/moved", status: 302).verdict == .pass)
        #expect(await http("\(base)/big").verdict == .pass, "without a text to look for the body is not read")
        #expect(await http("\(base)/big", contains: "absent").verdict == .fail)
    }

    @Test("HTTP: not listening and not answering in time are failures; what cannot be asked is an error")
    func httpFailures() async throws {
        let closed = try freePort()
        #expect(await http("http://{host}:\(closed)/").verdict == .fail)
        let server = try await WebServerFixture()
        let slow = await http("http://{host}:\(server.port)/slow?5", timeoutSeconds: 1)
        #expect(slow.verdict == .fail && slow.reason.contains("no answer in 1 s"))
        for url in [
            "http://no-such-host.invalid/", "ftp://{host}/", "http://", "{host}", "http://user:secret@{host}/",
            "http://{host}:99999/", "",
        ] {
            #expect(await http(url).verdict == .error, "\(url)")
        }
        let nowhere = ProbeTarget(resource: "x", address: ResourceAddress(transport: .none))
        let probe = Probe(name: "http", check: .http(url: "http://{host}/", status: 200, contains: nil))
        #expect(await ProbeRunner(channels: NoChannels()).sample(probe, of: nowhere).verdict == .error)
        for host in ["a b", "a\r\nX: y", "-oProxyCommand=x", "a/b", "a@b"] {
            let hostile = ProbeTarget(resource: "x", address: .ssh(host))
            #expect(await ProbeRunner(channels: NoChannels()).sample(probe, of: hostile).verdict == .error)
        }
    }

    @Test("TCP: connected, refused, unknown")
    func tcp() async throws {
        let server = try await WebServerFixture()
        let runner = ProbeRunner(channels: NoChannels())
        func ask(_ port: Int, _ target: ProbeTarget) async -> GateVerdict {
            await runner.sample(Probe(name: "tcp", check: .tcp(port: port), timeoutSeconds: 2), of: target).verdict
        }
        #expect(await ask(server.port, here) == .pass)
        #expect(await ask(try freePort(), here) == .fail)
        #expect(await ask(0, here) == .error)
        #expect(await ask(80, ProbeTarget(resource: "x", address: .ssh("no-such-host.invalid"))) == .error)
    }

    @Test("A command passes with 0 only, is no shell text, and cannot be asked where it isn't")
    func command() async throws {
        let local = LocalConnection()
        let runner = ProbeRunner(channels: local)
        func ask(_ argv: [String], timeoutSeconds: Int = 5) async -> GateVerdict {
            let probe = Probe(name: "command", check: .command(argv: argv), timeoutSeconds: timeoutSeconds)
            return await runner.sample(probe, of: here).verdict
        }
        #expect(await ask(["true"]) == .pass)
        #expect(await ask(["false"]) == .fail)
        #expect(await ask(["test", "a b", "=", "a b"]) == .pass)
        #expect(await ask(["test", "$(echo x); exit 0", "=", "x"]) == .fail)
        #expect(await ask(["sleep", "5"], timeoutSeconds: 1) == .fail)
        for argv in [["/no/such/program"], ["/etc/passwd"], [], [""], ["exit", "0"], ["-v", "true"], ["true\u{0}"]] {
            #expect(await ask(argv) == .error, "\(argv)")
        }
        #expect(await runner.reach(here).verdict == .pass)
        await local.shutDown()
        #expect(await ProbeRunner(channels: NoChannels()).reach(here).verdict == .error)
    }

    @Test(
        "systemd's answers",
        arguments: [
            ("LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=2\n", GateVerdict.pass),
            ("LoadState=loaded\nActiveState=active\nSubState=exited\nNRestarts=0\n", .pass),
            ("LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nNRestarts=9\n", .fail),
            ("LoadState=loaded\nActiveState=failed\nSubState=failed\n", .fail),
            ("LoadState=loaded\nActiveState=reloading\nSubState=reload\n", .fail),
            ("LoadState=not-found\nActiveState=inactive\nSubState=dead\n", .fail),
            ("", .error), ("nonsense", .error), ("LoadState=loaded\n", .error),
        ])
    func systemd(text: String, verdict: GateVerdict) {
        let result = CommandResult(
            status: 0, standardOutput: Array(text.utf8), standardError: [], duration: .zero)
        #expect(SystemdUnitProbe.judge(result).verdict == verdict)
        let absent = CommandResult(status: 127, standardOutput: Array(text.utf8), standardError: [], duration: .zero)
        #expect(SystemdUnitProbe.judge(absent).verdict == .error)
    }

    @Test("No name of a unit becomes a command, an option or a glob")
    func unitNames() {
        for name in ["", "a;b", "a b", "*", "nginx.service\nx", "$(id)", "é.service", "a/b"] {
            #expect(SystemdUnitProbe.command(name, timeout: .seconds(1)) == nil, "\(name)")
        }
        for name in ["nginx.service", "getty@tty1.service", "dev-disk-by\\x2dlabel.device", "-.mount"] {
            #expect(SystemdUnitProbe.command(name, timeout: .seconds(1)) != nil, "\(name)")
        }
    }

    /// curl heeds `-q` only where it is its first argument.
    @Test func noCurlrcOfTheUserChangesWhatIsVerified() async throws {
        let server = try await TLSServerFixture()
        let home = FileManager.default.temporaryDirectory.appending(path: "fettle-c\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        try "insecure\n".write(to: home.appending(path: ".curlrc"), atomically: true, encoding: .utf8)
        guard case .success(let request) = HTTPRequest.make("https://localhost:\(server.port)/", host: nil) else {
            Issue.record("no request")
            return
        }
        await #expect(throws: SocketError.self) {
            try await EncryptedFetch.fetch(
                request, limit: 100_000, timeout: .seconds(5), environment: ["HOME": home.path], until: { _ in false })
        }
    }

    @Test func aTokenGoesOverTLSAsItIs() async throws {
        let server = try await TLSServerFixture()
        guard case .success(var request) = HTTPRequest.make("https://localhost:\(server.port)/", host: nil) else {
            Issue.record("no request")
            return
        }
        request.authorization = "abcd"
        let bytes = try await EncryptedFetch.fetch(
            request, limit: 100_000, timeout: .seconds(5), environment: ["CURL_CA_BUNDLE": server.certificate],
            until: { _ in false })
        guard case .complete(let response) = HTTPResponse.parse(bytes, isWhole: true) else {
            Issue.record("no answer")
            return
        }
        #expect(String(decoding: response.body, as: UTF8.self) == "abcd TLS")
    }

    @Test("HTTPS: a certificate that nobody vouches for is a failure; with its authority it passes")
    func https() async throws {
        let server = try await TLSServerFixture()
        let untrusted = await http("https://localhost:\(server.port)/")
        #expect(untrusted.verdict == .fail && untrusted.reason.contains("certificate"))
        guard case .success(let request) = HTTPRequest.make("https://localhost:\(server.port)/", host: nil) else {
            Issue.record("no request")
            return
        }
        let bytes = try await EncryptedFetch.fetch(
            request, limit: 100_000, timeout: .seconds(5), environment: ["CURL_CA_BUNDLE": server.certificate],
            until: { _ in false })
        guard case .complete(let response) = HTTPResponse.parse(bytes, isWhole: true) else {
            Issue.record("no answer")
            return
        }
        #expect(response.status == 200 && String(decoding: response.body, as: UTF8.self) == "over TLS")
        #expect(await http("https://localhost:\(try freePort())/").verdict == .fail)
        #expect(await http("https://no-such-host.invalid/").verdict == .error)
    }
}

/// A web server with a certificate for `localhost` of its own making.
final class TLSServerFixture: @unchecked Sendable {
    private static let program = """
        import http.server, os, ssl, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_GET(self):
                self.send_response(200)
                self.send_header('Transfer-Encoding', 'chunked')
                self.end_headers()
                for part in ((self.headers.get('Authorization') or 'over TLS')[:4], ' TLS'):
                    self.wfile.write(f'{len(part):x}\\r\\n{part}\\r\\n'.encode())
                self.wfile.write(b'0\\r\\n\\r\\n')
            def log_message(self, *arguments): pass
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with open(sys.argv[1] + '.new', 'w') as file: file.write(str(server.server_address[1]))
        os.rename(sys.argv[1] + '.new', sys.argv[1])
        server.serve_forever()
        """

    let port: Int
    let certificate: String
    private let directory: URL
    private let process = Process()

    init() async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "fettle-t\(UInt32.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        certificate = directory.appending(path: "certificate.pem").path
        let key = directory.appending(path: "key.pem").path
        let made = try ShellScript.run(
            "exec openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -keyout \(key) "
                + "-out \(certificate) -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null",
            input: "", programs: ["openssl"])
        guard made.status == 0 else { throw TimedOut(description: "openssl made no certificate") }
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.program, directory.appending(path: "port").path, certificate, key]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        port = try await number(in: directory.appending(path: "port"))
    }

    deinit {
        process.end()
        try? FileManager.default.removeItem(at: directory)
    }
}
