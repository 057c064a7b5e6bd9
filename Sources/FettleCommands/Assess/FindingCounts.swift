import FettleAssessment
import FettleIndex
import FettleModel
import FettleReporting

/// What `fettle assess --count` answers, of files and of a fleet.
struct FindingCountAnswer: Encodable {
    /// nil: the lists are files.
    var hosts: Int?
    var packages: Int
    var affected: Int
    var byClass: [String: Int]
    var underInvestigation: Int
    var unknown: Int
    /// Packages that no feed speaks of; nil of a fleet, whose gaps tell it.
    var notChecked: Int?
    var feedNotes: [String]
    /// What could not be read or judged, the first of it in words: a count without it may be too low.
    var gaps: [String]
    /// How many there are of them all.
    var gapCount: Int

    private enum CodingKeys: String, CodingKey {
        case hosts, packages, affected, byClass, underInvestigation, unknown, notChecked, feedNotes, gaps
    }

    func write(as format: OutputFormat) throws {
        switch format {
        case .json, .ndjson: Output.writeLine(String(decoding: try CanonicalJSON.encode(self), as: UTF8.self))
        case .csv: try Output.writeLines(table, as: .csv)
        case .table, .ics: Output.writeLine(words)
        }
    }

    private var words: String {
        let classes = UpdateClass.allCases.compactMap { kind in byClass[kind.rawValue].map { "\($0) \(kind.rawValue)" }
        }
        let missing = notChecked.map { ", not checked \($0)" } ?? ""
        return """
            affected \(affected)\(classes.isEmpty ? "" : " (\(classes.joined(separator: ", ")))")
            under investigation \(underInvestigation)
            unknown \(unknown)
            \(hosts.map { "hosts \($0), " } ?? "")packages \(packages)\(missing)
            """
    }

    private var table: ReportTable {
        let classes = UpdateClass.allCases.map(\.rawValue)
        let columns =
            ["hosts", "packages", "affected"] + classes + ["underInvestigation", "unknown", "notChecked", "gaps"]
        return ListAnswer.table("counts", columns.map { ($0, "") }, of: [self]) { answer in
            [.optional(answer.hosts), .count(answer.packages), .count(answer.affected)]
                + classes.map { .count(answer.byClass[$0] ?? 0) }
                + [
                    .count(answer.underInvestigation), .count(answer.unknown), .optional(answer.notChecked),
                    .count(answer.gapCount),
                ]
        }
    }
}

/// Counts only, of files.
final class FindingCounts: FindingWriter {
    private let format: OutputFormat

    init(_ format: OutputFormat) { self.format = format }

    func write(
        _ list: SoftwareList, _ judgement: SoftwareJudgement, _ judge: SoftwareJudge, host: String
    ) throws {
        // All there is to say are the totals.
    }

    func finish(_ totals: FindingTotals, _ catalogue: FeedCatalogue) throws {
        let remarks = catalogue.feeds.flatMap { feed in feed.remarks.map { "\(feed.format): \($0)" } }
        try FindingCountAnswer(
            packages: totals.packages, affected: totals.affectedCount,
            byClass: Dictionary(uniqueKeysWithValues: totals.affected.map { ($0.key.rawValue, $0.value) }),
            underInvestigation: totals.others[.underInvestigation] ?? 0, unknown: totals.others[.unknown] ?? 0,
            notChecked: totals.notChecked, feedNotes: totals.feedNotes + remarks, gaps: totals.gapsInWords,
            gapCount: totals.gaps.count
        ).write(as: format)
    }
}

extension FleetFindingLines {
    /// What the lines come to, without writing any.
    func counts(_ set: FindingSet, notes: [String]) throws -> FindingCountAnswer {
        var classes: [String: Int] = [:]
        var undecided: [FindingStatus: Int] = [:]
        var affected = 0
        try visit { line in
            guard line.status == .affected else {
                undecided[line.status, default: 0] += 1
                return
            }
            affected += 1
            if let finding = line.finding { classes[finding.updateClass.rawValue, default: 0] += 1 }
        }
        let gaps = set.notJudged.map { "\($0.resource): \($0.reason)" }
        return FindingCountAnswer(
            hosts: hostCount, packages: packageCount, affected: affected, byClass: classes,
            underInvestigation: undecided[.underInvestigation] ?? 0, unknown: undecided[.unknown] ?? 0,
            feedNotes: notes, gaps: GapList(gaps).lines, gapCount: gaps.count)
    }
}

/// The first of many gaps, and how many more there are.
struct GapList {
    static let told = 20
    private let gaps: [String]

    init(_ gaps: [String]) { self.gaps = gaps }

    var lines: [String] {
        gaps.prefix(Self.told) + (gaps.count > Self.told ? ["… and \(gaps.count - Self.told) more"] : [])
    }
}
