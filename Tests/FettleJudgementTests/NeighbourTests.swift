import FettleJudgement
import FettleModel
import Testing

/// What runs beside a canary.
@Suite struct NeighbourTests {
    private static func neighbour(
        _ resource: ResourceID = "db-1", ofControls: Bool = false, before: GateVerdict? = .pass, passed: Int = 30,
        failed: Int = 0, unanswered: Int = 0, row: Int = 0, samples: Int = 2, endsBadly: Bool = false
    ) -> NeighbourSeries {
        NeighbourSeries(
            resource: resource, group: "db", probe: "ping", isOfControls: ofControls, before: before, passed: passed,
            failed: failed, unanswered: unanswered, failedInRow: row, neededInRow: samples, endsBadly: endsBadly,
            reason: "ping: no answer in 5 s")
    }

    /// Of a canary that is well itself.
    private func verdict(_ neighbours: NeighbourSeries...) -> BakeVerdict {
        BakeJudge(Scene.judgement, looks: 4).judge(
            [Scene().series("web-1", seed: 3)], against: .controls([Scene().series("web-2", seed: 1_000_003)]),
            neighbours: neighbours)
    }

    private static let subject = "neighbour db-1, db: ping"

    @Test func aNeighbourThatWasWellAndFailsAgainAndAgainFailsTheCanaryWithItsName() {
        let verdict = verdict(Self.neighbour(failed: 3, row: 3))
        #expect(verdict.verdict == .fail)
        #expect(verdict.rows.first?.subject == Self.subject, "failures come first")
        #expect(verdict.summary.contains("db-1") && verdict.summary.contains("no answer"), "\(verdict.summary)")
    }

    @Test func oneBadAnswerAloneIsNoFailureAndNeitherAreFewerThanTheProbeDemands() {
        #expect(verdict(Self.neighbour(failed: 4, row: 1)).verdict == .pass)
        #expect(verdict(Self.neighbour(failed: 4, row: 1, samples: 1)).verdict == .pass, "never one alone")
        #expect(verdict(Self.neighbour(failed: 4, row: 4, samples: 5)).verdict == .pass)
        #expect(verdict(Self.neighbour(failed: 5, row: 5, samples: 5)).verdict == .fail)
    }

    @Test func whatIsNotSettledAtTheEndIsWatchedForLonger() {
        let verdict = verdict(Self.neighbour(failed: 1, row: 1, endsBadly: true))
        #expect(verdict.verdict == .inconclusive)
        #expect(verdict.row(Self.subject)?.figure.contains("last answer") == true, "\(verdict)")
    }

    @Test func whatWasNotWellBeforeProvesNothingAndBlocksNothing() {
        let verdict = verdict(Self.neighbour(before: .fail, passed: 0, failed: 30, row: 30))
        #expect(verdict.verdict == .pass)
        #expect(verdict.row(Self.subject)?.verdict == "not known")
        #expect(verdict.summary.contains(Self.subject), "it is told: \(verdict.summary)")
    }

    @Test(arguments: [GateVerdict.inconclusive, .error, nil])
    func whatCouldNotBeAskedBeforeIsUndecidedHoweverItIsNow(before: GateVerdict?) {
        #expect(verdict(Self.neighbour(before: before)).verdict == .inconclusive)
        #expect(verdict(Self.neighbour(before: before, passed: 0, failed: 30, row: 30)).verdict == .inconclusive)
    }

    @Test func whatCannotBeAskedWhileItIsWatchedIsUndecidedAndNeverWell() {
        #expect(verdict(Self.neighbour(passed: 0, unanswered: 30)).verdict == .inconclusive)
        #expect(verdict(Self.neighbour(passed: 10, unanswered: 20)).verdict == .inconclusive)
        #expect(verdict(Self.neighbour(passed: 0)).verdict == .inconclusive, "not asked at all")
        #expect(verdict(Self.neighbour(passed: 20, unanswered: 10)).verdict == .pass)
    }

    @Test func whatFailsBesideControlsAsWellIsNotThePatchsDoingAndNeverPasses() {
        let failing = Self.neighbour(failed: 3, row: 3)
        let alike = Self.neighbour("db-2", ofControls: true, failed: 3, row: 3)
        let verdict = verdict(failing, alike)
        #expect(verdict.verdict == .inconclusive)
        #expect(verdict.row(Self.subject)?.control.contains("db-2") == true, "\(verdict)")
        #expect(self.verdict(failing, Self.neighbour("db-2", ofControls: true)).verdict == .fail)
        let ill = Self.neighbour("db-2", ofControls: true, before: .fail, passed: 0, failed: 9, row: 9)
        #expect(self.verdict(failing, ill).verdict == .fail, "one that was ill before excuses nothing")
        #expect(self.verdict(Self.neighbour(), alike).verdict == .pass, "a control's neighbour stops nobody")
    }

    @Test func thoseThatAreWellShareARow() {
        let verdict = verdict(Self.neighbour(), Self.neighbour("db-2"))
        #expect(verdict.verdict == .pass)
        #expect(verdict.row("neighbours")?.patched == "2 probes pass", "\(verdict)")
    }
}
