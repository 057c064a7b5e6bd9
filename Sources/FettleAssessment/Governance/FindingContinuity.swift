public import FettleModel

extension FindingSet {
    /// Carries over from the assessment before when each finding, and each fixed version, was first seen, and counts due dates from
    /// then: a date that moves with every look would never be passed.
    ///
    /// The same finding has the same id. Where a newer version closes the same advisories the id is another, and the finding is still
    /// as old as before; its new version is not, unless another host of the same distribution has shown it earlier.
    public func continuing(_ earlier: FindingSet?, facts: FactSet, policy: Policy) -> FindingSet {
        var result = self
        let before = Dictionary(
            grouping: earlier?.findings ?? [], by: { Key(resource: $0.resource, source: $0.source) })
        let distributions = facts.hosts.reduce(into: [ResourceID: String]()) {
            $0[$1.resource] = $1.platform.value?.distribution
        }
        func version(_ finding: Finding) -> VersionKey? {
            guard let fixed = finding.fixed, let distribution = distributions[finding.resource] else { return nil }
            return VersionKey(distribution: distribution, source: finding.source, version: fixed)
        }
        var versions: [VersionKey: Timestamp] = [:]
        for finding in past {
            guard let key = version(finding), let seen = finding.fixSeenAt ?? earlier?.assessedAt else { continue }
            versions[key] = min(versions[key] ?? seen, seen)
        }
        for place in result.findings.indices {
            let finding = result.findings[place]
            let names = Set(finding.advisories.map(\.id))
            let same = (before[Key(resource: finding.resource, source: finding.source)] ?? []).filter { old in
                old.id == finding.id || old.advisories.contains { names.contains($0.id) }
            }
            let first = same.compactMap { $0.firstSeenAt ?? earlier?.assessedAt }.min() ?? assessedAt
            result.findings[place].firstSeenAt = min(first, assessedAt)
            if finding.fixed != nil {
                let known = version(finding).flatMap { versions[$0] }
                result.findings[place].fixSeenAt = min(known ?? assessedAt, assessedAt)
            }
            let byPolicy = policy.dueInDays[finding.outcome].map { min(first, assessedAt).adding(seconds: $0 * 86_400) }
            let byList = finding.advisories.compactMap(\.exploitedDueAt).min()
            result.findings[place].dueAt = [byPolicy, byList].compactMap { $0 }.min()
        }
        result.remembered = Self.silent(past, facts: facts)
        return result
    }

    /// What was known of hosts of which nothing could be judged now; it goes with the first look that can.
    private static func silent(_ past: [Finding], facts: FactSet) -> [Finding]? {
        let silent = Set(facts.hosts.filter { $0.packages.value == nil || $0.updates.value == nil }.map(\.resource))
        var seen: Set<FindingID> = []
        let kept = past.filter { silent.contains($0.resource) && seen.insert($0.id).inserted }
        return kept.isEmpty ? nil : kept
    }

    private struct Key: Hashable {
        var resource: ResourceID
        var source: String
    }

    private struct VersionKey: Hashable {
        var distribution: String
        var source: String
        var version: String
    }
}
