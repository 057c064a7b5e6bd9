/// The numbers behind the two risks: `risk:` in `policy.yaml`. Every default and its source is in `docs/risk.md`.
public struct RiskPolicy: Codable, Sendable, Equatable {
    /// What a loss is counted in, such as `points` or `EUR`. A name only: nothing is converted.
    public var unit: String
    /// What a day costs in which the service of such a resource is away or in a stranger's hands, in `unit`.
    public var lossPerDay: ByCriticality
    public var waiting: WaitingPolicy
    public var patching: PatchingPolicy

    public init(
        unit: String = "points",
        lossPerDay: ByCriticality = ByCriticality(low: 1, medium: 10, high: 100, critical: 1_000),
        waiting: WaitingPolicy = WaitingPolicy(), patching: PatchingPolicy = PatchingPolicy()
    ) {
        self.unit = unit
        self.lossPerDay = lossPerDay
        self.waiting = waiting
        self.patching = patching
    }

    public struct ByCriticality: Codable, Sendable, Equatable {
        public var low: Double
        public var medium: Double
        public var high: Double
        public var critical: Double

        public init(low: Double, medium: Double, high: Double, critical: Double) {
            self.low = low
            self.medium = medium
            self.high = high
            self.critical = critical
        }

        public subscript(_ criticality: Resource.Criticality) -> Double {
            switch criticality {
            case .low: low
            case .medium: medium
            case .high: high
            case .critical: critical
            }
        }
    }
}

/// The risk of waiting, as policy sets it.
public struct WaitingPolicy: Codable, Sendable, Equatable {
    public var hazards: Hazards
    /// What a hazard is multiplied by where ransomware is known to use the weakness; at least 1.
    public var ransomwareFactor: Double
    /// The share of the exploitation anywhere that comes to a resource which only its own machine reaches; 0 to 1.
    public var isolatedShare: Double
    /// The same for one that the own network reaches.
    public var internalShare: Double
    /// The same for one that the Internet reaches.
    public var internetShare: Double
    /// What the hazard is multiplied by where exploiting it cannot be automated; 0 to 1.
    public var notAutomatableFactor: Double
    /// What the loss is multiplied by where exploiting it gives partial control only; 0 to 1.
    public var partialImpactFactor: Double
    /// How many days of loss a successful attack costs: until it is noticed and put right.
    public var incidentDays: Double
    /// The share of a hazard that is there on the day of publication; 0 to 1.
    public var earlyShare: Double
    /// How many days it takes until half of the rest has come.
    public var growthHalfLifeDays: Double
    /// A prediction older than this says nothing about today: it covers 30 days.
    public var predictionStaleDays: Int
    /// How much weaknesses closed by one patch are exploited together: 1 always (the worst of them counts), 0 never (each
    /// counts by itself).
    public var correlation: Double

    public init(
        hazards: Hazards = Hazards(), ransomwareFactor: Double = 2, isolatedShare: Double = 0.002,
        internalShare: Double = 0.02, internetShare: Double = 0.1, notAutomatableFactor: Double = 0.3,
        partialImpactFactor: Double = 0.3, incidentDays: Double = 14, earlyShare: Double = 0.28,
        growthHalfLifeDays: Double = 7, predictionStaleDays: Int = 30, correlation: Double = 0.5
    ) {
        self.hazards = hazards
        self.ransomwareFactor = ransomwareFactor
        self.isolatedShare = isolatedShare
        self.internalShare = internalShare
        self.internetShare = internetShare
        self.notAutomatableFactor = notAutomatableFactor
        self.partialImpactFactor = partialImpactFactor
        self.incidentDays = incidentDays
        self.earlyShare = earlyShare
        self.growthHalfLifeDays = growthHalfLifeDays
        self.predictionStaleDays = predictionStaleDays
        self.correlation = correlation
    }

    /// Hazards of exploitation anywhere, a day, where no prediction says one.
    public struct Hazards: Codable, Sendable, Equatable {
        /// It is exploited: on the list of known exploited vulnerabilities, or told so by SSVC's decision points.
        public var exploited: Double
        /// There is public proof-of-concept code.
        public var proofOfConcept: Double
        /// By the severity of its CVSS score.
        public var critical: Double
        public var high: Double
        public var medium: Double
        public var low: Double
        /// Nothing rates it.
        public var unrated: Double

        public init(
            exploited: Double = 0.2, proofOfConcept: Double = 0.002, critical: Double = 0.0006, high: Double = 0.0002,
            medium: Double = 0.00008, low: Double = 0.00002, unrated: Double = 0.0002
        ) {
            self.exploited = exploited
            self.proofOfConcept = proofOfConcept
            self.critical = critical
            self.high = high
            self.medium = medium
            self.low = low
            self.unrated = unrated
        }
    }
}
