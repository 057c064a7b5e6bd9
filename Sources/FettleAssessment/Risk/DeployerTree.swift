public import FettleIndex
public import FettleModel

/// SSVC's decision table "Deployer Patch Application Priority" 1.0.0, whole: 72 rows.
///
/// Source: CERT/CC, https://certcc.github.io/SSVC/howto/deployer_tree/ and
/// https://github.com/CERTCC/SSVC/blob/main/data/csv/ssvc/deployer_patch_application_priority_1_0_0.csv
public enum DeployerTree {
    /// System Exposure 1.0.1: the attack surface that can be reached.
    public enum Exposure: String, Codable, Sendable, CaseIterable {
        /// Only the machine itself, or a network that is highly controlled.
        case small
        /// A network with some restriction of access.
        case controlled
        /// The Internet, or another network to which access cannot be controlled.
        case open
    }

    /// Human Impact 2.0.2: safety and mission taken together.
    public enum HumanImpact: String, Codable, Sendable, CaseIterable {
        case low, medium, high
        case veryHigh = "very high"
    }

    /// The outcomes by Human Impact, from low to very high.
    public static func outcome(
        _ exploitation: DecisionPoints.Exploitation, _ exposure: Exposure, isAutomatable: Bool, _ impact: HumanImpact
    ) -> Outcome {
        let row: (low: Outcome, medium: Outcome, high: Outcome, veryHigh: Outcome) =
            switch (exploitation, exposure, isAutomatable) {
            case (.none, .small, false): (.defer, .defer, .scheduled, .scheduled)
            case (.none, .small, true): (.defer, .scheduled, .scheduled, .scheduled)
            case (.none, .controlled, false): (.defer, .scheduled, .scheduled, .scheduled)
            case (.none, .controlled, true): (.scheduled, .scheduled, .scheduled, .scheduled)
            case (.none, .open, false): (.defer, .scheduled, .scheduled, .scheduled)
            case (.none, .open, true): (.scheduled, .scheduled, .scheduled, .outOfCycle)
            case (.poc, .small, false): (.defer, .scheduled, .scheduled, .scheduled)
            case (.poc, .small, true): (.scheduled, .scheduled, .scheduled, .scheduled)
            case (.poc, .controlled, false): (.defer, .scheduled, .scheduled, .scheduled)
            case (.poc, .controlled, true): (.scheduled, .scheduled, .scheduled, .outOfCycle)
            case (.poc, .open, false): (.scheduled, .scheduled, .scheduled, .outOfCycle)
            case (.poc, .open, true): (.scheduled, .scheduled, .outOfCycle, .outOfCycle)
            case (.active, .small, false): (.scheduled, .scheduled, .outOfCycle, .outOfCycle)
            case (.active, .small, true): (.scheduled, .outOfCycle, .outOfCycle, .outOfCycle)
            case (.active, .controlled, false): (.scheduled, .scheduled, .outOfCycle, .outOfCycle)
            case (.active, .controlled, true): (.outOfCycle, .outOfCycle, .outOfCycle, .outOfCycle)
            case (.active, .open, false): (.scheduled, .outOfCycle, .outOfCycle, .immediate)
            case (.active, .open, true): (.outOfCycle, .outOfCycle, .immediate, .immediate)
            }
        return switch impact {
        case .low: row.low
        case .medium: row.medium
        case .high: row.high
        case .veryHigh: row.veryHigh
        }
    }
}

extension DeployerTree.Exposure {
    /// Who can reach a resource, in SSVC's words.
    public init(_ exposure: Resource.Exposure) {
        self =
            switch exposure {
            case .isolated: .small
            case .internal: .controlled
            case .internet: .open
            }
    }
}

extension DeployerTree.HumanImpact {
    /// The declared criticality is the owner's own judgement of what an incident does to people and mission.
    public init(_ criticality: Resource.Criticality) {
        self =
            switch criticality {
            case .low: .low
            case .medium: .medium
            case .high: .high
            case .critical: .veryHigh
            }
    }
}
