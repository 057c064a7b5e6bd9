import FettleModel
import FettleReporting
import FettleTestSupport
import Testing

/// A run of more hosts than a page can show.
@Suite struct RunOfManyHostsTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func report(size: Int) -> RunReport {
        let plan = RollingPlan.plan(size: size, lanes: 1)
        let reference = StageReference(id: "plan-1", digest: Digest(rawValue: "a"))
        let change = Change(
            id: "change-1", plan: reference, kind: .normal, reason: "patches", requestedBy: "alice",
            requestedAt: Self.start, rule: ApprovalRule(approvals: 1, requesterMayApprove: false),
            votes: [
                .init(
                    person: "bob", approves: true, digest: reference.digest, at: Self.start, note: "",
                    isOwnChange: false)
            ])
        var events: [RunEvent] = [.started(change: "change-1", plan: reference, by: "alice")]
        for (number, step) in plan.steps.enumerated() {
            events.append(.stepIntended(step: step.id, attempt: 1, prior: nil))
            let failure = StepFailure(code: .packageManager, message: "dpkg failed", output: "")
            events.append(
                number == plan.steps.count - 1
                    ? .stepFailed(step: step.id, attempt: 1, failure: failure)
                    : .stepDone(
                        step: step.id, attempt: 1,
                        observation: Observation(verdict: .pass, summary: "fine", observedAt: Self.start)))
        }
        let findings = FindingSet(
            id: "findings-1", facts: reference, assessedAt: Self.start, feeds: .none, findings: [], notJudged: [])
        return RunReport(
            Evidence(
                run: "run-1", change: change, plan: plan,
                before: FactSet(id: "facts-1", observedAt: Self.start, hosts: []),
                after: nil, findingsBefore: findings, findingsAfter: nil,
                journal: events.enumerated().map {
                    JournalRecord(sequence: $0 + 1, epoch: 1, at: Self.start.adding(seconds: $0), event: $1)
                }))
    }

    /// Not seen is neither patched nor failed.
    @Test func hostsThatWereNotSeenAfterwardsAreToldApartFromWhatFailed() {
        let page = HTMLReport.page(report(size: 2))
        #expect(page.contains("<h2>Not seen after the run</h2>"))
        #expect(page.contains("<b>not observed</b>: web-1, web-2"))
        #expect(page.contains("dpkg failed"))
    }

    @Test func thePageIsCutAndSaysSoWhileTheRowsAreAllThere() throws {
        let report = report(size: 1_500)
        let page = HTMLReport.page(report)
        #expect(page.contains("400 of 1500"))
        #expect(page.contains("200 of 1500 hosts"))
        #expect(page.utf8.count < 2_000_000)
        // The host on which something failed stands in the time line though it is the last.
        let last = try #require(report.story.steps.last)
        #expect(last.failure != nil)
        #expect(page.contains(">\(last.resource)</text>"))
        let document = RunDocument.make(report, at: Self.start)
        #expect(document.tables.first { $0.name == "hosts" }?.count == 1_500)
        #expect(document.tables.first { $0.name == "steps" }?.count == report.story.steps.count)
        #expect(document.tables.first { $0.name == "failures" }?.count == 1)
        for table in document.tables {
            for place in 0..<min(50, table.count) { #expect(table.row(place).count == table.columns.count) }
        }
    }
}
