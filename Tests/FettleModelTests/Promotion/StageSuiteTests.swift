import FettleModel
import Testing

/// Where the policy names a stage's own suite, its word alone is the sign-off `tests`.
@Suite struct StageSuiteTests {
    private static let start = Timestamp(milliseconds: 0)
    private static let reference = StageReference(id: "patchset-1", digest: Digest(rawValue: "d"))

    private static let policy = PromotionPolicy(stages: [
        PromotionStage(id: "qa", environments: ["qa"], tests: .command(words: ["./suite"], seconds: 60)),
        PromotionStage(id: "production", environments: ["production"], after: PromotionCriteria(signOffs: [.tests])),
    ])

    private static let trial = PatchSetTrial(
        stage: "qa", change: "change-1", run: "run-1", startedAt: start, endedAt: start, outcome: .succeeded,
        planned: ["a"], succeeded: ["a"])

    private static func asked(_ number: Int, stage: StageID = "qa", due seconds: Int = 100) -> PatchSetNote {
        PatchSetNote(
            id: "note-\(number)", set: reference, kind: .asked, passes: false, stage: stage,
            request: .init(environments: ["qa"], runs: ["run-1"], dueBy: start.adding(seconds: seconds)), text: "",
            by: "alice", at: start)
    }

    private static func said(
        _ number: Int, answers: String?, passes: Bool = true, stage: StageID? = "qa", at seconds: Int = 1,
        digest: String = "d"
    ) -> PatchSetNote {
        PatchSetNote(
            id: "note-\(number)", set: StageReference(id: "patchset-1", digest: Digest(rawValue: digest)), kind: .tests,
            passes: passes, stage: stage, answers: answers, text: "", by: "suite", at: start.adding(seconds: seconds))
    }

    /// What production still waits for.
    private func open(_ notes: [PatchSetNote], at seconds: Int = 2) -> [String] {
        PromotionJudge(policy: Self.policy, trials: [Self.trial], notes: notes)
            .criteria(to: "production", lane: .normal, exploited: false, at: Self.start.adding(seconds: seconds))
            .filter { !$0.isMet }.map { "\($0.stage?.rawValue ?? "") \($0.name.rawValue) \($0.state)" }
    }

    @Test func theAnswerToWhatWasAskedIsTheSignOff() {
        #expect(open([Self.asked(1), Self.said(2, answers: "note-1")]) == [])
        // However long ago it was.
        #expect(open([Self.asked(1), Self.said(2, answers: "note-1")], at: 1_000_000) == [])
    }

    @Test func nobodysWordStandsForTheSuite() {
        for notes in [
            [], [Self.said(1, answers: nil)], [Self.said(1, answers: nil, stage: nil)],
            [Self.asked(1), Self.said(2, answers: nil)], [Self.said(1, answers: "note-9")],
            [Self.asked(1), Self.said(2, answers: "note-9")],
            [Self.asked(1), Self.said(2, answers: "note-1", stage: "production")],
            [Self.asked(1), Self.said(2, answers: "note-1", stage: nil)],
            [Self.asked(1), Self.said(2, answers: "note-1", digest: "e")],
            [Self.asked(1, stage: "production"), Self.said(2, answers: "note-1", stage: "production")],
        ] {
            #expect(open(notes).count == 1 && open(notes).first?.hasPrefix("qa signOffs tests: ") == true, "\(notes)")
        }
    }

    @Test func noAnswerIsNoPassAndIsTold() {
        #expect(open([]) == ["qa signOffs tests: the command './suite' was not asked yet"])
        #expect(open([Self.asked(1)]).first?.contains("no answer yet; it has until") == true)
        #expect(open([Self.asked(1)], at: 101).first?.contains("no answer to note-1 by") == true)
    }

    @Test func aLateAnswerIsNoPass() {
        #expect(open([Self.asked(1), Self.said(2, answers: "note-1", at: 100)], at: 200) == [])
        let late = open([Self.asked(1), Self.said(2, answers: "note-1", at: 101)], at: 200)
        #expect(late.count == 1 && late.first?.contains("was due by") == true)
    }

    @Test func theFirstAnswerCountsAndARefusalIsHeardWhoeverSaysIt() {
        let refused = Self.said(2, answers: "note-1", passes: false)
        #expect(open([Self.asked(1), refused]).count == 2)
        #expect(open([Self.asked(1), refused, Self.said(3, answers: "note-1")]) != [])
        // A person's refusal after a pass stops it as well.
        let pass = Self.said(2, answers: "note-1")
        #expect(open([Self.asked(1), pass, Self.said(3, answers: nil, passes: false)]) != [])
    }

    @Test func askedAnewAnOldPassCountsNoMore() {
        let before = [Self.asked(1), Self.said(2, answers: "note-1")]
        #expect(open(before + [Self.asked(3)]).count == 1)
        #expect(open(before + [Self.asked(3), Self.said(4, answers: "note-1")]).count == 1)
        #expect(open(before + [Self.asked(3), Self.said(4, answers: "note-3")]) == [])
        let failed = [Self.asked(1), Self.said(2, answers: "note-1", passes: false)]
        #expect(open(failed + [Self.asked(3), Self.said(4, answers: "note-3")]) == [])
    }
}
