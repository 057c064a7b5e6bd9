public import FettleModel

extension FindingSet {
    /// Carries over from the assessment before when each fixed version was first seen: on any host of the same distribution. How old a
    /// finding is, and by when it is due because of it, the ledger of sightings alone says (`FindingAges`).
    public func continuing(_ earlier: FindingSet?, facts: FactSet) -> FindingSet {
        var result = self
        let past = (earlier?.findings ?? []) + (earlier?.remembered ?? [])
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
        for place in result.findings.indices where result.findings[place].fixed != nil {
            let known = version(result.findings[place]).flatMap { versions[$0] }
            result.findings[place].fixSeenAt = min(known ?? assessedAt, assessedAt)
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

    private struct VersionKey: Hashable {
        var distribution: String
        var source: String
        var version: String
    }
}
