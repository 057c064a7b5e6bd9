import FettleTestSupport
import Foundation
import Testing

/// A folder in which an issuer's people act beside an admin of the store. The issuer's authority is the system's in a mount namespace of
/// its own: nothing else makes Fettle believe it.
struct IssuerWorld {
    let folder: TestFolder
    /// The certificate that is believed.
    let authority: String

    /// Users are kept, and a policy with the issuer is accepted.
    ///
    /// - Parameter found: what the issuer tells of itself.
    func begin(_ found: [String: Any], _ algorithms: String) async throws {
        try await LocalFleet().keep(in: folder)
        let (name, keys) = (try #require(found["issuer"] as? String), try #require(found["jwks_uri"] as? String))
        try folder.write(
            """
            version: 1
            identity:
              issuer: \(name)
              audience: fettle
              keys: \(keys)
              algorithms: [\(algorithms)]
              groups: [{group: ops, roles: ["operator:dev", viewer]}]
            """, to: "policy.yaml")
        for (line, file) in [
            ("user add ann --role admin --to ann.enrolment", nil), ("token make --to ann", "ann.enrolment"),
            ("policy accept", "ann"),
        ] as [(String, String?)] {
            let (status, said) = try fettle(line, file: file)
            try #require(status == 0, "\(line): \(said)")
        }
    }

    /// - Returns: the exit code, and all that was said.
    func fettle(_ line: String, token: String? = nil, file: String? = nil) throws -> (Int32, String) {
        if let token {
            try folder.write(token, to: "token")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.file("token").path)
        }
        let process = try process(line, showing: token == nil ? file : "token")
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func process(_ line: String, showing file: String?) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments =
            [
                "-m", "/bin/sh", "-c", "mount --bind \"$0\" \(TokenIssuer.authorities) && exec \"$@\"", authority,
                try Program.path(),
            ] + line.split(separator: " ").map(String.init)
        process.currentDirectoryURL = folder.url
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FETTLE_") }
        environment["FETTLE_TOKEN_FILE"] = file.map { folder.file($0).path }
        process.environment = environment
        return process
    }

    /// A server that goes on, started by the admin.
    struct Server {
        let process: Process
        let port: Int

        /// What an answer begins with, to whoever shows this.
        func status(_ token: String?) throws -> Int {
            let curl = Process()
            curl.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
            curl.arguments = ["--disable", "--noproxy", "*", "-s", "--max-time", "30", "-o", "/dev/null"]
            curl.arguments? += [
                "-w", "%{http_code}", "http://127.0.0.1:\(port)/\(token == nil ? "healthz" : "api/v1/overview")",
            ]
            if let token { curl.arguments? += ["-H", "Authorization: Bearer \(token)"] }
            let output = Pipe()
            curl.standardOutput = output
            curl.standardInput = FileHandle.nullDevice
            try curl.run()
            let data = output.fileHandleForReading.readDataToEndOfFile()
            curl.waitUntilExit()
            return Int(String(decoding: data, as: UTF8.self)) ?? 0
        }

        func end() { process.end() }
    }

    func serve() async throws -> Server {
        let port = Int.random(in: 20_000..<60_000)
        let process = try process("serve --port \(port)", showing: "ann")
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let server = Server(process: process, port: port)
        for _ in 0..<150 {
            if try server.status(nil) == 200 { return server }
            try await Task.sleep(for: .milliseconds(200))
        }
        process.end()
        throw TestTrouble("the server does not answer")
    }

    func good(_ token: String) throws {
        let (status, said) = try fettle("whoami", token: token)
        #expect(status == 0 && said.contains("zoe, by https://localhost:"), "\(said)")
    }

    func refused(_ token: String, _ why: String) throws {
        let (status, said) = try fettle("whoami", token: token)
        #expect(status == 3 && said.contains(why), "\(why): \(status) \(said)")
        #expect(!said.contains(token.suffix(30)))
    }

    /// What stands at an https address of this machine.
    static func get(_ address: String, authority: String) throws -> [String: Any] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments = ["--disable", "--noproxy", "*", "-sf", "--max-time", "20", "--cacert", authority, address]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any], "\(address)")
    }
}
