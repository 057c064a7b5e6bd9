import FettleModel
import Testing

@testable import FettleIndex

/// How old feeds are that came as files.
@Suite struct FeedAgeTests {
    private static let now = Timestamp(milliseconds: 1_790_000_000_000)

    private func note(published: Int? = nil, changed: Int? = nil) -> String? {
        var feed = FeedCatalogue.Feed(format: "osv", origin: "/feeds/all.zip")
        feed.publishedAt = published.map { Self.now.adding(seconds: -$0 * 3_600) }
        feed.changedAt = changed.map { Self.now.adding(seconds: -$0 * 3_600) }
        return feed.ageNote(at: Self.now)
    }

    @Test func itsOwnDateGoesBeforeThatOfItsFile() {
        #expect(note(published: 71, changed: 1_000) == nil)
        #expect(
            note(published: 72, changed: 1)
                == "osv (all.zip) is stale: of 2026-09-18 by its own date, 3 days ago; 72 hours are allowed")
    }

    @Test func withoutADateTheFileTellsAndItIsSaidSo() {
        #expect(note(changed: 71) == nil)
        #expect(
            note(changed: 241)
                == "osv (all.zip) is stale: of 2026-09-11 by its file's time of change, 10 days ago; 72 hours are allowed"
        )
        #expect(note() == "osv (all.zip) carries no date: how old it is is not known")
    }

    @Test func aDateInTheFutureIsNoFreshness() {
        #expect(note(published: -2)?.contains("is dated in the future (2026-09-21") == true)
        var feed = FeedCatalogue.Feed(format: "osv", origin: "a")
        for odd in [Int64.min, .min + 1, .max] {
            feed.publishedAt = Timestamp(milliseconds: odd)
            #expect(feed.ageNote(at: Self.now) != nil)
        }
    }

    @Test func manyAreCountedAndWhatIsNoFeedIsNamed() {
        let feed = FeedCatalogue.Feed(format: "osv", origin: "a")
        var catalogue = FeedCatalogue(
            builtAt: Self.now, feeds: Array(repeating: feed, count: 12), ecosystems: [], advisories: 0, weaknesses: 0)
        catalogue.passedOver = .init(count: 3, named: ["/a is no feed", "/b leads nowhere"])
        let notes = catalogue.notes(at: Self.now)
        #expect(notes.count == 14)
        #expect(
            notes.suffix(4) == [
                "… and 2 more feeds are so", "passed over: /a is no feed", "passed over: /b leads nowhere",
                "passed over: … and 1 more",
            ])
    }
}
