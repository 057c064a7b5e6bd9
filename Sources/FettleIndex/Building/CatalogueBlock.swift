import FettleModel

/// What the index is made of, as it lies in the file. Read whenever an index is opened, by programs that live for a few
/// milliseconds: a decoder of JSON would take one of them.
enum CatalogueBlock {
    static func bytes(_ catalogue: FeedCatalogue) -> [UInt8] {
        var writer = ByteWriter()
        writer.number(catalogue.builtAt.milliseconds)
        writer.number(Int64(catalogue.advisories))
        writer.number(Int64(catalogue.weaknesses))
        writer.number(UInt32(truncatingIfNeeded: catalogue.feeds.count))
        for feed in catalogue.feeds {
            writer.text(feed.format)
            writer.text(feed.origin)
            for count in [feed.documents, feed.advisories, feed.weaknesses, feed.skippedCount] {
                writer.number(Int64(count))
            }
            writer.number(feed.publishedAt?.milliseconds ?? AdvisoryBlock.noTime)
            append(feed.skipped, to: &writer)
            for tally in [feed.unmatchable, feed.keptAsUnknown] {
                writer.number(Int64(tally.count))
                append(tally.named, to: &writer)
            }
        }
        writer.number(UInt32(truncatingIfNeeded: catalogue.ecosystems.count))
        for ecosystem in catalogue.ecosystems {
            writer.text(ecosystem.name)
            writer.number(Int64(ecosystem.packages))
            writer.number(Int64(ecosystem.entries))
        }
        return writer.bytes
    }

    private static func append(_ names: [String], to writer: inout ByteWriter) {
        writer.number(UInt32(truncatingIfNeeded: names.count))
        for name in names { writer.text(name) }
    }

    private static func names(_ cursor: inout BlockCursor) -> [String] {
        var names: [String] = []
        for _ in 0..<cursor.elementCount() { names.append(cursor.text()) }
        return names
    }

    private static func tally(_ cursor: inout BlockCursor) -> FeedCatalogue.RecordTally {
        FeedCatalogue.RecordTally(count: Int(cursor.number(Int64.self)), named: names(&cursor))
    }

    /// - Returns: nil if the bytes are not exactly such a block.
    static func read(_ view: BlockView) -> FeedCatalogue? {
        var cursor = BlockCursor(view)
        var catalogue = FeedCatalogue(
            builtAt: Timestamp(milliseconds: cursor.number(Int64.self)), feeds: [], ecosystems: [], advisories: 0,
            weaknesses: 0)
        catalogue.advisories = Int(cursor.number(Int64.self))
        catalogue.weaknesses = Int(cursor.number(Int64.self))
        for _ in 0..<cursor.elementCount() {
            var feed = FeedCatalogue.Feed(format: cursor.text(), origin: cursor.text())
            feed.documents = Int(cursor.number(Int64.self))
            feed.advisories = Int(cursor.number(Int64.self))
            feed.weaknesses = Int(cursor.number(Int64.self))
            feed.skippedCount = Int(cursor.number(Int64.self))
            feed.publishedAt = CVSSBlock.time(cursor.number(Int64.self))
            feed.skipped = names(&cursor)
            feed.unmatchable = tally(&cursor)
            feed.keptAsUnknown = tally(&cursor)
            catalogue.feeds.append(feed)
        }
        for _ in 0..<cursor.elementCount() {
            let name = cursor.text()
            catalogue.ecosystems.append(
                FeedCatalogue.EcosystemEntry(
                    name: name, packages: Int(cursor.number(Int64.self)), entries: Int(cursor.number(Int64.self))))
        }
        return cursor.offset == view.count ? catalogue : nil
    }
}
