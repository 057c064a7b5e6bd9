import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

@Suite struct BaselineJudgeTests {
    static let now = FactSample.now

    static func judge(_ baseline: Baseline?, policy: Policy = Policy()) -> BaselineJudge {
        var policy = policy
        policy.baselines = baseline.map { [$0] } ?? []
        return BaselineJudge(
            policy: policy, resource: Resource(id: "web-1", address: .local, environment: "production"),
            platform: FactSample.host("web-1").platform)
    }

    static func patch(
        _ source: String = "openssl", from installed: String = "3.0.11-1~deb12u2",
        to offered: String = "3.0.14-1~deb12u1",
        class updateClass: UpdateClass = .security, severity: Severity? = nil, isExploited: Bool = false, days: Int = 0
    ) -> OfferedPatch {
        OfferedPatch(
            source: source, packages: ["lib" + source], installed: installed, offered: offered,
            updateClass: updateClass,
            severity: severity, isExploited: isExploited, knownSince: now.adding(seconds: -days * 86_400))
    }

    @Test func withoutABaselineThePolicyHolds() {
        let judge = Self.judge(nil)
        #expect(judge.judge(Self.patch(), at: Self.now) == BaselineJudgement(.taken, "taken by policy"))
        #expect(
            judge.judge(Self.patch(class: .feature), at: Self.now).reason == "class feature is not in policy (security)"
        )
        var policy = Policy()
        policy.classRules = [.security: .now, .bugfix: .wait(days: 14), .feature: .never]
        policy.classes = [.security, .bugfix]
        let rules = Self.judge(nil, policy: policy)
        #expect(rules.judge(Self.patch(class: .bugfix, days: 13), at: Self.now).verdict.name == "waits")
        #expect(rules.judge(Self.patch(class: .bugfix, days: 14), at: Self.now).verdict == .taken)
        #expect(rules.judge(Self.patch(class: .feature), at: Self.now).reason == "class feature never comes: policy")
    }

    @Test func everyRuleObjectsInItsOwnWords() {
        let cases: [(Baseline, OfferedPatch, String)] = [
            (Baseline(name: "b", deny: ["open*"]), Self.patch(), "denied by baseline b: open*"),
            (Baseline(name: "b", hold: ["libopenssl"]), Self.patch(), "held by baseline b: libopenssl"),
            (Baseline(name: "b", allow: ["nginx"]), Self.patch(), "not among what baseline b allows"),
            (
                Baseline(name: "b", minimumSeverity: .high), Self.patch(severity: .medium),
                "severity medium is below high, the least of baseline b"
            ),
            (
                Baseline(name: "b", pins: [.init(name: "openssl", version: "3.0.12-1")]), Self.patch(),
                "pinned at 3.0.12-1 by baseline b, and 3.0.14-1~deb12u1 is offered; "
                    + "`fettle plan make --only openssl=3.0.12-1` goes up to it"
            ),
            (
                Baseline(name: "b", ageInDays: [.security: 7]), Self.patch(days: 3),
                "waits until 2026-11-27: known since 2026-11-20, and class security waits 7 days (baseline b)"
            ),
            (
                Baseline(name: "b", rolling: RollingRule(packages: ["cloud"])),
                Self.patch("cloud", from: "27.1.3-1", to: "29.0.1-1"),
                "more than a minor step from 27.1.3-1 to 29.0.1-1 (baseline b); "
                    + "plan a version in between with `--only cloud=VERSION`"
            ),
            (
                Baseline(name: "b", rolling: RollingRule(packages: ["cloud"], step: .major)),
                Self.patch("cloud", from: "1:27.1.3-1", to: "1:29.0.1-1"),
                "2 major steps at once from 1:27.1.3-1 to 1:29.0.1-1, and baseline b allows 1; "
                    + "plan a version in between with `--only cloud=VERSION`"
            ),
            (
                Baseline(name: "b", rolling: RollingRule(packages: ["cloud"])),
                Self.patch("cloud", from: "r1", to: "r2"),
                "the steps from r1 to r2 cannot be counted (baseline b); "
                    + "plan a version in between with `--only cloud=VERSION`"
            ),
        ]
        for (baseline, patch, reason) in cases {
            let judgement = Self.judge(baseline).judge(patch, at: Self.now)
            #expect(judgement.reason == reason)
            #expect(judgement.verdict != .taken)
        }
    }

    @Test func whatNobodyHasRatedIsTaken() {
        let judge = Self.judge(Baseline(name: "b", minimumSeverity: .critical))
        #expect(judge.judge(Self.patch(), at: Self.now).verdict == .taken)
    }

    @Test func whatIsExploitedWaitsForNothingButStaysDenied() {
        let wary = Baseline(
            name: "b", minimumSeverity: .critical, classRules: [.security: .never], ageInDays: [.security: 30])
        let patch = Self.patch(severity: .low, isExploited: true)
        #expect(Self.judge(wary).judge(patch, at: Self.now).verdict == .taken)
        var denying = wary
        denying.deny = ["openssl"]
        #expect(Self.judge(denying).judge(patch, at: Self.now).verdict == .denied)
    }

    @Test func aStepWithinTheRuleIsTaken() {
        let judge = Self.judge(Baseline(name: "b", rolling: RollingRule(packages: ["cloud"], step: .minor, atMost: 2)))
        for (old, new) in [
            ("2.3.9-1", "2.5.0-1"), ("2.3-1", "2.3.1-1"), ("2.3+dfsg-1", "2.4~rc1-1"), ("2.3-1", "2.3-2"),
        ] {
            #expect(
                judge.judge(Self.patch("cloud", from: old, to: new), at: Self.now).verdict == .taken, "\(old) \(new)")
        }
    }

    // MARK: Which baseline holds

    private func choice(
        _ baselines: [Baseline], environment: EnvironmentID = "production",
        platform: Observed<Platform> = FactSample.host("web-1").platform
    ) -> BaselineChoice {
        Policy(baselines: baselines).baseline(
            for: Resource(id: "web-1", address: .local, environment: environment), platform: platform)
    }

    @Test func theMostSpecificBaselineHolds() {
        let all = Baseline(name: "all")
        let debian = Baseline(name: "debian", platforms: ["debian:*"])
        let twelve = Baseline(name: "twelve", platforms: ["debian:12"], environments: ["production"])
        let production = Baseline(name: "production", environments: ["production"])
        #expect(choice([all, debian, twelve, production]).baseline?.name == "twelve")
        #expect(choice([all, debian, twelve, production], environment: "dev").baseline?.name == "debian")
        #expect(choice([Baseline(name: "x", platforms: ["debian:bookworm"])]).baseline?.name == "x")
        #expect(choice([Baseline(name: "x", platforms: ["rhel:*"])]) == .policyAlone)
    }

    @Test func ambiguityIsToldAndTheFirstHolds() {
        let debian = Baseline(name: "debian", platforms: ["debian:*"])
        let production = Baseline(name: "production", environments: ["production"])
        #expect(choice([production, debian]) == .ambiguous(production, with: ["debian"]))
        #expect(choice([debian, production]) == .ambiguous(debian, with: ["production"]))
    }

    @Test func anUnknownPlatformDecidesNothingWhereBaselinesGoByIt() {
        let unknown = Observed<Platform>.notObserved(reason: "no os-release")
        let debian = Baseline(name: "debian", platforms: ["debian:*"])
        let chosen = choice([debian, Baseline(name: "all")], platform: unknown)
        #expect(chosen.baseline == nil && chosen != .policyAlone)
        #expect(choice([Baseline(name: "all")], platform: unknown).baseline?.name == "all")
    }
}
