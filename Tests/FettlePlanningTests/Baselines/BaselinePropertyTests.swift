import FettleModel
import FettlePlanning
import FettleTestSupport
import FettleVersions
import Testing

/// Over baselines and updates of every kind.
@Suite struct BaselinePropertyTests {
    private static let names = ["openssl", "nginx", "cloud", "linux-image"]
    private static let globs = ["openssl", "open*", "*", "nginx", "n?inx", "cloud", "linux-*", "nothing"]
    private static let versions = [
        "1.0-1", "1.1-1", "1.1-1+b1", "1.2~rc1-1", "1.2-1", "2.0-1", "1:0.9-1", "r5", "10-1",
    ]

    private struct Case {
        var baseline: Baseline
        var patch: OfferedPatch
        var time: Timestamp
    }

    private func make(_ random: inout SplitMix) -> Case {
        func one<Value>(_ values: [Value], _ random: inout SplitMix) -> Value {
            values.randomElement(using: &random) ?? values[0]
        }
        func some(_ values: [String], _ random: inout SplitMix) -> [String] {
            values.filter { _ in Int.random(in: 0..<6, using: &random) == 0 }
        }
        var baseline = Baseline(name: "b")
        baseline.deny = some(Self.globs, &random)
        baseline.hold = some(Self.globs, &random)
        if Bool.random(using: &random) { baseline.allow = some(Self.globs, &random) + ["openssl"] }
        if Bool.random(using: &random) {
            baseline.pins = [.init(name: one(Self.globs, &random), version: one(Self.versions, &random))]
        }
        if Bool.random(using: &random) { baseline.minimumSeverity = one(Severity.allCases, &random) }
        for updateClass in UpdateClass.allCases {
            if Bool.random(using: &random) { baseline.ageInDays[updateClass] = Int.random(in: 0...30, using: &random) }
        }
        if Bool.random(using: &random) {
            baseline.classRules = [:]
            for updateClass in UpdateClass.allCases {
                baseline.classRules?[updateClass] = one(
                    [.now, .never, .wait(days: Int.random(in: 1...40, using: &random))], &random)
            }
        }
        if Bool.random(using: &random) {
            baseline.rolling = RollingRule(
                packages: [one(Self.globs, &random)], step: one(RollingRule.Step.allCases, &random))
        }
        let known = FactSample.now.adding(seconds: -Int.random(in: 0...50, using: &random) * 86_400)
        let patch = OfferedPatch(
            source: one(Self.names, &random), installed: one(Self.versions, &random),
            offered: one(Self.versions, &random), updateClass: one(UpdateClass.allCases, &random),
            severity: Bool.random(using: &random) ? one(Severity.allCases, &random) : nil,
            isExploited: Int.random(in: 0..<5, using: &random) == 0, knownSince: known)
        return Case(baseline: baseline, patch: patch, time: FactSample.now)
    }

    @Test(arguments: 0..<20 as Range<UInt64>) func everyVerdictKeepsItsPromise(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        var taken = 0
        for _ in 0..<500 {
            let given = make(&random)
            let (baseline, patch) = (given.baseline, given.patch)
            let judge = BaselineJudgeTests.judge(baseline)
            let verdict = judge.judge(patch, at: given.time).verdict
            // A deny always wins.
            let isDenied = baseline.deny.firstGlob(matchingAnyOf: [patch.source]) != nil
            if isDenied { #expect(verdict == .denied) }
            guard verdict == .taken else { continue }
            taken += 1
            #expect(!isDenied && baseline.hold.firstGlob(matchingAnyOf: [patch.source]) == nil)
            // A pin never selects above.
            for pin in baseline.pins where [pin.name].firstGlob(matchingAnyOf: [patch.source]) != nil {
                #expect(!VersionOrder(.dpkg).precedes(pin.version, patch.offered))
            }
            guard !patch.isExploited else { continue }
            // Age never selects younger.
            let age = given.time.seconds(since: patch.knownSince)
            #expect(age >= Double((baseline.ageInDays[patch.updateClass] ?? 0) * 86_400))
            if case .wait(let days)? = baseline.classRules?[patch.updateClass] { #expect(age >= Double(days * 86_400)) }
            #expect(baseline.classRules?[patch.updateClass] != .never)
        }
        #expect(taken > 0)
    }

    @Test(arguments: 0..<10 as Range<UInt64>) func whatWaitsIsTakenWhenItsTimeHasComeAndNotBefore(_ seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<500 {
            let given = make(&random)
            let judge = BaselineJudgeTests.judge(given.baseline)
            guard case .waits(let until) = judge.judge(given.patch, at: given.time).verdict else { continue }
            #expect(until > given.time)
            let then = judge.judge(given.patch, at: until).verdict
            #expect(then.name != "waits")
            #expect(judge.judge(given.patch, at: until.adding(seconds: -1)).verdict == .waits(until: until))
        }
    }
}
