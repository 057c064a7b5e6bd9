import FettleModel
import Testing

/// Where the policy names a stage's own suite, its word alone is the sign-off `tests`.
@Suite struct StageSuiteTests {
    private static let start = Timestamp(milliseconds: 0)
    private static let reference = StageReference(id: "patchset-1", digest: Digest(rawValue: "d"))

    private static let suite = StageTests.command(words: ["./suite"], seconds: 60)

    private static func policy(_ suite: StageTests = suite) -> PromotionPolicy {
        PromotionPolicy(stages: [
            PromotionStage(id: "qa", environments: ["qa"], tests: suite),
            PromotionStage(
                id: "production", environments: ["production"], after: PromotionCriteria(signOffs: [.tests])),
        ])
    }

    private static let trial = PatchSetTrial(
        stage: "qa", change: "change-1", run: "run-1", startedAt: start, endedAt: start, outcome: .succeeded,
        planned: ["a"], succeeded: ["a"])

    private static func asked(
        _ number: Int, stage: StageID = "qa", due seconds: Int = 100, of suite: StageTests? = suite
    ) -> PatchSetNote {
        PatchSetNote(
            id: "note-\(number)", set: reference, kind: .asked, passes: false, stage: stage,
            request: .init(environments: ["qa"], runs: ["run-1"], dueBy: start.adding(seconds: seconds), suite: suite),
            text: "",
            by: "alice", at: start)
    }

    private static func said(
        _ number: Int, answers: String?, passes: Bool = true, stage: StageID? = "qa", at seconds: Int = 1,
        digest: String = "d", by person: Person = "suite"
    ) -> PatchSetNote {
        PatchSetNote(
            id: "note-\(number)", set: StageReference(id: "patchset-1", digest: Digest(rawValue: digest)), kind: .tests,
            passes: passes, stage: stage, answers: answers, text: "", by: person, at: start.adding(seconds: seconds))
    }

    /// What production still waits for.
    private func open(_ notes: [PatchSetNote], at seconds: Int = 2, _ suite: StageTests = suite) -> [String] {
        PromotionJudge(policy: Self.policy(suite), trials: [Self.trial], notes: notes)
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

    @Test func aRefusalBeatsAPassAndIsHeardWhoeverSaysIt() {
        let refused = Self.said(2, answers: "note-1", passes: false)
        #expect(open([Self.asked(1), refused]).count == 2)
        #expect(open([Self.asked(1), refused, Self.said(3, answers: "note-1")]) != [])
        let pass = Self.said(2, answers: "note-1")
        #expect(open([Self.asked(1), pass, Self.said(3, answers: "note-1", passes: false)]).count == 2)
        // A person's refusal after a pass stops it as well.
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

    @Test func aRefusalIsEndedOnlyByAPassThatWasAskedForAfterIt() {
        let refusal = Self.said(2, answers: nil, passes: false, by: "quinn")
        let before = open([Self.asked(1), refusal, Self.said(3, answers: "note-1")])
        #expect(before.count == 1 && before.first?.contains("refused by quinn") == true)
        let both = [Self.asked(1), refusal, Self.said(3, answers: "note-1"), Self.asked(4)]
        #expect(open(both).contains { $0.contains("refused by quinn") })
        #expect(open(both + [Self.said(5, answers: "note-4")]) == [])
    }

    @Test func onlyTheSuiteThatWasAskedAnswers() {
        let other = StageTests.command(words: ["./other"], seconds: 60)
        for suite in [nil, other] as [StageTests?] {
            let state = open([Self.asked(1, of: suite), Self.said(2, answers: "note-1")])
            #expect(state.count == 1 && state.first?.contains("another suite") == true)
        }
        #expect(open([Self.asked(1, of: other), Self.said(2, answers: "note-1")], other) == [])
    }

    @Test func behindAWebhookOnlyTheNamedIdentitysWordPasses() {
        let suite = StageTests.webhook(
            receiver: MessageReceiver(
                name: "s", kind: .webhook, address: .text("https://s"), secret: .environment("S")),
            answerSeconds: 100, answeredBy: "suite")
        func said(by person: Person) -> [PatchSetNote] {
            [Self.asked(1, of: suite), Self.said(2, answers: "note-1", by: person)]
        }
        #expect(open(said(by: "suite"), suite) == [])
        #expect(open(said(by: "alice"), suite).first?.contains("only suite answers") == true)
    }
}
