import FettleJudgement
import FettleModel
import Testing

@Suite struct AnswerTests {
    private func verdict(_ here: [Double], _ there: [Double], failed: Int = 0, of asked: Int? = nil) -> BakeVerdict {
        let patched = MemberSeries(
            member: "web-1",
            answers: ["healthz": ProbeSeries(asked: asked ?? here.count, failed: failed, milliseconds: here)])
        let control = MemberSeries(
            member: "web-2", answers: ["healthz": ProbeSeries(asked: there.count, milliseconds: there)])
        var judgement = Scene.judgement
        judgement.services = []
        return BakeJudge(judgement).judge([patched], against: .controls([control]))
    }

    private func latency(_ here: [Double], _ there: [Double]) -> String? {
        verdict(here, there).row("healthz: latency")?.verdict
    }

    /// Seven of ten answers at 100 against a baseline of 1 passed (spinnaker#6278).
    @Test func mostAnswersThatAreAHundredTimesSlowerDoNotPass() {
        let here = [1, 1, 1] + [Double](repeating: 100, count: 7)
        #expect(latency(here, [Double](repeating: 1, count: 10)) != "pass")
        #expect(latency(here + here, [Double](repeating: 1, count: 20)) == "fail")
    }

    /// Equal values crashed the judgement (kayenta#301).
    @Test func answersThatAreAllTheSamePass() {
        #expect(latency([Double](repeating: 20, count: 12), [Double](repeating: 20, count: 12)) == "pass")
        #expect(latency([Double](repeating: 0, count: 12), [Double](repeating: 0, count: 12)) == "pass")
    }

    @Test func whatIsSlowerWithinTheMarginPassesAndBeyondItFails() {
        let control = (0..<30).map { 100 + Double($0 % 7) }
        #expect(latency(control.map { $0 + 5 }, control) == "pass")
        #expect(latency(control.map { $0 + 60 }, control) == "fail")
        #expect(latency(control.map { $0 + 25.7 }, control) == "inconclusive", "on the edge nothing is shown")
    }

    /// Half the answers jump to the sixfold and the middle stays where it was, which passed (kayenta#780; the numbers are the
    /// report's).
    @Test func answersThatJumpAboutDoNotPassForTheirMiddle() {
        let steady = [10, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 17, 17.1, 17.2, 17.3, 17.4, 17.5, 17.6, 17.7]
        let jumping: [Double] = [1, 100, 4, 101, 5, 102, 6, 103, 7, 104, 8, 105, 9, 106, 17]
        #expect(latency(jumping, steady) == "inconclusive")
        let more = (0..<8).flatMap { _ in jumping }
        #expect(latency(more, (0..<8).flatMap { _ in steady }) != "pass")
        #expect(latency(steady, steady) == "pass")
    }

    /// Sparse errors passed (kayenta#426).
    @Test func errorsOnThePatchedMemberAloneFail() {
        let times = [Double](repeating: 20, count: 30)
        let verdict = verdict(times, times, failed: 10, of: 40)
        #expect(verdict.row("healthz: bad answers")?.verdict == "fail", "\(verdict)")
        #expect(verdict.verdict == .fail)
    }

    @Test func noFiniteNumberNeverTrapsNorPasses() {
        #expect(latency([.nan, 1, 2, 3, 4, 5, 6, 7, 8, 9], (0..<10).map(Double.init)) != "pass")
        #expect(latency([.infinity], [.infinity]) != "pass")
    }
}
