public import FettleModel

/// How a patch set came to the stage of a run: what it had shown when the run was started, and on what that rests. What people said of
/// it stands beside it, in the part `notes`.
public struct PromotionAccount: Codable, Sendable, Equatable {
    /// Raised whenever `PromotionJudge` judges otherwise, or says it in other words, so that what an earlier Fettle judged is
    /// not called false.
    public static let currentRules = 1

    /// By which rules the criteria were judged.
    public var rules = Self.currentRules
    public var set: StageReference
    public var stage: StageID
    public var lane: PromotionLane
    /// When the run was started: the criteria are judged by what was known then.
    public var judgedAt: Timestamp
    /// Everything that was demanded, and what of it was met.
    public var criteria: [PromotionJudge.Criterion]
    /// What the run's plan brings: each version has to have been tried before on the same platform.
    public var brought: [PlatformVersions]
    /// What other runs with the set had come to by then.
    public var trials: [PatchSetTrial]
    /// What could not be relied on, by which criteria were judged not to be met. None any more, as that is in `untold`: that it
    /// cannot be told today does not mean that it was not met then.
    public var doubts: [String]
    /// What was kept of the set before the run was started and cannot be relied on any more, in words: a criterion that is not
    /// met may have been met by it. nil: nothing.
    public var untold: [String]?
    /// Notes that are not what the log tells of them, or are gone. It excuses those alone that were written after the run's
    /// start: what the run rests on has to be here. nil: none.
    public var unheard: [String]?
    /// Every change that promotes the set, this run's among them; oldest first.
    public var promotions: [Promotion]

    public init(
        set: StageReference, stage: StageID, lane: PromotionLane, judgedAt time: Timestamp,
        criteria: [PromotionJudge.Criterion], brought: [PlatformVersions], trials: [PatchSetTrial],
        promotions: [Promotion]
    ) {
        self.set = set
        self.stage = stage
        self.lane = lane
        judgedAt = time
        self.criteria = criteria
        self.brought = brought
        self.trials = trials
        doubts = []
        self.promotions = promotions
    }

    public struct Promotion: Codable, Sendable, Equatable {
        /// With the digest that it has in the log.
        public var change: StageReference
        public var kind: Change.Kind
        public var stage: StageID
        public var lane: PromotionLane
        public var requestedBy: Person
        public var requestedAt: Timestamp
        public var approvedBy: [Person]
        /// nil: nobody has started it.
        public var run: RunID?

        public init(_ change: Change, _ reference: StageReference, _ promotion: ChangePromotion) {
            self.change = reference
            kind = change.kind
            stage = promotion.stage
            lane = promotion.lane
            requestedBy = change.requestedBy
            requestedAt = change.requestedAt
            approvedBy = change.votes.filter(\.approves).map(\.person)
            run = change.run
        }
    }

    /// What follows from trials and notes, by the rules with which the change was admitted.
    ///
    /// - Parameters:
    ///   - policy: those rules.
    ///   - exploited: whether the set closes an actively exploited weakness.
    ///   - notes: all that was said of the set; what came later than `judgedAt` is not heard.
    public func judged(
        by policy: PromotionPolicy, exploited: Bool, notes: [PatchSetNote]
    ) -> [PromotionJudge.Criterion] {
        PromotionJudge(policy: policy, trials: trials, notes: notes.filter { $0.at <= judgedAt }, doubts: doubts)
            .criteria(to: stage, lane: lane, exploited: exploited, bringing: brought, at: judgedAt)
    }
}

/// A line of the part `notes`, and the bytes that the log tells the digest of.
struct NoteLine {
    var id: String
    var bytes: [UInt8]

    static func lines(in part: [UInt8]) throws(EvidenceError) -> [NoteLine] {
        var lines: [NoteLine] = []
        for line in part.split(separator: 0x0A) {
            let words = line.split(separator: 0x20, maxSplits: 1)
            guard words.count == 2 else {
                throw EvidenceError(.malformed, "the part notes has a line that is none")
            }
            lines.append(NoteLine(id: String(decoding: words[0], as: UTF8.self), bytes: Array(words[1])))
        }
        return lines
    }
}
