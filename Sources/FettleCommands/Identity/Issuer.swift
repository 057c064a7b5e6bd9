import FettleControl
import FettleIdentity
import FettleInventory
import FettleModel
import Foundation

/// The issuer of id tokens that policy.yaml names, with its keys as they are now.
struct Issuer: Sendable {
    let policy: IdentityPolicy
    let keys: Data

    /// Reads the keys; nil if the policy names no issuer.
    init?(_ directory: URL) throws {
        let file = directory.appendingPathComponent("policy.yaml").path
        guard FileManager.default.fileExists(atPath: file),
            let policy = try PolicyFile.read(path: file, fleet: nil).policy.identity
        else { return nil }
        self.policy = policy
        keys = try Self.keys(policy.keys, directory)
    }

    /// Three parts with dots between them, as no token of Fettle's has.
    static func isIDToken(_ text: String) -> Bool { text.hasPrefix("eyJ") && text.utf8.count { $0 == 0x2E } == 2 }

    /// In whose name it is asked, as the token tells, and what proves it.
    func access(_ text: String) throws -> (Person, Access) {
        guard let name = IDTokenVerifier.unprovenName(text, policy: policy) else {
            throw CommandFailure(
                .usage,
                "the id token has no name in its claim '\(policy.nameClaim)'\n  `identity.nameClaim` in policy.yaml")
        }
        return (Person(name), access(idToken: text))
    }

    func access(idToken text: String) -> Access {
        let verifier = IDTokenVerifier(policy: policy, keys: keys)
        return .external { () throws(ControlError) in
            do throws(IDTokenError) {
                return try await verifier.verify(text, at: .now())
            } catch {
                throw ControlError(.blocked, error.message, hint: "`identity` in policy.yaml: docs/identity.md")
            }
        }
    }

    // MARK: Keys

    private static func keys(_ place: String, _ directory: URL) throws -> Data {
        guard place.hasPrefix("https://") else {
            let path = place.hasPrefix("/") ? place : directory.appendingPathComponent(place).path
            return try EvidenceFile.bytes(
                of: path, limit: IDTokenVerifier.longestKeys,
                hint: "`identity.keys` in policy.yaml names the issuer's keys")
        }
        return try fetch(place)
    }

    /// By the system's curl, which is told the address by its standard input.
    private static func fetch(_ address: String) throws -> Data {
        func trouble(_ reason: String) -> CommandFailure {
            CommandFailure(
                .failure, "the issuer's keys at \(address.printable): \(reason)\n  `identity.keys` in policy.yaml")
        }
        guard address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"\\".utf8.contains($0) }) else {
            throw trouble("that is no plain address")
        }
        let programs = ["/usr/bin/curl", "/usr/local/bin/curl", "/bin/curl"]
        guard let program = programs.first(where: FileManager.default.isExecutableFile) else {
            throw trouble("reading them over https needs curl on this machine")
        }
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: program)
        curl.arguments = ["--disable", "--config", "-"]
        let (input, output) = (Pipe(), Pipe())
        curl.standardInput = input
        curl.standardOutput = output
        curl.standardError = FileHandle.nullDevice
        try curl.run()
        let settings = """
            url = "\(address)"
            proto = "=https"
            max-time = 20
            max-filesize = \(IDTokenVerifier.longestKeys)
            silent
            fail
            globoff

            """
        try input.fileHandleForWriting.write(contentsOf: Data(settings.utf8))
        try input.fileHandleForWriting.close()
        let bytes = try output.fileHandleForReading.read(upToCount: IDTokenVerifier.longestKeys + 1) ?? Data()
        try output.fileHandleForReading.close()
        curl.waitUntilExit()
        guard curl.terminationStatus == 0, bytes.count <= IDTokenVerifier.longestKeys else {
            throw trouble("curl ended with \(curl.terminationStatus)")
        }
        return bytes
    }
}
