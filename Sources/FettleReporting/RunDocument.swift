public import FettleModel

/// A run's report as rows: what its page shows, for spreadsheets and other programs.
public enum RunDocument {
    /// - Parameter time: when the report is made.
    public static func make(_ report: RunReport, at time: Timestamp) -> ReportDocument {
        let patched = report.hosts.count { $0.verdict == .patched }
        let failed = report.story.steps.count { $0.failure != nil }
        return ReportDocument(
            kind: "run", title: "\(report.run): \(report.title)",
            summary: "\(patched) of \(report.hosts.count) hosts are patched; \(failed) steps failed.", madeAt: time,
            verdict: verdict(report),
            figures: [
                .init("hosts", "Hosts", .count(report.hosts.count)), .init("patched", "Patched", .count(patched)),
                .init("not_reached", "Not reached afterwards", .count(report.unreached.count)),
                .init("steps_failed", "Steps failed", .count(failed)),
                .init("quarantined", "In quarantine", .count(report.story.quarantined.count)),
                .init("findings_before", "Findings before", .count(report.hosts.reduce(0) { $0 + $1.findingsBefore })),
                .init("findings_after", "Findings after", .optional(report.findingsAfter)),
            ],
            cautions: report.unequalGroups.map { "Not on one level: \($0)" },
            tables: [
                hosts(report), unreached(report), packages(report), failures(report), gates(report), approvals(report),
                steps(report), events(report),
            ],
            basis: [
                "Change \(report.change.id), asked for by \(report.change.requestedBy): \(report.change.reason)",
                "Plan digest \(report.planDigest)",
            ])
    }

    private static func verdict(_ report: RunReport) -> ReportDocument.Verdict {
        switch report.story.outcome {
        case .succeeded: .init("succeeded", .good)
        case .rolledBack(let reason): .init("rolled back: \(reason)", .warn)
        case .failed(let reason): .init("failed: \(reason)", .bad)
        case nil: .init(report.story.awaiting.map { "waits for a person: \($0)" } ?? "in progress", .warn)
        }
    }

    private static func hosts(_ report: RunReport) -> ReportTable {
        ReportTable(
            "hosts", title: "Hosts",
            columns: [
                .init("system", "Host"), .init("environment", "Environment"), .init("result", "Result"),
                .init("packages", "Packages", isNumber: true),
                .init("findings_before", "Findings before", isNumber: true),
                .init("findings_after", "Findings after", isNumber: true), .init("rebooted", "Rebooted"),
                .init("left_running", "Left on old code"),
            ], of: report.hosts
        ) { host in
            [
                .text(host.resource.rawValue), .text(host.environment.rawValue),
                .mark(host.verdict.words, host.verdict.tone), .count(host.changes.count), .count(host.findingsBefore),
                .optional(host.findingsAfter), host.bootIDChanged.map { .flag($0) } ?? .none,
                .text(host.leftRunning.joined(separator: " ")),
            ]
        }
    }

    /// Apart from what failed: of these nobody knows what they run.
    private static func unreached(_ report: RunReport) -> ReportTable {
        let last = Dictionary(report.story.steps.map { ($0.resource, $0) }) { $1 }
        return ReportTable(
            "unreached", title: "Hosts not reached afterwards",
            note: "What they run by now is not known; what the run last did to each is told.",
            ifEmpty: "All hosts were seen afterwards.",
            columns: [
                .init("system", "Host"), .init("environment", "Environment"), .init("result", "Result"),
                .init("packages", "Packages planned", isNumber: true), .init("last_step", "Last step"),
                .init("last_result", "How it ended"), .init("last_ended", "At"),
            ], of: report.unreached
        ) { host in
            let step = last[host.resource]
            return [
                .text(host.resource.rawValue), .text(host.environment.rawValue),
                .mark(host.verdict.words, host.verdict.tone), .count(host.changes.count),
                .optional(step?.step.rawValue), .optional(step.map(end)),
                step?.endedAt.map { .moment($0) } ?? .none,
            ]
        }
    }

    private static func end(of step: RunStory.StepStory) -> String {
        if let failure = step.failure { return "failed: \(failure.message)" }
        if let skipped = step.skipped { return "skipped: \(skipped)" }
        return step.observation?.summary ?? "no result"
    }

    /// Gates of hosts and groups, and bakes.
    private static func gates(_ report: RunReport) -> ReportTable {
        ReportTable(
            "gates", title: "Gates", ifEmpty: "No gate was asked.",
            columns: [
                .init("gate", "Gate"), .init("system", "Host"), .init("kind", "Kind"), .init("way_back", "Way back"),
                .init("verdict", "Verdict"), .init("seen", "What was seen"),
                .init("attempts", "Attempts", isNumber: true), .init("started", "Started"), .init("ended", "Ended"),
            ], of: report.story.steps.filter(\.isGate)
        ) { step in
            let verdict = step.gateVerdict
            return [
                .text(step.step.rawValue), .text(step.resource.rawValue), .text(step.name), .flag(step.isRollback),
                .mark(verdict.words, verdict.tone), .text(end(of: step)), .count(step.attempts),
                .moment(step.startedAt), step.endedAt.map { .moment($0) } ?? .none,
            ]
        }
    }

    private static func packages(_ report: RunReport) -> ReportTable {
        let rows = report.hosts.flatMap { host in host.changes.map { (host.resource, $0) } }
        return ReportTable(
            "packages", title: "Packages, before and after",
            columns: [
                .init("system", "Host"), .init("package", "Package"), .init("before", "Before"),
                .init("planned", "Planned"), .init("after", "After"), .init("as_planned", "As planned"),
            ], of: rows
        ) { host, change in
            [
                .text(host.rawValue), .text(change.name), .optional(change.before), .optional(change.planned.to),
                .optional(change.after), change.after == nil ? .none : .flag(change.after == change.planned.to),
            ]
        }
    }

    private static func failures(_ report: RunReport) -> ReportTable {
        ReportTable(
            "failures", title: "Steps that failed", ifEmpty: "No step failed.",
            columns: [
                .init("system", "Host"), .init("step", "Step"), .init("message", "What went wrong"),
                .init("attempts", "Attempts", isNumber: true), .init("ended", "At"),
            ], of: report.story.steps.filter { $0.failure != nil }
        ) { step in
            [
                .text(step.resource.rawValue), .text(step.step.rawValue), .optional(step.failure?.message),
                .count(step.attempts), step.endedAt.map { .moment($0) } ?? .none,
            ]
        }
    }

    private static func approvals(_ report: RunReport) -> ReportTable {
        ReportTable(
            "approvals", title: "Who agreed", ifEmpty: "Nobody voted.",
            columns: [
                .init("person", "Person"), .init("vote", "Vote"), .init("at", "At"), .init("own_change", "Own change"),
                .init("note", "Note"), .init("digest", "Digest of the plan"),
            ], of: report.change.votes
        ) { vote in
            [
                .text(vote.person.rawValue),
                .mark(vote.approves ? "approved" : "rejected", vote.approves ? .good : .bad),
                .moment(vote.at), .flag(vote.isOwnChange), .text(vote.note), .text(vote.digest.rawValue),
            ]
        }
    }

    private static func steps(_ report: RunReport) -> ReportTable {
        ReportTable(
            "steps", title: "Steps",
            columns: [
                .init("step", "Step"), .init("system", "Host"), .init("way_back", "Way back"),
                .init("attempts", "Attempts", isNumber: true), .init("started", "Started"), .init("ended", "Ended"),
                .init("verdict", "Verdict"), .init("seen", "What was seen"), .init("skipped", "Skipped because"),
            ], of: report.story.steps
        ) { step in
            [
                .text(step.step.rawValue), .text(step.resource.rawValue), .flag(step.isRollback), .count(step.attempts),
                .moment(step.startedAt), step.endedAt.map { .moment($0) } ?? .none,
                .optional(step.failure == nil ? step.observation?.verdict.rawValue : "failed"),
                .optional(step.failure?.message ?? step.observation?.summary), .optional(step.skipped),
            ]
        }
    }

    private static func events(_ report: RunReport) -> ReportTable {
        ReportTable(
            "events", title: "Events",
            columns: [.init("at", "At"), .init("what", "What"), .init("trouble", "Trouble")], of: report.story.moments
        ) { [.moment($0.at), .text($0.text), .flag($0.isTrouble)] }
    }
}

extension RunStory.StepStory {
    /// By what the actions are called (`StepAction.name`), which is what a story keeps of them.
    fileprivate var isGate: Bool { ["gate", "group gate", "bake"].contains(name) }

    /// A skipped gate is no passed one.
    fileprivate var gateVerdict: (words: String, tone: HTMLPage.Tone) {
        if skipped != nil { return ("skipped", .warn) }
        if failure != nil { return ("failed", .bad) }
        guard let observation else { return ("no result", .warn) }
        return (observation.verdict.rawValue, observation.verdict == .pass ? .good : .bad)
    }
}

extension RunReport {
    /// Hosts of which nothing is known afterwards: neither patched nor failed.
    var unreached: [HostResult] { hosts.filter { $0.verdict == .unreachable || $0.verdict == .notObserved } }

    /// nil: not all of them were looked at again.
    var findingsAfter: Int? {
        let known = hosts.compactMap(\.findingsAfter)
        return known.count == hosts.count ? known.reduce(0, +) : nil
    }
}
