import FettleAssessment
import FettleFeeds
import FettleIndex
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleCommands

/// The columns that `fettle impact` asks: derived, so that damage costs a moment and no answer.
@Suite struct FleetPackagesTests {
    private static let feed = """
        {"openssl": {"CVE-2026-1001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.22"}}}}}
        """

    private let folder: TestFolder
    private let index: AdvisoryIndex
    private let facts: FactSet
    private let fleet: Fleet

    init() throws {
        folder = try TestFolder()
        try folder.write(Self.feed, to: "feeds/tracker.json")
        try folder.write("", to: ".fettle/here")
        let path = folder.file("feeds.index").path
        _ = try FeedCompiler().compile([folder.file("feeds").path], to: path, builtAt: Timestamp(milliseconds: 0))
        index = try AdvisoryIndex(path: path)
        let names = ["web-1", "web-2", "web-3"]
        facts = FactSet(
            id: "facts-1", observedAt: FactSample.now,
            hosts: zip(names, ["3.0.20", "3.0.22", "3.0.20"]).map { name, version in
                FactSample.host(ResourceID(name), packages: [FactSample.package("openssl", version)])
            })
        fleet = Fleet(
            environments: [Environment(id: "dev", isProtected: false)],
            resources: names.map { Resource(id: ResourceID($0), address: .local, environment: "dev") }, groups: [])
    }

    private func hosts(_ packages: FleetPackages, seen: FactSet?) async throws -> [String]? {
        let numbers = try AdvisoryFeeds(index: index).advisories(named: "CVE-2026-1001").numbers
        return try await packages.hosts(with: numbers.sorted(), by: index) { seen.map { ($0, fleet) } }?.map(\.id)
    }

    @Test(arguments: [100, 200, 5_000, 9_000, 69_632])
    func aDamagedFileIsMadeAnewOfTheLastScan(offset: Int) async throws {
        let packages = FleetPackages(directory: folder.file(""))
        #expect(try await hosts(packages, seen: facts) == nil)
        packages.update(with: facts, fleet: fleet)
        #expect(try await hosts(packages, seen: nil) == ["web-1", "web-3"])
        var bytes = try Data(contentsOf: URL(filePath: packages.path))
        let end = min(offset + 4_000, bytes.count)
        let holdsSomething = bytes[offset..<end].contains { $0 != 0 }
        try #require(holdsSomething)
        bytes.replaceSubrange(offset..<end, with: Data(repeating: 0, count: end - offset))
        try bytes.write(to: URL(filePath: packages.path))
        // Without a scan to make it of there is the error and what to do, or the right answer: never "no host has it".
        do {
            #expect(try await hosts(packages, seen: nil) == ["web-1", "web-3"])
        } catch let error as CommandFailure {
            #expect(error.message.contains("fettle scan"))
        }
        #expect(try await hosts(packages, seen: facts) == ["web-1", "web-3"])
        #expect(try await hosts(packages, seen: nil) == ["web-1", "web-3"])
    }
}
