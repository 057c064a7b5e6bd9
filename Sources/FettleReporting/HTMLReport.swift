import FettleModel

/// A run's report as one self-contained page: no script, nothing loaded from anywhere, fit for an archive and for printing.
public enum HTMLReport {
    public static func page(_ report: RunReport) -> String {
        let body: HTMLText = """
            \(heading(report))
            \(summary(report))
            \(trouble(report))
            \(unreached(report))
            \(TimelineChart.html(report.story))
            \(HostSection.html(report))
            \(judgement(report))
            \(BakeSection.html(report.story))
            \(gates(report.story))
            \(approvals(report))
            \(decisions(report.story))
            \(basis(report))
            """
        return HTMLPage.document(title: "\(report.run): \(report.title)", body: body, style: JudgementSection.style)
    }

    /// What the run was for: the patches of its targets as they were judged before it.
    private static func judgement(_ report: RunReport) -> HTMLText {
        guard let judgement = report.judgement else { return "" }
        return """
            <p class="kind">Judged before the run, at \(judgement.assessedAt)</p>
            \(JudgementSection.html(judgement, now: report.story.startedAt ?? judgement.assessedAt))
            """
    }

    private static func heading(_ report: RunReport) -> HTMLText {
        let (text, tone) = badge(report.story)
        return """
            <header><p class="kind">Fettle run report</p><h1>\(report.title)</h1>
            <p>\(HTMLPage.badge(text, tone)) \(report.run) for \(report.change.id): \(report.change.reason)</p></header>
            """
    }

    private static func badge(_ story: RunStory) -> (text: String, tone: HTMLPage.Tone) {
        switch story.outcome {
        case .succeeded: ("succeeded", .good)
        case .rolledBack: ("rolled back", .warn)
        case .failed: ("failed", .bad)
        case nil: story.awaiting == nil ? ("in progress", .warn) : ("waits for a person", .bad)
        }
    }

    private static func summary(_ report: RunReport) -> HTMLText {
        let patched = report.hosts.count { $0.verdict == .patched }
        let before = report.hosts.reduce(0) { $0 + $1.findingsBefore }
        let after = report.hosts.compactMap(\.findingsAfter)
        let afterText = after.count == report.hosts.count ? "\(after.reduce(0, +))" : "not checked"
        let failures = report.story.steps.count { $0.failure != nil }
        return """
            <section class="cards">
            \(HTMLPage.card("Hosts patched", "\(patched) of \(report.hosts.count)"))
            \(HTMLPage.card("Findings", "\(before) → \(afterText)"))
            \(HTMLPage.card("Took", duration(report.story)))
            \(HTMLPage.card("Steps failed", "\(failures)"))
            \(HTMLPage.card("In quarantine", "\(report.story.quarantined.count)"))
            </section>
            """
    }

    private static func duration(_ story: RunStory) -> String {
        guard let start = story.startedAt else { return "not started" }
        let end = story.endedAt ?? story.steps.compactMap(\.endedAt).max() ?? start
        let seconds = Int(end.seconds(since: start).rounded())
        return seconds < 90 ? "\(seconds) s" : "\(seconds / 60) min \(seconds % 60) s"
    }

    /// What went wrong comes before what went right.
    private static func trouble(_ report: RunReport) -> HTMLText {
        var items: [HTMLText] = []
        if case .rolledBack(let reason) = report.story.outcome { items.append("<li>Rolled back: \(reason)</li>") }
        if case .failed(let reason) = report.story.outcome { items.append("<li>Failed: \(reason)</li>") }
        if let awaiting = report.story.awaiting { items.append("<li>Waits for a person: \(awaiting)</li>") }
        let failed = report.story.steps.filter { $0.failure != nil }
        for step in failed.prefix(shownRows) {
            guard let failure = step.failure else { continue }
            let output: HTMLText =
                failure.output.isEmpty || step.judgement != nil
                ? "" : "<details><summary>what the host said</summary><pre>\(failure.output)</pre></details>"
            items.append("<li><code>\(step.step)</code>: \(failure.message)\(output)</li>")
        }
        for entry in report.story.quarantined {
            items.append(
                "<li><b>\(entry.resource)</b> stays out of traffic: \(entry.reason). \(entry.owner) settles it by \(entry.deadline).</li>"
            )
        }
        items += report.unequalGroups.map { "<li>Not on one level: \($0)</li>" }
        guard !items.isEmpty else { return "" }
        return
            "<section class=\"trouble\"><h2>What went other than planned</h2><ul>\(items.joined())</ul>\(more(failed.count))</section>"
    }

    private static let shownHosts = 40

    /// Apart from what failed: of these nothing is known, which is neither.
    private static func unreached(_ report: RunReport) -> HTMLText {
        let hosts = report.unreached
        guard !hosts.isEmpty else { return "" }
        let words = Dictionary(grouping: hosts, by: \.verdict).sorted { $0.key.words < $1.key.words }.map {
            verdict, hosts in
            let names = hosts.prefix(shownHosts).map(\.resource.rawValue).joined(separator: ", ")
            let more = hosts.count > shownHosts ? " and \(hosts.count - shownHosts) more" : ""
            return "<li><b>\(verdict.words)</b>: \(names)\(more)</li>" as HTMLText
        }
        return """
            <section class="trouble"><h2>Not seen after the run</h2><p>What is on these hosts now is not known: they count neither as \
            patched nor as failed.</p><ul>\(words.joined())</ul></section>
            """
    }

    /// How many rows of a list a page shows: all of them stand in the workbook, the CSV and the JSON.
    static let shownRows = 400

    static func more(_ count: Int) -> HTMLText {
        guard count > shownRows else { return "" }
        return
            "<p class=\"time\">\(shownRows) of \(count); all of them stand in the report's workbook, CSV and JSON.</p>"
    }

    private static func gates(_ story: RunStory) -> HTMLText {
        let gates = story.steps.filter { ["gate", "bake", "verify", "preflight"].contains($0.name) }
        guard !gates.isEmpty else { return "" }
        let failed = gates.filter { $0.observation?.verdict != .pass }
        let shown = gates.count > shownRows ? failed + gates.filter { $0.observation?.verdict == .pass } : gates
        let rows = shown.prefix(shownRows).map { step -> HTMLText in
            let verdict = step.observation?.verdict.rawValue ?? (step.failure != nil ? "fail" : "no result")
            let tone = verdict == "pass" ? HTMLPage.Tone.good : .bad
            let words = step.observation?.summary ?? step.failure?.message ?? step.skipped ?? ""
            return """
                <tr><td><code>\(step.step)</code></td><td>\(HTMLPage.badge(verdict, tone))</td>
                <td>\(words)</td><td class="time">\(step.endedAt?.clock ?? "")</td></tr>
                """
        }
        return """
            <section><h2>Gates</h2><div class="wide"><table><thead><tr><th>Step<th>Verdict<th>What was seen<th>At</tr></thead>
            <tbody>\(rows.joined())</tbody></table></div>\(more(gates.count))</section>
            """
    }

    private static func approvals(_ report: RunReport) -> HTMLText {
        let change = report.change
        let votes = change.votes.map { vote -> HTMLText in
            let own: HTMLText = vote.isOwnChange ? " <em>(own change, as policy allows)</em>" : ""
            return """
                <li><b>\(vote.person)</b> \(vote.approves ? "approved" : "rejected") at \(vote.at)\(own) \(vote.note)<br>
                <code class="digest">\(vote.digest)</code></li>
                """
        }
        let shared: HTMLText = change.sharedLoginWords.map { "<p class=\"trouble\">Note: \($0).</p>" } ?? ""
        let rule =
            "\(change.rule.approvals) needed, \(change.rule.requesterMayApprove ? "the requester may be among them" : "not by the requester")"
        return """
            <section><h2>Change and approvals</h2>
            <p>\(change.kind.rawValue) change, asked for by <b>\(change.requestedBy)</b> at \(change.requestedAt); \(rule).</p>
            <p>Plan digest <code class="digest">\(report.planDigest)</code></p>\(shared)<ul>\(votes.joined())</ul></section>
            """
    }

    private static func decisions(_ story: RunStory) -> HTMLText {
        let rows = story.moments.suffix(shownRows).map { moment -> HTMLText in
            "<li\(HTMLText(source: moment.isTrouble ? " class=\"bad\"" : ""))><span class=\"time\">\(moment.at.clock)</span> \(moment.text)</li>"
        }
        return
            "<section><h2>Events</h2><ol class=\"events\">\(rows.joined())</ol>\(more(story.moments.count))</section>"
    }

    private static func basis(_ report: RunReport) -> HTMLText {
        let gap =
            report.feeds.advisoriesGap.map { gap -> HTMLText in
                "<p>Advisories were <b>not checked</b>: \(gap). Findings rest on the hosts' own package sources.</p>"
            } ?? ""
        guard !report.feeds.feeds.isEmpty else { return "<section><h2>Basis</h2>\(gap)</section>" }
        let rows = report.feeds.feeds.map { feed -> HTMLText in
            let remarks = (feed.remarks ?? []).map { "; \($0)" }.joined()
            return "<li>\(feed.name): \(feed.records) records, \(feed.dateWords)\(remarks)</li>"
        }
        let notes = (report.feeds.notes ?? []).map { note -> HTMLText in "<li class=\"bad\">\(note)</li>" }
        return "<section><h2>Basis</h2>\(gap)<ul>\(rows.joined())\(notes.joined())</ul></section>"
    }
}

extension Timestamp {
    /// The time of day, UTC.
    var clock: String { String(description.dropFirst(11).prefix(8)) }
}
