import FettleAssessment
import FettleIndex
import FettleModel

/// Findings as CSV (RFC 4180), with a header.
final class FindingRows: FindingWriter {
    private let showsHosts: Bool
    private var hasHeader = false

    init(showsHosts: Bool) { self.showsHosts = showsHosts }

    private static let columns = [
        "package", "architecture", "version", "ecosystem", "source", "installed", "advisory", "aliases", "class",
        "severity", "fixed", "status", "matchedBy",
    ]

    func write(
        _ list: SoftwareList, _ judgement: SoftwareJudgement, _ judge: SoftwareJudge, host: String
    ) throws {
        writeHeader()
        var text = ""
        for (package, number) in zip(list.packages, judgement.lots) {
            guard let number else { continue }
            let lot = judge.lots[number]
            for finding in lot.findings {
                let record = try judge.index.advisory(finding.advisory).record
                let row =
                    (showsHosts ? [host] : []) + [
                        package.name, package.architecture, package.version, lot.ecosystem.name, package.source,
                        lot.version, record.id, record.aliases.joined(separator: " "), record.updateClass.rawValue,
                        record.severity, finding.fixed ?? "", finding.status.rawValue, finding.matchedBy,
                    ]
                text += row.map(CSVText.quoted).joined(separator: ",") + "\r\n"
            }
            if text.utf8.count > 1 << 18 {
                Output.write(text)
                text = ""
            }
        }
        if !text.isEmpty { Output.write(text) }
    }

    func finish(_ totals: FindingTotals, _ catalogue: FeedCatalogue) throws { writeHeader() }

    private func writeHeader() {
        guard !hasHeader else { return }
        hasHeader = true
        Output.write(((showsHosts ? ["host"] : []) + Self.columns).joined(separator: ",") + "\r\n")
    }
}
