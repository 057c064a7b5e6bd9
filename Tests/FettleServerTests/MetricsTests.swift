import FettleControl
import FettleModel
import FettleReporting
import Testing

@testable import FettleServer

@Suite struct MetricsTests {
    private var overview: OverviewService.Overview {
        OverviewService.Overview(
            assessedAt: Timestamp(milliseconds: 5_000), advisoriesChecked: true, findings: [.immediate: 2],
            notJudged: 1,
            runs: [], quarantined: [])
    }

    @Test func everyOutcomeHasALineEvenAtZero() {
        let text = Metrics.text(overview)
        #expect(text.contains("fettle_findings{outcome=\"immediate\"} 2\n"))
        #expect(text.contains("fettle_findings{outcome=\"defer\"} 0\n"))
        #expect(text.contains("fettle_assessed_timestamp_seconds 5\n"))
    }

    @Test func whyAdvisoriesWereNotCheckedStandsOnThePage() {
        #expect(!OverviewPage.html(overview).contains("not checked"))
        var overview = overview
        overview.advisoriesGap =
            FeedCoverage(feeds: [
                .init(name: "KEV", kind: .exploited, publishedAt: nil, records: 7)
            ]).advisoriesGap
        #expect(OverviewPage.html(overview).contains("<b>not checked</b>: no feed that was given has any,"))
    }

    @Test func thePageEscapesWhatPeopleWrote() {
        var overview = overview
        overview.quarantined = [
            QuarantineEntry(
                resource: "<b>", run: "run-1", reason: "<script>", owner: "alice", since: Timestamp(milliseconds: 0),
                deadline: Timestamp(milliseconds: 0), obligations: [])
        ]
        let page = OverviewPage.html(overview, now: Timestamp(milliseconds: 1))
        #expect(!page.contains("<script>"))
        #expect(page.contains("&lt;script&gt;"))
        #expect(page.contains("overdue"))
    }

    @Test func thePageShowsWhatIsUrgentAndEscapesIt() {
        let time = Timestamp(milliseconds: 5_000)
        let finding = Finding(
            id: "web-1/<i>/2", resource: "web-1", source: "<script>", packages: [], installed: "1", fixed: "2",
            updateClass: .security, advisories: [Advisory(id: "CVE-2031-1001", exploitedSince: time)], state: .missing,
            owner: .us, outcome: .immediate, dueAt: time, explanation: ["<img src=x>"], isOffered: true, isHeld: false)
        let set = FindingSet(
            id: "findings-1", facts: StageReference(id: "facts-1", digest: Digest(rawValue: "a")), assessedAt: time,
            feeds: .none, findings: [finding], notJudged: [])
        let page = OverviewPage.html(
            overview, judgement: JudgementSummary(set), now: Timestamp(milliseconds: 6_000))
        for words in ["What is urgent, and why", "CVE-2031-1001", "1970-01-01", "Not checked, which is not clean"] {
            #expect(page.contains(words), "\(words)")
        }
        #expect(!page.contains("<script>") && !page.contains("<img"))
    }
}
