import FettleIndex
public import FettleModel
import Foundation

/// What it costs to leave a patch out: expected loss a day.
///
/// For each weakness that it closes, the chance a day that it is used here is
/// `(1 - e^(-hazard x exposure x automatable)) x impact`; all of them together give
/// `correlation x the largest + (1 - correlation) x (1 - the product of (1 - each))`, between the two bounds of chances that go
/// together and chances that don't know of each other; that times the loss of an incident.
public struct WaitingRisk: Sendable {
    /// How many weaknesses are shown by themselves, the worst first.
    static let shown = 5

    private let policy: RiskPolicy
    private let hazards: [WeaknessHazard]
    private let group: AffectedGroup
    private let isAssumed: Bool

    /// - Parameter time: the moment of the judgement.
    public init(_ patch: CandidatePatch, on group: AffectedGroup, policy: RiskPolicy, at time: Timestamp) {
        self.policy = policy
        self.group = group
        var seen: Set<String> = []
        let weaknesses = patch.weaknesses.filter { !$0.isRejected && seen.insert($0.id).inserted }
        // A security update closes something, whether a feed names it or not; rejected numbers name nothing.
        isAssumed = patch.updateClass == .security && patch.weaknesses.isEmpty
        let known = isAssumed ? [WeaknessRecord(id: "an unnamed weakness")] : weaknesses
        hazards = known.map { WeaknessHazard($0, policy: policy.waiting, at: time) }
    }

    /// Expected loss a day, so many days after the judgement; never less than on an earlier day.
    public func perDay(after days: Double) -> Double {
        RiskMath.loss(chance(after: RiskMath.bounded(days, 0...1e6)) * incidentLoss)
    }

    /// Today's risk with its terms.
    public var sum: RiskSum {
        let unit = policy.unit
        let ordered = hazards.map { ($0, chance(of: $0, after: 0)) }
            .sorted { ($1.1, $0.0.id) < ($0.1, $1.0.id) }
        var terms = ordered.prefix(Self.shown).map(\.0.term)
        terms.append(
            RiskTerm(
                name: "exposure", value: exposureShare,
                because: "share of exploitation anywhere that comes to a "
                    + "resource with exposure \(group.exposure.rawValue)"))
        if let worst = ordered.first?.0 { terms += [automatableTerm(worst), impactTerm(worst)] }
        terms.append(
            RiskTerm(
                name: "chance", value: chance(after: 0), unit: "a day",
                because: isAssumed
                    ? "no feed names what this security update closes: one weakness is assumed"
                    : "weaknesses: \(hazards.count), taken together with correlation "
                        + RiskTerm.figure(RiskMath.share(policy.waiting.correlation))))
        terms.append(
            RiskTerm(
                name: "loss of an incident", value: incidentLoss, unit: unit,
                because: "\(RiskTerm.figure(policy.lossPerDay[group.criticality])) \(unit) a day by criticality "
                    + "\(group.criticality.rawValue), for \(RiskTerm.figure(policy.waiting.incidentDays)) days"))
        return RiskSum(terms: terms, perDay: perDay(after: 0))
    }

    private var incidentLoss: Double {
        RiskMath.loss(
            RiskMath.loss(policy.lossPerDay[group.criticality])
                * RiskMath.bounded(policy.waiting.incidentDays, 0...36_500))
    }

    private var exposureShare: Double {
        switch group.exposure {
        case .isolated: RiskMath.share(policy.waiting.isolatedShare)
        case .internal: RiskMath.share(policy.waiting.internalShare)
        case .internet: RiskMath.share(policy.waiting.internetShare)
        }
    }

    private func chance(of hazard: WeaknessHazard, after days: Double) -> Double {
        let rate = hazard.perDay(after: days) * exposureShare * automatableFactor(hazard)
        return RiskMath.share(-expm1(-rate)) * impactFactor(hazard)
    }

    private func chance(after days: Double) -> Double {
        var largest = 0.0
        var noneByLog = 0.0
        for hazard in hazards {
            let chance = min(chance(of: hazard, after: days), 1 - 1e-12)
            largest = max(largest, chance)
            noneByLog += log1p(-chance)
        }
        let correlation = RiskMath.share(policy.waiting.correlation)
        return RiskMath.share(correlation * largest + (1 - correlation) * -expm1(noneByLog))
    }

    private func automatableFactor(_ hazard: WeaknessHazard) -> Double {
        hazard.isAutomatable ?? true ? 1 : RiskMath.share(policy.waiting.notAutomatableFactor)
    }

    private func impactFactor(_ hazard: WeaknessHazard) -> Double {
        hazard.technicalImpact == .partial ? RiskMath.share(policy.waiting.partialImpactFactor) : 1
    }

    private func automatableTerm(_ hazard: WeaknessHazard) -> RiskTerm {
        RiskTerm(
            name: "automatable", value: automatableFactor(hazard),
            because: hazard.isAutomatable.map { "\($0 ? "yes" : "no") for \(hazard.id), says SSVC" }
                ?? "assumed for \(hazard.id): nothing says it")
    }

    private func impactTerm(_ hazard: WeaknessHazard) -> RiskTerm {
        RiskTerm(
            name: "technical impact", value: impactFactor(hazard),
            because: hazard.technicalImpact.map { "\($0.rawValue) for \(hazard.id), says SSVC" }
                ?? "assumed total for \(hazard.id): nothing says it")
    }
}
