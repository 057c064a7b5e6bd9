public import FettleModel

/// Everything the page of a plan shows: the plan, when its steps would be taken, and what was known when it was made and does not
/// stand in it. Whoever has a planner and a store fills it in; the page asks nobody.
public struct PlanPicture: Sendable, Equatable {
    public var plan: Plan
    public var digest: Digest
    public var times: PlanTimes
    /// What was not planned, and why; nil: nobody who made this picture knows.
    public var leftOut: [Selection.LeftOut]?
    /// By group: why its strategy and this many at once, in words.
    public var reasons: [GroupID: String]
    /// Members that were not available when the plan was made, and that it leaves alone.
    public var unavailable: Set<ResourceID>
    /// What can be done but should be known.
    public var warnings: [String]
    /// Waiting against patching; empty: nobody weighed them.
    public var risks: [Risk]
    public var proof: Proof

    public init(
        plan: Plan, digest: Digest, times: PlanTimes, leftOut: [Selection.LeftOut]? = nil,
        reasons: [GroupID: String] = [:], unavailable: Set<ResourceID> = [], warnings: [String] = [],
        risks: [Risk] = [], proof: Proof
    ) {
        self.plan = plan
        self.digest = digest
        self.times = times
        self.leftOut = leftOut
        self.reasons = reasons
        self.unavailable = unavailable
        self.warnings = warnings
        self.risks = risks
        self.proof = proof
    }

    /// Both risks of one patch on one group, as expected loss a day, in words and figures as people read them.
    public struct Risk: Sendable, Equatable {
        public var package: String
        public var version: String
        public var group: String
        public var waiting: String
        public var patching: String
        public var unit: String
        /// When the one comes to more than the other.
        public var crossing: String
        /// How urgent, and by when.
        public var outcome: String

        public init(
            package: String, version: String, group: String, waiting: String, patching: String, unit: String,
            crossing: String, outcome: String
        ) {
            self.package = package
            self.version = version
            self.group = group
            self.waiting = waiting
            self.patching = patching
            self.unit = unit
            self.crossing = crossing
            self.outcome = outcome
        }
    }

    /// What the checker said of this very plan.
    public enum Proof: Sendable, Equatable {
        /// - Parameter how: such as `every reachable state was judged`.
        case proven(how: String)
        /// How it can break an invariant.
        case broken([String])
    }
}

/// When each step of a plan would begin and end if every step takes its median.
public struct PlanTimes: Sendable, Equatable {
    /// In the plan's order of steps, in seconds after `start`.
    public var begins: [Int]
    public var ends: [Int]
    /// How long the whole takes, in seconds, with every step at its median and at its 95% figure.
    public var total: DurationEstimate
    /// The moment of second 0; nil: the plan is bound to no time, and begins when somebody starts it.
    public var start: Timestamp?

    public init(begins: [Int], ends: [Int], total: DurationEstimate, start: Timestamp? = nil) {
        self.begins = begins
        self.ends = ends
        self.total = total
        self.start = start
    }
}
