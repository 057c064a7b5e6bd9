import FettleControl
import FettleModel
import FettleReporting

/// Plans, changes and runs.
extension ListAnswer {
    /// A line for each plan.
    static func plans(_ plans: [(plan: Plan, digest: Digest)]) -> ReportTable {
        table(
            "plans",
            [
                ("plan", "Its name"), ("createdAt", "When it was made"), ("digest", "What approvals are bound to"),
                ("hosts", "How many hosts it changes"), ("steps", "How many steps it has"),
                ("title", "What it is for"),
            ], of: plans
        ) { plan, digest in
            [
                .text(plan.id.rawValue), .moment(plan.createdAt), .text(digest.rawValue), .count(plan.targets.count),
                .count(plan.steps.count), .text(plan.title),
            ]
        }
    }

    /// A line for each change.
    static func changes(_ changes: [(change: Change, phase: ChangePhase)]) -> ReportTable {
        table(
            "changes",
            [
                ("change", "Its name"),
                (
                    "phase",
                    "`new`, `assess`, `authorise`, `scheduled`, `implement`, `review`, `closed` or `cancelled`"
                ),
                ("kind", "`normal`, `standard` or `emergency`"), ("plan", "What it carries out"),
                ("digest", "The plan's"), ("requestedBy", "Who asked for it"), ("requestedAt", "When"),
                ("approvals", "How many are given"), ("approvalsNeeded", "How many its rule asks for"),
                ("run", "The run that carries it out; empty: none yet"),
                ("opensAt", "When it is to be carried out: not before; empty: at any time"),
                ("closesAt", "And not after"), ("expiresAt", "If nobody has started it by then, it is over"),
                ("reason", "Why"),
            ], of: changes
        ) { change, phase in
            [
                .text(change.id.rawValue), .text(phase.rawValue), .text(change.kind.rawValue), .text(change.plan.id),
                .text(change.plan.digest.rawValue), .text(change.requestedBy.rawValue), .moment(change.requestedAt),
                .count(change.approvers.count), .count(change.rule.approvals), .optional(change.run?.rawValue),
                .optional(change.schedule?.opensAt), .optional(change.schedule?.closesAt),
                .optional(change.expiresAt), .text(change.reason),
            ]
        }
    }

    /// A line for each run.
    static func runs(_ runs: [OverviewService.RunLine]) -> ReportTable {
        table(
            "runs",
            [
                ("run", "Its name"), ("change", "The change that it carries out"), ("createdAt", "When it was made"),
                ("settledSteps", "How many steps are behind it"), ("steps", "How many it has"),
                ("outcome", "`succeeded`, `rolledBack` or `failed`; empty: it has not ended"),
                ("because", "Of the last two: why"), ("isPaused", "Whether somebody paused it"),
                ("awaitingHuman", "What it waits for a person to say"),
            ], of: runs
        ) { run in
            [
                .text(run.run.rawValue), .text(run.change.rawValue), .moment(run.createdAt),
                .count(run.settledSteps), .count(run.steps), .optional(run.outcome?.name),
                .optional(run.outcome?.reason), .flag(run.isPaused), .optional(run.awaitingHuman),
            ]
        }
    }
}

extension RunOutcome {
    fileprivate var name: String {
        switch self {
        case .succeeded: "succeeded"
        case .rolledBack: "rolledBack"
        case .failed: "failed"
        }
    }

    fileprivate var reason: String? {
        switch self {
        case .succeeded: nil
        case .rolledBack(let reason), .failed(let reason): reason
        }
    }
}
