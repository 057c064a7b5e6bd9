import FettleModel

/// When to act, in SSVC's words, from what is known without a feed of decision points: whether it is exploited, who can reach the
/// resource, and what depends on it.
///
/// After the deployer's tree of SSVC (CISA and CERT/CC, https://certcc.github.io/SSVC/): active exploitation raises everything by
/// a step, exposure to the Internet or a critical mission by another. The full tree joins with the feeds that it needs.
enum OutcomeRule {
    static func outcome(of updateClass: UpdateClass, isExploited: Bool, on resource: Resource) -> Outcome {
        let isSerious = resource.exposure == .internet || resource.criticality >= .high
        switch updateClass {
        case .security where isExploited: return isSerious ? .immediate : .outOfCycle
        case .security: return isSerious ? .outOfCycle : .scheduled
        case .bugfix: return .scheduled
        case .feature, .cosmetic, .unclassified: return .defer
        }
    }
}
