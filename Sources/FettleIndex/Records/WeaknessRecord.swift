public import FettleModel

/// What is known of one CVE apart from any package: how bad, whether it is exploited, how soon to act. Records of several feeds
/// about one CVE are joined when the index is built; nil fields say nothing.
public struct WeaknessRecord: Sendable, Equatable {
    /// `CVE-2024-3094`.
    public var id: String
    public var cvss: [CVSSRating]
    public var exploited: KnownExploitation?
    public var prediction: ExploitPrediction?
    public var decision: DecisionPoints?
    public var publishedAt: Timestamp?
    /// Set where the number was rejected: then it names no weakness.
    public var isRejected: Bool

    public init(
        id: String, cvss: [CVSSRating] = [], exploited: KnownExploitation? = nil,
        prediction: ExploitPrediction? = nil, decision: DecisionPoints? = nil, publishedAt: Timestamp? = nil,
        isRejected: Bool = false
    ) {
        self.id = id
        self.cvss = cvss
        self.exploited = exploited
        self.prediction = prediction
        self.decision = decision
        self.publishedAt = publishedAt
        self.isRejected = isRejected
    }
}

/// An entry of CISA's catalogue of known exploited vulnerabilities: seen, not predicted.
public struct KnownExploitation: Sendable, Equatable {
    public var addedAt: Timestamp
    public var dueAt: Timestamp?
    public var isUsedByRansomware: Bool

    public init(addedAt: Timestamp, dueAt: Timestamp? = nil, isUsedByRansomware: Bool = false) {
        self.addedAt = addedAt
        self.dueAt = dueAt
        self.isUsedByRansomware = isUsedByRansomware
    }
}

/// EPSS: how likely exploitation within 30 days was said to be, on the day of the model's run. A prediction, never exploitation.
public struct ExploitPrediction: Sendable, Equatable {
    /// 0 to 1.
    public var probability: Double
    /// 0 to 1; nil in the first files, which had none.
    public var percentile: Double?
    public var scoredAt: Timestamp

    public init(probability: Double, percentile: Double?, scoredAt: Timestamp) {
        self.probability = probability
        self.percentile = percentile
        self.scoredAt = scoredAt
    }
}

/// The SSVC decision points that CISA publishes for a CVE (https://www.cisa.gov/ssvc).
public struct DecisionPoints: Sendable, Equatable {
    public enum Exploitation: String, Sendable, CaseIterable { case none, poc, active }
    public enum TechnicalImpact: String, Sendable, CaseIterable { case partial, total }

    public var exploitation: Exploitation
    public var isAutomatable: Bool
    public var technicalImpact: TechnicalImpact
    public var decidedAt: Timestamp?

    public init(
        exploitation: Exploitation, isAutomatable: Bool, technicalImpact: TechnicalImpact, decidedAt: Timestamp? = nil
    ) {
        self.exploitation = exploitation
        self.isAutomatable = isAutomatable
        self.technicalImpact = technicalImpact
        self.decidedAt = decidedAt
    }
}
