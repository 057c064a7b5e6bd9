import FettleAssessment
import FettleModel
import FettleReporting

/// Which fixes are left out by somebody's word, whose, why, and until when.
enum ExceptionsDocument {
    private struct Row: Sendable {
        var waiver: Waiver
        var findings = 0
        var systems: Set<ResourceID> = []
    }

    /// - Parameters:
    ///   - standing: nil: the fleet was never looked at, so that it is not known what the exceptions cover.
    ///   - waivers: all of them, those that have ended too.
    static func make(_ standing: Standing?, waivers: [Waiver], at time: Timestamp) -> ReportDocument {
        let active = rows(waivers.filter { $0.state(at: time) == .active }, standing).sorted {
            ($0.waiver.expiresAt, $0.waiver.id) < ($1.waiver.expiresAt, $1.waiver.id)
        }
        let past = waivers.filter { $0.state(at: time) != .active }.sorted {
            (end(of: $1), $1.id) < (end(of: $0), $0.id)
        }
        let days = active.map { daysLeft($0.waiver, at: time) }
        let soon = days.count { $0 <= WaiverBook.warningDays }
        let idle = standing == nil ? 0 : active.count { $0.findings == 0 }
        let isKnown = standing != nil
        return ReportDocument(
            kind: "exceptions", title: "Exceptions: what is left as it is, and until when",
            summary: """
                \(active.count.counted("exception holds", "exceptions hold")). Each has somebody who answers for it and a day on which it ends by itself; \
                what it covers is then asked for again. \(soon.counted("of them ends", "of them end")) within \
                \(WaiverBook.warningDays) days.
                """,
            madeAt: time,
            verdict: soon > 0 ? .init("\(soon.counted("ends", "end")) soon", .warn) : .init("none ends soon", .good),
            figures: [
                .init("active", "Exceptions that hold", .count(active.count)),
                .init("ending_soon", "End within \(WaiverBook.warningDays) days", .count(soon)),
                .init(
                    "covered", "Missing fixes they cover",
                    .optional(standing?.findings.findings.count { $0.isOpen && $0.isWaived })),
                .init("idle", "Cover nothing any more", isKnown ? .count(idle) : .none),
                .init("ended", "Have ended", .count(past.count)),
            ],
            cautions: standing.map(\.cautions) ?? [
                "The fleet was never looked at: what the exceptions cover is not known."
            ],
            charts: [chart(days)],
            tables: [holding(active, isKnown: isKnown, at: time), ended(past, at: time)],
            basis: (standing?.basis ?? []) + ["The ledger of exceptions, to which is only ever added"])
    }

    private static func rows(_ waivers: [Waiver], _ standing: Standing?) -> [Row] {
        var rows: [WaiverID: Row] = [:]
        for waiver in waivers { rows[waiver.id] = Row(waiver: waiver) }
        for finding in standing?.findings.findings ?? [] where finding.isOpen {
            for applied in finding.waivers ?? [] {
                rows[applied.waiver]?.findings += 1
                rows[applied.waiver]?.systems.insert(finding.resource)
            }
        }
        return Array(rows.values)
    }

    private static func end(of waiver: Waiver) -> Timestamp {
        min(waiver.ending?.at ?? waiver.expiresAt, waiver.expiresAt)
    }

    private static func daysLeft(_ waiver: Waiver, at time: Timestamp) -> Int {
        Int(waiver.expiresAt.seconds(since: time) / 86_400)
    }

    private static func chart(_ days: [Int]) -> ReportChart {
        let spans = [
            ("within 14 days", 0...14), ("15 to 30 days", 15...30), ("31 to 90 days", 31...90), ("later", 91...Int.max),
        ]
        return ReportChart(
            "When they end", note: "How many exceptions end in how many days.", .bars, labels: spans.map(\.0),
            series: [
                .init("exceptions", .accent, spans.map { span in days.count { span.1.contains($0) } })
            ])
    }

    private static func holding(_ rows: [Row], isKnown: Bool, at time: Timestamp) -> ReportTable {
        ReportTable(
            "exceptions", title: "Exceptions that hold, the first to end first",
            note: """
                'Accepted': the risk is taken. 'Mitigated': something else stands in its way. 'Not affected': it cannot be used \
                there.
                """, ifEmpty: "No exception holds.",
            columns: [
                .init("exception", "Exception"), .init("ends", "Ends"), .init("days_left", "Days left", isNumber: true),
                .init("of", "Of what"), .init("where", "Where"), .init("kind", "Kind"), .init("reason", "Reason"),
                .init("owner", "Answers for it"), .init("fixes_covered", "Fixes", isNumber: true),
                .init("systems_covered", "Systems", isNumber: true), .init("granted_by", "Granted by"),
                .init("granted", "Granted on", isAside: true), .init("justification", "Justification", isAside: true),
                .init("taken_from", "Taken from", isAside: true),
            ], of: rows
        ) { row in
            let waiver = row.waiver
            let left = daysLeft(waiver, at: time)
            return [
                .text(waiver.id.rawValue), .day(waiver.expiresAt), .count(left), .text(waiver.scope.subject.words),
                .text(waiver.scope.place), .mark(waiver.kind.words, left <= WaiverBook.warningDays ? .warn : .good),
                .text(waiver.reason), .text(waiver.owner.rawValue), isKnown ? .count(row.findings) : .none,
                isKnown ? .count(row.systems.count) : .none, .text(waiver.createdBy.rawValue), .day(waiver.createdAt),
                .optional(waiver.justification?.rawValue), .optional(waiver.origin),
            ]
        }
    }

    private static func ended(_ waivers: [Waiver], at time: Timestamp) -> ReportTable {
        ReportTable(
            "ended", title: "Exceptions that have ended", ifEmpty: "None has ended yet.",
            columns: [
                .init("exception", "Exception"), .init("ended", "Ended on"), .init("how", "How"),
                .init("of", "Of what"),
                .init("where", "Where"), .init("owner", "Answered for it"), .init("reason", "Reason"),
                .init("ended_by", "Ended by"), .init("why_ended", "Why it was ended"),
            ], of: waivers, shown: 50
        ) { waiver in
            let isExpired = waiver.state(at: time) == .expired
            return [
                .text(waiver.id.rawValue), .day(end(of: waiver)),
                .text(isExpired ? "its time was over" : "ended by hand"),
                .text(waiver.scope.subject.words), .text(waiver.scope.place), .text(waiver.owner.rawValue),
                .text(waiver.reason), .optional(isExpired ? nil : waiver.ending?.by.rawValue),
                .optional(isExpired ? nil : waiver.ending?.reason),
            ]
        }
    }
}
