import FettleAssessment
import FettleModel
import FettleReporting

/// How long fixes have been missing, against how long they may be.
enum AgeDocument {
    /// Whole days, each to its end; the last has none.
    private static let spans: [(words: String, upTo: Int)] = [
        ("up to 7 days", 7), ("8 to 14 days", 14), ("15 to 30 days", 30), ("31 to 60 days", 60),
        ("61 to 90 days", 90), ("91 to 180 days", 180), ("more than 180 days", .max),
    ]

    private struct Count: Sendable {
        var within = 0
        var overdue = 0
        var undated = 0
        var outcomes: [Outcome: Int] = [:]
        var all: Int { within + overdue + undated }
    }

    static func make(_ standing: Standing) -> ReportDocument {
        let rows = FindingTable(standing.findings, fleet: standing.fleet, at: standing.now)
        var spans = [Count](repeating: Count(), count: Self.spans.count)
        var outcomes: [Outcome: Count] = [:]
        var total = Count()
        for finding in standing.findings.findings where finding.isOpen && !finding.isWaived {
            let days = rows.daysOld(finding)
            let place = Self.spans.firstIndex { days <= $0.upTo } ?? Self.spans.count - 1
            add(finding, rows, to: &spans[place])
            add(finding, rows, to: &outcomes[finding.outcome, default: Count()])
            add(finding, rows, to: &total)
        }
        let share = total.all == 0 ? nil : Double(total.within + total.undated) * 100 / Double(total.all)
        return ReportDocument(
            kind: "age", title: "How long fixes have been missing",
            summary: """
                Each open fix is counted by how long it has been known to be missing. Policy says how long each may be: \
                \(ComplianceDocument.dueWords(standing.policy)).
                """,
            madeAt: standing.now,
            verdict: total.overdue > 0
                ? .init("\(total.overdue) of \(total.all) over their time", .bad)
                : standing.cautions.isEmpty
                    ? .init("all within their time", .good)
                    : .init("nothing over its time, but not everything was checked", .warn),
            figures: [
                .init("open", "Fixes still missing", .count(total.all)),
                .init("overdue", "Over their time", .mark("\(total.overdue)", total.overdue > 0 ? .bad : .good)),
                .init("share_within", "Percent within their time", share.map { .decimal($0) } ?? .none),
                .init(
                    "older_than_90_days", "Known for more than 90 days",
                    .count(spans.suffix(2).reduce(0) { $0 + $1.all })),
            ], cautions: standing.cautions,
            charts: [
                ReportChart(
                    "By age", note: "How many fixes have been missing for how long.", .bars,
                    labels: Self.spans.map(\.words),
                    series: [
                        .init("overdue", .bad, spans.map(\.overdue)),
                        .init("within their time", .accent, spans.map(\.within)),
                        .init("without a due day", .neutral, spans.map(\.undated)),
                    ]),
                ReportChart(
                    "By urgency",
                    note: "How many of each urgency, and whether they are over the time that it is given.", .bars,
                    labels: Outcome.allCases.map { outcome in
                        standing.policy.dueInDays[outcome].map { "\(outcome.words) (\($0) d)" } ?? outcome.words
                    },
                    series: [
                        .init("overdue", .bad, Outcome.allCases.map { outcomes[$0]?.overdue ?? 0 }),
                        .init("within their time", .accent, Outcome.allCases.map { outcomes[$0]?.within ?? 0 }),
                        .init("without a due day", .neutral, Outcome.allCases.map { outcomes[$0]?.undated ?? 0 }),
                    ]),
            ],
            tables: [
                table(spans), promises(outcomes, standing.policy),
                rows.table(
                    "oldest", title: "The longest known first", note: "Every open fix without an exception.",
                    ifEmpty: "Nothing is open.", shown: 100, byAge: true
                ) { $0.isOpen && !$0.isWaived },
            ], basis: standing.basis)
    }

    private static func add(_ finding: Finding, _ rows: FindingTable, to count: inout Count) {
        count.outcomes[finding.outcome, default: 0] += 1
        if finding.dueAt == nil {
            count.undated += 1
        } else if rows.isOverdue(finding) {
            count.overdue += 1
        } else {
            count.within += 1
        }
    }

    private static func table(_ counts: [Count]) -> ReportTable {
        ReportTable(
            "ages", title: "Ages",
            columns: [.init("age", "Missing for")]
                + Outcome.allCases.map { .init($0.rawValue, $0.words.capitalisedFirst, isNumber: true) } + [
                    .init("all", "All", isNumber: true), .init("overdue", "Overdue", isNumber: true),
                ], of: Array(zip(spans.map(\.words), counts))
        ) { words, count in
            [.text(words)] + Outcome.allCases.map { .count(count.outcomes[$0] ?? 0) } + [
                .count(count.all), .count(count.overdue),
            ]
        }
    }

    private static func promises(_ counts: [Outcome: Count], _ policy: Policy) -> ReportTable {
        let lines = Outcome.allCases.map { ($0, policy.dueInDays[$0], counts[$0] ?? Count()) }
        return ReportTable(
            "urgencies", title: "Against what policy allows",
            note: "A weakness on the list of those that are being exploited (CISA KEV) may be due sooner.",
            columns: [
                .init("urgency", "Urgency"), .init("allowed_days", "Days allowed", isNumber: true),
                .init("open", "Open", isNumber: true), .init("within_time", "In time", isNumber: true),
                .init("overdue", "Overdue", isNumber: true), .init("percent_within", "% in time", isNumber: true),
            ], of: lines
        ) { outcome, days, count in
            let share = count.all == 0 ? nil : Double(count.all - count.overdue) * 100 / Double(count.all)
            return [
                .mark(outcome.words, outcome.reportTone), .optional(days), .count(count.all), .count(count.within),
                .count(count.overdue), share.map { .decimal($0) } ?? .none,
            ]
        }
    }
}

extension String {
    var capitalisedFirst: String { prefix(1).uppercased() + dropFirst() }
}
