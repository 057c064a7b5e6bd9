import FettleModel

/// Before and after for each host.
enum HostSection {
    static func html(_ report: RunReport) -> HTMLText {
        let isCut = report.hosts.count > HTMLReport.shownRows
        // Of too many those first that are not as they should be.
        let hosts =
            isCut
            ? report.hosts.filter { $0.verdict != .patched } + report.hosts.filter { $0.verdict == .patched }
            : report.hosts
        let rows = hosts.prefix(HTMLReport.shownRows).map(row)
        return """
            <section><h2>Hosts, before and after</h2><div class="wide"><table>
            <thead><tr><th>Host<th>Result<th>Packages<th>Findings<th>Rebooted</tr></thead><tbody>\(rows.joined())</tbody>
            </table></div>\(HTMLReport.more(report.hosts.count))</section>
            """
    }

    private static func row(_ host: HostResult) -> HTMLText {
        let shown = host.changes.prefix(4).map(change).joined()
        let rest = host.changes.dropFirst(4)
        let more: HTMLText =
            rest.isEmpty
            ? "" : "<details><summary>and \(rest.count) more</summary>\(rest.map(change).joined())</details>"
        let after = host.findingsAfter.map { "\($0)" } ?? "not checked"
        let left: HTMLText =
            host.leftRunning.isEmpty
            ? ""
            : "<div class=\"time\">still runs replaced code, as policy leaves it until a reboot: \(host.leftRunning.joined(separator: ", "))</div>"
        let rebooted = host.bootIDChanged.map { $0 ? "yes" : "no" } ?? "not known"
        return """
            <tr><td><b>\(host.resource)</b><br><span class="time">\(host.environment)</span></td>
            <td>\(HTMLPage.badge(host.verdict.words, host.verdict.tone))</td>
            <td>\(shown)\(more)\(left)</td><td>\(host.findingsBefore) → \(after)</td><td>\(rebooted)</td></tr>
            """
    }

    private static func change(_ change: HostResult.Change) -> HTMLText {
        let asPlanned = change.after == change.planned.to
        return """
            <div class="change"><b>\(change.name)</b> \(change.before ?? "absent") → <span class="\(HTMLText(source: asPlanned ? "ok" : "off"))">\
            \(change.after ?? "not known")</span></div>
            """
    }
}

extension HostResult.Verdict {
    public var words: String {
        switch self {
        case .patched: "patched"
        case .already: "as planned, not by this run"
        case .pending: "old code still runs"
        case .unchanged: "as before"
        case .takenBack: "taken back"
        case .mixed: "mixed versions"
        case .retired: "shut down"
        case .returned: "shut down, and up again"
        case .unreachable: "unreachable"
        case .notObserved: "not observed"
        }
    }

    var tone: HTMLPage.Tone {
        switch self {
        case .patched, .retired: .good
        case .already, .unchanged, .takenBack, .pending: .warn
        case .mixed, .returned, .unreachable, .notObserved: .bad
        }
    }
}
