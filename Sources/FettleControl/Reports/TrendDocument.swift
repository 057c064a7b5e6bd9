import FettleAssessment
import FettleModel
import FettleReporting

/// How the fleet has stood over the weeks: read off the ledger of sightings, which remembers when each finding came and went
/// (`Sighting.rememberedDays`), and off the runs that are kept.
enum TrendDocument {
    static let weeks = 26
    private static let week = 7 * 86_400

    /// A run, as far as its outcome goes.
    struct RunLine: Sendable {
        var run: RunID
        var title: String
        var createdAt: Timestamp
        var outcome: RunOutcome?
        /// Why its journal or its plan cannot be read; nil: it was.
        var unreadable: String?
    }

    /// One piece of software on one system, from when it was first seen wanting a fix until it was gone.
    private struct Span {
        var from: Timestamp
        var until: Timestamp?
        var pieces: [Piece]

        /// As `FindingAges` tells it: what an advisory names goes by the advisories alone, and what is gone has no say.
        func isOverdue(at time: Timestamp) -> Bool {
            let isNamed = pieces.contains { $0.isAdvisory && $0.isOpen(at: time) }
            return pieces.contains { piece in
                guard piece.isOpen(at: time), piece.isAdvisory || !isNamed, let due = piece.dueAt else { return false }
                return due < time
            }
        }
    }

    /// One sighting of a span, with the day by which it alone was due.
    private struct Piece {
        var from: Timestamp
        var until: Timestamp?
        var dueAt: Timestamp?
        var isAdvisory: Bool

        func isOpen(at time: Timestamp) -> Bool { from <= time && (until.map { $0 > time } ?? true) }
    }

    static func make(_ standing: Standing, runs: [RunLine]) -> ReportDocument {
        let spans = spans(standing)
        let first = standing.sightings.map(\.firstSeenAt).min()
        let ends = (0..<weeks).map { standing.now.adding(seconds: -($0 * week)) }.reversed()
            .filter { end in first.map { $0 <= end } ?? false }
        let lines = ends.map { Week(end: $0, spans: spans, runs: runs) }
        let now = lines.last
        let before = lines.count > 4 ? lines[lines.count - 5] : nil
        return ReportDocument(
            kind: "trend", title: "How patching has gone over the last weeks",
            summary: summary(now: now, before: before), madeAt: standing.now,
            verdict: verdict(now: now, before: before),
            figures: [
                .init("open", "Open now", .optional(now?.open)),
                .init("open_four_weeks_ago", "Open four weeks ago", .optional(before?.open)),
                .init("overdue", "Overdue now", .optional(now?.overdue)),
                .init(
                    "closed_four_weeks", "Closed in four weeks", .count(lines.suffix(4).reduce(0) { $0 + $1.closed })),
                .init("runs", "Runs in these weeks", .count(lines.reduce(0) { $0 + $1.runs })),
            ], cautions: cautions(standing, first: first, weeks: lines.count),
            charts: [
                ReportChart(
                    "Open and overdue", note: "Software on systems that wanted a fix, at the end of each week.", .lines,
                    labels: lines.map(\.label),
                    series: [
                        .init("open", .accent, lines.map(\.open)), .init("overdue", .bad, lines.map(\.overdue)),
                    ]),
                ReportChart(
                    "Come and gone", note: "What came up and what was closed in each week.", .lines,
                    labels: lines.map(\.label),
                    series: [
                        .init("new", .warn, lines.map(\.new)), .init("closed", .good, lines.map(\.closed)),
                    ]),
            ],
            tables: [table(lines), table(runs)],
            basis: standing.basis + [
                """
                The ledger of sightings: since when each finding is there and when it was gone, remembered for \
                \(Sighting.rememberedDays) days. What is covered by an exception counts as open here, and urgencies are those of \
                the last look.
                """
            ])
    }

    private struct Week: Sendable {
        var end: Timestamp
        var open = 0
        var overdue = 0
        var new = 0
        var closed = 0
        var runs = 0
        var succeeded = 0
        var label: String { String(end.day.dropFirst(5)) }

        init(end: Timestamp, spans: [Span], runs lines: [RunLine]) {
            self.end = end
            let begin = end.adding(seconds: -week)
            for span in spans {
                if span.from <= end, span.until.map({ $0 > end }) ?? true {
                    open += 1
                    if span.isOverdue(at: end) { overdue += 1 }
                }
                if span.from > begin, span.from <= end { new += 1 }
                if let until = span.until, until > begin, until <= end { closed += 1 }
            }
            for line in lines where line.createdAt > begin && line.createdAt <= end {
                runs += 1
                if line.outcome == .succeeded { succeeded += 1 }
            }
        }
    }

    private struct Key: Hashable {
        var resource: ResourceID
        var source: String
    }

    /// Sightings of one source of one resource that overlap or touch are one span: they are one piece of work, of which
    /// each sighting keeps its own due day.
    private static func spans(_ standing: Standing) -> [Span] {
        let asked = Set(standing.resources.map(\.id))
        var rows: [Key: [Sighting]] = [:]
        for sighting in standing.sightings where asked.contains(sighting.key.resource) {
            rows[Key(resource: sighting.key.resource, source: sighting.key.source), default: []].append(sighting)
        }
        return rows.values.flatMap { sightings -> [Span] in
            var spans: [Span] = []
            for sighting in sightings.sorted(by: { $0.firstSeenAt < $1.firstSeenAt }) {
                let piece = Piece(
                    from: sighting.firstSeenAt, until: sighting.goneAt,
                    dueAt: standing.policy.due(
                        sighting.outcome, since: sighting.firstSeenAt, listed: sighting.listedDueAt),
                    isAdvisory: sighting.key.kind == .advisory)
                // Only its end, so that its pieces are not copied when one is put to them.
                guard let until = spans.last.map({ $0.until }), until.map({ $0 >= piece.from }) ?? true else {
                    spans.append(Span(from: piece.from, until: piece.until, pieces: [piece]))
                    continue
                }
                let isOver = until != nil && piece.until != nil
                spans[spans.count - 1].until = isOver ? [until, piece.until].compactMap { $0 }.max() : nil
                spans[spans.count - 1].pieces.append(piece)
            }
            return spans
        }
    }

    private static func summary(now: Week?, before: Week?) -> String {
        guard let now else { return "Nothing was ever seen to want a fix, so that there is nothing to compare." }
        guard let before else {
            return
                "\(now.open.counted("fix is", "fixes are")) missing now; there is no look four weeks ago to compare with."
        }
        let change = now.open - before.open
        let words = change == 0 ? "as many as" : "\(abs(change)) \(change > 0 ? "more" : "fewer") than"
        return
            "\(now.open.counted("fix is", "fixes are")) missing now, \(words) four weeks ago. \(now.overdue) of them are overdue."
    }

    private static func verdict(now: Week?, before: Week?) -> ReportDocument.Verdict? {
        guard let now, let before else { return nil }
        if now.overdue > before.overdue { return .init("more overdue than four weeks ago", .bad) }
        return now.overdue < before.overdue
            ? .init("less overdue than four weeks ago", .good)
            : .init("as much overdue as four weeks ago", now.overdue == 0 ? .good : .warn)
    }

    private static func cautions(_ standing: Standing, first: Timestamp?, weeks count: Int) -> [String] {
        var words = standing.cautions
        if let first, count < weeks { words.append("The ledger begins on \(first.day): what was before is not known.") }
        return words
    }

    private static func table(_ weeks: [Week]) -> ReportTable {
        ReportTable(
            "weeks", title: "Week by week, the newest first", ifEmpty: "Nothing is kept yet.",
            columns: [
                .init("week_to", "Week to"), .init("open", "Open", isNumber: true),
                .init("overdue", "Overdue", isNumber: true), .init("new", "New", isNumber: true),
                .init("closed", "Closed", isNumber: true), .init("runs", "Runs", isNumber: true),
                .init("runs_succeeded", "Succeeded", isNumber: true),
            ], of: weeks.reversed()
        ) { week in
            [
                .day(week.end), .count(week.open), .count(week.overdue), .count(week.new), .count(week.closed),
                .count(week.runs), .count(week.succeeded),
            ]
        }
    }

    private static func table(_ runs: [RunLine]) -> ReportTable {
        ReportTable(
            "runs", title: "Runs, the newest first", ifEmpty: "Nothing was run yet.",
            columns: [
                .init("run", "Run"), .init("began", "Made at"), .init("what", "What"), .init("outcome", "Outcome"),
                .init("reason", "Reason"),
            ], of: runs, shown: 50
        ) { line in
            let (outcome, reason): (ReportCell, String?) =
                switch line.outcome {
                case nil where line.unreadable != nil: (.mark("cannot be read", .bad), line.unreadable)
                case .succeeded: (.mark("succeeded", .good), nil)
                case .rolledBack(let reason): (.mark("rolled back", .warn), reason)
                case .failed(let reason): (.mark("failed", .bad), reason)
                case nil: (.mark("not ended", .warn), nil)
                }
            return [.text(line.run.rawValue), .moment(line.createdAt), .text(line.title), outcome, .optional(reason)]
        }
    }
}
