import FettleModel
import Foundation
import Testing

@testable import FettleIndex

@Suite struct CatalogueBlockTests {
    private static let catalogue: FeedCatalogue = {
        var feed = FeedCatalogue.Feed(
            format: "osv", origin: "/a b\n", documents: 3, advisories: 4, weaknesses: 5,
            publishedAt: Timestamp(milliseconds: 1_790_000_000_123), skippedCount: 2, skipped: ["x", "é"])
        feed.unmatchable = FeedCatalogue.RecordTally(count: 7, named: ["u: commits alone"])
        feed.keptAsUnknown = FeedCatalogue.RecordTally(count: 8, named: [])
        feed.changedAt = Timestamp(milliseconds: 1_780_000_000_456)
        var catalogue = FeedCatalogue(
            builtAt: Timestamp(milliseconds: 1_790_000_000_000),
            feeds: [feed, FeedCatalogue.Feed(format: "", origin: "")],
            ecosystems: [FeedCatalogue.EcosystemEntry(name: "debian:12", packages: 1, entries: 2)], advisories: 9,
            weaknesses: 10)
        catalogue.passedOver = FeedCatalogue.RecordTally(count: 2, named: ["/a/.treeinfo: is no feed"])
        return catalogue
    }()

    private func read(_ bytes: [UInt8]) -> FeedCatalogue? {
        bytes.withUnsafeBytes { CatalogueBlock.read(BlockView($0)) }
    }

    @Test func whatIsWrittenIsReadBack() {
        let empty = FeedCatalogue(
            builtAt: Timestamp(milliseconds: 0), feeds: [], ecosystems: [], advisories: 0, weaknesses: 0)
        for catalogue in [Self.catalogue, empty] { #expect(read(CatalogueBlock.bytes(catalogue)) == catalogue) }
    }

    @Test func whatIsCutOrHasMoreBehindItIsNone() {
        let bytes = CatalogueBlock.bytes(Self.catalogue)
        for count in 0..<bytes.count { #expect(read(Array(bytes.prefix(count))) == nil, "\(count)") }
        #expect(read(bytes + [0]) == nil)
    }
}
