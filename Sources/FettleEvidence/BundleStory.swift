public import FettleModel

/// What a bundle tells, in short: for people who read a verdict.
public struct BundleStory: Codable, Sendable, Equatable {
    public var run: RunID
    public var madeAt: Timestamp
    public var madeBy: Person
    public var signer: FettleModel.Digest
    public var head: BundleManifest.Head
    public var change: ChangeID
    public var kind: Change.Kind
    public var requestedBy: Person
    public var approvals: [Approval]
    public var plan: StageReference
    public var hosts: Int
    public var startedBy: Person?
    /// nil: the run had not ended when the bundle was made.
    public var outcome: RunOutcome?
    public var endedAt: Timestamp?
    public var feeds: [Feed]
    /// Gates, bakes and their like, by what they said.
    public var gatesPassed: Int
    public var gatesFailed: Int
    /// Lines of the journal.
    public var events: Int
    /// When the hosts were looked at after the run; nil: nothing was gathered.
    public var factsAfter: Timestamp?
    public var waivers: [WaiverID] = []
    /// From which the plan was made; nil: from none.
    public var patchSet: StageReference?
    /// How that set came there; nil: it was of none, or an earlier Fettle wrote the bundle.
    public var promotion: Promotion?
    /// Entries of the log that are told in full.
    public var logEntries = 0
    /// See `BundleManifest.notInLog`.
    public var notInLog: [String]

    public struct Approval: Codable, Sendable, Equatable {
        public var person: Person
        public var at: Timestamp
        /// The requester's own, which policy allowed.
        public var isOwnChange: Bool
    }

    public struct Promotion: Codable, Sendable, Equatable {
        public var stage: StageID
        public var lane: PromotionLane
        public var madeBy: Person
        /// As they stood when the run was started.
        public var criteria: [PromotionJudge.Criterion]
        /// See `PromotionAccount.untold`; nil: all of it could be read.
        public var untold: [String]?
        /// Sign-offs and regressions, and what became of them, in the order in which they were written.
        public var said: [Said]
        /// Stages that the set was promoted to, each change once; oldest first.
        public var promotions: [PromotionAccount.Promotion]

        public struct Said: Codable, Sendable, Equatable {
            public var id: String
            public var kind: PatchSetNote.Kind
            public var passes: Bool
            public var stage: StageID?
            public var by: Person
            public var at: Timestamp
        }

        init(_ account: PromotionAccount, _ set: PatchSet, _ notes: [PatchSetNote]) {
            stage = account.stage
            lane = account.lane
            madeBy = set.madeBy
            criteria = account.criteria
            untold = account.untold
            promotions = account.promotions
            said = notes.map {
                Said(id: $0.id, kind: $0.kind, passes: $0.passes, stage: $0.stage, by: $0.by, at: $0.at)
            }
        }
    }

    public struct Feed: Codable, Sendable, Equatable {
        public var name: String
        /// When its publisher dated it; nil: it carries no date.
        public var publishedAt: Timestamp?
    }

    init(
        _ manifest: BundleManifest, _ change: Change, _ plan: Plan, _ findings: FindingSet, _ journal: [JournalRecord]
    ) {
        run = manifest.run
        madeAt = manifest.madeAt
        madeBy = manifest.madeBy
        signer = manifest.signer
        head = manifest.head
        notInLog = manifest.notInLog
        self.change = change.id
        kind = change.kind
        requestedBy = change.requestedBy
        approvals = change.votes.filter(\.approves).map {
            Approval(person: $0.person, at: $0.at, isOwnChange: $0.isOwnChange)
        }
        self.plan = change.plan
        hosts = plan.targets.count
        feeds = findings.feeds.feeds.map { Feed(name: $0.name, publishedAt: $0.publishedAt) }
        events = journal.count
        if case .started(_, _, let person)? = journal.first?.event { startedBy = person }
        let gates = Set((plan.steps + plan.rollback).filter(\.isGate).map(\.id))
        var (passed, failed) = (0, 0)
        for record in journal {
            switch record.event {
            case .stepDone(let step, _, _) where gates.contains(step): passed += 1
            case .stepFailed(let step, _, _) where gates.contains(step): failed += 1
            // A person's no is the gate's failure, of which no other line tells.
            case .gateAnswered(let step, _, .fail, _) where gates.contains(step): failed += 1
            case .ended(let end):
                outcome = end
                endedAt = record.at
            default: break
            }
        }
        gatesPassed = passed
        gatesFailed = failed
    }
}

extension Step {
    fileprivate var isGate: Bool {
        switch action {
        case .gate, .groupGate, .bake: true
        default: false
        }
    }
}
