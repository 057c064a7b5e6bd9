import FettleModel
import Foundation
import Testing

@testable import FettleFeedSync

@Suite("Signatures and certificates, with the system's own programs")
struct CertificateTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ arguments: [String], home: String? = nil) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        if let home { process.environment = ["GNUPGHOME": home, "PATH": "/usr/local/bin:/usr/bin:/bin"] }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    static let hasGnuPG = ["gpg", "gpgv"].allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
    static let hasOpenSSL = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

    /// A key of its own; the keyring's path.
    private func key(_ name: String) throws -> (home: String, keyring: String) {
        let home = "\(folder.path)/\(name)"
        try FileManager.default.createDirectory(
            atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let keyring = home + "/public.gpg"
        try #require(
            try run(
                [
                    "gpg", "--batch", "--passphrase", "", "--quick-gen-key", "\(name)@publisher.example", "ed25519",
                    "sign",
                ], home: home) == 0)
        try #require(try run(["gpg", "--batch", "--output", keyring, "--export"], home: home) == 0)
        return (home, keyring)
    }

    @Test(
        "A signature is checked by the keyring that is given: altered bytes, another key and no signature are refused",
        .enabled(if: hasGnuPG))
    func signatures() async throws {
        let (home, keyring) = try key("publisher")
        let (_, stranger) = try key("stranger")
        try folder.write("all/kev/kev.json", "kev")
        let path = folder.path + "/all/kev/kev.json"
        try #require(try run(["gpg", "--batch", "--armor", "--detach-sign", path], home: home) == 0)
        let (signed, signature) = (try folder.read("all/kev/kev.json"), try folder.read("all/kev/kev.json.asc"))
        let server = try await ScriptedServer { request in
            switch request.target {
            case "/kev.json", "/altered.json", "/unsigned.json":
                .file(request.target == "/altered.json" ? [1] + signed : signed)
            case "/unsigned.json.asc": .status("404 Not Found")
            default: .file(signature)
            }
        }
        func settings(_ keyring: String?) -> FeedSettings { FeedSettings(sources: ["kev": .init(keyring: keyring)]) }
        let kev = source("kev", server.address + "/kev.json", signature: .beside(ending: ".asc"))
        for mirror in [nil, folder.path + "/all"] {
            var good = settings(keyring)
            good.mirror = mirror
            let result = try await FeedSync(folder, settings: good).run([kev])
            let checks = try #require(result.generation.manifest.feed("kev")?.files[0].verification)
            #expect(checks.signature == .verified)
            #expect(checks.signer?.count == 40)
        }
        let unchecked = FeedSync(try TemporaryFolder(), settings: settings(nil))
        let result = try await unchecked.run([kev])
        #expect(result.generation.manifest.feed("kev")?.files[0].verification.signature == .notChecked)
        #expect(
            result.generation.manifest.feed("kev")?.files[0].verification.inWords.contains("signature not checked")
                == true)
        for (path, keyring) in [
            ("/altered.json", keyring), ("/unsigned.json", keyring), ("/kev.json", stranger),
            ("/kev.json", "/nowhere.gpg"),
        ] {
            let fresh = FeedSync(try TemporaryFolder(), settings: settings(keyring))
            let error = await failure(
                of: fresh, source("kev", server.address + path, signature: .beside(ending: ".asc")))
            #expect(error?.code == .signature, "\(path) \(keyring)")
        }
        await server.stop()
    }

    @Test(
        "A certificate that nobody vouches for is refused; with its authority given it is taken, and never led on to http",
        .enabled(if: hasOpenSSL))
    func certificates() async throws {
        let (key, certificate) = (folder.path + "/key.pem", folder.path + "/cert.pem")
        try #require(
            try run([
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                "-days", "2",
                "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
            ]) == 0)
        let plain = try await ScriptedServer { _ in .text("plain") }
        let server = try await ScriptedServer(certificate: certificate, key: key) { request in
            request.target == "/down"
                ? .status("302 Found", [("Location", plain.address + "/kev.json")]) : .text("safe")
        }
        let kev = source("kev", server.address + "/kev.json")
        let refused = try #require(await failure(of: FeedSync(folder), kev))
        #expect(refused.code == .refused)
        #expect(refused.description.contains("certificate"))
        #expect(refused.hint?.contains("certificateAuthorities") == true)
        let sync = FeedSync(folder, settings: FeedSettings(certificateAuthorities: certificate))
        let result = try await sync.run([kev])
        #expect(result.generation.manifest.feed("kev")?.files[0].verification.isTransportSafe == true)
        let error = try #require(await failure(of: sync, source("kev", server.address + "/down")))
        #expect(error.code == .address)
        #expect(error.message.contains("https to http"))
        #expect(plain.requests.isEmpty)
        await server.stop()
        await plain.stop()
    }
}
