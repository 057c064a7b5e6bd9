public import FettleModel

/// The sections of a page that show a judgement.
public enum JudgementSection {
    /// - Parameter now: settles what is overdue.
    public static func html(_ judgement: JudgementSummary, now: Timestamp) -> HTMLText {
        """
        \(standings(judgement))
        \(unchecked(judgement))
        \(patches(judgement, now: now))
        \(waivers(judgement))
        """
    }

    /// Beside what all pages share.
    public static let style = """
        .why ul{margin:6px 0 0;padding-left:18px}.why li{margin:2px 0;overflow-wrap:anywhere}
        .risk td{padding:2px 14px 2px 0;border:0;font-variant-numeric:tabular-nums}.risk table{width:auto}
        .name{overflow-wrap:anywhere}.day{white-space:nowrap}
        """

    // MARK: What is urgent

    private static func patches(_ judgement: JudgementSummary, now: Timestamp) -> HTMLText {
        guard !judgement.patches.isEmpty else {
            let words: HTMLText =
                judgement.unchecked.isEmpty
                ? "Nothing is open." : "Nothing is open in what was looked at; what was not, stands above."
            return "<section><h2>What is urgent, and why</h2><p>\(words)</p></section>"
        }
        let rows = judgement.patches.map { row($0, now: now) }
        let left = judgement.patchCount - judgement.patches.count
        let more: HTMLText = left > 0 ? "<p class=\"time\">and \(left) less urgent ones</p>" : ""
        return """
            <section><h2>What is urgent, and why</h2><div class="wide"><table>
            <thead><tr><th>Outcome<th>Patch<th>Due<th>Where<th>A day of waiting, of patching</tr></thead>
            <tbody>\(rows.joined())</tbody></table></div>\(more)</section>
            """
    }

    private static func row(_ patch: JudgementSummary.Patch, now: Timestamp) -> HTMLText {
        let overdue: HTMLText = patch.isOverdue(at: now) ? "<br>\(HTMLPage.badge("overdue", .bad))" : ""
        let due = patch.dueAt?.day ?? "no day"
        let exploited: HTMLText = patch.isExploited ? "<br>\(HTMLPage.badge("exploited", .bad))" : ""
        return """
            <tr><td>\(HTMLPage.badge(patch.outcome.words, patch.outcome.tone))\(exploited)</td>
            <td>\(name(patch))\(why(patch))</td><td class="time day">\(due)\(overdue)</td>
            <td>\(places(patch))</td><td>\(risks(patch.risks))</td></tr>
            """
    }

    private static func name(_ patch: JudgementSummary.Patch) -> HTMLText {
        let version: HTMLText = patch.fixed.map { " \($0)" } ?? ""
        var words = [patch.updateClass.rawValue, patch.severity.map { "rated \($0.rawValue)" } ?? "not rated"]
        switch patch.state {
        case .installedPendingRestart: words.append("installed, old code still runs until a restart")
        case .installedPendingReboot: words.append("installed, old code still runs until a reboot")
        case .missing where patch.fixed == nil: words.append("no fix is published")
        case .missing where !patch.isOffered: words.append("not offered by all hosts' sources")
        case .missing, .running, .verified: break
        }
        return """
            <div class="name"><b>\(patch.source)</b>\(version)</div>
            <div class="time">\(words.joined(separator: ", "))</div>
            """
    }

    /// Folded away: the matching, the decision, and every term of both risks.
    private static func why(_ patch: JudgementSummary.Patch) -> HTMLText {
        let names = patch.advisories.map(\.rawValue)
        let rest = names.count > 12 ? " and \(names.count - 12) more" : ""
        let closes = names.isEmpty ? [] : ["closes \(names.prefix(12).joined(separator: ", "))\(rest)"]
        let lines = closes + patch.because
        let terms = patch.risks.map { risk -> HTMLText in
            "<li>on \(risk.group):<ul>\(risk.explanation.map { "<li>\($0)</li>" as HTMLText }.joined())</ul></li>"
        }
        guard !lines.isEmpty || !terms.isEmpty else { return "" }
        return """
            <details class="why"><summary>why</summary><ul>\(lines.map { "<li>\($0)</li>" as HTMLText }.joined())\
            \(terms.joined())</ul></details>
            """
    }

    private static func places(_ patch: JudgementSummary.Patch) -> HTMLText {
        let shown = patch.resources.prefix(3).map(\.rawValue).joined(separator: ", ")
        let left = patch.resources.count - 3
        let more: HTMLText = left > 0 ? " and \(left) more" : ""
        let others = patch.owners.filter { $0 != .us }.map(\.rawValue)
        let owners: HTMLText =
            others.isEmpty ? "" : "<div class=\"time\">patched by \(others.joined(separator: ", "))</div>"
        return "<div class=\"name\">\(shown)\(more)</div>\(owners)"
    }

    private static func risks(_ risks: [JudgementSummary.Risk]) -> HTMLText {
        guard let first = risks.first else { return "<span class=\"time\">not weighed</span>" }
        let rows = risks.prefix(3).map { risk -> HTMLText in
            let tone = risk.waitingPerDay >= risk.patchingPerDay && risk.waitingPerDay > 0 ? "bad" : "ok"
            return """
                <tr><td class="name">\(risk.group)</td>
                <td class="\(HTMLText(source: tone))">\(risk.waiting)</td><td>\(risk.patching)</td></tr>
                """
        }
        let left = risks.count - 3
        let more: HTMLText = left > 0 ? "<div class=\"time\">and \(left) more groups</div>" : ""
        return """
            <div class="risk"><table><tbody>\(rows.joined())</tbody></table></div>\(more)
            <div class="time">\(first.unit); \(first.crossing)</div>
            """
    }

    // MARK: What is promised

    private static func standings(_ judgement: JudgementSummary) -> HTMLText {
        guard !judgement.compliance.isEmpty else { return "" }
        let rows = judgement.compliance.map { part -> HTMLText in
            let overdue: HTMLText =
                part.overdue == 0
                ? "0" : HTMLPage.badge("\(part.overdue), by up to \(part.mostDaysOverdue ?? 0) days", .bad)
            let unjudged: HTMLText = part.notJudged == 0 ? "0" : HTMLPage.badge("\(part.notJudged)", .warn)
            return """
                <tr><td><b>\(part.name)</b></td><td>\(part.resources)</td><td>\(part.withinDue)</td><td>\(overdue)</td>
                <td>\(part.overdueWithoutFix)</td><td>\(part.waived)</td><td>\(unjudged)</td></tr>
                """
        }
        return """
            <section><h2>Against the due dates</h2><div class="wide"><table><thead><tr><th>Environment<th>Resources<th>Within due
            <th>Overdue<th>of these without a fix<th>Waived<th>Not judged as a whole</tr></thead><tbody>\(rows.joined())</tbody>
            </table></div></section>
            """
    }

    private static func waivers(_ judgement: JudgementSummary) -> HTMLText {
        guard !judgement.waived.isEmpty else { return "" }
        let rows = judgement.waived.map { entry -> HTMLText in
            let kinds = entry.kinds.map(\.rawValue).joined(separator: ", ")
            return """
                <tr><td class="name"><b>\(entry.source)</b></td><td>\(entry.resources.count)</td>
                <td class="name">\(entry.waivers.map(\.rawValue).joined(separator: ", "))</td><td>\(kinds)</td>
                <td class="time">\(entry.until.day)</td></tr>
                """
        }
        return """
            <section><h2>Waived for now</h2><div class="wide"><table>
            <thead><tr><th>Source<th>Resources<th>Waiver<th>Because<th>Back on</tr></thead>
            <tbody>\(rows.joined())</tbody></table></div></section>
            """
    }

    private static func unchecked(_ judgement: JudgementSummary) -> HTMLText {
        guard !judgement.unchecked.isEmpty else { return "" }
        let rows = judgement.unchecked.prefix(40).map { "<li class=\"name\">\($0)</li>" as HTMLText }
        let left = judgement.unchecked.count - 40
        let more: HTMLText = left > 0 ? "<li>and \(left) more</li>" : ""
        return """
            <section class="trouble"><h2>Not checked, which is not clean</h2><ul>\(rows.joined())\(more)</ul></section>
            """
    }
}

extension Outcome {
    /// As people read it.
    package var words: String {
        switch self {
        case .immediate: "immediate"
        case .outOfCycle: "out of cycle"
        case .scheduled: "scheduled"
        case .defer: "defer"
        }
    }

    var tone: HTMLPage.Tone {
        switch self {
        case .immediate: .bad
        case .outOfCycle: .warn
        case .scheduled, .defer: .good
        }
    }
}
