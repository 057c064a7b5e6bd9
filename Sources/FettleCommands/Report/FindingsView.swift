import FettleAssessment
import FettleModel
import FettleReporting

/// Findings as a table, the most urgent first, alike ones of several hosts in one line.
struct FindingsView {
    var findings: FindingSet
    /// Lines shown; the rest is counted.
    var limit: Int?
    /// The command that shows all of them.
    var whole = "fettle assess --all"
    /// The command that leaves no column out; nil: only a wider terminal does.
    var columns: String? = "fettle assess -o csv"

    func lines(in terminal: Terminal = .standard) -> String {
        var text: [String] = []
        let rows = merged.sorted { $0.finding.urgency < $1.finding.urgency }
        var table = Table([
            .init(title: "WHEN"), .init(title: "CLASS", drops: 3), .init(title: "SOURCE", shrinks: 1, least: 10),
            .init(title: "INSTALLED", shrinks: 2, least: 12, drops: 4), .init(title: "FIX", shrinks: 2, least: 12),
            .init(title: "CVES", alignsRight: true, drops: 2), .init(title: "EXPLOITED"),
            .init(title: "WHOSE JOB", drops: 5), .init(title: "DUE", drops: 1), .init(title: "HOSTS", shrinks: 3),
        ])
        for row in rows.prefix(limit ?? rows.count) {
            let finding = row.finding
            table.add(
                .init(
                    finding.isWaived ? "waived" : finding.outcome.words, finding.isWaived ? .dim : finding.outcome.style
                ),
                .init(finding.updateClass.rawValue),
                .init(finding.source, .bold), .init(finding.installed), .init(fix(finding)),
                .init(cves(finding)), .init(exploited(finding), finding.isExploited ? .red : .plain),
                .init(finding.owner.words), .init(due(finding)),
                .init(hosts(row.hosts)))
        }
        if rows.isEmpty {
            text.append(findings.notJudged.isEmpty ? "No findings." : "No findings among what could be judged.")
        } else {
            text.append(table.render(in: terminal))
            let dropped = table.dropped(in: terminal).map { table.columns[$0].title.lowercased() }
            if !dropped.isEmpty {
                let place = columns.map { "`\($0)` has all" } ?? "a wider terminal shows it"
                text.append(
                    TextStyle.dim.apply("not shown here: \(dropped.joined(separator: ", ")) (\(place))", in: terminal))
            }
        }
        if let limit, rows.count > limit { text.append("… and \(rows.count - limit) more (`\(whole)` shows them)") }
        text.append("")
        text.append(coverage(in: terminal))
        text += waivers(in: terminal)
        text += undecided(in: terminal)
        for gap in findings.notJudged.prefix(20) {
            text.append(TextStyle.yellow.apply("not judged: \(gap.resource): \(gap.reason.printable)", in: terminal))
        }
        return text.joined(separator: "\n")
    }

    private struct Row {
        var finding: Finding
        var hosts: [ResourceID]
    }

    private var merged: [Row] {
        var rows: [Row] = []
        var position: [String: Int] = [:]
        // What is waived is not merged with what is not.
        for finding in findings.findings where finding.isOpen {
            let key =
                "\(finding.outcome.rawValue)|\(finding.source)|\(finding.installed)|\(finding.fixed ?? "")|\(finding.state.rawValue)|\(finding.updateClass.rawValue)|\(finding.owner.rawValue)|\(waiverNames(finding))"
            if let known = position[key] {
                rows[known].hosts.append(finding.resource)
            } else {
                position[key] = rows.count
                rows.append(Row(finding: finding, hosts: [finding.resource]))
            }
        }
        return rows
    }

    private func fix(_ finding: Finding) -> String {
        switch finding.state {
        case .installedPendingRestart: return "restart"
        case .installedPendingReboot: return "reboot"
        default: break
        }
        guard let fixed = finding.fixed else { return "none yet" }
        // The same source, compiled again: the packages' own versions differ.
        if fixed == finding.installed { return "built anew" }
        return finding.isHeld ? "\(fixed) (held)" : finding.isOffered ? fixed : "\(fixed) (not offered)"
    }

    private func cves(_ finding: Finding) -> String {
        // Of what a service maps it may not be known what it is exposed to.
        if finding.state != .missing, finding.advisories.isEmpty { return "-" }
        return findings.feeds.advisoriesChecked || !finding.advisories.isEmpty ? "\(finding.advisories.count)" : "?"
    }

    private func exploited(_ finding: Finding) -> String {
        guard findings.feeds.exploitedChecked else { return "not checked" }
        // The list names weaknesses: of a finding without any nobody can tell.
        if !findings.feeds.advisoriesChecked, finding.advisories.isEmpty { return "?" }
        return finding.isExploited ? "yes" : "no"
    }

    private func waiverNames(_ finding: Finding) -> String {
        finding.isWaived ? (finding.waivers ?? []).map(\.waiver.rawValue).joined(separator: ", ") : ""
    }

    private func due(_ finding: Finding) -> String {
        finding.isWaived ? waiverNames(finding) : finding.dueAt.dayText
    }

    /// How many are waived, and which of their waivers end soon.
    private func waivers(in terminal: Terminal) -> [String] {
        let waived = findings.findings.filter(\.isWaived)
        guard !waived.isEmpty else { return [] }
        let limit = findings.assessedAt.adding(seconds: WaiverBook.warningDays * 86_400)
        var text = ["\(waived.count) findings are waived (`fettle waiver list`)."]
        let soon = Dictionary(grouping: waived.filter { $0.waivedUntil.map { $0 <= limit } ?? false }, by: waiverNames)
        for (names, back) in soon.sorted(by: { $0.key < $1.key }) {
            let day = back.compactMap(\.waivedUntil).min().map { String($0.description.prefix(10)) } ?? ""
            text.append(
                TextStyle.yellow.apply("\(names) ends on \(day): \(back.count) findings come back.", in: terminal))
        }
        return text
    }

    /// What advisories leave open: counted, and each told where everything is.
    private func undecided(in terminal: Terminal) -> [String] {
        let undecided = findings.undecided ?? []
        guard !undecided.isEmpty else { return [] }
        if limit != nil {
            let advisories = undecided.reduce(0) { $0 + $1.advisories.count }
            let hosts = Set(undecided.map(\.resource)).count
            let text =
                "\(advisories) \(advisories == 1 ? "advisory is" : "advisories are") undecided on \(hosts) \(hosts == 1 ? "host" : "hosts"): "
                + "neither affected nor clean (`\(whole)` shows them)."
            return [TextStyle.yellow.apply(text, in: terminal)]
        }
        return undecided.map { entry in
            let names = entry.advisories.prefix(3).map(\.rawValue).joined(separator: ", ")
            let more = entry.advisories.count > 3 ? " and \(entry.advisories.count - 3) more" : ""
            return TextStyle.yellow.apply(
                "undecided: \(entry.resource): \(names)\(more): \(entry.reason.printable)", in: terminal)
        }
    }

    private func hosts(_ hosts: [ResourceID]) -> String {
        let names = hosts.prefix(3).map(\.rawValue).joined(separator: ", ")
        return hosts.count > 3 ? "\(hosts.count): \(names), …" : names
    }

    private func coverage(in terminal: Terminal) -> String {
        guard findings.feeds.advisoriesChecked else {
            return TextStyle.yellow.apply(
                "Advisories not checked: "
                    + "\(findings.feeds.advisoriesGap ?? "") (`--feeds DIR`). "
                    + "What is shown rests on the hosts' own package sources.", in: terminal)
        }
        let names = findings.feeds.feeds.map { feed in
            let date =
                feed.publishedAt.map { " of \($0.description.prefix(10))" }
                ?? feed.changedAt.map { " of \($0.description.prefix(10)) by its file" } ?? ""
            return
                "\(feed.name)\(date) (\(([ "\(feed.records) records"] + (feed.remarks ?? [])).joined(separator: "; ")))"
        }
        return "Feeds: \(names.joined(separator: "; "))"
    }
}

extension Finding {
    /// Where it stands in a table: what is waived last, then by outcome, and security before the rest of the same outcome, so that
    /// a table that is cut hides none of it behind others.
    fileprivate var urgency: (Int, Outcome, Int) { (isWaived ? 1 : 0, outcome, updateClass == .security ? 0 : 1) }
}

extension Outcome {
    var style: TextStyle {
        switch self {
        case .immediate: .red
        case .outOfCycle: .yellow
        case .scheduled: .plain
        case .defer: .dim
        }
    }
}

extension PatchOwner {
    var words: String {
        switch self {
        case .us: "ours"
        case .provider: "provider's"
        case .vendor: "vendor's"
        }
    }
}
