import FettleAssessment
import FettleModel

/// What asks for nothing on a fleet, for people: alike advisories of a source in one line.
struct FleetStandingsView {
    private struct Key: Hashable {
        var source: String
        var installed: String
        var status: FindingStatus
    }

    private struct Row {
        var advisories: Set<String> = []
        var hosts: Set<ResourceID> = []
    }

    private var rows: [Key: Row] = [:]

    mutating func add(_ line: FleetFindingLines.Line) {
        guard line.finding == nil, let advisory = line.advisory else { return }
        let key = Key(source: line.source, installed: line.installed, status: line.status)
        rows[key, default: Row()].advisories.insert(advisory)
        rows[key, default: Row()].hosts.insert(line.resource)
    }

    func lines(in terminal: Terminal = .standard) -> String {
        guard !rows.isEmpty else { return "No advisory in the feeds is fixed, not affecting or undecided here." }
        var table = Table([
            .init(title: "SOURCE"), .init(title: "INSTALLED", shrinks: 2), .init(title: "STATUS"),
            .init(title: "ADVISORIES", alignsRight: true), .init(title: "SUCH AS", shrinks: 4),
            .init(title: "HOSTS", shrinks: 3),
        ])
        let sorted = rows.sorted {
            ($0.key.source, $0.key.installed, $0.key.status.rawValue)
                < ($1.key.source, $1.key.installed, $1.key.status.rawValue)
        }
        for (key, row) in sorted {
            let hosts = row.hosts.sorted()
            let more = hosts.count > 3 ? ", … \(hosts.count)" : ""
            table.add(
                .init(key.source, .bold), .init(key.installed), .init(key.status.words),
                .init("\(row.advisories.count)"),
                .init(row.advisories.sorted().prefix(3).joined(separator: " ")),
                .init(hosts.prefix(3).map(\.rawValue).joined(separator: ", ") + more))
        }
        return table.render(in: terminal)
    }
}
