public import FettleModel

/// What whoever is asked to agree has to know of a change beside its plan.
public struct ApprovalPicture: Sendable, Equatable {
    public var change: Change
    public var phase: ChangePhase
    /// In what the world is no longer as the plan saw it, a sentence a point; empty: in nothing that is known.
    public var drift: [String]
    /// Other changes that get in its way, a sentence each.
    public var conflicts: [String]
    /// What speaks against the time that it has, a sentence each.
    public var time: [String]

    public init(
        change: Change, phase: ChangePhase, drift: [String] = [], conflicts: [String] = [], time: [String] = []
    ) {
        self.change = change
        self.phase = phase
        self.drift = drift
        self.conflicts = conflicts
        self.time = time
    }
}

/// The part of a plan's page that is about the change which asks for it.
struct ApprovalSection {
    let approval: ApprovalPicture
    let picture: PlanPicture

    private var change: Change { approval.change }

    var html: HTMLText {
        """
        \(trouble)
        <section><h2>\(change.id): \(change.reason)</h2><p>\(badge)</p>\(table(asked))\(votes)</section>
        <section><h2>What it can touch</h2>\(table(reach))</section>
        """
    }

    private var badge: HTMLText {
        guard approval.drift.isEmpty else { return HTMLPage.badge("void: the world has changed", .bad) }
        return HTMLPage.badge(change.words(approval.phase), tone)
    }

    private var tone: HTMLPage.Tone {
        switch approval.phase {
        case .new, .assess, .authorise, .review: .warn
        case .scheduled, .implement, .closed: .good
        case .cancelled: .bad
        }
    }

    /// What speaks against agreeing stands above all else.
    private var trouble: HTMLText {
        var parts: [HTMLText] = []
        if !approval.drift.isEmpty {
            let votes = change.approvers.isEmpty ? "" : " The votes cast are void."
            parts.append(
                """
                <section><h2 class="bad">The world is no longer as the plan saw it</h2><p>Nothing is carried out, and nobody can \
                agree.\(votes) <code>fettle plan make</code> plans anew, <code>fettle change submit</code> asks for that.</p>\
                \(list(approval.drift))</section>
                """)
        }
        if !approval.time.isEmpty {
            parts.append("<section><h2 class=\"warn\">The time it has</h2>\(list(approval.time))</section>")
        }
        if !approval.conflicts.isEmpty {
            parts.append("<section><h2 class=\"warn\">Other changes</h2>\(list(approval.conflicts))</section>")
        }
        return HTMLText(source: parts.map(\.source).joined())
    }

    private var asked: [(String, String)] {
        var rows = [
            ("Kind", change.kind.rawValue + (change.template.map { ", as \($0) allows beforehand" } ?? "")),
            ("Asked by", "\(change.requestedBy) at \(change.requestedAt.minute) UTC"),
            ("Rule", ApprovalWords.rule(change)),
        ]
        if let needed = ApprovalWords.stillNeeded(change) { rows.append(("Still needed", needed)) }
        if let words = change.sharedLoginWords { rows.append(("Logins", words)) }
        rows.append(("To be carried out", ApprovalWords.schedule(change.schedule)))
        if let expires = change.expiresAt { rows.append(("Over if not started by", "\(expires.minute) UTC")) }
        if let promotion = change.promotion {
            let lane = promotion.lane == .fast ? ", by the fast lane" : ""
            rows.append(
                ("Takes", "\(promotion.set.id) (digest \(promotion.set.digest.short)…) to \(promotion.stage)\(lane)"))
        }
        if let review = change.review {
            rows.append(("Reviewed", "by \(review.by) at \(review.at.minute) UTC: \(review.text)"))
        } else if change.mustBeReviewed == true {
            rows.append(("Review", "after its run, by somebody other than who asked"))
        }
        return rows
    }

    private var votes: HTMLText {
        guard !change.votes.isEmpty else { return "<p class=\"note\">Nobody has voted yet.</p>" }
        let rows = change.votes.map { vote -> HTMLText in
            let own = vote.isOwnChange ? " (own change, allowed by policy)" : ""
            let word = HTMLPage.badge(vote.approves ? "approved" : "rejected", vote.approves ? .good : .bad)
            return """
                <tr><td>\(vote.person)\(own)</td><td>\(word)</td><td>\(vote.at.minute)</td><td><code>\(vote.digest.short)…</code></td>\
                <td>\(vote.note)</td></tr>
                """
        }
        return """
            <div class="wide"><table><thead><tr><th>Who<th>Vote<th>When (UTC)<th>On the digest<th>Note</tr></thead><tbody>\
            \(rows.joined())</tbody></table></div>
            """
    }

    private var reach: [(String, String)] {
        let radius = BlastRadius(picture.plan)
        let total = picture.times.total
        return [
            ("Blast radius", ApprovalWords.reach(radius)), ("Rollback class", ApprovalWords.wayBack(radius)),
            (
                "Point of no return",
                radius.pointOfNoReturn.map { "\($0): from there on not everything can be taken back" }
                    ?? "none, every step can be taken back"
            ),
            (
                "Predicted time",
                "\(PlanWords.duration(total.medianSeconds)) with every step at its median, "
                    + "\(PlanWords.duration(total.p95Seconds)) with each at its 95% figure"
            ),
            (
                "Both risks",
                picture.risks.isEmpty
                    ? "nobody has weighed them: no findings, or none that it closes, are known here"
                    : "\(PlanWords.count(picture.risks.count, "patch", "patches")) weighed, below"
            ),
        ]
    }

    private func table(_ rows: [(String, String)]) -> HTMLText {
        let lines = rows.map { name, words -> HTMLText in "<tr><th>\(name)</th><td>\(words)</td></tr>" }
        return "<div class=\"wide\"><table><tbody>\(lines.joined())</tbody></table></div>"
    }

    private func list(_ lines: [String]) -> HTMLText {
        let shown = lines.prefix(30).map { line -> HTMLText in "<li>\(line)</li>" }
        let more: HTMLText = lines.count > 30 ? "<li>… and \(lines.count - 30) more</li>" : ""
        return "<ul>\(shown.joined())\(more)</ul>"
    }
}

/// What a change asks for, in words: for the page and for the terminal.
public enum ApprovalWords {
    public static func rule(_ change: Change) -> String {
        let rule = change.rule
        let who = rule.requesterMayApprove ? "the requester may be one of them" : "not by the requester"
        let given = change.approvers.count
        // More people may agree than have to.
        guard given <= rule.approvals else {
            let needed = rule.approvals == 0 ? "none is" : rule.approvals == 1 ? "one is" : "\(rule.approvals) are"
            return "\(PlanWords.count(given, "approval")) given, \(needed) needed, \(who)"
        }
        return "\(given) of \(PlanWords.count(rule.approvals, "approval")) given, \(who)"
    }

    /// nil: nothing is.
    public static func stillNeeded(_ change: Change) -> String? {
        var needed: [String] = []
        if change.missingApprovals > 0 { needed.append(PlanWords.count(change.missingApprovals, "approval")) }
        needed += change.openDemands.map { "one of \($0.people.joined(separator: ", ")) (\($0.what))" }
        return needed.isEmpty ? nil : needed.joined(separator: "; ")
    }

    public static func schedule(_ window: TimeWindow?) -> String {
        window.map { "\($0.opensAt.minute) to \($0.closesAt.minute)" } ?? "at any time"
    }

    public static func duration(_ seconds: Int) -> String { PlanWords.duration(seconds) }

    public static func reach(_ radius: BlastRadius) -> String {
        let hosts = "\(radius.hosts) host\(radius.hosts == 1 ? "" : "s")"
        let carried = radius.carried > 0 ? ", \(radius.carried) more go down with these" : ""
        let groups =
            radius.groups.isEmpty
            ? "in no group"
            : "in \(PlanWords.list(radius.groups.map(\.rawValue), limit: 5)), of a group at most "
                + "\(radius.largestSharePercent)% out at once"
        return "\(hosts)\(carried), \(groups)\(radius.reboots > 0 ? "; \(radius.reboots) may reboot" : "; no reboot")"
    }

    public static func wayBack(_ radius: BlastRadius) -> String {
        radius.irreversibleSteps > 0
            ? "\(PlanWords.count(radius.irreversibleSteps, "step")) cannot be taken back" : radius.rollbackClass.words
    }
}

extension RollbackClass {
    fileprivate var words: String {
        switch self {
        case .nothingToUndo: "nothing has to be taken back"
        case .snapshot: "snapshots"
        case .exactVersions: "the exact earlier versions"
        case .imageSwap: "the earlier image"
        case .irreversible: "not everything can be taken back"
        }
    }
}
