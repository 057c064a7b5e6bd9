internal import FettleIndex
internal import FettleModel
public import Foundation

/// CISA's catalogue of known exploited vulnerabilities, as JSON and as CSV
/// (https://www.cisa.gov/known-exploited-vulnerabilities-catalog).
public enum KEVFormat: FeedFormat {
    public static let name = "kev"

    public static func recognises(_ head: Data) -> Bool {
        if isCSV(head) { return true }
        let outline = JSONOutline(head)
        return outline.has("vulnerabilities/[]/cveID")
            || (outline.has("catalogVersion") && outline.has("vulnerabilities"))
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        if isCSV(document.bytes.prefix(1024)) {
            try parseCSV(document, into: sink)
        } else {
            try parseJSON(document, into: sink)
        }
    }

    private static func parseJSON(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        let catalogue = try document.decoded(Catalogue.self, orElse: "is no KEV catalogue")
        for (number, entry) in catalogue.vulnerabilities.enumerated() {
            guard let value = entry.value else {
                sink.skipped("entry \(number + 1)", because: entry.problem ?? "it cannot be read")
                continue
            }
            try take(
                value.cveID, added: value.dateAdded, due: value.dueDate, ransomware: value.knownRansomwareCampaignUse,
                into: sink)
        }
        if let count = catalogue.count, count != catalogue.vulnerabilities.count {
            sink.skipped(
                "the catalogue", because: "it announces \(count) entries and has \(catalogue.vulnerabilities.count)")
        }
        if let time = FeedDates.time(catalogue.dateReleased) { sink.dated(time) }
    }

    /// The columns are found by their names: they have been added to before. It bears no date but its entries'.
    private static func parseCSV(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        var rows = CSVRows(document.bytes)
        let header = rows.next() ?? []
        guard let id = header.firstIndex(of: "cveID"), let added = header.firstIndex(of: "dateAdded") else {
            throw FeedError(document.name, "is no KEV catalogue: the columns cveID and dateAdded must stand")
        }
        let due = header.firstIndex(of: "dueDate")
        let ransomware = header.firstIndex(of: "knownRansomwareCampaignUse")
        var newest: Timestamp?
        while let row = rows.next() {
            guard row.count == header.count else {
                sink.skipped("line \(rows.line)", because: "it has \(row.count) fields instead of \(header.count)")
                continue
            }
            let time = try take(
                row[id], added: row[added], due: due.map { row[$0] }, ransomware: ransomware.map { row[$0] }, into: sink
            )
            if let time { newest = max(newest ?? time, time) }
        }
        guard !rows.isCutOff else { throw FeedError(document.name, "is cut off within quotes, in line \(rows.line)") }
        if let newest { sink.dated(newest) }
    }

    /// - Returns: when it was added; nil if it was skipped.
    @discardableResult
    private static func take(
        _ id: String, added: String, due: String?, ransomware: String?, into sink: any FeedSink
    ) throws(FeedError) -> Timestamp? {
        guard AdvisoryNames.isCVE(id) else {
            sink.skipped(String(id.prefix(60)), because: "it is no CVE")
            return nil
        }
        guard let addedAt = FeedDates.time(added) else {
            sink.skipped(id, because: "'\(added.prefix(40))' is no day such as 2025-08-25")
            return nil
        }
        let exploited = KnownExploitation(
            addedAt: addedAt, dueAt: FeedDates.time(due), isUsedByRansomware: ransomware?.lowercased() == "known")
        try sink.weakness(WeaknessRecord(id: id, exploited: exploited))
        return addedAt
    }

    private static func isCSV(_ head: Data) -> Bool {
        let first = head.prefix(1024).drop { $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
        return first.starts(with: "cveID,".utf8) || first.starts(with: #""cveID","#.utf8)
    }

    private struct Catalogue: Decodable {
        var dateReleased: String?
        var count: Int?
        var vulnerabilities: [Lenient<Entry>]

        enum CodingKeys: String, CodingKey { case dateReleased, count, vulnerabilities }

        init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            dateReleased = values.tolerant(String.self, .dateReleased)
            count = values.tolerant(Int.self, .count)
            vulnerabilities = try values.decode([Lenient<Entry>].self, forKey: .vulnerabilities)
        }
    }

    private struct Entry: Decodable {
        var cveID: String
        var dateAdded: String
        var dueDate: String?
        var knownRansomwareCampaignUse: String?
    }
}
