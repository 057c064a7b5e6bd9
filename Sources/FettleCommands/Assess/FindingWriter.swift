import FettleAssessment
import FettleIndex
import FettleModel

/// How findings about files are written. One for each form of output.
protocol FindingWriter: AnyObject {
    /// The findings of one list.
    func write(
        _ list: SoftwareList, _ judgement: SoftwareJudgement, _ judge: SoftwareJudge, host: String) throws
    func finish(_ totals: FindingTotals, _ catalogue: FeedCatalogue) throws
}

enum FindingWriters {
    static func make(_ output: OutputFormat, countsOnly: Bool, showsHosts: Bool) -> any FindingWriter {
        if countsOnly { return FindingCounts(isJSON: output.isJSON) }
        switch output {
        case .table, .ics: return FindingTable(showsHosts: showsHosts)
        case .ndjson: return FindingLines(showsHosts: showsHosts, form: .lines)
        case .json: return FindingLines(showsHosts: showsHosts, form: .document)
        case .csv: return FindingRows(showsHosts: showsHosts)
        }
    }
}

/// Counts only.
final class FindingCounts: FindingWriter {
    private let isJSON: Bool

    init(isJSON: Bool) { self.isJSON = isJSON }

    func write(
        _ list: SoftwareList, _ judgement: SoftwareJudgement, _ judge: SoftwareJudge, host: String
    ) throws {
        // All there is to say are the totals.
    }

    private struct Answer: Encodable {
        var packages: Int
        var affected: Int
        var byClass: [String: Int]
        var underInvestigation: Int
        var unknown: Int
        var notChecked: Int
        var feedNotes: [String]
    }

    func finish(_ totals: FindingTotals, _ catalogue: FeedCatalogue) throws {
        let answer = Answer(
            packages: totals.packages, affected: totals.affectedCount,
            byClass: Dictionary(uniqueKeysWithValues: totals.affected.map { ($0.key.rawValue, $0.value) }),
            underInvestigation: totals.others[.underInvestigation] ?? 0, unknown: totals.others[.unknown] ?? 0,
            notChecked: totals.notChecked, feedNotes: totals.feedNotes)
        if isJSON {
            return Output.writeLine(String(decoding: try CanonicalJSON.encode(answer), as: UTF8.self))
        }
        let classes = UpdateClass.allCases.compactMap { kind in
            answer.byClass[kind.rawValue].map { "\($0) \(kind.rawValue)" }
        }
        Output.writeLine("affected \(answer.affected)\(classes.isEmpty ? "" : " (\(classes.joined(separator: ", ")))")")
        Output.writeLine("under investigation \(answer.underInvestigation)")
        Output.writeLine("unknown \(answer.unknown)")
        Output.writeLine("packages \(answer.packages), not checked \(answer.notChecked)")
    }
}

extension FindingTotals {
    /// What is counted is the same however it is written.
    mutating func add(_ judgement: SoftwareJudgement, _ lots: [PackageLot]) {
        packages += judgement.lots.count
        for number in judgement.lots {
            guard let number else {
                notChecked += 1
                continue
            }
            affected.merge(lots[number].counts.affected, uniquingKeysWith: +)
            others.merge(lots[number].counts.others, uniquingKeysWith: +)
        }
    }
}
