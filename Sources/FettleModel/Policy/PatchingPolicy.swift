/// What kind of change a patch is, as far as kinds fail differently often.
public enum ChangeKind: String, Codable, Sendable, CaseIterable {
    /// A security update of a stable release, where only corrections are let in.
    case securityUpdate
    /// Any other correction of a stable release.
    case bugfixUpdate
    case kernel
    /// Another major version of the same software.
    case majorUpgrade
    /// All else: from an archive that names no class, or a new feature.
    case otherUpdate
    /// Only what is installed already is started anew.
    case restart
}

extension ChangeKind: CodingKeyRepresentable {}

/// The risk of patching, as policy sets it.
public struct PatchingPolicy: Codable, Sendable, Equatable {
    /// What is believed of each kind of change before this fleet's own history counts.
    public var priors: [ChangeKind: Prior]
    /// How long a host that failed is away, in hours, by the way back there is.
    public var recoveryHours: RecoveryHours
    /// What comes on top where the patch migrates data irreversibly, in hours.
    public var dataMigrationHours: Double
    /// How long a host is away for a planned restart of services, and for a reboot, in minutes.
    public var restartMinutes: Double
    public var rebootMinutes: Double
    /// The probability that a host doesn't come back from a reboot by itself; 0 to 1.
    public var rebootFailure: Double
    /// The probability that a conffile that both sides changed makes a service fail; 0 to 1, for each of them.
    public var conffileFailure: Double
    /// What the loss is multiplied by for each member that is left to spare; 0 to 1.
    public var redundancyFactor: Double
    /// The share of the loss that no redundancy takes away, because a bad patch fails everywhere alike; 0 to 1.
    public var commonCauseShare: Double
    /// How much likelier a patch fails on the day of its release than when it has aged; at least 1.
    public var youngFactor: Double
    /// How many days it takes until half of that is gone.
    public var youngHalfLifeDays: Double
    /// Over how many days the one-time loss of a patch is spread: about as long as until the next patch of the same package.
    public var spreadDays: Double

    public init(
        priors: [ChangeKind: Prior] = Prior.defaults, recoveryHours: RecoveryHours = RecoveryHours(),
        dataMigrationHours: Double = 48, restartMinutes: Double = 0.5, rebootMinutes: Double = 5,
        rebootFailure: Double = 0.002, conffileFailure: Double = 0.02, redundancyFactor: Double = 0.2,
        commonCauseShare: Double = 0.05, youngFactor: Double = 3, youngHalfLifeDays: Double = 8, spreadDays: Double = 30
    ) {
        self.priors = priors
        self.recoveryHours = recoveryHours
        self.dataMigrationHours = dataMigrationHours
        self.restartMinutes = restartMinutes
        self.rebootMinutes = rebootMinutes
        self.rebootFailure = rebootFailure
        self.conffileFailure = conffileFailure
        self.redundancyFactor = redundancyFactor
        self.commonCauseShare = commonCauseShare
        self.youngFactor = youngFactor
        self.youngHalfLifeDays = youngHalfLifeDays
        self.spreadDays = spreadDays
    }

    /// The prior of a kind; the default's where policy says none.
    public func prior(of kind: ChangeKind) -> Prior {
        priors[kind] ?? Prior.defaults[kind] ?? Prior(probability: 0.01, weight: 20)
    }

    /// A belief about how often a kind of change fails on one host.
    public struct Prior: Codable, Sendable, Equatable {
        /// The probability of failure; 0 to 1.
        public var probability: Double
        /// How many changes seen this belief is worth: Beta(probability x weight, (1 - probability) x weight).
        public var weight: Double

        public init(probability: Double, weight: Double) {
            self.probability = probability
            self.weight = weight
        }

        public static let defaults: [ChangeKind: Prior] = [
            .securityUpdate: Prior(probability: 0.005, weight: 100),
            .bugfixUpdate: Prior(probability: 0.005, weight: 100),
            .kernel: Prior(probability: 0.013, weight: 50),
            .majorUpgrade: Prior(probability: 0.1, weight: 10),
            .otherUpdate: Prior(probability: 0.02, weight: 20),
            .restart: Prior(probability: 0.001, weight: 100),
        ]
    }

    /// Hours until a host that failed serves again, by the way back that its step has.
    public struct RecoveryHours: Codable, Sendable, Equatable {
        public var nothingToUndo: Double
        public var snapshot: Double
        public var imageSwap: Double
        public var exactVersions: Double
        public var irreversible: Double

        public init(
            nothingToUndo: Double = 0.25, snapshot: Double = 0.5, imageSwap: Double = 0.5, exactVersions: Double = 1,
            irreversible: Double = 24
        ) {
            self.nothingToUndo = nothingToUndo
            self.snapshot = snapshot
            self.imageSwap = imageSwap
            self.exactVersions = exactVersions
            self.irreversible = irreversible
        }

        public subscript(_ rollback: RollbackClass) -> Double {
            switch rollback {
            case .nothingToUndo: nothingToUndo
            case .snapshot: snapshot
            case .imageSwap: imageSwap
            case .exactVersions: exactVersions
            case .irreversible: irreversible
            }
        }
    }
}
