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
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments =
            [
                "-m", "/bin/sh", "-c", "mount --bind \"$0\" \(TokenIssuer.authorities) && exec \"$@\"", authority,
                try Program.path(),
            ] + line.split(separator: " ").map(String.init)
        process.currentDirectoryURL = folder.url
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("FETTLE_") }
        environment["FETTLE_TOKEN_FILE"] = (token == nil ? file : "token").map { folder.file($0).path }
        process.environment = environment
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
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
