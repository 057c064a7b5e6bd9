import FettleControl
import FettleModel
import FettleReporting

/// The overview as a plain page.
enum OverviewPage {
    /// - Parameter now: settles what is overdue.
    static func html(
        _ overview: OverviewService.Overview, judgement: JudgementSummary? = nil, now: Timestamp = .now()
    ) -> String {
        let judged = judgement.map { JudgementSection.html($0, now: now) } ?? ""
        let body: HTMLText = """
            <header><p class="kind">Fettle</p><h1>How the fleet stands</h1><p>\(basis(overview))</p></header>
            <section class="cards">\(cards(overview))</section>
            \(judged)
            <section><h2>Quarantine</h2>\(quarantine(overview, now: now))</section>
            <section><h2>Runs</h2>\(runs(overview))</section>
            """
        return HTMLPage.document(title: "Fettle", body: body, style: JudgementSection.style)
    }

    private static func basis(_ overview: OverviewService.Overview) -> HTMLText {
        guard let time = overview.assessedAt else {
            return "Nothing is known of the fleet yet: <code>fettle scan</code> looks at it."
        }
        let advisories =
            overview.advisoriesGap.map { gap -> HTMLText in
                " Advisories were <b>not checked</b>: \(gap), findings rest on the hosts' own package sources."
            } ?? ""
        let gaps: HTMLText =
            overview.notJudged == 0
            ? ""
            : " <b>\(overview.notJudged)</b> resources could not be judged as a whole; <code>fettle assess</code> says why."
        return "Judged at \(time).\(advisories)\(gaps)"
    }

    private static func cards(_ overview: OverviewService.Overview) -> HTMLText {
        let findings = Outcome.allCases.map { HTMLPage.card("findings, \(words($0))", "\(overview.findings[$0] ?? 0)") }
        return (findings + [HTMLPage.card("in quarantine", "\(overview.quarantined.count)")]).joined()
    }

    private static func words(_ outcome: Outcome) -> String {
        switch outcome {
        case .immediate: "immediate"
        case .outOfCycle: "out of cycle"
        case .scheduled: "scheduled"
        case .defer: "deferred"
        }
    }

    private static func quarantine(_ overview: OverviewService.Overview, now: Timestamp) -> HTMLText {
        guard !overview.quarantined.isEmpty else { return "<p>Nothing is kept out of traffic.</p>" }
        let rows = overview.quarantined.map { entry -> HTMLText in
            let overdue: HTMLText = entry.deadline < now ? " \(HTMLPage.badge("overdue", .bad))" : ""
            return """
                <tr><td><b>\(entry.resource)</b></td><td>\(entry.run)</td><td>\(entry.reason)</td><td>\(entry.owner)</td>
                <td class="time">\(entry.deadline)\(overdue)</td></tr>
                """
        }
        return """
            <div class="wide"><table><thead><tr><th>Host<th>Run<th>Reason<th>Owner<th>Settle by</tr></thead>
            <tbody>\(rows.joined())</tbody></table></div>
            """
    }

    private static func runs(_ overview: OverviewService.Overview) -> HTMLText {
        guard !overview.runs.isEmpty else { return "<p>No run yet.</p>" }
        let rows = overview.runs.map { run -> HTMLText in
            let (badge, reason) = state(run)
            return """
                <tr><td><b>\(run.run)</b></td><td>\(run.change)</td><td class="time">\(run.createdAt)</td>
                <td>\(run.settledSteps) of \(run.steps)</td><td>\(badge) \(reason)</td></tr>
                """
        }
        return """
            <div class="wide"><table><thead><tr><th>Run<th>Change<th>Made at<th>Steps<th>State</tr></thead>
            <tbody>\(rows.joined())</tbody></table></div>
            """
    }

    private static func state(_ run: OverviewService.RunLine) -> (badge: HTMLText, reason: String) {
        switch run.outcome {
        case .succeeded: return (HTMLPage.badge("succeeded", .good), "")
        case .rolledBack(let reason): return (HTMLPage.badge("rolled back", .warn), reason)
        case .failed(let reason): return (HTMLPage.badge("failed", .bad), reason)
        case nil: break
        }
        if let awaiting = run.awaitingHuman { return (HTMLPage.badge("waits for a person", .bad), awaiting) }
        return (HTMLPage.badge(run.isPaused ? "paused" : "in progress", .warn), "")
    }
}
