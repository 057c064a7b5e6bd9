public import FettleModel

/// The recurring patch policy in plain words, and how far it is lived: developed (written down, not only defaulted), implemented
/// (the fleet file has what it needs), followed (what the store shows was done).
public struct PolicyAdherence: Codable, Sendable, Equatable {
    public var examinedAt: Timestamp
    public var rules: [Rule]

    public init(examinedAt: Timestamp, rules: [Rule]) {
        self.examinedAt = examinedAt
        self.rules = rules
    }

    public var isWhole: Bool { rules.allSatisfy { $0.gaps.isEmpty } }

    public struct Rule: Codable, Sendable, Equatable {
        public var question: Question
        /// Such as `approvals`.
        public var topic: String
        /// What holds, in plain words.
        public var statement: String
        public var developed: Mark
        public var implemented: Mark
        public var followed: Mark
        public var gaps: [Gap]
    }

    public enum Question: String, Codable, Sendable, CaseIterable {
        case who, what, when, howFast

        public var words: String { self == .howFast ? "how fast" : rawValue }
    }

    public enum Mark: String, Codable, Sendable, CaseIterable {
        case yes, partly, no
        /// Nothing shows it either way yet.
        case unknown
        /// The question does not arise.
        case notApplicable
    }

    public struct Gap: Codable, Sendable, Equatable {
        public var part: Part
        /// What is missing, in words.
        public var what: String
        /// What to type or to write; empty where only people can settle it.
        public var remedy: String

        public init(_ part: Part, _ what: String, remedy: String = "") {
            self.part = part
            self.what = what
            self.remedy = remedy
        }
    }

    public enum Part: String, Codable, Sendable, CaseIterable {
        case developed, implemented, followed
    }
}

/// What the store shows of what was done.
public struct PolicyRecord: Sendable, Equatable {
    public var facts: FactSet?
    public var findings: FindingSet?
    /// Newest first, as many as were looked at.
    public var changes: [Change]
    /// When a run was last made for each environment.
    public var lastRuns: [EnvironmentID: Timestamp]
    public var obligations: [PatchObligation]
    /// Pins and holds that are not kept.
    public var drift: [DriftReport.BaselineDrift]
    /// Emergencies whose run ended longer ago than the policy lets pass without a review.
    public var overdueReviews: [ChangeID] = []

    public init(
        facts: FactSet? = nil, findings: FindingSet? = nil, changes: [Change] = [],
        lastRuns: [EnvironmentID: Timestamp] = [:], obligations: [PatchObligation] = [],
        drift: [DriftReport.BaselineDrift] = []
    ) {
        self.facts = facts
        self.findings = findings
        self.changes = changes
        self.lastRuns = lastRuns
        self.obligations = obligations
        self.drift = drift
    }
}
