import FettleModel
import FettleReporting
import Foundation
import Testing

@Suite("What is urgent and why")
struct JudgementSectionTests {
    private let now = Timestamp(milliseconds: 1_790_000_000_000)

    private func finding(
        _ source: String, on resource: ResourceID = "web-1", fixed: String? = "2", _ outcome: Outcome = .scheduled,
        dueInDays: Int? = 30, exploited: Bool = false, waived: Bool = false
    ) -> Finding {
        Finding(
            id: FindingID("\(resource)/\(source)/\(fixed ?? "none")"), resource: resource, source: source,
            packages: [source],
            installed: "1", fixed: fixed, updateClass: .security,
            advisories: [
                Advisory(id: AdvisoryID("CVE-2031-\(source)"), exploitedSince: exploited ? now : nil)
            ], state: .missing, owner: .us, outcome: outcome,
            dueAt: dueInDays.map { Timestamp(milliseconds: now.milliseconds + Int64($0) * 86_400_000) },
            explanation: ["\(source) 1 < 2", "SSVC says \(outcome.rawValue)"], isOffered: true, isHeld: false,
            waivers: waived
                ? [
                    AppliedWaiver(
                        waiver: "waiver-1", kind: .accepted, advisories: nil,
                        expiresAt: Timestamp(milliseconds: now.milliseconds + 864_000_000))
                ] : nil)
    }

    private func set(_ findings: [Finding], feeds: FeedCoverage = .none) -> FindingSet {
        FindingSet(
            id: "findings-1",
            facts: StageReference(id: "facts-1", digest: Digest(rawValue: String(repeating: "a", count: 64))),
            assessedAt: now, feeds: feeds, findings: findings,
            notJudged: [.init(resource: "db-1", reason: "unreachable: <no route>")])
    }

    @Test("The most urgent comes first: by outcome, then what is exploited, then by the day it is due")
    func order() {
        let summary = JudgementSummary(
            set([
                finding("later", .scheduled, dueInDays: 30), finding("sooner", .scheduled, dueInDays: 2),
                finding("exploited", .scheduled, dueInDays: 40, exploited: true), finding("now", .immediate),
                finding("accepted", .immediate, waived: true),
            ]))
        #expect(summary.patches.map(\.source) == ["now", "exploited", "sooner", "later"])
        #expect(summary.waived.map(\.source) == ["accepted"])
        #expect(summary.waived.map(\.waivers) == [["waiver-1"]])
    }

    @Test("Resources that miss one patch are one line, the most urgent of them decides")
    func lots() {
        let summary = JudgementSummary(
            set([
                finding("ssl", on: "web-2", .scheduled, dueInDays: 30),
                finding("ssl", on: "web-1", .immediate, dueInDays: 3), finding("ssl", on: "web-3", fixed: nil),
            ]))
        #expect(summary.patches.map(\.resources) == [["web-1", "web-2"], ["web-3"]])
        #expect(summary.patches[0].outcome == .immediate)
        #expect(summary.patches[0].dueAt == Timestamp(milliseconds: now.milliseconds + 3 * 86_400_000))
    }

    @Test("A page's length does not hang on the fleet's: what is not shown is counted")
    func bounds() {
        let summary = JudgementSummary(set((0..<100).map { finding("source-\($0)") }))
        #expect(summary.patches.count == JudgementSummary.mostPatches && summary.patchCount == 100)
        #expect(JudgementSection.html(summary, now: now).source.contains("and 75 less urgent ones"))
    }

    @Test("Both risks, the due date, the waiver, the standing and what was not checked stand on the page")
    func page() {
        let feeds = FeedCoverage(feeds: [
            .init(
                name: "osv (all.zip)", kind: .advisories, publishedAt: now, records: 5,
                remarks: ["2 records kept as unknown, the first: X-1 p: it names only commits"])
        ])
        let risk = JudgementSummary.Risk(
            group: "web", unit: "points a day", waitingPerDay: 2.5, patchingPerDay: 0.125, waiting: "2.5",
            patching: "0.125", crossing: "waiting costs more than patching already today",
            explanation: ["exposure: 0.1 (the Internet reaches it)"])
        let standing = JudgementSummary.Standing(
            name: "production", resources: 3, notJudged: 1, withinDue: 4, overdue: 2, overdueWithoutFix: 1, waived: 1,
            mostDaysOverdue: 12)
        let summary = JudgementSummary(
            set(
                [finding("ssl", .immediate, dueInDays: -1, exploited: true), finding("old", waived: true)], feeds: feeds
            ),
            risks: { source, _ in source == "ssl" ? [risk] : [] }, compliance: [standing])
        let page = JudgementSection.html(summary, now: now).source
        for words in [
            ">immediate<", ">exploited<", ">overdue<", "2026-09-20", "<td class=\"bad\">2.5</td><td>0.125</td>",
            "already today", "exposure: 0.1", "CVE-2031-ssl", "2, by up to 12 days", "waiver-1", "kept as unknown",
            "db-1: unreachable: &lt;no route&gt;", "no EPSS", "CISA KEV",
        ] { #expect(page.contains(words), "\(words)") }
    }

    @Test("Feeds without advisories are not told as no feed")
    func gap() {
        func page(_ feeds: [FeedCoverage.Feed]) -> String {
            JudgementSection.html(JudgementSummary(set([], feeds: FeedCoverage(feeds: feeds))), now: now).source
        }
        #expect(page([]).contains("Advisories: no feed was given."))
        let list = page([.init(name: "KEV", kind: .exploited, publishedAt: nil, records: 7)])
        #expect(list.contains("Advisories: no feed that was given has any."), "\(list)")
    }

    @Test("Nothing open is told with what was not looked at")
    func nothing() {
        #expect(
            JudgementSection.html(JudgementSummary(set([])), now: now).source.contains("what was not, stands above"))
    }

    @Test("Names from outside cannot become part of the page")
    func hostile() {
        let evil = "</td></table><script>alert('1')</script>\u{1b}[31m\n-rf"
        let risk = JudgementSummary.Risk(
            group: evil, unit: evil, waitingPerDay: 1, patchingPerDay: 1, waiting: evil, patching: evil,
            crossing: evil, explanation: [evil])
        let standing = JudgementSummary.Standing(
            name: evil, resources: 1, notJudged: 0, withinDue: 0, overdue: 0, overdueWithoutFix: 0, waived: 0,
            mostDaysOverdue: nil)
        let feed = FeedCoverage.Feed(name: evil, kind: .advisories, publishedAt: nil, records: 1, remarks: [evil])
        var findings = set(
            [finding(evil, on: ResourceID(evil), fixed: evil), finding(evil, waived: true)],
            feeds: FeedCoverage(feeds: [feed]))
        findings.notJudged = [.init(resource: ResourceID(evil), reason: evil)]
        let summary = JudgementSummary(findings, risks: { _, _ in [risk] }, compliance: [standing])
        let page = JudgementSection.html(summary, now: now).source
        #expect(!page.contains("<script") && !page.contains("\u{1b}"))
        #expect(page.contains("&lt;script&gt;"))
        #expect(page.components(separatedBy: "<table>").count == page.components(separatedBy: "</table>").count)
    }

    @Test("The JSON of a judgement is read back as it was")
    func json() throws {
        let summary = JudgementSummary(
            set([finding("ssl", .immediate, exploited: true), finding("old", waived: true)]))
        let read = try JSONDecoder().decode(JudgementSummary.self, from: CanonicalJSON.encode(summary))
        #expect(read == summary)
    }
}
