public import FettleModel

extension RunReport {
    /// What keeps a run whose steps have all succeeded from having succeeded: hosts that are not at the versions which it brought, as
    /// they were seen afterwards, or run old code though the plan asks for none, findings that it was to close, members of a group of
    /// the same platform at different versions; and hosts that it changed and that nobody saw afterwards, of which nothing is proven.
    /// What a person has skipped is no shortfall.
    ///
    /// - Parameter closing: the findings that the selection was to close; only those of hosts that the plan changes count.
    public static func shortfalls(of evidence: Evidence, closing: Set<FindingID>) -> [String] {
        guard let after = evidence.after else { return [] }
        let skipped = Set(
            evidence.journal.compactMap { record in
                if case .stepSkipped(let step, _, _) = record.event { step } else { nil }
            })
        let excused = Set(evidence.plan.steps.filter { skipped.contains($0.id) }.map(\.resource))
        let results = HostResult.all(of: evidence).filter { !excused.contains($0.resource) }
        // Of a pair of sets the plan may change one alone, though both were selected.
        let changed = Set(results.filter { !$0.changes.isEmpty }.map(\.resource))
        return results.compactMap(shortfall) + stillOld(results, evidence.plan, after)
            + unseen(results, evidence.plan) + open(evidence, closing, on: changed)
            + unequal(results, evidence.plan.groups, after)
    }

    /// Those that the plan has proven by a look of its own and that could not be looked at.
    private static func unseen(_ results: [HostResult], _ plan: Plan) -> [String] {
        let proven = Set(plan.steps.lazy.filter { if case .verify = $0.action { true } else { false } }.map(\.resource))
        return told(
            results.filter {
                (proven.contains($0.resource) || !$0.changes.isEmpty)
                    && ($0.verdict == .unreachable || $0.verdict == .notObserved && !$0.changes.isEmpty)
            }.map {
                $0.verdict == .unreachable
                    ? "\($0.resource) does not answer any more" : "nothing was seen of \($0.resource)"
            }, more: "more hosts were not seen")
    }

    /// The versions are there, and the step that proved the host would not pass any more.
    private static func stillOld(_ results: [HostResult], _ plan: Plan, _ after: FactSet) -> [String] {
        let pending = Set(results.filter { $0.verdict == .pending }.map(\.resource))
        guard !pending.isEmpty else { return [] }
        let facts = Dictionary(after.hosts.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
        var found: [String] = []
        for step in plan.steps where pending.contains(step.resource) {
            guard case .verify(let expectation) = step.action, let host = facts[step.resource] else { continue }
            if expectation.noRebootPending, host.rebootRequired.value?.isRequired == true {
                found.append("\(host.resource) needs a reboot")
            }
            guard let exceptions = expectation.noStaleServicesExcept else { continue }
            // As the step asks it: what belongs to no service, a login's processes among it, is nobody's to restart.
            let stale = (host.staleServices.value ?? []).map(\.unit).filter {
                ($0 == "init.scope" || $0.hasSuffix(".service")) && exceptions.firstGlob(matchingAnyOf: [$0]) == nil
            }
            guard !stale.isEmpty else { continue }
            let units = stale.sorted().prefix(3).joined(separator: ", ")
            found.append("on \(host.resource) \(units) runs replaced code")
        }
        return told(Set(found).sorted(), more: "more of the same")
    }

    private static func told(_ words: [String], more: String) -> [String] {
        words.prefix(3) + (words.count > 3 ? ["\(words.count - 3) \(more)"] : [])
    }

    private static func shortfall(_ host: HostResult) -> String? {
        if host.verdict == .returned { return "\(host.resource) was shut down for good, and answers again" }
        guard [.unchanged, .takenBack, .mixed].contains(host.verdict) else { return nil }
        let words = host.changes.filter { $0.after != $0.planned.to }.prefix(3).map { change in
            "\(change.name) is \(change.after.map { "at \($0)" } ?? "not installed") instead of \(change.planned.to ?? "removed")"
        }
        return words.isEmpty ? nil : "on \(host.resource) \(words.joined(separator: ", "))"
    }

    /// What is missing; and where the plan asks for no pending reboot, what still runs from before one, such as a kernel that a boot loader fell
    /// back to, of which the host itself asks for nothing. A restart that policy forbids leaves a finding open on purpose.
    private static func open(
        _ evidence: Evidence, _ closing: Set<FindingID>, on changed: Set<ResourceID>
    ) -> [String] {
        let rebooted = Set(
            evidence.plan.steps.lazy.filter { step in
                if case .verify(let expectation) = step.action { expectation.noRebootPending } else { false }
            }.map(\.resource))
        let left = (evidence.findingsAfter?.findings ?? []).filter { finding in
            closing.contains(finding.id) && changed.contains(finding.resource)
                && (finding.state == .missing
                    || finding.state == .installedPendingReboot && rebooted.contains(finding.resource))
        }
        return told(
            left.map { finding in
                finding.state == .missing
                    ? "on \(finding.resource) \(finding.source) still needs \(finding.fixed ?? "a fix")"
                    : "on \(finding.resource) \(finding.source) runs as it was before its reboot"
            }, more: "more findings are open")
    }

    private static func unequal(_ results: [HostResult], _ groups: [PlannedGroup], _ after: FactSet) -> [String] {
        let platforms = Dictionary(after.hosts.map { ($0.resource, $0.platform.value) }) { first, _ in first }
        return groups.flatMap { group -> [String] in
            let members = Set(group.members)
            var versions: [String: [[String]: Set<String>]] = [:]
            for host in results where members.contains(host.resource) && host.verdict != .unreachable {
                guard case .some(.some(let platform)) = platforms[host.resource] else { continue }
                for change in host.changes {
                    guard let version = change.after else { continue }
                    versions[change.name, default: [:]][
                        [platform.distribution, platform.version, platform.architecture], default: []
                    ].insert(version)
                }
            }
            return versions.sorted { $0.key < $1.key }.flatMap { name, levels in
                levels.values.filter { $0.count > 1 }.map {
                    "in group \(group.id) \(name) is at \($0.sorted().joined(separator: " and "))"
                }.sorted()
            }
        }
    }
}
