public import FettleIndex
public import FettleModel

/// How a package stands to an advisory, in the words of VEX.
public enum FindingStatus: String, Sendable, CaseIterable, Codable {
    case affected
    /// It was affected in an earlier version, and what is installed has the fix.
    case fixed
    /// Its publisher says so, or no affected version is at or below what is installed.
    case notAffected
    case underInvestigation
    /// It cannot be told: the publisher does not say, or what is installed does not tell enough of itself.
    case unknown
}

/// What one advisory means for one version of one package.
public struct PackageFinding: Sendable, Equatable {
    /// The advisory's number in the index.
    public var advisory: UInt32
    public var status: FindingStatus
    /// The lowest version above what is installed that the feed names as free of it; of what is fixed, the version that brought the
    /// fix. nil if the feed names none.
    public var fixed: String?
    /// Why, in words: which version was compared with which.
    public var matchedBy: String

    public init(advisory: UInt32, status: FindingStatus, fixed: String?, matchedBy: String) {
        self.advisory = advisory
        self.status = status
        self.fixed = fixed
        self.matchedBy = matchedBy
    }
}

/// All packages of one ecosystem, name and version: judged once, for all hosts that have them.
public struct PackageLot: Sendable, Equatable {
    public var ecosystem: Ecosystem
    /// The name that advisories were looked up by, and the version that was compared.
    public var name: String
    public var version: String
    /// In the order of the advisories' names; empty where only counts were asked for.
    public var findings: [PackageFinding]
    public var counts: LotCounts
}

/// How many findings there are on each package of a lot.
public struct LotCounts: Sendable, Equatable {
    /// What is affected, by the class of the advisory.
    public var affected: [UpdateClass: Int] = [:]
    /// Every status but `affected`; `fixed` and `notAffected` only where all findings were asked for.
    public var others: [FindingStatus: Int] = [:]
    /// Affected, and known to be exploited; only where the judge was told to look.
    public var exploited = 0

    public init() {}

    mutating func count(_ status: FindingStatus, _ updateClass: UpdateClass) {
        if status == .affected { affected[updateClass, default: 0] += 1 } else { others[status, default: 0] += 1 }
    }
}

/// The judgement of one list of software.
public struct SoftwareJudgement: Sendable {
    /// For each package of the list, in its order, the number of its lot; nil: nothing is known of its ecosystem, and so it was not
    /// checked.
    public var lots: [Int?]
    /// What could not be judged, in words: never to be read as "nothing found".
    public var gaps: [String]
}
