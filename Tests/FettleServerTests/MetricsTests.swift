import FettleControl
import FettleModel
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
}
