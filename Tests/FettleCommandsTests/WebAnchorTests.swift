import FettleTestSupport
import Foundation
import Testing

/// Heads kept by a webhook: it is told each by POST, and tells all of them by GET.
@Suite(.enabled(if: WebAnchorServer.canBeMade, "openssl, python3 and curl"))
struct WebAnchorTests {
    private let folder: TestFolder
    private let server: WebAnchorServer

    init() async throws {
        folder = try TestFolder()
        try await LocalFleet().keep(in: folder)
        try folder.write(LocalFleet.policy, to: "policy.yaml")
        server = try WebAnchorServer(in: folder)
    }

    private func run(_ line: String, exits: Int32 = 0, anchor: String? = nil) async throws -> Program {
        let program = try Program(
            line.split(separator: " ").map(String.init), in: folder,
            settings: ["CURL_CA_BUNDLE": server.authority, "FETTLE_ANCHOR": anchor ?? server.address])
        let status = try await program.end()
        #expect(status == exits, "\(line): \(status)\n\(program.output)\(program.error)")
        // The address is a secret as a whole.
        #expect(!(program.output + program.error).contains("planted-path"), "\(line)")
        return program
    }

    private func alter(_ sql: String) throws {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        shell.arguments = [
            "python3", "-c", "import sqlite3, sys\nsqlite3.connect(sys.argv[1]).executescript(sys.argv[2])",
            folder.file(".fettle/fettle.db").path, sql,
        ]
        try shell.run()
        shell.waitUntilExit()
        try #require(shell.terminationStatus == 0)
    }

    @Test func aLogIsHeldAgainstTheHeadsThatAWebhookTook() async throws {
        defer { server.stop() }
        let anchored = try await run("evidence anchor")
        #expect(anchored.output.contains("anchored entry"))
        let kept = try server.kept()
        #expect(kept.count == 1 && kept.first?.hasPrefix("fettle-head-v1 ") == true, "\(kept)")
        let check = try await run("evidence check --anchor env:FETTLE_ANCHOR")
        #expect(check.output.contains("anchored heads met: 1"), "\(check.output)")
        let log = try await run("evidence log -o json")
        #expect(log.output.contains("headAnchored") && log.output.contains("\"https\""))
        // While nothing else happens it is the same head.
        _ = try await run("evidence anchor")
        #expect(Set(try server.kept()).count == 1)
    }

    @Test func aLogThatWasCutOffOrWrittenAnewIsNamedByIt() async throws {
        defer { server.stop() }
        _ = try await run("evidence anchor")
        let last = try #require(server.kept().first.flatMap { Int($0.split(separator: " ")[1]) })
        try alter("DROP TRIGGER log_is_not_shortened; DELETE FROM log WHERE sequence >= \(last);")
        let cut = try await run("evidence check --anchor env:FETTLE_ANCHOR", exits: 1)
        #expect(cut.output.contains("entry \(last) to \(last) are missing: they were anchored"), "\(cut.output)")
        // What is written in its place is not what was anchored.
        _ = try await run("waiver add --advisory CVE-2026-1001 --reason r --owner o --expires 9d")
        let anew = try await run("evidence check --anchor env:FETTLE_ANCHOR", exits: 1)
        #expect(
            anew.output.contains("entry \(last) is not the one that was anchored: the log was written anew"),
            "\(anew.output)")
    }

    /// It may be a secret that was written wrong.
    @Test func whatAVariableHoldsIsAPlaceOrIsToldByTheVariablesNameAlone() async throws {
        defer { server.stop() }
        _ = try await run("evidence anchor", anchor: "file:heads")
        let check = try await run("evidence check --anchor env:FETTLE_ANCHOR", anchor: "file:heads")
        #expect(check.output.contains("anchored heads met: 1"), "\(check.output)")
        for address in ["HTTPS://localhost/planted-path", "http://localhost/planted-path", " https://x/planted-path"] {
            let refused = try await run("evidence check --anchor env:FETTLE_ANCHOR", exits: 2, anchor: address)
            #expect(refused.error.contains("--anchor env:FETTLE_ANCHOR takes"), "\(refused.error)")
        }
    }

    @Test func whatIsNoHeadAndWhatDoesNotAnswerIsToldWithoutTheAddress() async throws {
        let empty = try await run("evidence check --anchor env:FETTLE_ANCHOR", exits: 2)
        #expect(empty.error.contains("no head in it"), "\(empty.error)")
        #expect(try await run("evidence check --anchor env:NOBODY", exits: 2).error.contains("is not set"))
        server.stop()
        #expect(try await run("evidence check --anchor env:FETTLE_ANCHOR", exits: 1).error.contains("were not told"))
        #expect(try await run("evidence anchor", exits: 1).error.contains("was not taken"))
        // What was not anchored is not said to be.
        #expect(!(try await run("evidence log -o json").output.contains("headAnchored")))
    }
}

/// Appends what it is told, in Python: it shares no code with who tells it.
final class WebAnchorServer {
    static let canBeMade = ["/usr/bin/openssl", "/usr/bin/curl"].allSatisfy(FileManager.default.isExecutableFile)

    private static let script = #"""
        import http.server, ssl, subprocess, sys
        folder = sys.argv[1]
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/tls.key", "-out",
                        f"{folder}/tls.pem"], check=True, capture_output=True)
        open(f"{folder}/heads", "a").close()
        class Anchor(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                with open(f"{folder}/heads", "ab") as file:
                    file.write(self.rfile.read(int(self.headers["content-length"])))
                self.say(b"")
            def do_GET(self):
                with open(f"{folder}/heads", "rb") as file:
                    self.say(file.read())
            def say(self, body):
                self.send_response(200 if self.path == "/planted-path" else 404)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *words):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Anchor)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/tls.pem", f"{folder}/tls.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """#

    let authority: String
    let address: String
    private let heads: URL
    private let server: Process

    init(in folder: TestFolder) throws {
        try folder.write(Self.script, to: "anchor/server.py")
        server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        server.arguments = ["python3", folder.file("anchor/server.py").path, folder.file("anchor").path]
        let output = Pipe()
        server.standardOutput = output
        server.standardInput = FileHandle.nullDevice
        try server.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "it did not start")
        address = "https://localhost:\(port)/planted-path"
        authority = folder.file("anchor/tls.pem").path
        heads = folder.file("anchor/heads")
    }

    func kept() throws -> [String] {
        try String(contentsOf: heads, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    func stop() { server.end() }
}
