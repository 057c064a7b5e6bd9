import FettleAssessment
import FettleFeedSync
import FettleModel
import FettleReporting

extension ListAnswer {
    /// A line for each patch on each group.
    static func risks(_ ledgers: [RiskLedger]) -> ReportTable {
        table(
            "risks",
            [
                ("package", "The source package"), ("version", "The version to go to"),
                ("group", "The group, or the resource where it is in none"),
                ("outcome", "`immediate`, `outOfCycle`, `scheduled` or `defer`"),
                ("waitingPerDay", "Expected loss of a day of waiting"),
                ("patchingPerDay", "That of patching, for each day"),
                ("unit", "What both are counted in"),
                ("crossing", "When waiting comes to more: `already`, `on` a day, or `never` within a year"),
                ("crossingAt", "Of `on`: that day"), ("crossingInDays", "Of `on`: in how many days"),
                ("dueAt", "When policy, or the exploited list, wants it done"), ("dueBecause", "Which of them says so"),
                ("judgedAt", "When this was weighed"),
            ], of: ledgers
        ) { ledger in
            [
                .text(ledger.package), .optional(ledger.version), .text(ledger.group), .text(ledger.outcome.rawValue),
                .number(ledger.waiting.perDay), .number(ledger.patching.perDay), .text(ledger.unit),
                .text(ledger.crossing.name), .optional(ledger.crossing.day), .optional(ledger.crossing.days),
                .optional(ledger.dueAt), .text(ledger.dueBecause), .moment(ledger.judgedAt),
            ]
        }
    }

    private struct Reason: Sendable {
        var group: String?
        var part: String
        var what: String
        var value: Double?
        var unit: String?
        var because: String?
    }

    /// A line for each reason: how the finding was matched, its advisories, and every term of both risks.
    static func explanation(_ answer: Explain.Answer) -> ReportTable {
        let finding = answer.finding
        let reasons =
            finding.explanation.map { Reason(part: "matched", what: $0) }
            + finding.advisories.map { advisory in
                Reason(
                    part: "advisory", what: advisory.id.rawValue,
                    because: advisory.exploitedSince.map { "exploited since \($0)" })
            } + answer.ledgers.flatMap(reasons)
        return table(
            "explanation",
            [
                ("finding", "The finding"), ("group", "Of a risk: the group; empty: it holds everywhere"),
                ("part", "`matched`, `advisory`, `due`, `waiting`, `patching` or `crossing`"),
                ("what", "The words, the advisory, the day or the term; `per day` is what the terms come to"),
                ("value", "Of a term: its value"), ("unit", "Its unit"), ("because", "Why"),
            ], of: reasons
        ) { reason in
            [
                .text(finding.id.rawValue), .optional(reason.group), .text(reason.part), .text(reason.what),
                reason.value.map { .number($0) } ?? .none, .optional(reason.unit), .optional(reason.because),
            ]
        }
    }

    private static func reasons(_ ledger: RiskLedger) -> [Reason] {
        let due = Reason(
            group: ledger.group, part: "due", what: ledger.dueAt?.description ?? "no day", because: ledger.dueBecause)
        let sums = [("waiting", ledger.waiting), ("patching", ledger.patching)].flatMap { part, sum in
            sum.terms.map { term in
                Reason(
                    group: ledger.group, part: part, what: term.name, value: term.value,
                    unit: term.unit.isEmpty ? nil : term.unit, because: term.because)
            } + [
                Reason(group: ledger.group, part: part, what: "per day", value: sum.perDay, unit: ledger.unit)
            ]
        }
        return [due] + sums + [Reason(group: ledger.group, part: "crossing", what: ledger.crossing.words)]
    }

    /// A line for each source of feeds.
    static func feeds(_ feeds: [FeedStatus]) -> ReportTable {
        table(
            "feeds",
            [
                ("feed", "The source"), ("state", "`fresh`, `stale`, `missing` or `damaged`"),
                ("publishedAt", "When the publisher last altered it, as far as it tells"),
                ("checkedAt", "When it was last known to be the newest"), ("ageSeconds", "Since then"),
                ("staleAfterHours", "How old it may be"), ("records", "How many were read from it"),
                ("size", "Bytes of all its files"),
                ("checksum", "`verified`, `notOffered` or `notChecked`"), ("signature", "The same of its signature"),
                ("signer", "The fingerprint of the key that signed"),
                ("isTransportSafe", "Whether it came over an encrypted connection or from a local folder"),
                ("title", "What it is"), ("licence", "Under which licence"),
                ("notes", "What a person must know; a semicolon between them"),
            ], of: feeds
        ) { feed in
            [
                .text(feed.id.rawValue), .text(feed.state.rawValue), .optional(feed.publishedAt),
                .optional(feed.checkedAt), .optional(feed.ageSeconds), .count(feed.staleAfterHours),
                .optional(feed.records), .count(Int(clamping: feed.size)),
                .optional(feed.verification?.checksum.rawValue), .optional(feed.verification?.signature.rawValue),
                .optional(feed.verification?.signer), feed.verification.map { .flag($0.isTransportSafe) } ?? .none,
                .text(feed.title), .text(feed.licence),
                feed.notes.isEmpty ? .none : .text(feed.notes.joined(separator: "; ")),
            ]
        }
    }

    /// One line.
    static func scores(_ answer: CVSSCommand.Answer) -> ReportTable {
        table(
            "scores",
            [
                ("vector", "As it was given"), ("version", "`2.0`, `3.0`, `3.1` or `4.0`"), ("base", "The base score"),
                ("temporal", "The temporal score, of version 4 the threat score; empty: the vector states none"),
                ("environmental", "The environmental score; empty: the vector states none"),
                ("severity", "In a word, of the score that takes in all that the vector states"),
            ], of: [answer]
        ) { answer in
            [
                .text(answer.vector), .text(answer.version), .decimal(answer.base),
                answer.temporal.map { .decimal($0) } ?? .none, answer.environmental.map { .decimal($0) } ?? .none,
                .text(answer.severity),
            ]
        }
    }

    /// One line for two versions; with `--stdin` one for each comparison that is wrong.
    static func comparisons(_ comparisons: [(line: Int?, text: String?, right: Comparison)]) -> ReportTable {
        table(
            "comparisons",
            [
                ("line", "With `--stdin`: the number of the wrong line"), ("text", "That line as it was written"),
                ("left", "The one version"), ("sign", "`<`, `=` or `>`, as it is right"),
                ("right", "The other version"),
            ], of: comparisons
        ) { entry in
            [
                .optional(entry.line), .optional(entry.text), .text(entry.right.left), .text(entry.right.sign),
                .text(entry.right.right),
            ]
        }
    }
}
