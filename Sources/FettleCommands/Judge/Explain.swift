import ArgumentParser
import FettleAssessment
import FettleControl
import FettleIndex
import FettleModel
import FettleReporting

struct Explain: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Why a finding is one: how it was matched, both risks with every term, and the due date.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "A finding's id, such as web-1/openssl/3.0.22-1 (`fettle assess -o json`), or its beginning.")
    var finding: String
    @OptionGroup var advisories: AdvisoryOptions

    struct Answer: Codable {
        var finding: Finding
        var ledgers: [RiskLedger]
        /// What is not sound of the feeds that it rests on.
        var feedNotes: [String]
    }

    func run() async throws {
        let session = try Session(options)
        let feeds = try session.feeds(advisories.source)
        let set = try await session.risks.newestFindings()
        let feedNotes = feeds.notes(with: set)
        let found = set.findings.filter { $0.id.rawValue == finding }
        let candidates = found.isEmpty ? set.findings.filter { $0.id.rawValue.hasPrefix(finding) } : found
        guard candidates.count == 1, let chosen = candidates.first else { throw failure(candidates) }
        let alike = set.findings.filter { $0.source == chosen.source && $0.fixed == chosen.fixed }
        let ledgers = try await session.risks.ledgers(alike, fleet: session.fleet, policy: session.policy, feeds: feeds)
            .filter { ledger in
                let groups = try session.fleet.groups(of: chosen.resource).map(\.id.rawValue)
                return groups.contains(ledger.group) || ledger.group == chosen.resource.rawValue
            }
        let answer = Answer(finding: chosen, ledgers: ledgers, feedNotes: feedNotes)
        if options.output == .json { return try session.printJSON(answer) }
        if options.output.isLines { return try Output.writeLines(ListAnswer.explanation(answer), as: options.output) }
        show(chosen, ledgers, feeds, session)
    }

    private func failure(_ candidates: [Finding]) -> CommandFailure {
        guard !candidates.isEmpty else {
            return CommandFailure(
                .usage,
                "no finding is called \(finding)\n  `fettle assess -o json` lists their ids; `fettle impact CVE-…` finds by CVE"
            )
        }
        let names = candidates.prefix(5).map(\.id.rawValue).joined(separator: ", ")
        return CommandFailure(.usage, "\(candidates.count) findings begin so, such as \(names)\n  name one of them")
    }

    private func show(_ finding: Finding, _ ledgers: [RiskLedger], _ feeds: AdvisoryFeeds, _ session: Session) {
        session.print(
            "\(finding.id): \(finding.updateClass.rawValue), \(finding.outcome.words), \(finding.owner.words)".printable
        )
        session.print("installed \(finding.installed), fix \(finding.fixed ?? "none yet")".printable)
        if let since = finding.firstSeenAt { session.print("first seen \(since.description.prefix(10))") }
        if let due = finding.dueAt { session.print("due \(due.description.prefix(10))") }
        for line in finding.explanation { session.print("  \(line.printable)") }
        for advisory in finding.advisories.prefix(20) {
            session.print("  \(advisory.id.rawValue.printable)\(advisory.exploitedSince == nil ? "" : " (exploited)")")
            let weakness = (try? feeds.index?.weakness(advisory.id.rawValue)) ?? nil
            for line in WeaknessWords.lines(weakness) { session.print("    \(line)") }
        }
        if finding.advisories.count > 20 { session.print("  … and \(finding.advisories.count - 20) more") }
        for ledger in ledgers { session.print("\n" + ledger.explanation.map(\.printable).joined(separator: "\n")) }
    }
}

struct Risk: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "risk",
        abstract: "The risk of waiting against the risk of patching, for each patch on each group.",
        discussion:
            "Both as expected loss a day, by the formulae in docs/risk.md and the numbers in policy.yaml. `fettle explain` shows every term."
    )

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var advisories: AdvisoryOptions
    @Flag(help: "Show every patch.") var all = false

    func run() async throws {
        let session = try Session(options)
        let fleet = try session.fleet
        let wanted = Set(try scope.resources(of: fleet).map(\.id))
        let set = try await session.risks.newestFindings()
        let feeds = try session.feeds(advisories.source)
        _ = feeds.notes(with: set)
        let ledgers = try await session.risks.ledgers(
            set.findings.filter { wanted.contains($0.resource) }, fleet: fleet, policy: session.policy, feeds: feeds)
        if options.output == .json { return try session.printJSON(ledgers) }
        if options.output.isLines {
            try Output.writeLines(ListAnswer.risks(ledgers), as: options.output)
            return noteUnchecked(set, session)
        }
        var table = Table([
            .init(title: "PATCH"), .init(title: "TO", shrinks: 2), .init(title: "GROUP"), .init(title: "WHEN"),
            .init(title: "WAITING/DAY", alignsRight: true), .init(title: "PATCHING/DAY", alignsRight: true),
            .init(title: "CROSSING", shrinks: 3), .init(title: "DUE"),
        ])
        for ledger in ledgers.prefix(all ? ledgers.count : 40) {
            table.add(
                .init(ledger.package, .bold), .init(ledger.version ?? "-"), .init(ledger.group),
                .init(ledger.outcome.words, ledger.outcome.style), .init(RiskTerm.figure(ledger.waiting.perDay)),
                .init(RiskTerm.figure(ledger.patching.perDay)), .init(ledger.crossing.shortWords),
                .init(ledger.dueAt.dayText))
        }
        session.print(ledgers.isEmpty ? "No patch is waiting." : table.render())
        if let unit = ledgers.first?.unit { session.print("\nexpected loss in \(unit.printable) a day") }
        if !all, ledgers.count > 40 {
            session.print("… and \(ledgers.count - 40) more (`fettle risk --all` shows them)")
        }
        noteUnchecked(set, session)
    }

    private func noteUnchecked(_ set: FindingSet, _ session: Session) {
        guard !set.feeds.advisoriesChecked else { return }
        session.note("advisories were not checked: the risk of waiting rests on what hosts' own sources say")
    }
}

extension RiskLedger.Crossing {
    fileprivate var shortWords: String {
        switch self {
        case .already: "already"
        case .on(let day, let days): "in \(days) d (\(day.description.prefix(10)))"
        case .never: "not in sight"
        }
    }
}
