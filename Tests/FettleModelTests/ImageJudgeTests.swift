import Testing

@testable import FettleModel

@Suite struct ImageJudgeTests {
    private static let policy = PromotionPolicy(
        stages: ["dev", "staging", "production"].map { name in
            PromotionStage(
                id: StageID(name), environments: [EnvironmentID(name)],
                after: PromotionCriteria(soakSeconds: name == "production" ? 3_600 : 0))
        })

    private static func digest(_ text: String) -> Digest { Digest(rawValue: text) }

    private static func image(
        _ id: String, tested: Bool = true, _ notes: [(ImageNote.Kind, StageID?, Int)] = []
    ) -> ImageStanding {
        let record = ImageRecord(
            id: ImageID(id), name: "web", path: "/\(id)", digest: digest(id), source: digest("base"), parent: nil,
            bill: digest("bill"), signer: digest("key"), platform: "debian:12", packages: 1, changes: [],
            isBootTested: tested, addedBy: "alice", addedAt: Timestamp(milliseconds: 0))
        return ImageStanding(
            record,
            notes: notes.enumerated().map { place, note in
                ImageNote(
                    id: "imagenote-\(place)", image: ImageID(id), kind: note.0, stage: note.1, text: "", by: "alice",
                    at: Timestamp(milliseconds: 0).adding(seconds: note.2))
            })
    }

    private static func faults(_ image: ImageStanding, to stage: StageID, at seconds: Int) -> [String] {
        ImageJudge(policy: policy, images: [image]).faults(
            of: image, to: stage, at: Timestamp(milliseconds: 0).adding(seconds: seconds))
    }

    @Test func anImageGoesThroughEveryStageInItsOrder() {
        #expect(Self.faults(Self.image("a"), to: "dev", at: 1) == [])
        #expect(Self.faults(Self.image("a"), to: "staging", at: 1).count == 1)
        #expect(Self.faults(Self.image("a"), to: "production", at: 1).count == 2)
        let inDev = Self.image("a", [(.promoted, "dev", 0)])
        #expect(Self.faults(inDev, to: "staging", at: 1) == [])
        #expect(Self.faults(inDev, to: "dev", at: 1) == ["a is in dev already"])
        #expect(Self.faults(inDev, to: "moon", at: 1).first?.contains("dev, staging, production") == true)
    }

    @Test func productionWaitsUntilTheStagesBeforeItHaveSoaked() {
        let image = Self.image("a", [(.promoted, "dev", 0), (.promoted, "staging", 100)])
        #expect(Self.faults(image, to: "production", at: 3_699).count == 1)
        #expect(Self.faults(image, to: "production", at: 3_700) == [])
        // A clock that was set back makes nothing soak.
        #expect(Self.faults(image, to: "production", at: -10_000).count == 2)
    }

    @Test func whatIsNotTestedOrRetiredGoesNowhere() {
        #expect(Self.faults(Self.image("a", tested: false), to: "dev", at: 1) == ["a has passed no boot test"])
        #expect(Self.faults(Self.image("a", [(.retired, nil, 0)]), to: "dev", at: 1) == ["a is retired"])
    }

    /// What is bad has to be retired; the stage then has the one before, and nobody has to promote that again.
    @Test func aStageHoldsAnImageOnlyWhereNoOtherRemains() {
        let (old, new) = (Self.image("a", [(.promoted, "dev", 1)]), Self.image("b", [(.promoted, "dev", 2)]))
        let judge = ImageJudge(policy: Self.policy, images: [new, old])
        #expect(judge.current("web", in: "dev")?.record.id == "b")
        #expect(judge.holders(of: new) == [])
        #expect(judge.holders(of: old) == [])
        #expect(ImageJudge(policy: Self.policy, images: [new]).holders(of: new) == ["dev"])
        let ended = Self.image("a", [(.promoted, "dev", 1), (.retired, nil, 3)])
        #expect(ImageJudge(policy: Self.policy, images: [new, ended]).holders(of: new) == ["dev"])
        let bad = Self.image("b", [(.promoted, "dev", 2), (.retired, nil, 3)])
        #expect(ImageJudge(policy: Self.policy, images: [bad, old]).current("web", in: "dev")?.record.id == "a")
        #expect(judge.current("other", in: "dev") == nil)
    }

    @Test func filesGoOnlyAfterTheirTimeAndOnlyOnce() {
        let images = [
            Self.image("alive"), Self.image("young", [(.retired, nil, 90)]), Self.image("old", [(.retired, nil, 10)]),
            Self.image("gone", [(.retired, nil, 10), (.collected, nil, 20)]),
        ]
        let judge = ImageJudge(policy: Self.policy, images: images)
        let ids = judge.collectable(afterSeconds: 50, at: Timestamp(milliseconds: 100_000)).map(\.record.id)
        #expect(ids == ["old"])
    }
}
