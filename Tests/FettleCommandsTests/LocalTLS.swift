import FettleTestSupport
import Foundation
import Testing

/// A server on this machine that speaks TLS with a certificate of its own, `tls.pem` in its folder.
final class LocalTLS {
    let port: Int
    private let server: Process

    private init(port: Int, server: Process) {
        self.port = port
        self.server = server
    }

    private static let program = "/usr/bin/openssl"

    /// nil: there is no openssl here, which CI has.
    static func start(in folder: TestFolder, answering body: String) async throws -> LocalTLS? {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            #expect(ProcessInfo.processInfo.environment["CI"] != "true", "there is no openssl")
            return nil
        }
        let made = try run(
            program,
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext",
                "subjectAltName=DNS:localhost", "-keyout", folder.file("tls.key").path, "-out",
                folder.file("tls.pem").path,
            ])
        try #require(made == 0)
        try folder.write(body, to: "keys")
        let port = Int.random(in: 20_000..<60_000)
        let server = Process()
        server.executableURL = URL(fileURLWithPath: program)
        server.arguments = [
            "s_server", "-accept", "127.0.0.1:\(port)", "-cert", folder.file("tls.pem").path, "-key",
            folder.file("tls.key").path, "-WWW", "-quiet",
        ]
        server.currentDirectoryURL = folder.url
        server.standardInput = FileHandle.nullDevice
        server.standardOutput = FileHandle.nullDevice
        server.standardError = FileHandle.nullDevice
        try server.run()
        let local = LocalTLS(port: port, server: server)
        for _ in 0..<200 {
            if try local.answers(authority: folder.file("tls.pem").path) { return local }
            try await Task.sleep(for: .milliseconds(50))
        }
        local.stop()
        throw TestFailure("openssl's server does not answer")
    }

    /// Whether curl gets an answer that it believes by this authority.
    func answers(authority: String) throws -> Bool {
        try Self.run(
            "/usr/bin/curl",
            [
                "--disable", "--noproxy", "*", "-sf", "--max-time", "10", "-o", "/dev/null", "--cacert", authority,
                "https://localhost:\(port)/keys",
            ])
            == 0
    }

    func stop() { server.end() }

    private static func run(_ program: String, _ words: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = words
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private struct TestFailure: Error, CustomStringConvertible {
        var description: String
        init(_ text: String) { description = text }
    }
}
