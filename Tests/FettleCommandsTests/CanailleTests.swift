import FettleTestSupport
import Foundation
import Testing

/// Id tokens of an issuer's product as people get them: Canaille, where Zoe logs in by its pages, and a client takes her code for a token.
@Suite(.serialized, .enabled(if: Canaille.isThere, "root, and Canaille: scripts/install-products"))
struct CanailleTests {
    private let issuer: Canaille
    private let world: IssuerWorld

    init() throws {
        let folder = try TestFolder()
        issuer = try Canaille(in: folder)
        world = IssuerWorld(folder: folder, authority: issuer.authority)
    }

    /// Its keys say of no algorithm that they are for it, and its times have fractions: both are as the standards allow.
    @Test func whoLogsInActsByTheGroupsThatTheIssuerTells() async throws {
        defer { issuer.stop() }
        try await world.begin(try issuer.discovered(), "RS256, EdDSA")
        // Once for each client: Canaille's access tokens tell only the second, and it refuses to store two that are alike.
        let token = try issuer.token(for: "fettle")
        try world.good(token)
        try world.good(try issuer.token(for: "edwards"))
        let (status, said) = try world.fettle("change submit plan-1 --reason r", token: token)
        #expect(status == 0, "\(said)")
        #expect(try world.fettle("change approve change-1", token: token).0 == 3)

        try world.refused(try issuer.token(for: "other"), "is not for 'fettle'")
        try world.refused(try issuer.token(for: "longer"), "is not signed by")
        var forged = Array(token)
        let place = forged.count - 100
        forged[place] = forged[place] == "A" ? "B" : "A"
        try world.refused(String(forged), "is not signed by the issuer's key")

        // With keys of its own from its next start on.
        try issuer.startAnew()
        try world.refused(token, "the issuer has no key")
        try world.good(try issuer.token(for: "fettle"))
    }
}

/// The product, started by `Tests/Fixtures/identity/canaille.py`.
final class Canaille {
    private static let product = InstalledProduct("canaille")
    private static let script = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures/identity/canaille.py")
        .path
    static let isThere = TokenIssuer.canBeTrusted && product != nil

    private let folder: TestFolder
    private var server: Process
    private var input: Pipe
    private let port: String

    init(in folder: TestFolder) throws {
        self.folder = folder
        try FileManager.default.createDirectory(at: folder.file("issuer"), withIntermediateDirectories: true)
        (server, input, port) = try Self.serve(folder)
    }

    var authority: String { folder.file("issuer/tls.pem").path }

    func discovered() throws -> [String: Any] {
        try IssuerWorld.get("https://localhost:\(port)/.well-known/openid-configuration", authority: authority)
    }

    /// What a client of the issuer gets for Zoe once she has logged in.
    func token(for client: String) throws -> String {
        let output = Pipe()
        let process = try Self.process(
            ["token", folder.file("issuer").path, port, client], output, FileHandle.nullDevice)
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let said = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(process.terminationStatus == 0, "\(said)")
        return said
    }

    func startAnew() throws {
        stop()
        (server, input, _) = try Self.serve(folder, port)
    }

    func stop() {
        try? input.fileHandleForWriting.close()
        server.waitUntilExit()
    }

    private static func serve(_ folder: TestFolder, _ port: String? = nil) throws -> (Process, Pipe, String) {
        let (input, output) = (Pipe(), Pipe())
        let words = ["serve", folder.file("issuer").path] + [port].compactMap { $0 }
        let process = try process(words, output, input)
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let said = line.trimmingCharacters(in: .whitespacesAndNewlines)
        try #require(Int(said) != nil, "Canaille did not start: \(said)")
        return (process, input, said)
    }

    private static func process(_ words: [String], _ output: Pipe, _ input: Any) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(product).python)
        process.arguments = [script] + words
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        return process
    }
}
