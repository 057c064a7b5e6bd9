public import FettleModel

/// What is urgent on a fleet and why, as a page or a report shows it: the patches with both risks, what is waived, how the fleet stands
/// against its due dates, and what the judgement does not rest on.
public struct JudgementSummary: Codable, Sendable, Equatable {
    /// A page shows so many patches; the rest is counted.
    public static let mostPatches = 25

    public var assessedAt: Timestamp
    /// The most urgent first, at most `mostPatches`.
    public var patches: [Patch]
    /// How many there are, shown or not.
    public var patchCount: Int
    public var waived: [Waived]
    /// By environment, then the whole; empty where due dates were not looked at.
    public var compliance: [Standing]
    public var feeds: FeedCoverage
    /// What was not looked at, in words: nothing found there means nothing.
    public var unchecked: [String]

    public init(
        assessedAt: Timestamp, patches: [Patch], patchCount: Int, waived: [Waived], compliance: [Standing],
        feeds: FeedCoverage, unchecked: [String]
    ) {
        self.assessedAt = assessedAt
        self.patches = patches
        self.patchCount = patchCount
        self.waived = waived
        self.compliance = compliance
        self.feeds = feeds
        self.unchecked = unchecked
    }

    /// One version of one source, with the resources that miss it.
    public struct Patch: Codable, Sendable, Equatable {
        public var source: String
        /// nil: no version is published that closes it.
        public var fixed: String?
        public var state: InstallState
        public var updateClass: UpdateClass
        /// SSVC's outcome; of several resources the most urgent one.
        public var outcome: Outcome
        /// The earliest of them; nil: neither policy nor the exploited list says a day.
        public var dueAt: Timestamp?
        public var severity: Severity?
        public var isExploited: Bool
        /// Whether every resource's own sources offer it.
        public var isOffered: Bool
        /// Sorted.
        public var resources: [ResourceID]
        /// Sorted.
        public var owners: [PatchOwner]
        /// Sorted; exploited ones first.
        public var advisories: [AdvisoryID]
        /// How it was matched and decided, in words.
        public var because: [String]
        /// Waiting against patching, a line for each group; empty where they were not weighed.
        public var risks: [Risk]

        func isOverdue(at time: Timestamp) -> Bool { dueAt.map { $0 < time } ?? false }
    }

    /// Both risks of a patch on a group, in one unit.
    public struct Risk: Codable, Sendable, Equatable {
        public var group: String
        /// What losses are counted in.
        public var unit: String
        /// Expected loss a day.
        public var waitingPerDay: Double
        public var patchingPerDay: Double
        /// As they are shown, with three digits.
        public var waiting: String
        public var patching: String
        /// When the one comes to more than the other, in words.
        public var crossing: String
        /// Every term of both, and the decision, line by line.
        public var explanation: [String]

        public init(
            group: String, unit: String, waitingPerDay: Double, patchingPerDay: Double, waiting: String,
            patching: String, crossing: String, explanation: [String]
        ) {
            self.group = group
            self.unit = unit
            self.waitingPerDay = waitingPerDay
            self.patchingPerDay = patchingPerDay
            self.waiting = waiting
            self.patching = patching
            self.crossing = crossing
            self.explanation = explanation
        }
    }

    /// Findings that waivers hide for now.
    public struct Waived: Codable, Sendable, Equatable {
        public var source: String
        public var resources: [ResourceID]
        public var waivers: [WaiverID]
        public var kinds: [Waiver.Kind]
        /// The first of them to come back.
        public var until: Timestamp
    }

    /// An environment, or all of it, against its due dates.
    public struct Standing: Codable, Sendable, Equatable {
        public var name: String
        public var resources: Int
        public var notJudged: Int
        public var withinDue: Int
        public var overdue: Int
        public var overdueWithoutFix: Int
        public var waived: Int
        /// Whole days; nil: nothing is overdue.
        public var mostDaysOverdue: Int?

        public init(
            name: String, resources: Int, notJudged: Int, withinDue: Int, overdue: Int, overdueWithoutFix: Int,
            waived: Int, mostDaysOverdue: Int?
        ) {
            self.name = name
            self.resources = resources
            self.notJudged = notJudged
            self.withinDue = withinDue
            self.overdue = overdue
            self.overdueWithoutFix = overdueWithoutFix
            self.waived = waived
            self.mostDaysOverdue = mostDaysOverdue
        }
    }
}
