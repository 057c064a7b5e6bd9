import FettleModel

/// When to act on an update that is no security update. SSVC's deployer tree decides about weaknesses only (`DeployerDecision`):
/// corrections go into the regular maintenance, and all else waits.
enum OutcomeRule {
    static func outcome(of updateClass: UpdateClass) -> Outcome {
        switch updateClass {
        case .security, .bugfix: .scheduled
        case .feature, .cosmetic, .unclassified: .defer
        }
    }
}
