import FettleAssessment
import FettleIndex
import FettleModel
import FettleVersions

/// Findings for people: what is closed by one step of one source in one line, the most first.
final class FindingTable: FindingWriter {
    private let showsHosts: Bool
    private var rows: [Key: Row] = [:]

    private struct Key: Hashable {
        var ecosystem: String
        var source: String
        var installed: String
        var status: FindingStatus
        var hasFix: Bool
    }

    private struct Row {
        var packages: Set<String> = []
        var hosts: Set<String> = []
        var advisories: Set<UInt32> = []
        var names: [String] = []
        var fixed: String?
        var isSecurity = false
    }

    init(showsHosts: Bool) { self.showsHosts = showsHosts }

    func write(
        _ list: SoftwareList, _ judgement: SoftwareJudgement, _ judge: SoftwareJudge, host: String
    ) throws {
        for (package, number) in zip(list.packages, judgement.lots) {
            guard let number else { continue }
            let lot = judge.lots[number]
            for finding in lot.findings {
                let key = Key(
                    ecosystem: lot.ecosystem.name, source: lot.name, installed: lot.version, status: finding.status,
                    hasFix: finding.fixed != nil)
                try add(finding, of: package, host, lot, judge, to: &rows[key, default: Row()])
            }
        }
    }

    private func add(
        _ finding: PackageFinding, of package: ListedPackage, _ host: String, _ lot: PackageLot, _ judge: SoftwareJudge,
        to row: inout Row
    ) throws {
        row.packages.insert(package.name)
        row.hosts.insert(host)
        guard row.advisories.insert(finding.advisory).inserted else { return }
        let record = try judge.index.advisory(finding.advisory).record
        row.isSecurity = row.isSecurity || record.updateClass == .security
        if row.names.count < 3 { row.names.append(record.id) }
        // The highest of the fixed versions closes them all.
        if let fixed = finding.fixed,
            row.fixed.map({ lot.ecosystem.scheme.compare($0, fixed) == .less }) ?? true
        {
            row.fixed = fixed
        }
    }

    func finish(_ totals: FindingTotals, _ catalogue: FeedCatalogue) throws {
        var table = Table([
            .init(title: "SOURCE", shrinks: 1, least: 10), .init(title: "INSTALLED", shrinks: 2, least: 10, drops: 1),
            .init(title: "FIX", shrinks: 2, least: 12), .init(title: "STATUS"),
            .init(title: "ADVISORIES", alignsRight: true), .init(title: "SUCH AS", shrinks: 4, least: 14, drops: 2),
            .init(title: showsHosts ? "HOSTS" : "PACKAGES", shrinks: 3),
        ])
        let sorted = rows.sorted { left, right in
            (left.key.hasFix ? 0 : 1, -left.value.advisories.count, left.key.source, left.key.installed)
                < (right.key.hasFix ? 0 : 1, -right.value.advisories.count, right.key.source, right.key.installed)
        }
        for (key, row) in sorted {
            table.add(
                .init(key.source, .bold), .init(key.installed),
                .init(row.fixed ?? (key.status == .affected ? "none yet" : "-")),
                .init(key.status.words, row.isSecurity && key.status == .affected ? .yellow : .plain),
                .init("\(row.advisories.count)"), .init(row.names.joined(separator: " ")),
                .init((showsHosts ? row.hosts : row.packages).sorted().joined(separator: " ")))
        }
        Output.writeLine(rows.isEmpty ? "No findings." : table.render())
        Output.writeLine("")
        let classes = UpdateClass.allCases.compactMap { kind in totals.affected[kind].map { "\($0) \(kind.rawValue)" } }
        Output.writeLine(
            "\(totals.affectedCount) findings\(classes.isEmpty ? "" : " (\(classes.joined(separator: ", ")))") on "
                + "\(totals.packages) packages, by \(catalogue.feeds.map(\.format).joined(separator: ", ")) "
                + "as compiled on \(catalogue.builtAt.description.prefix(10))")
        if totals.notChecked > 0 { Output.writeLine("\(totals.notChecked) packages were not checked") }
    }
}

extension FindingStatus {
    var words: String {
        switch self {
        case .affected: "affected"
        case .fixed: "fixed"
        case .notAffected: "not affected"
        case .underInvestigation: "under investigation"
        case .unknown: "unknown"
        }
    }
}
