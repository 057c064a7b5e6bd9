internal import FettleIndex
internal import FettleModel
public import Foundation

/// The Exploit Prediction Scoring System's daily scores as CSV (https://www.first.org/epss/data_stats).
///
/// The first files had neither a line with the day nor percentiles, later ones percentiles, those since 2022 both. A
/// score means nothing without its day: where the file bears none, its name must.
public enum EPSSFormat: FeedFormat {
    public static let name = "epss"

    public static func recognises(_ head: Data) -> Bool {
        let lines = head.prefix(1024).split(separator: UInt8(ascii: "\n"), maxSplits: 2)
        return lines.first.map(isHeader) ?? false
            || (lines.count > 1 && lines[0].first == UInt8(ascii: "#") && isHeader(lines[1]))
    }

    public static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError) {
        var lines = Lines(document.bytes)
        var line = lines.next()
        var day: Timestamp?
        if let comment = line, comment.first == UInt8(ascii: "#") {
            day = Self.day(inComment: String(decoding: comment.prefix(1024), as: UTF8.self))
            guard day != nil else {
                throw FeedError(document.name, "begins with a comment without 'score_date:2022-02-04T00:00:00+0000'")
            }
            line = lines.next()
        }
        guard let header = line, isHeader(header) else {
            throw FeedError(document.name, "is no EPSS file: 'cve,epss' or 'cve,epss,percentile' must head the scores")
        }
        guard let day = day ?? Self.day(inName: document.name) else {
            throw FeedError(
                document.name,
                "bears no day: without the line '#…,score_date:…' it must be named epss_scores-YYYY-MM-DD")
        }
        let columns = fields(header).count
        while let line = lines.next() {
            let fields = Self.fields(line)
            guard let record = record(fields, of: columns, at: day) else {
                let id = String(decoding: line.prefix(40), as: UTF8.self)
                sink.skipped("line \(lines.number), \(id)", because: "it is no CVE with scores of 0 to 1")
                continue
            }
            try sink.weakness(record)
        }
        sink.dated(day)
    }

    private static func record(_ fields: [Data.SubSequence], of columns: Int, at day: Timestamp) -> WeaknessRecord? {
        guard fields.count == columns, let probability = share(fields[1]) else { return nil }
        let id = String(decoding: fields[0], as: UTF8.self)
        guard AdvisoryNames.isCVE(id) else { return nil }
        var percentile: Double?
        if columns > 2 {
            guard let given = share(fields[2]) else { return nil }
            percentile = given
        }
        return WeaknessRecord(
            id: id, prediction: ExploitPrediction(probability: probability, percentile: percentile, scoredAt: day))
    }

    /// A number of 0 to 1, in decimals.
    private static func share(_ field: Data.SubSequence) -> Double? {
        guard !field.isEmpty, field.count <= 40,
            field.allSatisfy({ ($0 >= 0x2B && $0 <= 0x39 && $0 != 0x2F) || $0 | 0x20 == 0x65 })
        else { return nil }
        guard let value = Double(String(decoding: field, as: UTF8.self)), value >= 0, value <= 1 else { return nil }
        return value
    }

    private static func isHeader(_ line: Data.SubSequence) -> Bool {
        let names = fields(line).map { String(decoding: $0, as: UTF8.self) }
        return names == ["cve", "epss"] || names == ["cve", "epss", "percentile"]
    }

    private static func fields(_ line: Data.SubSequence) -> [Data.SubSequence] {
        (line.last == 0x0D ? line.dropLast() : line)
            .split(separator: UInt8(ascii: ","), maxSplits: 3, omittingEmptySubsequences: false)
    }

    /// `#model_version:v2022.01.01,score_date:2022-02-04T00:00:00+0000`
    private static func day(inComment comment: String) -> Timestamp? {
        guard let mark = comment.range(of: "score_date:") else { return nil }
        return FeedDates.time(String(comment[mark.upperBound...].prefix { $0 != "," && !$0.isWhitespace }))
    }

    /// `epss_scores-2021-04-14.csv.gz`
    private static func day(inName name: String) -> Timestamp? {
        guard let mark = name.range(of: "epss_scores-", options: .backwards) else { return nil }
        return FeedDates.time(String(name[mark.upperBound...].prefix(10)))
    }

    private struct Lines {
        private var rest: Data.SubSequence
        private(set) var number = 0

        init(_ bytes: Data) {
            rest = bytes[...]
        }

        mutating func next() -> Data.SubSequence? {
            guard !rest.isEmpty else { return nil }
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            defer { rest = end < rest.endIndex ? rest[rest.index(after: end)...] : rest[end...] }
            number += 1
            return rest[rest.startIndex..<end]
        }
    }
}
