import FettleJudgement
import FettleModel
import Testing

/// Judged against the same member before it was patched: the last resort where nobody else is left.
@Suite struct HistoryTests {
    private func verdict(_ after: Scene, before: Scene = Scene(), seed: UInt64) -> BakeVerdict {
        BakeJudge(Scene.judgement, looks: 4).judge(
            [after.series("web-1", seed: seed)],
            against: .history([before.series("web-1", seed: seed &+ 1_000_000)]))
    }

    @Test(arguments: BakeJudgeTests.seeds.prefix(40)) func aLeakThatWasNotThereBeforeFails(seed: UInt64) {
        let verdict = verdict(Scene(leakBytes: 32_768, leakFiles: 0.5), seed: seed)
        #expect(verdict.verdict == .fail)
        #expect(verdict.summary.contains("web-1 before the patch"))
    }

    @Test(arguments: BakeJudgeTests.seeds.prefix(40)) func aLeakThatWasAlwaysThereIsNotThePatchsDoing(seed: UInt64) {
        let leaking = Scene(leakBytes: 32_768, leakFiles: 0.5)
        #expect(verdict(leaking, before: leaking, seed: seed).verdict != .fail)
    }

    @Test func whatIsUnchangedPasses() {
        let verdicts = BakeJudgeTests.seeds.map { verdict(Scene(), seed: $0).verdict }
        #expect(verdicts.count { $0 == .fail } <= 5)
        #expect(verdicts.count { $0 == .pass } >= 90)
    }

    @Test func aRecordThatIsTooShortIsInconclusive() {
        #expect(verdict(Scene(), before: Scene(seconds: 4), seed: 1).verdict == .inconclusive)
    }

    /// The counters of the earlier time say nothing of what happened since: any kill counts.
    @Test func killsBeforeThePatchExcuseNoneAfterIt() {
        var before = Scene().series("web-1", seed: 1)
        for place in before.pulses.indices { before.pulses[place].outOfMemoryKills = place }
        var after = Scene().series("web-1", seed: 2)
        let last = after.pulses.count - 1
        after.pulses[last].outOfMemoryKills = 4
        #expect(BakeJudge(Scene.judgement).judge([after], against: .history([before])).verdict == .fail)
    }
}
