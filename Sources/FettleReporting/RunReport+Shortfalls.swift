public import FettleModel

extension RunReport {
    /// What keeps a run whose steps have all succeeded from having succeeded: hosts that are not at the versions which it brought, as
    /// they were seen afterwards, findings that it was to close, and members of a group of the same platform at different versions.
    ///
    /// Hosts that could not be looked at are told elsewhere: their own steps have proven them. What a person has skipped is no
    /// shortfall.
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
        return results.compactMap(shortfall) + open(evidence, closing, on: changed)
            + unequal(results, evidence.plan.groups, after)
    }

    private static func shortfall(_ host: HostResult) -> String? {
        if host.verdict == .returned { return "\(host.resource) was shut down for good, and answers again" }
        guard [.unchanged, .takenBack, .mixed].contains(host.verdict) else { return nil }
        let words = host.changes.filter { $0.after != $0.planned.to }.prefix(3).map { change in
            "\(change.name) is \(change.after.map { "at \($0)" } ?? "not installed") instead of \(change.planned.to ?? "removed")"
        }
        return words.isEmpty ? nil : "on \(host.resource) \(words.joined(separator: ", "))"
    }

    /// Only what is missing counts: a restart that policy forbids leaves a finding open on purpose.
    private static func open(
        _ evidence: Evidence, _ closing: Set<FindingID>, on changed: Set<ResourceID>
    ) -> [String] {
        let left = (evidence.findingsAfter?.findings ?? []).filter {
            closing.contains($0.id) && $0.state == .missing && changed.contains($0.resource)
        }
        return left.prefix(3).map { "on \($0.resource) \($0.source) still needs \($0.fixed ?? "a fix")" }
            + (left.count > 3 ? ["\(left.count - 3) more findings are open"] : [])
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
