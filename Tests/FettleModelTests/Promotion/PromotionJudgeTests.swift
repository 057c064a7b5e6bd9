import FettleModel
import Testing

/// What a patch set has to have shown before it goes on.
@Suite struct PromotionJudgeTests {
    private static let start = Timestamp(milliseconds: 0)
    private static let reference = StageReference(id: "patchset-1", digest: Digest(rawValue: "d"))

    private static func policy(_ criteria: PromotionCriteria = PromotionCriteria(), fast: FastLane? = nil)
        -> PromotionPolicy
    {
        PromotionPolicy(
            stages: [
                PromotionStage(id: "dev", environments: ["dev"]),
                PromotionStage(id: "staging", environments: ["staging"], after: criteria),
                PromotionStage(id: "production", environments: ["production"], after: criteria),
            ], fastLane: fast)
    }

    private static func trial(
        _ stage: StageID, run: RunID = "run-1", hosts: [ResourceID] = ["a"], of planned: [ResourceID]? = nil,
        end: Int = 0,
        outcome: RunOutcome? = .succeeded, passed: Int = 0, failed: Int = 0, gates: Int = 0
    ) -> PatchSetTrial {
        PatchSetTrial(
            stage: stage, change: "change-1", run: run, startedAt: start, endedAt: start.adding(seconds: end),
            outcome: outcome, planned: planned ?? hosts, succeeded: hosts, canariesPassed: passed,
            canariesFailed: failed,
            gatesPassed: gates)
    }

    private static func note(
        _ number: Int, _ kind: PatchSetNote.Kind, passes: Bool, stage: StageID? = nil, resolves: String? = nil
    ) -> PatchSetNote {
        PatchSetNote(
            id: "note-\(number)", set: reference, kind: kind, passes: passes, stage: stage, resolves: resolves,
            text: "x",
            by: "quinn", at: start)
    }

    private func open(
        _ stage: StageID, _ policy: PromotionPolicy, _ trials: [PatchSetTrial], _ notes: [PatchSetNote] = [],
        lane: PromotionLane = .normal, exploited: Bool = false, seconds: Int = 0
    ) -> [PromotionJudge.Criterion.Name] {
        PromotionJudge(policy: policy, trials: trials, notes: notes)
            .criteria(to: stage, lane: lane, exploited: exploited, at: Self.start.adding(seconds: seconds))
            .filter { !$0.isMet }.map(\.name)
    }

    @Test func theFirstStageWaitsForNothingAndTheLastForAllBefore() {
        #expect(open("dev", Self.policy(), []) == [])
        #expect(open("staging", Self.policy(), []) == [.runs, .hosts])
        #expect(open("production", Self.policy(), [Self.trial("dev")]) == [.runs, .hosts])
        #expect(open("production", Self.policy(), [Self.trial("staging")]) == [.runs, .hosts])
        #expect(open("production", Self.policy(), [Self.trial("dev"), Self.trial("staging")]) == [])
        #expect(open("moon", Self.policy(), []) == [.stage])
    }

    /// Staging of one platform says nothing of another, and one version nothing of the next.
    @Test func whatComesHasToHaveBeenTriedOnItsPlatform() {
        func part(_ platform: String, _ version: String) -> PlatformVersions {
            PlatformVersions(
                platform: platform, packages: [PackageVersion(name: "a", architecture: "all", version: version)])
        }
        func open(_ tried: [PlatformVersions], _ policy: PromotionPolicy = Self.policy()) -> [String] {
            var trials = [Self.trial("dev"), Self.trial("staging")]
            for place in trials.indices { trials[place].tried = tried }
            return PromotionJudge(policy: policy, trials: trials, notes: [])
                .criteria(
                    to: "production", lane: .normal, exploited: false, bringing: [part("debian:12", "2")],
                    at: Self.start
                )
                .filter { !$0.isMet }.map { "\($0.stage?.rawValue ?? "") \($0.name.rawValue): \($0.state)" }
        }
        #expect(open([part("debian:12", "2")]) == [])
        #expect(
            open([part("debian:13", "2")]) == [
                "dev tried: nothing on debian:12", "staging tried: nothing on debian:12",
            ])
        #expect(open([part("debian:12", "1")]).first == "dev tried: not a 2 on debian:12")
    }

    @Test(arguments: [RunOutcome.failed(reason: "x"), .rolledBack(reason: "x")])
    func aSetThatFailedAnywhereGoesNoFurther(outcome: RunOutcome) {
        let bad = Self.trial("staging", run: "run-2", hosts: [], outcome: outcome)
        let trials = [Self.trial("dev"), Self.trial("staging"), bad]
        #expect(open("production", Self.policy(), trials) == [.failedRuns])
        #expect(open("dev", Self.policy(), trials) == [.failedRuns])
        #expect(
            open("production", Self.policy(fast: FastLane()), trials, lane: .fast, exploited: true) == [.failedRuns])
    }

    /// It had been let on beside a run that stood still with half of its hosts failed.
    @Test func aSetGoesNoFurtherWhileARunWithItHasFailedHostsAndGoesOn() {
        var open = Self.trial("dev", run: "run-2", hosts: [], outcome: nil)
        let trials = [Self.trial("dev"), Self.trial("staging")]
        #expect(self.open("production", Self.policy(), trials + [open]) == [])
        open.failing = "has not ended, and has failed on web-1"
        #expect(self.open("production", Self.policy(), trials + [open]) == [.failedRuns])
    }

    @Test func soakingBeginsWhenRunsAndHostsAreReached() {
        let policy = Self.policy(PromotionCriteria(soakSeconds: 100, runs: 1, hosts: .count(2)))
        let trials = [Self.trial("dev", hosts: ["a"], end: 10), Self.trial("dev", run: "run-2", hosts: ["b"], end: 50)]
        #expect(open("staging", policy, [trials[0]], seconds: 1_000) == [.hosts, .soak])
        #expect(open("staging", policy, trials, seconds: 149) == [.soak])
        #expect(open("staging", policy, trials, seconds: 150) == [])
        // A later run of more hosts does not begin it anew.
        let more = trials + [Self.trial("dev", run: "run-3", hosts: ["c"], end: 140)]
        #expect(open("staging", policy, more, seconds: 150) == [])
    }

    @Test func aShareIsOfAllHostsThatItsPlansHaveNamed() {
        let policy = Self.policy(PromotionCriteria(hosts: .percent(100)))
        #expect(open("staging", policy, [Self.trial("dev", hosts: ["a"], of: ["a", "b"])]) == [.hosts])
        let both = [Self.trial("dev", hosts: ["a"], of: ["a", "b"]), Self.trial("dev", run: "run-2", hosts: ["b"])]
        #expect(open("staging", policy, both) == [])
        // A share of nothing is not met by nothing.
        #expect(open("staging", policy, []).contains(.hosts))
    }

    @Test func canariesAndGatesHaveToHaveBeenThere() {
        let policy = Self.policy(PromotionCriteria(canaries: true, gates: true))
        #expect(open("staging", policy, [Self.trial("dev")]) == [.canaries, .gates])
        #expect(open("staging", policy, [Self.trial("dev", passed: 1, failed: 1, gates: 1)]) == [.canaries])
        #expect(open("staging", policy, [Self.trial("dev", passed: 1, gates: 1)]) == [])
    }

    /// What is installed is not what runs, and what a run says of itself is no proof that a weakness is gone.
    @Test func whatASetIsForHasToBeGoneByALaterLook() {
        typealias Closing = PatchSetTrial.Closing
        func state(_ closing: Closing?, hosts: [ResourceID] = ["a"]) -> (isMet: Bool, words: String) {
            var trial = Self.trial("dev", hosts: hosts)
            trial.closing = closing
            let criteria = PromotionJudge(
                policy: Self.policy(PromotionCriteria(closed: true)), trials: [trial], notes: []
            ).criteria(to: "staging", lane: .normal, exploited: false, at: Self.start)
            let found = criteria.first { $0.name == .closed }
            return (found?.isMet == true, found?.state ?? "")
        }
        #expect(state(Closing(advisories: ["CVE-1"], unseen: [], open: [])).isMet)
        #expect(state(nil) == (false, "no host has it"))
        let unseen = state(Closing(advisories: ["CVE-1"], unseen: ["a"], open: []))
        #expect(!unseen.isMet && unseen.words.contains("a (`fettle scan`)"), "\(unseen.words)")
        let open = Closing.Open(resource: "a", advisory: "CVE-1", state: "still missing")
        let left = state(Closing(advisories: ["CVE-1"], unseen: ["b"], open: [open]))
        #expect(!left.isMet && left.words == "CVE-1 on a: still missing")
        // Nothing can be asked of a set that was made for no weakness.
        #expect(state(Closing(advisories: [], unseen: ["a"], open: [])).isMet)
    }

    /// A service that no earlier stage has was tried beside it by nobody.
    @Test func whatRunsWhereItGoesHasToHaveRunBesideIt() {
        func open(_ ran: [String]?, _ runs: [String]?, on platform: String = "debian:12") -> String? {
            var trial = Self.trial("dev")
            trial.tried = [PlatformVersions(platform: "debian:12", packages: [], services: ran)]
            let brought = PlatformVersions(platform: platform, packages: [], services: runs)
            return PromotionJudge(
                policy: Self.policy(PromotionCriteria(beside: true)), trials: [trial], notes: []
            ).criteria(to: "staging", lane: .normal, exploited: false, bringing: [brought], at: Self.start)
                .first { $0.name == .beside && !$0.isMet }?.state
        }
        #expect(open(["nginx.service", "orders.service"], ["nginx.service"]) == nil)
        #expect(open(["nginx.service"], ["orders.service"])?.contains("orders.service on debian:12") == true)
        #expect(open(nil, ["orders.service"])?.contains("orders.service") == true)
        #expect(open(["nginx.service"], ["nginx.service"], on: "debian:13")?.contains("debian:13") == true)
        #expect(open(["nginx.service"], nil)?.contains("not known") == true)
        #expect(open(nil, []) == nil)
    }

    @Test func theLastWordOfASignOffCounts() {
        let policy = Self.policy(PromotionCriteria(signOffs: [.tests]))
        let trials = [Self.trial("dev")]
        #expect(open("staging", policy, trials) == [.signOffs])
        #expect(open("staging", policy, trials, [Self.note(1, .tests, passes: true, stage: "staging")]) == [.signOffs])
        let passed = Self.note(2, .tests, passes: true, stage: "dev")
        #expect(open("staging", policy, trials, [passed]) == [])
        let refused = Self.note(3, .tests, passes: false, stage: "dev")
        #expect(Set(open("staging", policy, trials, [passed, refused])) == [.signOffs])
        #expect(open("staging", policy, trials, [refused, Self.note(4, .tests, passes: true, stage: "dev")]) == [])
        // Who refuses is heard where nobody asked, too.
        #expect(open("staging", Self.policy(), trials, [Self.note(5, .vendor, passes: false)]) == [.signOffs])
    }

    @Test func anOpenRegressionStopsIt() {
        let trials = [Self.trial("dev")]
        let regression = Self.note(1, .regression, passes: false)
        #expect(open("staging", Self.policy(), trials, [regression]) == [.regressions])
        let resolved = Self.note(2, .resolved, passes: true, resolves: "note-1")
        #expect(open("staging", Self.policy(), trials, [regression, resolved]) == [])
        #expect(
            open("staging", Self.policy(), trials, [regression, Self.note(3, .regression, passes: false), resolved])
                == [.regressions])
    }

    @Test func theFastLaneIsForWhatIsExploitedAndHasItsOwnRule() {
        let slow = PromotionCriteria(soakSeconds: 604_800, runs: 3)
        let lane = FastLane(through: ["staging"], after: PromotionCriteria(soakSeconds: 60))
        let policy = Self.policy(slow, fast: lane)
        let trials = [Self.trial("staging")]
        #expect(open("production", policy, trials, lane: .fast, exploited: true, seconds: 60) == [])
        #expect(open("production", policy, trials, lane: .fast, exploited: true, seconds: 59) == [.soak])
        #expect(open("production", policy, trials, lane: .fast, exploited: false, seconds: 60) == [.lane])
        #expect(open("production", policy, [], lane: .fast, exploited: true) == [.runs, .hosts, .soak])
        #expect(open("staging", policy, [], lane: .fast, exploited: true) == [])
        // No such lane: as for all others.
        #expect(open("staging", Self.policy(), [], lane: .fast, exploited: true) == [.lane, .runs, .hosts])
    }

    /// Of more of what speaks for a set it never comes that less is met; of more against it never that more is.
    @Test(arguments: 1...(200 as UInt64))
    func moreThatSpeaksForASetNeverHoldsItUp(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let policy = Self.policy(
            PromotionCriteria(
                soakSeconds: Int.random(in: 0...50, using: &random), runs: Int.random(in: 0...3, using: &random),
                hosts: .count(Int.random(in: 0...4, using: &random)), canaries: Bool.random(using: &random),
                gates: Bool.random(using: &random)))
        var trials: [PatchSetTrial] = []
        var before = Set(open("production", policy, trials, seconds: 100))
        for number in 0..<8 {
            let stage: StageID = Bool.random(using: &random) ? "dev" : "staging"
            trials.append(
                Self.trial(
                    stage, run: RunID("run-\(number)"),
                    hosts: [ResourceID("h\(Int.random(in: 0..<6, using: &random))")],
                    end: Int.random(in: 0...90, using: &random), passed: 1, gates: 1))
            let now = open("production", policy, trials, seconds: 100)
            #expect(Set(now).isSubset(of: before))
            before = Set(now)
        }
        trials.append(Self.trial("dev", hosts: [], outcome: .failed(reason: "x")))
        #expect(open("production", policy, trials, seconds: 10_000).contains(.failedRuns))
    }
}
