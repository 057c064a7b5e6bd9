import FettleEvidence
import FettleModel
import Foundation
import Testing

@testable import FettleImages

/// What is there in the end: who may read it, whether it holds, and what it does not take the place of.
@Suite(.serialized, .enabled(if: SmallImage.isPossible)) struct PublishedImageTests {
    private static func patcher() throws -> ImagePatcher {
        ImagePatcher(version: "0.1.0", key: try SigningKey(), person: "alice") { Timestamp(milliseconds: 0) }
    }

    private static func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func whoMayNotReadTheSourceMayNotReadWhatIsMadeOfIt() async throws {
        let small = try SmallImage()
        defer { small.remove() }
        try small.run("chmod", "600", small.image)
        let destination = "\(small.folder)/patched.raw"
        _ = try await Self.patcher().patch(
            PatchRequest(source: small.image, destination: destination, packages: ["fettle-trial"])
        ) { _ in }
        for path in [destination] + ImageSidecar.allCases.map({ $0.path(of: destination) }) {
            #expect(try Self.mode(path) == 0o600, "\(path)")
        }
    }

    @Test func aDirectoryIsMadeOfADirectoryAndHolds() async throws {
        let small = try SmallImage()
        defer { small.remove() }
        let destination = "\(small.folder)/patched"
        let patcher = try Self.patcher()
        _ = try await patcher.patch(
            PatchRequest(source: try small.tree(), destination: destination, packages: ["fettle-trial"])
        ) { _ in }
        #expect(try Self.mode(destination) == 0o700)
        #expect(FileManager.default.fileExists(atPath: "\(destination)/var/lib/fettle-trial/seen"))
        _ = try await ImageVerification.verify(destination, trusting: [patcher.key.verifying])
        try small.run("touch", "\(destination)/etc/added")
        await #expect(throws: ImageError.self) {
            _ = try await ImageVerification.verify(destination, trusting: [patcher.key.verifying])
        }
    }

    /// They are another image's, though that is not there any more.
    @Test(arguments: ImageSidecar.allCases)
    func whatLiesBesideTheDestinationIsNotReplaced(_ sidecar: ImageSidecar) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sidecar-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(count: 1 << 20).write(to: URL(fileURLWithPath: "\(folder)/source"))
        let (destination, text) = ("\(folder)/patched.raw", Data("another's".utf8))
        try text.write(to: URL(fileURLWithPath: sidecar.path(of: destination)))
        let error = await #expect(throws: ImageError.self) {
            _ = try await Self.patcher().patch(
                PatchRequest(source: "\(folder)/source", destination: destination)
            ) { _ in }
        }
        #expect(error?.message.contains("\(sidecar.path(of: destination)) is there already") == true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: sidecar.path(of: destination))) == text)
    }

    /// A few bytes that say they are a petabyte.
    @Test(.enabled(if: ImageTools.path(of: "qemu-img") != nil))
    func aDiskThatTheMachineCannotHoldIsRefusedBeforeItIsCopied() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "huge-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(ImageTools.path(of: "qemu-img")))
        process.arguments = ["create", "-q", "-f", "qcow2", "\(folder)/huge", "1P"]
        try process.run()
        process.waitUntilExit()
        let error = await #expect(throws: ImageError.self) {
            _ = try await Self.patcher().patch(
                PatchRequest(source: "\(folder)/huge", destination: "\(folder)/patched.qcow2")
            ) { _ in }
        }
        #expect(error?.code == .noSpace)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["huge"])
    }
}
