import FettleIndex
import FettleModel

/// The feeds of an index as a table.
struct FeedsView {
    var catalogue: FeedCatalogue
    var now = Timestamp.now()

    func lines(in terminal: Terminal = .standard) -> String {
        var table = Table([
            .init(title: "FEED"), .init(title: "FROM", shrinks: 2), .init(title: "DOCUMENTS", alignsRight: true),
            .init(title: "ADVISORIES", alignsRight: true), .init(title: "CVES", alignsRight: true),
            .init(title: "DATED"), .init(title: "LEFT OUT", alignsRight: true),
            .init(title: "UNKNOWN", alignsRight: true), .init(title: "NOT USABLE", alignsRight: true),
        ])
        for feed in catalogue.feeds {
            table.add(
                .init(feed.format, .bold), .init(feed.origin), .init("\(feed.documents)"), .init("\(feed.advisories)"),
                .init("\(feed.weaknesses)"),
                .init(
                    feed.publishedAt == nil && feed.changedAt != nil ? "\(feed.date.dayText) (file)" : feed.date.dayText
                ),
                Self.count(feed.skippedCount), Self.count(feed.keptAsUnknown.count), Self.count(feed.unmatchable.count))
        }
        let remarks = catalogue.feeds.flatMap { feed in feed.remarks.map { "\(feed.format): \($0.printable)" } }
        return ([table.render(in: terminal)] + remarks).joined(separator: "\n")
    }

    private static func count(_ count: Int) -> Table.Cell { .init("\(count)", count > 0 ? .yellow : .plain) }
}

enum ByteCount {
    static func text(_ bytes: Int) -> String {
        bytes < 10 << 20 ? "\((bytes + 1023) / 1024) KiB" : "\(bytes >> 20) MiB"
    }
}
