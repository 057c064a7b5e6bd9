import ArgumentParser
import FettleAssessment
import FettleControl
import FettleIndex
import FettleModel
import Foundation

struct Impact: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "impact", abstract: "Which hosts have a weakness: why, and since when.",
        discussion: """
            By the newest findings (`fettle scan`, `fettle assess`). Ends with 0 if no host has it, or all that have it by a waiver, 101 \
            if some have, 4 if it is undecided, if some hosts could not be judged, or if no feed that is here names it.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "A CVE, or an advisory such as DSA-5417-1 or ALSA-2024:1234.") var advisory: String
    @OptionGroup var advisories: AdvisoryOptions

    struct Row: Encodable {
        var resource: String
        var source: String
        var installed: String
        var fixed: String?
        var state: String
        var since: Timestamp?
        var dueAt: Timestamp?
        var because: String
        /// The waivers that cover it there; nil: it is not waived.
        var waivers: [String]?
    }

    struct Answer: Encodable {
        /// As it was asked for, but for a CVE's letters.
        var advisory: String
        var names: [String]
        var exploitedSince: Timestamp?
        var hosts: [Row]
        /// Hosts on which a livepatch has fixed it in the running kernel.
        var livepatched: [Row]
        /// Where it is neither affected nor clean by the advisories.
        var undecided: [FindingSet.Undecided]
        var notJudged: [FindingSet.NotJudged]
        /// What is not sound of the feeds that it rests on: stale, missing or not read whole.
        var feedNotes: [String]
        /// Whether any feed that is here, or the newest findings, name it.
        var isKnown: Bool

        func status(isChecked: Bool) -> ExitStatus {
            if hosts.contains(where: { $0.waivers == nil }) { return .securityUpdatesNeeded }
            return isChecked && notJudged.isEmpty && undecided.isEmpty && isKnown ? .ok : .partial
        }
    }

    func run() async throws {
        let advisory = Self.name(advisory)
        let session = try Session(options)
        let feeds = try session.feeds(advisories.source)
        let set = try await session.risks.newestFindings()
        let asked: (ids: Set<String>, numbers: Set<UInt32>)
        let weakness: WeaknessRecord?
        do throws(IndexError) {
            asked = try feeds.advisories(named: advisory)
            weakness = try feeds.index?.weakness(advisory)
        } catch { throw CommandFailure(.failure, "\(error)") }
        let names = asked.ids
        let named = set.findings.filter { finding in finding.advisories.contains { names.contains($0.id.rawValue) } }
        let found = named.filter(\.isOpen).map(row)
        let judged = Set(named.map(\.resource.rawValue))
        let newly = try await newly(asked.numbers, feeds, session)
        let rows = (found + newly.filter { !judged.contains($0.resource) })
            .sorted { ($0.resource, $0.source) < ($1.resource, $1.source) }
        var undecided = (set.undecided ?? []).filter { $0.advisories.contains { names.contains($0.rawValue) } }
        let known = Set(rows.map(Self.place) + undecided.map { [$0.resource.rawValue, $0.source] })
        undecided += try await session.risks.unknownRunning(asked.numbers, feeds: feeds, besides: set)
            .filter { !known.contains([$0.resource.rawValue, $0.source]) }
        let answer = Answer(
            advisory: advisory, names: names.sorted(), exploitedSince: weakness?.exploited?.addedAt, hosts: rows,
            livepatched: named.filter { !$0.isOpen }.map(row), undecided: undecided, notJudged: set.notJudged,
            feedNotes: feeds.notes(with: set),
            isKnown: weakness != nil || !asked.numbers.isEmpty || !named.isEmpty || !undecided.isEmpty)
        switch options.output {
        case .json: try session.printJSON(answer)
        case .ndjson:
            for row in rows { session.print(String(decoding: try CanonicalJSON.encode(row), as: UTF8.self)) }
            tell(answer, set, session)
        case .csv:
            session.print(Self.lines(rows))
            tell(answer, set, session)
        case .table, .ics: show(answer, weakness, set, session)
        }
        let status = answer.status(isChecked: set.feeds.advisoriesChecked)
        if status != .ok { throw status.code }
    }

    /// The letters of a CVE's name are capitals; others' names have small ones too.
    static func name(_ word: String) -> String {
        word.lowercased().hasPrefix("cve-") ? word.uppercased() : word
    }

    private static func place(_ row: Row) -> [String] { [row.resource, row.source] }

    /// Hosts that had it at their last scan, by today's feeds: also of an advisory that came after the findings.
    private func newly(_ numbers: Set<UInt32>, _ feeds: AdvisoryFeeds, _ session: Session) async throws -> [Row] {
        guard let index = feeds.index else { return [] }
        let hosts = try await FleetPackages(directory: session.directory).hosts(with: numbers.sorted(), by: index) {
            guard let facts = try await session.scans.newestFacts() else { return nil }
            return (facts, try session.fleet)
        }
        return (hosts ?? []).map { host in
            Row(
                resource: host.id, source: host.source, installed: host.installed, state: InstallState.missing.rawValue,
                because: "had it at its scan of \(host.seenAt.description.prefix(10)); not assessed by these feeds yet")
        }
    }

    private func row(_ finding: Finding) -> Row {
        Row(
            resource: finding.resource.rawValue, source: finding.source, installed: finding.installed,
            fixed: finding.fixed, state: finding.state.rawValue, since: finding.firstSeenAt, dueAt: finding.dueAt,
            // Of what a livepatch fixed the second word is the one that says so.
            because: (finding.isOpen ? finding.explanation.first : finding.explanation.last) ?? "",
            waivers: finding.isWaived ? (finding.waivers ?? []).map(\.waiver.rawValue) : nil)
    }

    static func lines(_ rows: [Row]) -> String {
        let header = "resource,source,installed,fixed,state,since,due,because,waivers"
        let body = rows.map { row in
            [
                row.resource, row.source, row.installed, row.fixed ?? "", row.state, row.since?.description ?? "",
                row.dueAt?.description ?? "", row.because,
                (row.waivers ?? []).joined(separator: " "),
            ].map(CSVText.quoted).joined(separator: ",")
        }
        return ([header] + body).joined(separator: "\r\n")
    }

    private func show(_ answer: Answer, _ weakness: WeaknessRecord?, _ set: FindingSet, _ session: Session) {
        for line in WeaknessWords.lines(weakness) { session.print(line) }
        var table = Table([
            .init(title: "HOST"), .init(title: "SOURCE"), .init(title: "INSTALLED", shrinks: 2),
            .init(title: "FIX", shrinks: 2), .init(title: "SINCE"), .init(title: "DUE"),
            .init(title: "WHY", shrinks: 3),
        ])
        for row in answer.hosts {
            table.add(
                .init(row.resource, .bold), .init(row.source), .init(row.installed), .init(row.fixed ?? "none yet"),
                .init(row.since.dayText),
                .init(row.waivers.map { "waived: \($0.joined(separator: ", "))" } ?? row.dueAt.dayText),
                .init(row.because))
        }
        session.print(answer.hosts.isEmpty ? "No judged host has \(answer.advisory.printable)." : table.render())
        tell(answer, set, session)
    }

    /// What is no host that has it, and not to be lost.
    private func tell(_ answer: Answer, _ set: FindingSet, _ session: Session) {
        for row in answer.livepatched { session.note("\(row.resource): fixed by a livepatch: \(row.because)") }
        if let gap = set.feeds.advisoriesGap {
            session.note("advisories were not checked: \(gap), when the fleet was judged")
        }
        for entry in answer.undecided.prefix(20) {
            session.note("undecided: \(entry.resource): \(entry.source) \(entry.installed): \(entry.reason)")
        }
        if !answer.isKnown {
            session.note("no feed that is here names \(answer.advisory.printable): nothing was looked for")
        }
        for gap in answer.notJudged.prefix(20) { session.note("not judged: \(gap.resource): \(gap.reason)") }
    }
}

/// What is known of a CVE, in words. A prediction is told with its date and never as exploitation.
enum WeaknessWords {
    static func lines(_ weakness: WeaknessRecord?) -> [String] {
        guard let weakness else { return [] }
        var lines: [String] = []
        if weakness.isRejected { lines.append("\(weakness.id) was rejected: it names no weakness") }
        if let exploited = weakness.exploited {
            let due = exploited.dueAt.map { ", due \($0.description.prefix(10))" } ?? ""
            let ransom = exploited.isUsedByRansomware ? ", used by ransomware" : ""
            lines.append("exploited: on CISA's list since \(exploited.addedAt.description.prefix(10))\(due)\(ransom)")
        }
        if let prediction = weakness.prediction {
            let percent = String(format: "%.1f%%", prediction.probability * 100)
            lines.append(
                "predicted (EPSS of \(prediction.scoredAt.description.prefix(10))): \(percent) within 30 days; a prediction, not exploitation"
            )
        }
        if let decision = weakness.decision {
            lines.append(
                "SSVC: exploitation \(decision.exploitation.rawValue), "
                    + "\(decision.isAutomatable ? "automatable" : "not automatable"), impact \(decision.technicalImpact.rawValue)"
            )
        }
        for rating in weakness.cvss.prefix(3) {
            let score = rating.publishedScore.map { String(format: "%.1f published, ", $0) } ?? ""
            lines.append("CVSS\(rating.source.isEmpty ? "" : " by \(rating.source)"): \(score)\(rating.vector)")
        }
        return lines.map(\.printable)
    }
}
