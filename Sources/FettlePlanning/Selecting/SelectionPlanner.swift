public import FettleModel

/// Says which versions are wanted where, and puts the resolvers' answers together. Synchronous and pure: the asking in between
/// is done by whoever has drivers.
public enum SelectionPlanner {
    /// From findings to what each host's resolver is asked for. All binary packages of one source go together: half of a source
    /// at another version is a state that nobody tests.
    ///
    /// - Parameter time: what baselines count ages up to; nil: when the findings were judged.
    public static func selectPatches(
        _ findings: FindingSet, facts: FactSet, fleet: Fleet, policy: Policy, filter: PatchFilter = PatchFilter(),
        at time: Timestamp? = nil
    ) -> PatchSelection {
        var notes = PlanNotes()
        var requests: [SelectionRequest] = []
        // Looked up once: a fleet of 100,000 hosts must not be walked through for each of them.
        let declared = Dictionary(fleet.resources.map { ($0.id, $0) }) { first, _ in first }
        let observed = Dictionary(facts.hosts.map { ($0.resource, $0) }) { first, _ in first }
        for entry in findings.notJudged {
            guard let resource = declared[entry.resource], filter.includes(resource, in: fleet) else { continue }
            notes.leaveOut(entry.resource, because: "not judged: \(entry.reason)")
        }
        let byResource = Dictionary(grouping: findings.findings, by: \.resource)
        for resource in fleet.resources.sorted(by: { $0.id < $1.id }) where filter.includes(resource, in: fleet) {
            var host = HostSelecting(
                resource: resource, facts: observed[resource.id], findings: byResource[resource.id] ?? [],
                policy: policy, filter: filter, assessedAt: findings.assessedAt, time: time ?? findings.assessedAt)
            if let request = host.request() { requests.append(request) }
            for entry in host.leftOut { notes.leaveOut(entry.resource, subject: entry.subject, because: entry.reason) }
        }
        return PatchSelection(
            requests: requests, leftOut: notes.leftOut.sortedWithoutRepetition(),
            unmatched: unmatched(filter, findings: findings, facts: facts, fleet: fleet))
    }

    private static func unmatched(
        _ filter: PatchFilter, findings: FindingSet, facts: FactSet, fleet: Fleet
    ) -> [String] {
        var names: Set<String> = []
        for finding in findings.findings { names.formUnion([finding.source] + finding.packages) }
        for package in facts.hosts.flatMap({ $0.packages.value ?? [] }) where !filter.packages.isEmpty {
            names.formUnion([package.name, package.source])
        }
        return filter.environments.filter { id in !fleet.environments.contains { $0.id == id } }.map(\.rawValue)
            + filter.groups.filter { fleet.group($0) == nil }.map(\.rawValue)
            + filter.resources.filter { fleet.resource($0) == nil }.map(\.rawValue)
            + filter.packages.filter { !names.contains($0.name) }.map(\.description)
    }
}
