import FettleControl
import FettleModel
import Foundation
import Testing

@testable import FettleCommands

/// What is frozen goes when its set is done, and not before; with the real program.
@Suite struct FrozenGarbageTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @discardableResult
    private func run(_ line: String, exits: Int32 = 0) async throws -> String {
        let program = try Program(line.split(separator: " ").map(String.init), in: folder)
        let status = try await program.end()
        #expect(status == exits, "\(line): \(status)\n\(program.output)\(program.error)")
        return program.output
    }

    private var store: ArtifactFolder { ArtifactFolder(root: folder.file("artifacts")) }
    private static let age = Date(timeIntervalSinceNow: -200_000)

    /// - Returns: its archive.
    private func freeze(_ set: StageReference, _ content: String) throws -> URL {
        var digest = RunningDigest()
        digest.add(Data(content.utf8))
        let archive = FrozenArchive(
            package: PackageVersion(name: content, architecture: "all", version: "1"), bytes: Int64(content.utf8.count),
            sha256: digest.value(), fields: ["Package: \(content)"])
        let writer = try ArtifactFolder.Writer(archive, in: store)
        try writer.take([UInt8](content.utf8))
        try writer.finish()
        let repository = FrozenRepository(
            set: set, platform: "plan9:4", madeAt: .now(), madeBy: "alice", archives: [archive])
        let place = store.place(of: repository)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try CanonicalJSON.encode(repository).write(to: place.appending(path: ArtifactFolder.manifest))
        let file = store.path(of: archive)
        try FileManager.default.setAttributes([.modificationDate: Self.age], ofItemAtPath: file.path)
        return file
    }

    private func isThere(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }

    @Test func onlyWhatNoSetUnderWayNamesIsTakenAway() async throws {
        try await LocalFleet().keep(in: folder, promoting: true)
        let shown = try await run("patchset show patchset-1")
        let digest = try #require(shown.firstMatch(of: /digest ([0-9a-f]{64})/)?.1)
        let mine = try freeze(StageReference(id: "patchset-1", digest: Digest(rawValue: String(digest))), "mine")
        let theirs = try freeze(
            StageReference(id: "patchset-7", digest: Digest(rawValue: String(repeating: "f", count: 64))), "theirs")
        let unnamed = store.root.appending(path: "archives/unnamed.deb")
        try Data().write(to: unnamed)
        #expect(try await run("patchset collect --days 0").contains("stays: "))
        #expect(isThere(mine) && isThere(theirs) && isThere(unnamed))
        // Somebody may just be freezing it.
        try FileManager.default.setAttributes([.modificationDate: Self.age], ofItemAtPath: unnamed.path)
        try await run("patchset collect --days 0")
        #expect(isThere(mine) && isThere(theirs) && !isThere(unnamed))

        try await LocalFleet().approve(in: folder)
        try await run("run start change-1 --no-verify --as alice")
        #expect(try await run("patchset collect --days 1").contains("done only since"))
        #expect(try await run("patchset collect --days 0 --dry-run").contains("would go"))
        #expect(isThere(mine))
        try await run("patchset collect --days 0")
        #expect(!isThere(mine) && isThere(theirs))
        #expect(try store.frozen().map(\.repository.set.id) == ["patchset-7"])
    }

    @Test func whatBrokeOffIsClearedADayLater() async throws {
        try await LocalFleet().keep(in: folder, promoting: true)
        let places = [".old-1", ".draft-1", ".old-2", ".draft-2"].map { store.repositories.appending(path: $0) }
        for place in places {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data().write(to: place.appending(path: "Release"))
        }
        for place in places.prefix(2) {
            try FileManager.default.setAttributes([.modificationDate: Self.age], ofItemAtPath: place.path)
        }
        try await run("patchset collect --days 0")
        #expect(places.map(isThere) == [false, false, true, true])
    }

    @Test func whatCannotBeToldIsNotGarbage() async throws {
        try await LocalFleet().keep(in: folder, promoting: true)
        let file = try freeze(
            StageReference(id: "patchset-7", digest: Digest(rawValue: String(repeating: "f", count: 64))), "theirs")
        try folder.write("{", to: "artifacts/repositories/patchset-7/plan9-4/frozen.json")
        try await run("patchset collect --days 0", exits: 1)
        #expect(isThere(file))
    }
}
