import FettleEvidence
import FettleModel
import Foundation
import Synchronization
import Testing

@testable import FettleImages

/// A real image, really patched: as root, on the lab's cached base.
@Suite(.serialized, .enabled(if: SmallImage.isPossible)) struct RealImageTests {
    private static func patcher() throws -> ImagePatcher {
        ImagePatcher(version: "0.1.0", key: try SigningKey(), person: "alice") { Timestamp(milliseconds: 0) }
    }

    @Test func anImageIsPatchedAndItsSourceIsNot() async throws {
        let small = try SmallImage()
        defer { small.remove() }
        let patcher = try Self.patcher()
        let destination = "\(small.folder)/patched.raw"
        let before = try FileDigest.of(file: small.image).digest
        let provenance = try await patcher.patch(
            PatchRequest(source: small.image, destination: destination, packages: ["fettle-trial=1.0"])
        ) { _ in }
        #expect(try FileDigest.of(file: small.image).digest == before)
        #expect(provenance.source.digest == before)
        #expect(
            provenance.changes == [PackageChange(name: "fettle-trial", architecture: "all", from: nil, to: "1.0")])
        #expect(provenance.platform == "debian:12")
        #expect(provenance.bootTest == nil)

        // What a package's script can do meanwhile: nothing to this machine.
        #expect(FileManager.default.fileExists(atPath: SmallImage.outside))
        let seen = try small.content(of: "/var/lib/fettle-trial/seen", in: destination)
        #expect(
            seen.split(separator: "\n") == [
                "interfaces: lo", "policy: 101", "resolver: ../run/systemd/resolve/stub-resolv.conf", "outside: ",
                "processes: few",
            ])
        #expect(try small.read("victim") == "untouched")
        // Links are as they were; where they lead was nobody's matter.
        #expect(try small.details(of: "/usr/sbin/policy-rc.d", in: destination).contains("\(small.folder)/victim"))
        #expect(try small.details(of: "/etc/resolv.conf", in: destination).contains("stub-resolv.conf"))
        #expect(try await small.held() == [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: small.folder).allSatisfy { !$0.hasPrefix(".") })

        try await Self.verifyEveryPart(of: destination, by: patcher.key.verifying)
    }

    private static func verifyEveryPart(of image: String, by key: VerifyingKey) async throws {
        _ = try await ImageVerification.verify(image, trusting: [key])
        await #expect(throws: EvidenceError.self) {
            _ = try await ImageVerification.verify(image, trusting: [try SigningKey().verifying])
        }
        for path in [image] + ImageSidecar.allCases.map({ $0.path(of: image) }) {
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
            try file.seek(toOffset: 20)
            let byte = try #require(try file.read(upToCount: 1)?.first)
            try file.seek(toOffset: 20)
            try file.write(contentsOf: Data([byte ^ 1]))
            await #expect(throws: (any Error).self, "\(path)") {
                _ = try await ImageVerification.verify(image, trusting: [key])
            }
            try file.seek(toOffset: 20)
            try file.write(contentsOf: Data([byte]))
        }
        _ = try await ImageVerification.verify(image, trusting: [key])
    }

    @Test func whatIsBrokenOffLeavesNothing() async throws {
        let small = try SmallImage(script: "sleep 600\n")
        defer { small.remove() }
        let before = try FileManager.default.contentsOfDirectory(atPath: small.folder).sorted()
        let patcher = try Self.patcher()
        let isInstalling = Mutex(false)
        let isOver = Mutex(false)
        let work = Task {
            defer { isOver.withLock { $0 = true } }
            return try await patcher.patch(
                PatchRequest(
                    source: small.image, destination: "\(small.folder)/patched.raw", packages: ["fettle-trial"])
            ) { stage in
                if stage.contains("are installed") { isInstalling.withLock { $0 = true } }
            }
        }
        while !isInstalling.withLock({ $0 }), !isOver.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(50)) }
        try await Task.sleep(for: .seconds(2))
        work.cancel()
        await #expect(throws: CancellationError.self) { _ = try await work.value }
        #expect(try FileManager.default.contentsOfDirectory(atPath: small.folder).sorted() == before)
        #expect(try await small.held() == [])
    }

    @Test func aPackageThatFailsLeavesNoImageAndSaysWhy() async throws {
        let small = try SmallImage(script: "exit 7\n")
        defer { small.remove() }
        let patcher = try Self.patcher()
        let destination = "\(small.folder)/patched.raw"
        let error = await #expect(throws: ImageError.self) {
            _ = try await patcher.patch(
                PatchRequest(source: small.image, destination: destination, packages: ["fettle-trial"])
            ) { _ in }
        }
        #expect(error?.code == .failed)
        #expect(error?.message == "the packages cannot be installed")
        #expect(error?.log.contains { $0.contains("fettle-trial") } == true)
        #expect(!FileManager.default.fileExists(atPath: destination))
        #expect(try await small.held() == [])
    }

    @Test func whatIsNoImageIsRefusedInWords() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "no-image-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let patcher = try Self.patcher()
        try Data(count: 1 << 20).write(to: URL(fileURLWithPath: "\(folder)/-zeros"))
        let error = await #expect(throws: ImageError.self) {
            _ = try await patcher.patch(
                PatchRequest(source: "\(folder)/-zeros", destination: "\(folder)/patched.raw")
            ) { _ in }
        }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("no partition table and no file system") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["-zeros"])
    }

    /// The path of the work folder goes to programs in which these characters mean something else.
    @Test(arguments: ["a:b", "a,b", "a\\b", "a\nb", "a\"b"])
    func aPathThatAProgramWouldReadAsSomethingElseIsRefused(_ name: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "no-path-\(UInt32.random(in: 0...(.max)))")
            .path
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data(count: 1 << 20).write(to: URL(fileURLWithPath: "\(folder)/source"))
        let error = await #expect(throws: ImageError.self) {
            _ = try await Self.patcher().patch(
                PatchRequest(source: "\(folder)/source", destination: "\(folder)/\(name)/patched.raw")
            ) { _ in }
        }
        #expect(error?.message.contains("may hold no colon") == true)
    }
}
