import FettleModel

/// One advisory, as it lies in the file: numbers first, then texts with their lengths.
enum AdvisoryBlock {
    /// Longer summaries are cut: they are for a line on a screen.
    static let longestSummary = 300
    static let mostAliases = 500
    static let mostRatings = 16
    static let noTime = Int64.min

    static func bytes(_ record: AdvisoryRecord, feed: Int) -> [UInt8] {
        var writer = ByteWriter()
        writer.number(UInt16(truncatingIfNeeded: feed))
        writer.number(UInt8(truncatingIfNeeded: UpdateClassCode.code(of: record.updateClass)))
        writer.number(UInt8(0))
        writer.number(record.publishedAt?.milliseconds ?? noTime)
        writer.number(record.modifiedAt?.milliseconds ?? noTime)
        writer.number(record.withdrawnAt?.milliseconds ?? noTime)
        writer.text(record.id)
        writer.text(record.severity)
        writer.text(cut(record.summary))
        let aliases = record.aliases.prefix(mostAliases)
        writer.number(UInt32(aliases.count))
        for alias in aliases { writer.text(alias) }
        CVSSBlock.append(record.cvss, to: &writer)
        return writer.bytes
    }

    static func updateClass(_ view: BlockView) -> UpdateClass {
        UpdateClassCode.updateClass(of: view.number(at: 2, as: UInt8.self))
    }

    static func read(_ view: BlockView) -> (record: AdvisoryRecord, feed: Int) {
        var cursor = BlockCursor(view)
        let feed = Int(cursor.number(UInt16.self))
        let updateClass = UpdateClassCode.updateClass(of: cursor.number(UInt8.self))
        _ = cursor.number(UInt8.self)
        var record = AdvisoryRecord(id: "", updateClass: updateClass)
        record.publishedAt = CVSSBlock.time(cursor.number(Int64.self))
        record.modifiedAt = CVSSBlock.time(cursor.number(Int64.self))
        record.withdrawnAt = CVSSBlock.time(cursor.number(Int64.self))
        record.id = cursor.text()
        record.severity = cursor.text()
        record.summary = cursor.text()
        for _ in 0..<cursor.elementCount() { record.aliases.append(cursor.text()) }
        record.cvss = CVSSBlock.read(&cursor)
        return (record, feed)
    }

    /// At a character's border, on one line.
    private static func cut(_ summary: String) -> String {
        let line = summary.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard line.utf8.count > longestSummary else { return line }
        var kept = ""
        var length = 0
        for character in line {
            length += character.utf8.count
            if length > longestSummary { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
