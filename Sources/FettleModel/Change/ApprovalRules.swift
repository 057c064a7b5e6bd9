extension Policy {
    /// Who has to agree to a plan: the strictest rule of all environments that are touched, and whatever conditions of
    /// `changes.rules` add. Of a standard change the template says; an emergency needs fewer, and nobody in particular.
    ///
    /// - Parameters:
    ///   - plan: what is to be agreed to.
    ///   - kind: which of the kinds of changes it is asked for as.
    ///   - template: the standard change's; nil: it is of another kind.
    ///   - fleet: whose owners and criticalities count; nil: they are not known, and conditions that go by them hold.
    ///   - loss: what the plan's patches cost together, expected a day; nil: it is not known, and conditions that go by it hold.
    public func approvalRule(
        for plan: Plan, kind: Change.Kind = .normal, template: ChangeTemplate? = nil, fleet: Fleet? = nil,
        expectedLoss loss: Double? = nil
    ) -> ApprovalRule {
        let resources = Dictionary((fleet?.resources ?? []).map { ($0.id, $0) }) { first, _ in first }
        var rule = environmentRule(for: plan, resources)
        if let template {
            return ApprovalRule(approvals: template.approvals, requesterMayApprove: false)
        }
        if kind == .emergency {
            rule.approvals = min(rule.approvals, changes.emergency.approvals)
            return rule
        }
        let radius = BlastRadius(plan)
        var demands: [ApprovalRule.Demand] = []
        for condition in changes.rules
        where condition.holds(for: plan, radius, fleet == nil ? nil : resources, loss: loss) {
            rule.approvals = max(rule.approvals, condition.approvals ?? 0)
            if !condition.from.isEmpty {
                demands.append(
                    ApprovalRule.Demand(what: condition.name, people: people(condition.from), askingAgrees: false))
            }
            guard condition.owners else { continue }
            // Nobody can be asked: then nobody has agreed.
            demands +=
                fleet == nil
                ? [ApprovalRule.Demand(what: "owners, and the fleet is not known", people: [], askingAgrees: false)]
                : ownersOf(plan, resources)
        }
        var seen: Set<ApprovalRule.Demand> = []
        let unlike = demands.filter { seen.insert($0).inserted }
        rule.demands = unlike.isEmpty ? nil : unlike
        return rule
    }

    private func environmentRule(for plan: Plan, _ resources: [ResourceID: Resource]) -> ApprovalRule {
        let environments = Set(plan.environments).union(plan.environmentsTouched(resources))
        let rules = environments.map { approvals[$0] ?? defaultApproval }
        guard !rules.isEmpty else { return defaultApproval }
        return ApprovalRule(
            approvals: rules.map(\.approvals).max() ?? defaultApproval.approvals,
            requesterMayApprove: rules.allSatisfy(\.requesterMayApprove))
    }

    /// Names of people, with teams taken apart.
    private func people(_ names: [String]) -> [String] {
        Set(names.flatMap { changes.teams[$0] ?? [$0] }).sorted()
    }

    /// An owner that nothing is known of is a person of that name.
    private func ownersOf(_ plan: Plan, _ resources: [ResourceID: Resource]) -> [ApprovalRule.Demand] {
        Set(plan.resourcesTouched.compactMap { resources[$0]?.owner }).sorted().map { owner in
            ApprovalRule.Demand(what: "owner \(owner)", people: people([owner]), askingAgrees: true)
        }
    }
}

extension ApprovalCondition {
    /// - Parameters:
    ///   - plan: what is to be agreed to.
    ///   - radius: of that plan.
    ///   - resources: nil: they are not known, and what goes by them holds.
    ///   - loss: nil: it is not known, and what goes by it holds.
    func holds(
        for plan: Plan, _ radius: BlastRadius, _ resources: [ResourceID: Resource]?, loss: Double?
    ) -> Bool {
        func isNamed(_ names: [String], _ globs: [String]) -> Bool {
            globs.isEmpty || names.contains { name in globs.contains { Glob($0).matches(name) } }
        }
        guard
            isNamed(plan.environmentsTouched(resources ?? [:]).map(\.rawValue).sorted(), environments),
            isNamed(radius.groups.map(\.rawValue), groups), radius.hosts >= hosts ?? 0,
            radius.largestSharePercent >= sharePercent ?? 0, !irreversible || radius.irreversibleSteps > 0,
            !reboots || radius.reboots > 0, loss.map({ !($0 < lossPerDay ?? 0) }) != false
        else { return false }
        guard let criticality, let resources else { return true }
        return plan.resourcesTouched.contains { (resources[$0]?.criticality ?? .critical) >= criticality }
    }
}

extension Plan {
    /// The targets, and what goes down with them.
    var resourcesTouched: Set<ResourceID> {
        Set(targets.flatMap { [$0.resource] + $0.carries })
    }

    /// Of the targets, and of what goes down with them as far as that is known.
    func environmentsTouched(_ resources: [ResourceID: Resource]) -> Set<EnvironmentID> {
        Set(
            targets.flatMap { target in [target.environment] + target.carries.compactMap { resources[$0]?.environment }
            })
    }
}
