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
            .init(title: "DATED"), .init(title: "SKIPPED", alignsRight: true),
        ])
        for feed in catalogue.feeds {
            table.add(
                .init(feed.format, .bold), .init(feed.origin), .init("\(feed.documents)"), .init("\(feed.advisories)"),
                .init("\(feed.weaknesses)"), .init(feed.publishedAt.dayText),
                .init("\(feed.skippedCount)", feed.skippedCount > 0 ? .yellow : .plain))
        }
        let skipped = catalogue.feeds.filter { !$0.skipped.isEmpty }.map { feed in
            "\(feed.format): \(feed.skippedCount) malformed records left out, the first: \(feed.skipped[0].printable)"
        }
        return ([table.render(in: terminal)] + skipped).joined(separator: "\n")
    }
}

enum ByteCount {
    static func text(_ bytes: Int) -> String {
        bytes < 10 << 20 ? "\((bytes + 1023) / 1024) KiB" : "\(bytes >> 20) MiB"
    }
}
