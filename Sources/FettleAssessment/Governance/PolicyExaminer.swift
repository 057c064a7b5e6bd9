public import FettleModel

/// States the policy and holds it against the fleet file and the store. Synchronous and pure.
public struct PolicyExaminer: Sendable {
    let policy: Policy
    /// The keys that policy.yaml writes.
    let declared: Set<String>
    let fleet: Fleet
    let record: PolicyRecord
    let time: Timestamp
    /// A look at the fleet that is older than this says little of today.
    let scanWithinDays: Int

    public init(
        policy: Policy, declared: Set<String>, fleet: Fleet, record: PolicyRecord, at time: Timestamp,
        scanWithinDays: Int = 7
    ) {
        self.policy = policy
        self.declared = declared
        self.fleet = fleet
        self.record = record
        self.time = time
        self.scanWithinDays = scanWithinDays
    }

    public func examine() -> PolicyAdherence {
        PolicyAdherence(
            examinedAt: time,
            rules: [approvals(), owners(), classes(), baselines(), order(), scans(), due(), obligations()])
    }

    typealias Rule = PolicyAdherence.Rule
    typealias Gap = PolicyAdherence.Gap

    /// A rule whose marks follow from its gaps: none is yes, and `whole` says which parts are missing altogether.
    func rule(
        _ question: PolicyAdherence.Question, _ topic: String, _ statement: String, _ gaps: [Gap],
        missing: Set<PolicyAdherence.Part> = [], unknown: Set<PolicyAdherence.Part> = [],
        without: Set<PolicyAdherence.Part> = []
    ) -> Rule {
        func mark(_ part: PolicyAdherence.Part) -> PolicyAdherence.Mark {
            if without.contains(part) { return .notApplicable }
            if unknown.contains(part) { return .unknown }
            guard gaps.contains(where: { $0.part == part }) else { return .yes }
            return missing.contains(part) ? .no : .partly
        }
        return Rule(
            question: question, topic: topic, statement: statement, developed: mark(.developed),
            implemented: mark(.implemented), followed: mark(.followed), gaps: gaps)
    }

    /// A key that is not written holds all the same, but nobody has decided it.
    func undeclared(_ key: String, example: String) -> [Gap] {
        guard !declared.contains(key) else { return [] }
        return [Gap(.developed, "'\(key)' is not in policy.yaml: only the default holds", remedy: example)]
    }

    static func names(_ names: some Collection<String>) -> String {
        let list = names.prefix(5).joined(separator: ", ")
        return names.count > 5 ? "\(list) and \(names.count - 5) more" : list
    }

    // MARK: Who

    private func approvals() -> Rule {
        var gaps = undeclared("approvals", example: "approvals: {default: {approvals: 1}}")
        let rules = fleet.environments.map { environment in
            let rule = policy.approvals[environment.id] ?? policy.defaultApproval
            let who = rule.requesterMayApprove ? "" : " by others than the requester"
            return "\(environment.id): \(rule.approvals == 0 ? "no approval" : "\(rule.approvals)\(who)")"
        }
        for environment in fleet.environments where environment.isProtected {
            let rule = policy.approvals[environment.id] ?? policy.defaultApproval
            if rule.approvals == 0 {
                gaps.append(
                    Gap(
                        .implemented, "\(environment.id) is protected and needs no approval",
                        remedy: "approvals: {\(environment.id): {approvals: 1}}"))
            } else if rule.approvals == 1, rule.requesterMayApprove {
                gaps.append(
                    Gap(
                        .implemented, "\(environment.id) is protected, and who asks for a change may approve it",
                        remedy: "approvals: {\(environment.id): {requesterMayApprove: false}}"))
            }
        }
        if policy.changes.emergency.approvals == 0, fleet.environments.contains(where: \.isProtected) {
            gaps.append(
                Gap(
                    .implemented, "an emergency needs no approval, in protected environments neither",
                    remedy: "changes: {emergency: {approvals: 1}}"))
        }
        for change in record.overdueReviews {
            gaps.append(
                Gap(
                    .followed, "the emergency \(change) was not reviewed in time, and the next one is not taken",
                    remedy: "fettle change review \(change) --note '…'"))
        }
        for change in record.changes {
            if change.run != nil, change.state != .approved {
                gaps.append(
                    Gap(
                        .followed, "\(change.id) was carried out without its approvals",
                        remedy: "fettle change show \(change.id)"))
            } else if change.state == .awaitingApproval {
                gaps.append(
                    Gap(
                        .followed, "\(change.id) waits for approval since \(change.requestedAt.day)",
                        remedy: "fettle change approve \(change.id)"))
            }
        }
        return rule(
            .who, "approvals", "Approvals of a change: \(rules.joined(separator: "; ")).", gaps, missing: [.developed],
            unknown: record.changes.isEmpty ? [.followed] : [])
    }

    private func owners() -> Rule {
        var gaps: [Gap] = []
        let rows = fleet.resources.map { ResponsibilityMatrix.row(of: $0) }
        var owned = 0
        for kind in ResponsibilityGap.Kind.allCases {
            let found = rows.flatMap(\.gaps).filter { $0.kind == kind }
            guard let first = found.first else { continue }
            gaps.append(
                Gap(
                    .implemented,
                    "\(first.words) layers of \(Self.names(found.map(\.resource.rawValue)))", remedy: first.remedy))
        }
        owned = rows.count { row in !row.gaps.contains { $0.kind == .noOwner || $0.kind == .nobody } }
        let overdue = record.obligations.filter { $0.state == .overdue }
        if !overdue.isEmpty {
            gaps.append(
                Gap(
                    .followed, "\(overdue.count) of what others owe is overdue, such as \(overdue[0].id)",
                    remedy: "fettle responsibility"))
        }
        return rule(
            .who, "owners", "\(owned) of \(rows.count) resources have somebody who answers for all that is ours.", gaps,
            missing: owned == 0 ? [.implemented] : [], without: [.developed])
    }

    // MARK: What

    private func classes() -> Rule {
        let rules = UpdateClass.allCases.map { "\($0.rawValue) \(policy.rule(for: $0).words)" }
        var gaps = undeclared("classes", example: "classes: {security: now, bugfix: wait 14d, feature: never}")
        if let gap = record.findings?.feeds.advisoriesGap {
            gaps.append(
                Gap(
                    .implemented,
                    "advisories were not checked, \(gap): classes rest on the hosts' own sources alone",
                    remedy: "fettle scan --feeds DIR"))
        }
        return rule(
            .what, "classes", "Where no baseline says otherwise: \(rules.joined(separator: ", ")).", gaps,
            missing: [.developed], unknown: record.findings == nil ? [.implemented] : [], without: [.followed])
    }

    private func baselines() -> Rule {
        var gaps = undeclared("baselines", example: "baselines: [{name: production, environments: [production]}]")
        let platforms = (record.facts?.hosts ?? []).reduce(into: [ResourceID: Observed<Platform>]()) {
            $0[$1.resource] = $1.platform
        }
        var (without, ambiguous): ([String], [String]) = ([], [])
        for resource in fleet.resources where resource.operatingSystemOwner == .us && !policy.baselines.isEmpty {
            switch policy.baseline(
                for: resource, platform: platforms[resource.id] ?? .notObserved(reason: "never looked at"))
            {
            case .policyAlone: without.append(resource.id.rawValue)
            case .ambiguous(let baseline, let others):
                ambiguous.append("\(resource.id) (\(baseline.name), \(others.joined(separator: ", ")))")
            case .holds, .undecided: break
            }
        }
        if !without.isEmpty {
            gaps.append(Gap(.implemented, "no baseline fits \(Self.names(without))", remedy: "fettle baseline show"))
        }
        if !ambiguous.isEmpty {
            gaps.append(
                Gap(.implemented, "several baselines fit \(Self.names(ambiguous))", remedy: "fettle baseline show"))
        }
        for drift in record.drift.prefix(20) {
            gaps.append(
                Gap(
                    .followed, "\(drift.resource): \(drift.source) \(drift.words)",
                    remedy: "fettle baseline show \(drift.baseline)"))
        }
        let list = policy.baselines.map(\.name)
        return rule(
            .what, "baselines",
            list.isEmpty ? "There are no baselines." : "Baselines: \(list.joined(separator: ", ")).",
            gaps, missing: [.developed], unknown: record.facts == nil ? [.followed] : [],
            without: list.isEmpty ? [.implemented, .followed] : [])
    }
}
