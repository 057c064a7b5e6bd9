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
            for time in [feed.publishedAt, feed.changedAt] {
                writer.number(time?.milliseconds ?? AdvisoryBlock.noTime)
            }
            append(feed.skipped, to: &writer)
            for tally in [feed.unmatchable, feed.keptAsUnknown] { append(tally, to: &writer) }
        }
        append(catalogue.passedOver, to: &writer)
        writer.number(UInt32(truncatingIfNeeded: catalogue.ecosystems.count))
        for ecosystem in catalogue.ecosystems {
            writer.text(ecosystem.name)
            writer.number(Int64(ecosystem.packages))
            writer.number(Int64(ecosystem.entries))
        }
        return writer.bytes
    }

    private static func append(_ tally: FeedCatalogue.RecordTally, to writer: inout ByteWriter) {
        writer.number(Int64(tally.count))
        append(tally.named, to: &writer)
    }

    private static func append(_ names: [String], to writer: inout ByteWriter) {
        writer.number(UInt32(truncatingIfNeeded: names.count))
        for name in names { writer.text(name) }
    }

    /// - Returns: nil if there cannot be so many.
    private static func count(_ cursor: inout BlockCursor) -> Int? {
        let count = Int(cursor.number(UInt32.self))
        return count <= cursor.view.count - cursor.offset ? count : nil
    }

    private static func names(_ cursor: inout BlockCursor) -> [String]? {
        guard let count = count(&cursor) else { return nil }
        var names: [String] = []
        for _ in 0..<count { names.append(cursor.text()) }
        return names
    }

    private static func tally(_ cursor: inout BlockCursor) -> FeedCatalogue.RecordTally? {
        let count = Int(cursor.number(Int64.self))
        return names(&cursor).map { FeedCatalogue.RecordTally(count: count, named: $0) }
    }

    /// - Returns: nil if the bytes are not exactly such a block.
    static func read(_ view: BlockView) -> FeedCatalogue? {
        var cursor = BlockCursor(view)
        var catalogue = FeedCatalogue(
            builtAt: Timestamp(milliseconds: cursor.number(Int64.self)), feeds: [], ecosystems: [], advisories: 0,
            weaknesses: 0)
        catalogue.advisories = Int(cursor.number(Int64.self))
        catalogue.weaknesses = Int(cursor.number(Int64.self))
        guard let feedCount = count(&cursor) else { return nil }
        for _ in 0..<feedCount {
            var feed = FeedCatalogue.Feed(format: cursor.text(), origin: cursor.text())
            feed.documents = Int(cursor.number(Int64.self))
            feed.advisories = Int(cursor.number(Int64.self))
            feed.weaknesses = Int(cursor.number(Int64.self))
            feed.skippedCount = Int(cursor.number(Int64.self))
            feed.publishedAt = CVSSBlock.time(cursor.number(Int64.self))
            feed.changedAt = CVSSBlock.time(cursor.number(Int64.self))
            guard let skipped = names(&cursor), let unmatchable = tally(&cursor), let unknown = tally(&cursor) else {
                return nil
            }
            feed.skipped = skipped
            feed.unmatchable = unmatchable
            feed.keptAsUnknown = unknown
            catalogue.feeds.append(feed)
        }
        guard let passedOver = tally(&cursor), let ecosystemCount = count(&cursor) else { return nil }
        catalogue.passedOver = passedOver
        for _ in 0..<ecosystemCount {
            let name = cursor.text()
            catalogue.ecosystems.append(
                FeedCatalogue.EcosystemEntry(
                    name: name, packages: Int(cursor.number(Int64.self)), entries: Int(cursor.number(Int64.self))))
        }
        return cursor.offset == view.count ? catalogue : nil
    }
}
