/// What one run with a patch set came to, as its journal tells it.
public struct PatchSetTrial: Codable, Sendable, Equatable {
    public var stage: StageID
    public var change: ChangeID
    /// nil: nobody has started it yet.
    public var run: RunID?
    /// nil: not begun.
    public var startedAt: Timestamp?
    /// nil: it goes on.
    public var endedAt: Timestamp?
    /// nil: it goes on.
    public var outcome: RunOutcome?
    /// Hosts of the plan, sorted.
    public var planned: [ResourceID]
    /// Those that were brought to the set and found well, sorted.
    public var succeeded: [ResourceID]
    public var canariesPassed: Int
    /// Bakes that failed, or could not decide.
    public var canariesFailed: Int
    public var gatesPassed: Int
    /// What has failed in a run that has not ended: until it does nobody knows that the set is well. nil: nothing has.
    public var failing: String?
    /// What it has shown of the set on the hosts that succeeded, sorted by platform.
    public var tried: [PlatformVersions] = []
    /// Whether what the set is for is gone from the hosts that succeeded; nil: nobody asked.
    public var closing: Closing?

    public init(
        stage: StageID, change: ChangeID, run: RunID? = nil, startedAt: Timestamp? = nil, endedAt: Timestamp? = nil,
        outcome: RunOutcome? = nil, planned: [ResourceID] = [], succeeded: [ResourceID] = [], canariesPassed: Int = 0,
        canariesFailed: Int = 0, gatesPassed: Int = 0
    ) {
        self.stage = stage
        self.change = change
        self.run = run
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.planned = planned
        self.succeeded = succeeded
        self.canariesPassed = canariesPassed
        self.canariesFailed = canariesFailed
        self.gatesPassed = gatesPassed
    }

    /// Why it speaks against the set; nil if it does not.
    public var failure: String? {
        switch outcome {
        case .failed(let reason): "failed: \(reason)"
        case .rolledBack(let reason): "was rolled back: \(reason)"
        case .succeeded: nil
        case nil: failing
        }
    }

    public var hasSucceeded: Bool { outcome == .succeeded }

    /// What hosts show of the weaknesses that a set is for, by a judgement later than the run.
    public struct Closing: Codable, Sendable, Equatable {
        /// The set was made for these.
        public var advisories: [AdvisoryID]
        /// Hosts that nobody has judged with feeds since the run ended; sorted.
        public var unseen: [ResourceID]
        /// What is still found, or undecided, in packages of the set.
        public var open: [Open]

        public init(advisories: [AdvisoryID], unseen: [ResourceID], open: [Open]) {
            self.advisories = advisories
            self.unseen = unseen
            self.open = open
        }

        public struct Open: Codable, Sendable, Equatable {
            public var resource: ResourceID
            public var advisory: AdvisoryID
            /// How far it has come there, in words.
            public var state: String

            public init(resource: ResourceID, advisory: AdvisoryID, state: String) {
                self.resource = resource
                self.advisory = advisory
                self.state = state
            }
        }
    }
}
