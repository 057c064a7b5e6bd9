import FettleJudgement
import FettleModel
import Testing

/// What has no tolerance.
@Suite struct FaultTests {
    private func fails(_ subject: String, _ change: (inout Pulse) -> Void) -> Bool {
        let verdict = Scene().verdict(seed: 3) { series in
            let last = series.pulses.count - 1
            change(&series.pulses[last])
        }
        return verdict.row(subject)?.verdict == "fail" && verdict.verdict == .fail
    }

    @Test func eachFaultOnThePatchedMemberAloneFails() {
        #expect(fails("crashes") { $0.crashes = ["SIGSEGV in /usr/bin/orders": 1] })
        #expect(fails("kernel messages") { $0.kernelTroubles = ["BUG: unable to handle #": 1] })
        #expect(fails("kernel taint") { $0.kernelTaint = 1 << 7 })
        #expect(fails("out-of-memory kills") { $0.outOfMemoryKills = 4 })
        #expect(fails("out-of-memory kills") { _ in } == false)
        #expect(fails("service restarts") { $0.services?[0].restarts = 1 })
        #expect(fails("service restarts") { $0.services?[0].activeSince = 6_000_000 })
        #expect(fails("service restarts") { $0.services?[0].mainProcess = 101 })
        #expect(fails("service restarts") { $0.services = [] })
        #expect(fails("unrequested reboots") { $0.bootID = "c" })
    }

    @Test func whatTheControlShowsAsWellIsNotThePatchsDoing() {
        let crash = ["SIGSEGV in /usr/bin/old": 1]
        var control = Scene().series("web-2", seed: 7)
        var patched = Scene().series("web-1", seed: 8)
        for place in control.pulses.indices.suffix(1) {
            control.pulses[place].crashes = crash
            patched.pulses[place].crashes = crash
            control.pulses[place].outOfMemoryKills = 5
            patched.pulses[place].outOfMemoryKills = 5
        }
        let verdict = BakeJudge(Scene.judgement).judge([patched], against: .controls([control]))
        #expect(verdict.verdict == .pass, "\(verdict)")
        let last = patched.pulses.count - 1
        patched.pulses[last].outOfMemoryKills = 6
        #expect(BakeJudge(Scene.judgement).judge([patched], against: .controls([control])).verdict == .fail)
    }

    /// A crash loop of the canary was excused by one restart of the control.
    @Test func moreRestartsThanAnyControlHadFailAndAsManyDoNot() {
        func verdict(_ here: Int, _ there: Int) -> String? {
            func restarted(_ member: ResourceID, _ times: Int) -> MemberSeries {
                var series = Scene().series(member, seed: 7)
                let last = series.pulses.count - 1
                for number in 0..<times {
                    for place in (last - number)...last {
                        series.pulses[place].services?[0].restarts += 1
                        series.pulses[place].services?[0].mainProcess += 1
                        series.pulses[place].services?[0].activeSince += 1_000_000
                    }
                }
                return series
            }
            return BakeJudge(Scene.judgement).judge(
                [restarted("web-1", here)], against: .controls([restarted("web-2", there)])
            ).row("service restarts")?.verdict
        }
        #expect(verdict(12, 1) == "fail")
        #expect(verdict(2, 1) == "fail")
        #expect(verdict(1, 1) == "pass")
        #expect(verdict(1, 2) == "pass")
        #expect(verdict(0, 1) == "pass")
    }

    /// A unit that is away for a moment and comes back has been started anew once.
    @Test(arguments: [true, false]) func aRestartIsCountedOnceWhetherItsGapWasSeenOrNot(isGone: Bool) {
        var patched = Scene().series("web-1", seed: 7)
        var control = Scene().series("web-2", seed: 8)
        let last = patched.pulses.count - 1
        for place in (last - 3)...last {
            patched.pulses[place].services?[0].mainProcess = 200
            control.pulses[place].services?[0].mainProcess = 300
        }
        // Gone, or about to be started anew.
        if isGone {
            patched.pulses[last - 4].services = []
        } else {
            patched.pulses[last - 4].services?[0].mainProcess = 0
        }
        #expect(BakeJudge(Scene.judgement).judge([patched], against: .controls([control])).verdict == .pass)
    }

    /// A worker that dies as soon as it is started, and runs at no look before the second: nothing of it is in the first.
    @Test func aUnitThatComesAndGoesIsCountedThoughItDidNotRunAtTheFirstLook() {
        func verdict(_ here: Int, _ there: Int) -> String? {
            func looping(_ member: ResourceID, _ times: Int) -> MemberSeries {
                var series = Scene().series(member, seed: 7)
                for place in series.pulses.indices.dropFirst() where times > 0 {
                    series.pulses[place].services?.append(
                        ServicePulse(
                            unit: "worker.service", restarts: times * place,
                            mainProcess: place % 3 == 0 ? 0 : 900 + place))
                }
                return series
            }
            return BakeJudge(Scene.judgement).judge(
                [looping("web-1", here)], against: .controls([looping("web-2", there)])
            ).row("service restarts")?.verdict
        }
        #expect(verdict(3, 0) == "fail")
        #expect(verdict(3, 1) == "fail")
        #expect(verdict(3, 3) == "pass")
        #expect(verdict(0, 3) == "pass")
    }

    private func blinded(_ places: (Int) -> Range<Int>) -> BakeVerdict {
        Scene().verdict(seed: 3) { series in
            for place in places(series.pulses.count) {
                series.pulses[place] = Pulse(at: series.pulses[place].at, unknown: ["pulse": "no answer"])
            }
        }
    }

    @Test func aMemberThatCannotBeLookedAtOrNotAtTheEndIsUndecided() {
        for verdict in [blinded { 0..<$0 }, blinded { 1..<$0 }, blinded { $0 - 1..<$0 }] {
            #expect(verdict.verdict == .inconclusive, "\(verdict)")
            #expect(verdict.row("web-1")?.verdict == "inconclusive", "\(verdict)")
        }
        #expect(blinded { 0..<$0 / 4 }.verdict == .pass)
    }

    @Test func anotherCanaryThatIsSeenDoesNotStandForOneThatIsNot() {
        let seen = Scene().series("web-1", seed: 3)
        var blind = Scene().series("web-3", seed: 4)
        for place in blind.pulses.indices { blind.pulses[place].services = nil }
        let verdict = BakeJudge(Scene.judgement).judge(
            [seen, blind], against: .controls([Scene().series("web-2", seed: 5)]))
        #expect(verdict.verdict == .inconclusive, "\(verdict)")
        #expect(verdict.row("service restarts")?.figure.contains("orders.service on web-3") == true, "\(verdict)")
    }

    @Test func crashesThatWereNotReadAtTheEndAreUndecidedAndThoseSeenEarlierStillCount() {
        func verdict(_ seen: [String: Int]) -> BakeVerdict {
            Scene().verdict(seed: 3) { series in
                for place in series.pulses.indices { series.pulses[place].crashes = place == 15 ? seen : nil }
            }
        }
        #expect(verdict([:]).row("crashes")?.verdict == "inconclusive")
        #expect(verdict(["SIGSEGV in /usr/bin/orders": 1]).row("crashes")?.verdict == "fail")
        let forgotten = Scene().verdict(seed: 3) { series in
            series.pulses[15].crashes = ["SIGSEGV in /usr/bin/orders": 1]
        }
        #expect(forgotten.verdict == .fail, "the journal has turned over since")
    }

    @Test func aUnitThatServesTheGroupAndCannotBeReadIsUndecidedAndNeverWell() {
        let blind = Scene().verdict(seed: 1) { series in
            for place in series.pulses.indices { series.pulses[place].services = nil }
        }
        #expect(blind.verdict == .inconclusive)
        let missing = Scene().verdict(seed: 1) { series in
            for place in series.pulses.indices { series.pulses[place].services = [] }
        }
        #expect(missing.verdict == .inconclusive, "\(missing)")
    }

    @Test func whatIsNotKnownIsSaidAndIsNoZero() throws {
        let verdict = Scene(isKnown: false).verdict(seed: 2) { series in
            for place in series.pulses.indices {
                series.pulses[place].stalls = nil
                series.pulses[place].unknown["pressure"] = "the kernel tells none"
            }
        }
        #expect(verdict.row("orders.service: memory")?.verdict == "not known")
        #expect(verdict.row("pressure: disk") == nil)
        let row = try #require(verdict.row("pressure"))
        #expect(row.verdict == "not known" && row.figure.contains("the kernel tells none"))
        #expect(verdict.summary.contains("not known: ") && verdict.summary.hasSuffix("pressure"), "\(verdict.summary)")
    }

    @Test func pressureOnThePatchedHostAloneFails() {
        let verdict = Scene().verdict(seed: 5) { series in
            for place in series.pulses.indices {
                let at = series.pulses[place].at
                series.pulses[place].stalls?["memory"] = Int(at * 400_000)
            }
        }
        #expect(verdict.row("pressure: memory")?.verdict == "fail", "\(verdict)")
    }
}
