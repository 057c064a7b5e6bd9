import FettleModel
import FettleVersions

/// Holds the changes of a plan against the policy's release rules. Synchronous and pure.
///
/// A rule that asks for what was not observed is not kept: unknown is not good enough.
struct ReleaseRules {
    let rules: [ReleaseRule]
    let states: PackageStates
    let policy: Policy
    private let fleet: Fleet
    private let reach: RequirementReach
    /// By rule, the globs of its packages.
    private let globs: [[Glob]]

    /// - Parameters:
    ///   - hosts: all that the plan changes.
    ///   - facts: what is installed now, on other hosts too.
    init(_ hosts: [HostChanges], facts: FactSet, fleet: Fleet, policy: Policy) {
        rules = policy.releases
        globs = rules.map { $0.packages.map { Glob($0) } }
        states = PackageStates(facts: rules.isEmpty ? [] : facts.hosts, changes: hosts)
        reach = RequirementReach(rules.isEmpty ? [] : rules.flatMap(\.requires), fleet: fleet)
        self.fleet = fleet
        self.policy = policy
    }

    static func judge(
        _ hosts: [HostChanges], facts: FactSet, fleet: Fleet, policy: Policy
    ) -> ReleaseJudgement {
        guard !policy.releases.isEmpty else { return ReleaseJudgement() }
        return ReleaseRules(hosts, facts: facts, fleet: fleet, policy: policy).judgement()
    }

    private func judgement() -> ReleaseJudgement {
        var judgement = ReleaseJudgement()
        var orders = RequirementOrders()
        for resource in fleet.resources.sorted(by: { $0.id < $1.id }) {
            guard let host = states.changes[resource.id], !host.changes.isEmpty else { continue }
            for (place, rule) in rules.enumerated() {
                for change in affected(by: place, on: host) {
                    judge(change, on: resource, host, rule, place, &judgement, &orders)
                }
            }
            switch HostSplit(host, rules: self, isAffected: { !affected(by: $0, on: host).isEmpty }).result {
            case .success(let parts):
                judgement.splits[resource.id] = parts.count > 1 || parts[0].rebootBefore ? parts : nil
            case .failure(let refusal): judgement.refusals.append(refusal)
            }
        }
        judgement.orders = orders.turnOrders(rules)
        judgement.refusals = judgement.refusals.sortedWithoutRepetition()
        return judgement
    }

    /// The changes of the packages that the rule at this place is about, as far as they lead where it speaks of.
    private func affected(by place: Int, on host: HostChanges) -> [PackageChange] {
        let rule = rules[place]
        let globs = globs[place]
        guard !globs.isEmpty else { return [] }
        return host.changes.filter { change in
            guard let to = change.to, globs.contains(where: { states.matches($0, change.name, on: host.resource) })
            else {
                return false
            }
            let bound = RuleVersions(manager: host.manager)
            if let from = change.from, !bound.isBelow(from, to) { return false }
            guard let reached = rule.to else { return true }
            return !bound.isBelow(to, reached) && change.from.map { bound.isBelow($0, reached) } ?? true
        }
    }

    private func judge(
        _ change: PackageChange, on resource: Resource, _ host: HostChanges, _ rule: ReleaseRule, _ place: Int,
        _ judgement: inout ReleaseJudgement, _ orders: inout RequirementOrders
    ) {
        func refuse(_ words: String) {
            let because = rule.because.map { " (\($0))" } ?? ""
            judgement.refusals.append(
                ReleaseJudgement.Refusal(
                    resource: resource.id, rule: rule.name, subject: change.name, message: words + because))
        }
        if let least = rule.minimumVersionBefore, let from = change.from, let to = change.to,
            RuleVersions(manager: host.manager).isBelow(from, least)
        {
            refuse(
                "\(change.name) on \(resource.id) is \(from), and the rule '\(rule.name)' needs at least \(least) before "
                    + "\(to): plan \(least) first, with `--only \(change.name)=VERSION`")
        }
        for (number, requirement) in rule.requires.enumerated() {
            let need =
                "the rule '\(rule.name)' needs \(requirement.package) at least \(requirement.atLeast) "
                + "for \(change.name) \(change.to ?? "") on \(resource.id)"
            if let selector = requirement.on {
                let others = reach.resources(selector, within: requirement.within, of: resource)
                let answer = elsewhere(requirement, on: others)
                for words in answer.objections { refuse("\(need), and \(words)") }
                orders.add(answer.first, before: resource.id, rule: place, requirement: number)
            } else if let words = here(requirement, on: resource.id) {
                refuse("\(need), and \(words)")
            }
        }
    }

    /// What is wrong with what the host itself has in the end; nil: nothing.
    private func here(_ requirement: ReleaseRule.Requirement, on resource: ResourceID) -> String? {
        guard let packages = states.packages(matching: Glob(requirement.package), on: resource) else {
            return "what is installed there is not known: scan again"
        }
        let present = packages.filter { $0.then != nil }
        guard !present.isEmpty else {
            return requirement.ifInstalled ? nil : "it is not installed there: plan it first"
        }
        for package in present {
            guard let then = package.then, RuleVersions(manager: package.manager).isBelow(then, requirement.atLeast)
            else {
                continue
            }
            return package.now == package.then
                ? "\(package.name) stays at \(then): plan it with the same change"
                : "\(package.name) only comes to \(then)"
        }
        return nil
    }

    /// Which of the others must go first, and what is wrong with the rest.
    private func elsewhere(
        _ requirement: ReleaseRule.Requirement, on others: [ResourceID]
    ) -> (first: [ResourceID], objections: [String]) {
        var first: [ResourceID] = []
        var objections: [String] = []
        var isThere = false
        let glob = Glob(requirement.package)
        for other in others {
            guard let packages = states.packages(matching: glob, on: other) else {
                objections.append("what \(other) has is not known: scan it, or leave it out of the rule's 'on'")
                continue
            }
            for package in packages {
                let bound = RuleVersions(manager: package.manager)
                let isEnoughNow = package.now.map { !bound.isBelow($0, requirement.atLeast) } ?? false
                guard let then = package.then else {
                    if isEnoughNow { objections.append("the plan removes \(package.name) from \(other)") }
                    continue
                }
                isThere = true
                if bound.isBelow(then, requirement.atLeast) {
                    objections.append(
                        "\(package.name) on \(other) is at \(then): plan \(requirement.atLeast) there first")
                } else if !isEnoughNow {
                    first.append(other)
                }
            }
        }
        if !isThere, objections.isEmpty, !requirement.ifInstalled {
            let names =
                others.isEmpty
                ? "the rule's 'on' selects no other resource" : "none of \(RuleOrders.words(others)) has it"
            objections.append(names)
        }
        return (first, objections)
    }
}

/// Who must go first for the sake of whom, gathered by requirement: those that wait for the same others stand in one turn.
private struct RequirementOrders {
    private struct Key: Hashable, Comparable {
        var rule: Int
        var requirement: Int
        var first: [ResourceID]

        static func < (left: Self, right: Self) -> Bool {
            (left.rule, left.requirement) == (right.rule, right.requirement)
                ? left.first.lexicographicallyPrecedes(right.first)
                : (left.rule, left.requirement) < (right.rule, right.requirement)
        }
    }

    private var later: [Key: Set<ResourceID>] = [:]

    mutating func add(_ first: [ResourceID], before resource: ResourceID, rule: Int, requirement: Int) {
        guard !first.isEmpty else { return }
        later[Key(rule: rule, requirement: requirement, first: Set(first).sorted()), default: []].insert(resource)
    }

    func turnOrders(_ rules: [ReleaseRule]) -> [TurnOrder] {
        later.sorted { $0.key < $1.key }.map { key, resources in
            let rule = rules[key.rule]
            let requirement = rule.requires[key.requirement]
            return TurnOrder(
                reason: "rule '\(rule.name)': \(requirement.package) at least \(requirement.atLeast) first",
                turns: [key.first, resources.sorted()])
        }
    }
}
