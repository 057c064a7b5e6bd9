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
        if countsOnly { return FindingCounts(output) }
        switch output {
        case .table, .ics: return FindingTable(showsHosts: showsHosts)
        case .ndjson: return FindingLines(showsHosts: showsHosts, form: .lines)
        case .json: return FindingLines(showsHosts: showsHosts, form: .document)
        case .csv: return FindingRows(showsHosts: showsHosts)
        }
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
