import FettleControl
import FettleModel
import FettleReporting

/// What a voter has to see of a change besides its plan.
struct ChangePage {
    var change: Change
    var phase: ChangePhase
    var radius: BlastRadius
    var conflicts: [ChangeCalendar.Conflict]
    /// Waiting against patching, a line a patch; empty: nobody weighed them.
    var risks: [String]
    /// In what the world is no longer as the plan saw it.
    var drift: [WorldDrift]
    /// What speaks against the time that it has.
    var time: [String]

    func lines() -> [String] {
        var lines = [
            "\(change.id): \(change.reason)",
            "  \(change.kind.rawValue)\(change.template.map { ", as \($0) allows beforehand" } ?? ""), asked by "
                + "\(change.requestedBy) at \(change.requestedAt)",
            "  \(change.words(phase))\(drift.isEmpty ? "" : ", and void"); \(change.approvalLine)",
        ]
        lines += change.openDemands.map { "  still needed: one of \($0.people.joined(separator: ", ")) (\($0.what))" }
        for vote in change.votes {
            let own = vote.isOwnChange ? " (own change, allowed by policy)" : ""
            lines.append("  \(vote.person) \(vote.approves ? "approved" : "rejected") at \(vote.at)\(own) \(vote.note)")
        }
        if let words = change.sharedLoginWords { lines.append("  \(words)") }
        if let promotion = change.promotion {
            let lane = promotion.lane == .fast ? ", by the fast lane" : ""
            lines.append(
                "  takes \(promotion.set.id) (digest \(promotion.set.digest.short)…) to \(promotion.stage)\(lane)")
        }
        if let schedule = change.schedule { lines.append("  to be carried out \(Self.words(schedule))") }
        lines += time.map { "    \($0)" }
        if let expires = change.expiresAt, phase == .authorise || phase == .scheduled {
            lines.append("  over if it is not started by \(expires)")
        }
        if change.mustBeReviewed == true, change.review == nil { lines.append("  to be reviewed after its run") }
        if let review = change.review { lines.append("  reviewed by \(review.by) at \(review.at): \(review.text)") }
        lines += driftLines
        lines.append("")
        lines += blastRadius
        if !risks.isEmpty { lines += ["Expected loss:"] + risks.map { "  \($0)" } }
        lines += conflicts.map(Self.line)
        return lines.map(\.printable)
    }

    private var driftLines: [String] {
        guard !drift.isEmpty else { return [] }
        let votes = change.votes.contains(where: \.approves) ? "; the votes cast are void" : ""
        return ["  the world is no longer as the plan saw it\(votes):"] + WorldDrift.lines(drift).map { "    \($0)" }
            + ["  nothing is carried out: `fettle plan make`, then `fettle change submit`"]
    }

    private var blastRadius: [String] {
        ["Blast radius: \(ApprovalWords.reach(radius)).", "Way back: \(ApprovalWords.wayBack(radius))."]
    }

    static func words(_ window: TimeWindow?) -> String {
        ApprovalWords.schedule(window)
    }

    static func line(_ conflict: ChangeCalendar.Conflict) -> String {
        let when = conflict.isCertain ? "overlap" : "may overlap"
        return "\(conflict.first) and \(conflict.second) \(when): \(conflict.reasons.joined(separator: "; "))".printable
    }
}

extension ChangePhase {
    var style: TextStyle {
        switch self {
        case .new, .assess, .authorise, .review: .yellow
        case .scheduled, .implement: .green
        case .closed, .cancelled: .dim
        }
    }
}
