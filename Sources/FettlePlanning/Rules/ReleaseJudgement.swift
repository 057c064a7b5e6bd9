import FettleModel

/// What a plan changes on one host, as release rules look at it.
struct HostChanges: Equatable {
    var resource: ResourceID
    var manager: PackageManager
    var changes: [PackageChange]
}

/// What release rules say of a plan.
struct ReleaseJudgement: Equatable {
    /// Sorted, each once.
    var refusals: [Refusal] = []
    /// Hosts whose changes cannot be made in one go: their parts in order, together all their changes.
    var splits: [ResourceID: [HostPart]] = [:]
    /// Who must be finished before whom, because a rule asks for a package elsewhere.
    var orders: [TurnOrder] = []

    /// A rule that is not kept, and what would be right.
    struct Refusal: Error, Hashable {
        var resource: ResourceID
        var rule: String
        /// The package that would change; nil: all of the host's changes together.
        var subject: String?
        var message: String
    }

    /// The refusals as reasons not to make a plan at all.
    var problems: [PlanningRefusal.Problem] {
        refusals.map { PlanningRefusal.Problem(.releaseRule, at: .resource($0.resource), $0.message) }
    }
}

/// Changes of one host that are made in one transaction.
struct HostPart: Equatable {
    /// Sorted by name and architecture.
    var changes: [PackageChange]
    /// The host is rebooted before them: between this part and the one before, or because a reboot is pending.
    var rebootBefore: Bool
    /// Why it is so; nil for a first part that nothing stands before.
    var because: String?
}

extension [ReleaseJudgement.Refusal] {
    func sortedWithoutRepetition() -> [ReleaseJudgement.Refusal] {
        var seen: Set<ReleaseJudgement.Refusal> = []
        return filter { seen.insert($0).inserted }.sorted {
            ($0.resource.rawValue, $0.subject ?? "", $0.rule, $0.message)
                < ($1.resource.rawValue, $1.subject ?? "", $1.rule, $1.message)
        }
    }
}

extension ReleaseRules {
    /// The hosts that keep all rules. A host that breaks one is left out with the reason, and the others go on (ansible#7019); what
    /// they then miss on it is looked at again, until nothing more falls away.
    static func settle(
        _ hosts: [HostSelection], facts: FactSet, fleet: Fleet, policy: Policy
    ) -> (kept: [HostSelection], leftOut: [Selection.LeftOut]) {
        var kept = hosts
        var leftOut: [Selection.LeftOut] = []
        while true {
            let changes = kept.map {
                HostChanges(
                    resource: $0.resource, manager: $0.resolution.manager, changes: $0.resolution.changes)
            }
            let refusals = judge(changes, facts: facts, fleet: fleet, policy: policy).refusals
            guard !refusals.isEmpty else { return (kept, leftOut) }
            leftOut += refusals.map {
                Selection.LeftOut(resource: $0.resource, subject: $0.subject, reason: $0.message)
            }
            let refused = Set(refusals.map(\.resource))
            kept.removeAll { refused.contains($0.resource) }
        }
    }
}
