public import FettleModel
import Foundation

/// What it costs to put a patch in: a one-time expected loss, spread over the days until the next one.
///
/// `host = 1 - (1 - posterior)^young x (1 - reboot) x (1 - conffile)^conflicts`; `failure = 1 - (1 - host)^hosts`;
/// `once = failure x loss of a failure + hosts x planned outage`; `a day = once / spreadDays`. A day's delay saves that
/// much on average, because a patch that is waited with until the next of its package comes is never put in by itself.
public struct PatchingRisk: Sendable {
    private let patch: CandidatePatch
    private let group: AffectedGroup
    private let record: PatchHistory.Record
    private let policy: RiskPolicy
    private let age: Double?

    /// - Parameter time: the moment of the judgement.
    public init(
        _ patch: CandidatePatch, on group: AffectedGroup, history: PatchHistory, policy: RiskPolicy, at time: Timestamp
    ) {
        self.patch = patch
        self.group = group
        self.policy = policy
        record = history.record(of: patch.package, patch.kind)
        age = patch.releasedAt.map { max(0, time.days(since: $0)) }
    }

    public var posterior: BetaPosterior {
        BetaPosterior(
            prior: policy.patching.prior(of: patch.kind), failures: record.failures, successes: record.successes)
    }

    /// The probability that one of the hosts fails, after which no further one is begun, if they are patched so many days after
    /// the judgement.
    public func failure(after days: Double) -> Double {
        RiskMath.atLeastOnce(hostFailure(after: days), count: hosts)
    }

    private func hostFailure(after days: Double) -> Double {
        var survives = 1 - RiskMath.atLeastOnce(posterior.mean, count: young(after: days))
        if patch.needsReboot { survives *= 1 - RiskMath.share(policy.patching.rebootFailure) }
        survives *= 1 - RiskMath.atLeastOnce(policy.patching.conffileFailure, count: Double(conflicts))
        return RiskMath.share(1 - survives)
    }

    /// The expected loss of patching once, so many days after the judgement; never more than on an earlier day.
    public func once(after days: Double) -> Double {
        RiskMath.loss(failure(after: days) * failureLoss + outageLoss)
    }

    public func perDay(after days: Double) -> Double {
        RiskMath.loss(once(after: days) / RiskMath.bounded(policy.patching.spreadDays, 1...36_500))
    }

    /// Today's risk with its terms.
    public var sum: RiskSum {
        let prior = policy.patching.prior(of: patch.kind)
        let belief = posterior
        let unit = policy.unit
        var terms = [
            RiskTerm(
                name: "failure by history", value: belief.mean, unit: "probability",
                because: "prior \(RiskTerm.figure(prior.probability)) for \(patch.kind.rawValue), worth "
                    + "\(RiskTerm.figure(prior.weight)) changes; this fleet saw failures: \(record.failures), "
                    + "successes: \(record.successes); give or take \(RiskTerm.figure(belief.standardDeviation))"),
            RiskTerm(
                name: "age of the patch", value: young(after: 0),
                because: age.map { "published \(RiskTerm.days(Int(min($0, 1e6)))) ago; young ones regress more" }
                    ?? "no day of publication: taken as new"),
        ]
        if patch.needsReboot {
            terms.append(
                RiskTerm(
                    name: "reboot fails", value: RiskMath.share(policy.patching.rebootFailure), unit: "probability",
                    because: "it needs a reboot"))
        }
        terms.append(
            RiskTerm(
                name: "conffile conflicts", value: Double(conflicts),
                because: patch.conffileConflicts == nil ? "nobody looked: none assumed" : "changed by both sides"))
        terms.append(
            RiskTerm(
                name: "failure", value: failure(after: 0), unit: "probability",
                because: "all of these together; hosts, one after the other: \(Int(hosts))"))
        terms += lossTerms(unit)
        return RiskSum(terms: terms, perDay: perDay(after: 0))
    }

    private func lossTerms(_ unit: String) -> [RiskTerm] {
        [
            RiskTerm(
                name: "recovery", value: recoveryHours, unit: "hours",
                because: patch.migratesData
                    ? "data is migrated irreversibly: restored from a backup"
                    : "the way back: \(patch.rollback.rawValue)"),
            RiskTerm(
                name: "redundancy", value: lossShare, because: "members to spare: \(max(0, group.spareMembers))"),
            RiskTerm(name: "loss of a failure", value: failureLoss, unit: unit, because: criticalityWords(unit)),
            RiskTerm(
                name: "planned outage", value: outageLoss, unit: unit,
                because: patch.needsReboot ? "a reboot" : patch.needsRestart ? "a restart of services" : "none"),
            RiskTerm(
                name: "once", value: once(after: 0), unit: unit,
                because: "spread over \(RiskTerm.figure(policy.patching.spreadDays)) days"),
        ]
    }

    private func criticalityWords(_ unit: String) -> String {
        "\(RiskTerm.figure(policy.lossPerDay[group.criticality])) \(unit) a day by criticality "
            + group.criticality.rawValue
    }

    private var hosts: Double { RiskMath.bounded(Double(group.hosts), 1...1e9) }
    private var conflicts: Int { max(0, patch.conffileConflicts ?? 0) }

    /// From `youngFactor` on the day of release down to 1.
    private func young(after days: Double) -> Double {
        let factor = RiskMath.bounded(policy.patching.youngFactor, 1...1e3)
        let days = (age ?? 0) + RiskMath.bounded(days, 0...1e6)
        return 1 + (factor - 1) * RiskMath.remaining(after: days, halfLife: policy.patching.youngHalfLifeDays)
    }

    private var recoveryHours: Double {
        let hours = { RiskMath.bounded($0, 0...1e6) }
        let back = hours(policy.patching.recoveryHours[patch.rollback])
        guard patch.migratesData else { return back }
        return max(back, hours(policy.patching.recoveryHours.irreversible)) + hours(policy.patching.dataMigrationHours)
    }

    /// What is lost with one member while others serve.
    private var spareShare: Double {
        pow(RiskMath.share(policy.patching.redundancyFactor), Double(max(0, group.spareMembers)))
    }

    private var lossShare: Double { max(spareShare, RiskMath.share(policy.patching.commonCauseShare)) }

    private var failureLoss: Double {
        RiskMath.loss(RiskMath.loss(policy.lossPerDay[group.criticality]) * recoveryHours / 24 * lossShare)
    }

    private var outageLoss: Double {
        let minutes =
            patch.needsReboot
            ? max(policy.patching.rebootMinutes, policy.patching.restartMinutes)
            : patch.needsRestart ? policy.patching.restartMinutes : 0
        let days = RiskMath.bounded(minutes, 0...1e6) / 1_440
        return RiskMath.loss(RiskMath.loss(policy.lossPerDay[group.criticality]) * days * spareShare * hosts)
    }
}
