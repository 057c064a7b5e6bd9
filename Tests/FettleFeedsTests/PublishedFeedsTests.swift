import FettleFeeds
import FettleIndex
import FettleModel
import FettleTestSupport
import Foundation
import Testing

private enum PublishedFeeds {
    static func read<Format: FeedFormat>(_ format: Format.Type, _ path: String) throws -> FeedRecorder {
        let file = PublishedData.folder.appending(path: path)
        let bytes = try Data(contentsOf: file, options: .mappedIfSafe)
        #expect(Format.recognises(bytes.prefix(65_536)))
        let recorder = FeedRecorder()
        try Format.parse(FeedDocument(name: path, bytes: bytes), into: recorder)
        return recorder
    }

    static func compile(_ path: String) throws -> FeedCatalogue {
        let index = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-\(UUID().uuidString).index")
        defer { try? FileManager.default.removeItem(at: index) }
        let file = PublishedData.folder.appending(path: path).path
        return try FeedCompiler().compile([file], to: index.path, builtAt: Timestamp(milliseconds: 0)).catalogue
    }
}

@Suite("Published feeds", .enabled(if: PublishedData.isPresent, "\(PublishedData.absence)"))
struct PublishedFeedsTests {
    @Test(
        "Nothing of CISA's catalogues is lost",
        arguments: [
            ("kev/known_exploited_vulnerabilities.json", 1404), ("kev/known_exploited_vulnerabilities.csv", 1404),
            ("kev/cisa-kev-2026-01-27.json", 1500),
        ])
    func catalogues(path: String, count: Int) throws {
        let result = try PublishedFeeds.read(KEVFormat.self, path)
        #expect(result.skipped.isEmpty)
        #expect(Set(result.weaknesses.map(\.id)).count == count)
        #expect(result.weaknesses.allSatisfy { $0.exploited?.dueAt != nil })
    }

    @Test(
        "Nothing of a whole archive is lost",
        arguments: [("alma-osv.tar.zst", "osv", 5_680), ("pypa.tar.zst", "osv", 2_661)])
    func archives(path: String, format: String, count: Int) throws {
        let catalogue = try PublishedFeeds.compile(path)
        let feed = try #require(catalogue.feeds.first { $0.format == format })
        #expect(feed.documents == count && feed.skippedCount == 0, "\(feed)")
    }

    @Test(
        "Nothing of CISA's enriched CVE records is lost",
        .enabled(if: TestScale.isLong, "reads 44,130 records: FETTLE_TEST_LONG=1"))
    func enrichedRecords() throws {
        let catalogue = try PublishedFeeds.compile("vulnrichment.tar.zst")
        let feed = try #require(catalogue.feeds.first { $0.format == "cve" })
        #expect(feed.documents == 44_130 && feed.weaknesses == 44_130 && feed.skippedCount == 0, "\(feed)")
    }

    @Test("Nothing of a tracker's document of bookworm is lost")
    func tracker() throws {
        let result = try PublishedFeeds.read(DebianTrackerFormat.self, "debian12/tracker-derived.json")
        #expect(result.skipped.isEmpty)
        #expect(result.advisories.count == 15_359)
        #expect(result.advisories.allSatisfy { $0.affected.map(\.ecosystem.name) == ["debian:12"] })
        #expect(result.advisories.allSatisfy { $0.affected.first?.fixed != nil })
    }
}
