import FettleJudgement
import FettleModel
import Testing

@Suite struct BakeJudgeTests {
    static let seeds = Array(UInt64(1)...100)

    @Test func aGoodPatchIsStoppedNoMoreOftenThanWasAgreed() {
        let verdicts = Self.seeds.map { Scene().verdict(seed: $0).verdict }
        let stopped = verdicts.count { $0 == .fail }
        #expect(stopped <= 5, "\(stopped) of \(verdicts.count)")
        #expect(verdicts.count { $0 == .pass } >= 90, "\(verdicts)")
    }

    @Test(arguments: seeds) func aLeakIsFoundWhateverTheNoise(seed: UInt64) throws {
        let verdict = Scene(leakBytes: 32_768, leakFiles: 0.5).verdict(seed: seed)
        #expect(verdict.verdict == .fail)
        #expect(try #require(verdict.row("orders.service: memory")).verdict == "fail")
        #expect(try #require(verdict.row("orders.service: open files")).verdict == "fail")
        #expect(verdict.summary.contains("orders.service"))
        #expect(verdict.rows.first?.verdict == "fail", "failures come first")
    }

    @Test(arguments: seeds.prefix(30)) func whatBothSidesGainIsNoLeak(seed: UInt64) {
        let scene = Scene(leakBytes: 32_768, leakFiles: 0.5)
        #expect(scene.verdict(seed: seed, control: scene).verdict != .fail)
    }

    @Test func aLeakThatLastsBeyondTheNextMaintenanceStopsNothingAndIsTold() throws {
        var judgement = Scene.judgement
        judgement.thresholds.nextMaintenanceSeconds = 60
        let sides = (Scene(leakBytes: 32_768).series("web-1", seed: 1), Scene().series("web-2", seed: 2))
        let verdict = BakeJudge(judgement).judge([sides.0], against: .controls([sides.1]))
        #expect(verdict.verdict == .pass, "\(verdict)")
        #expect(try #require(verdict.row("orders.service: memory")).figure.contains("exhausted only in"))
    }

    /// The mean of both reaches its limit after the next maintenance, the one that leaks before it.
    @Test func aLeakIsProjectedForTheMemberThatLeaksAndNotForTheMeanOfAll() throws {
        let leaking = Scene(leakFiles: 2).series("web-1", seed: 1)
        let steady = (3...5).map { Scene().series(ResourceID("web-\($0)"), seed: UInt64($0)) }
        let control = Scene().series("web-2", seed: 2)
        func files(_ seconds: Int, _ patched: [MemberSeries]) throws -> JudgementRow {
            var judgement = Scene.judgement
            judgement.thresholds.nextMaintenanceSeconds = seconds
            let verdict = BakeJudge(judgement).judge(patched, against: .controls([control]))
            return try #require(verdict.row("orders.service: open files"))
        }
        // 950 files are left, two more each second: 480 s for the one, 1900 s for the mean of four.
        let row = try files(900, steady + [leaking])
        #expect(row.verdict == "fail", "\(row)")
        #expect(try files(300, steady + [leaking]).verdict == "pass")
        var unlimited = leaking
        for place in unlimited.pulses.indices { unlimited.pulses[place].services?[0].descriptorLimit = nil }
        let unknown = try files(300, steady + [unlimited])
        #expect(unknown.verdict == "inconclusive", "the limit of the one that grows is not known: \(unknown)")
    }

    @Test func aServiceThatWarmsUpAndStopsGrowingIsNoLeak() throws {
        let patched = Scene(seconds: 60, warmUpBytes: 400_000).series("web-1", seed: 4)
        var settled = patched
        for place in settled.pulses.indices where place > 20 {
            settled.pulses[place].services?[0].memoryBytes = 12_500_000 + Int64(place % 3) * 4_096
        }
        let control = Scene(seconds: 60).series("web-2", seed: 5)
        let verdict = BakeJudge(Scene.judgement).judge([settled], against: .controls([control]))
        #expect(try #require(verdict.row("orders.service: memory")).verdict == "pass", "\(verdict)")
    }

    /// With 4 against 4 samples no test can be sure: too few never pass (kayenta#426).
    @Test(arguments: 0...5) func tooLittleNeverPassesWhateverItShows(count: Int) {
        for bad in [0.0, 1.0] {
            let verdict = Scene(seconds: count, failures: bad).verdict(seed: UInt64(count))
            #expect(verdict.verdict == .inconclusive, "\(count): \(verdict)")
        }
    }

    @Test func moreTimeNeverTurnsABadVersionIntoAGoodOne() {
        for seconds in stride(from: 2, through: 120, by: 6) {
            let verdict = Scene(seconds: seconds, leakBytes: 65_536, failures: 0.7).verdict(seed: UInt64(seconds))
            #expect(verdict.verdict != .pass, "\(seconds) s")
        }
    }

    @Test func nobodyToCompareWithIsInconclusive() {
        let patched = Scene().series("web-1", seed: 1)
        let verdict = BakeJudge(Scene.judgement).judge([patched], against: .nothing(reason: "no member is left"))
        #expect(verdict.verdict == .inconclusive)
        #expect(verdict.summary.contains("no member is left"))
    }

    @Test func theOrderOfMembersChangesNothing() {
        let members = (0..<4).map { Scene(leakBytes: 900).series(ResourceID("web-\($0)"), seed: UInt64($0)) }
        let control = Scene().series("web-9", seed: 9)
        let judge = BakeJudge(Scene.judgement)
        let one = judge.judge(members, against: .controls([control]))
        #expect(judge.judge(members.reversed(), against: .controls([control])) == one)
    }
}
