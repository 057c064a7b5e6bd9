import FettleAssessment
import FettleModel
import FettleReporting

/// Whether fixes are in place when they were promised.
enum ComplianceDocument {
    static func make(_ standing: Standing) -> ReportDocument {
        let report = Compliance(
            findings: standing.findings, sightings: standing.sightings, fleet: standing.fleet, policy: standing.policy,
            at: standing.now
        ).report(on: standing.resources)
        let rows = FindingTable(standing.findings, fleet: standing.fleet, at: standing.now)
        let total = report.total
        let open = total.withinDue + total.overdue
        return ReportDocument(
            kind: "compliance", title: "Are fixes in place on time?",
            summary: """
                \(open.counted("known fix is", "known fixes are")) still missing on \(total.resources.counted("system")). \
                \(total.overdue) of them should have been in place by now; \(total.waived) more are left as they are because \
                somebody answers for that.
                """,
            madeAt: standing.now, verdict: verdict(report),
            figures: [
                .init("systems", "Systems", .count(total.resources)),
                .init("open", "Fixes still missing", .count(open)),
                .init("overdue", "Overdue", .mark("\(total.overdue)", total.overdue > 0 ? .bad : .good)),
                .init("most_days_overdue", "Days the most overdue is over", .optional(total.mostDaysOverdue)),
                .init("waived", "Left with an exception", .count(total.waived)),
                .init("not_judged", "Systems not fully checked", notJudged(total.notJudged)),
            ],
            cautions: standing.cautions,
            charts: [
                chart("By environment", report.environments, limit: 20),
                chart("By group, the most overdue first", worstFirst(report.groups), limit: 15),
            ],
            tables: [
                parts(report),
                rows.table(
                    "overdue", title: "Overdue, the longest first",
                    note:
                        "Each line is one piece of software on one system whose fix should have been in place by the day in 'Due'.",
                    ifEmpty: "Nothing is overdue."
                ) { $0.isOpen && !$0.isWaived && rows.isOverdue($0) },
                rows.table(
                    "within_time", title: "Still within their time, the next due first",
                    note: "Fixes that are known, wanted, and not yet due.", ifEmpty: "Nothing else is open.", shown: 50
                ) { $0.isOpen && !$0.isWaived && !rows.isOverdue($0) },
                ReportTable(
                    "not_judged", title: "Systems that could not be fully checked",
                    note: "Finding nothing there means nothing.", ifEmpty: "Every system was checked.",
                    columns: [.init("system", "System"), .init("reason", "Why")], of: standing.findings.notJudged
                ) { [.text($0.resource.rawValue), .text($0.reason)] },
            ],
            basis: standing.basis + ["A fix is due \(dueWords(standing.policy)) after it was first seen to be missing."]
        )
    }

    /// `2 days (immediate), 14 days (out of cycle), …`
    static func dueWords(_ policy: Policy) -> String {
        Outcome.allCases.map { outcome in
            policy.dueInDays[outcome].map { "\($0) days (\(outcome.words))" } ?? "at no given time (\(outcome.words))"
        }.joined(separator: ", ")
    }

    private static func notJudged(_ count: Int) -> ReportCell { count > 0 ? .mark("\(count)", .warn) : .count(0) }

    private static func verdict(_ report: ComplianceReport) -> ReportDocument.Verdict {
        if report.securityOverdue > 0 {
            return .init("\(report.securityOverdue.counted("security fix", "security fixes")) overdue", .bad)
        }
        if report.total.overdue > 0 { return .init("\(report.total.overdue.counted("fix", "fixes")) overdue", .warn) }
        if !report.advisoriesChecked { return .init("advisories not checked", .warn) }
        return report.total.notJudged > 0
            ? .init("nothing overdue, but not everything was checked", .warn)
            : .init("everything within its time", .good)
    }

    private static func worstFirst(_ parts: [ComplianceReport.Part]) -> [ComplianceReport.Part] {
        parts.sorted { left, right in
            left.overdue == right.overdue ? left.name < right.name : left.overdue > right.overdue
        }
    }

    private static func chart(_ title: String, _ parts: [ComplianceReport.Part], limit: Int) -> ReportChart {
        let shown = parts.prefix(limit)
        return ReportChart(
            parts.count > limit ? "\(title) (\(limit) of \(parts.count))" : title,
            note: "How many fixes are missing, and how they stand against the day they were due.", .bars,
            labels: shown.map(\.name),
            series: [
                .init("overdue", .bad, shown.map { $0.overdue - $0.overdueWithoutFix }),
                .init("overdue, no fix offered", .warn, shown.map(\.overdueWithoutFix)),
                .init("within their time", .accent, shown.map(\.withinDue)),
                .init("with an exception", .neutral, shown.map(\.waived)),
            ])
    }

    private static func parts(_ report: ComplianceReport) -> ReportTable {
        let parts =
            report.environments.map { ("environment", $0) } + worstFirst(report.groups).map { ("group", $0) }
            + [("total", report.total)]
        return ReportTable(
            "standing", title: "Environments and groups",
            note: "'Closed' counts what was put in place in the last 90 days, in time or late.",
            columns: [
                .init("kind", "What"), .init("name", "Name"), .init("systems", "Systems", isNumber: true),
                .init("open", "Missing", isNumber: true), .init("within_time", "In time", isNumber: true),
                .init("overdue", "Overdue", isNumber: true),
                .init("overdue_without_fix", "Of these without a fix", isNumber: true),
                .init("most_days_overdue", "Most days over", isNumber: true),
                .init("waived", "Exceptions", isNumber: true),
                .init("closed_in_time_90_days", "Closed in time", isNumber: true),
                .init("closed_late_90_days", "Closed late", isNumber: true),
                .init("mean_days_to_close", "Days it took", isNumber: true),
                .init("not_judged", "Not checked", isNumber: true),
            ], of: parts, shown: 60
        ) { kind, part in
            [
                .text(kind), .text(part.name), .count(part.resources), .count(part.withinDue + part.overdue),
                .count(part.withinDue), .count(part.overdue), .count(part.overdueWithoutFix),
                .optional(part.mostDaysOverdue), .count(part.waived), .count(part.closedIn90Days.inTime),
                .count(part.closedIn90Days.late), part.closedIn90Days.meanDays.map { .decimal($0) } ?? .none,
                .count(part.notJudged),
            ]
        }
    }
}
