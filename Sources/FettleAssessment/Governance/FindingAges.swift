public import FettleModel

extension Finding {
    /// Under which keys it is taken down: each advisory by itself, and that an update of this class is offered. The offer has one
    /// key whatever the version: else a source that is released anew every week would never be overdue.
    ///
    /// What is installed and does not run keeps the keys of its advisories: a weakness is not closed before the fix runs.
    public var sightingKeys: [SightingKey] {
        if state != .missing {
            return advisories.map { key(.advisory, $0.id.rawValue) } + [key(.state, state.rawValue)]
        }
        let offer = isOffered || advisories.isEmpty ? [key(.fix, updateClass.rawValue)] : []
        return advisories.map { key(.advisory, $0.id.rawValue) } + offer
    }

    /// By which of them its age goes: by the advisories where there are some. A fix that came yesterday is not as old as the offer
    /// of the bug fix before it.
    fileprivate var ageKeys: [SightingKey] {
        let keys = sightingKeys
        let named = keys.filter { $0.kind == .advisory }
        return named.isEmpty ? keys : named
    }

    private func key(_ kind: SightingKey.Kind, _ name: String) -> SightingKey {
        SightingKey(resource: resource, source: source, kind: kind, name: name)
    }

    /// Whether something is left to do.
    public var isOpen: Bool { state != .running && state != .verified }
}

extension FindingSet {
    /// What the ledger of sightings takes down of this assessment.
    public func look(at facts: FactSet) -> FindingLook {
        var judged: [ResourceID: Set<SightingKey.Kind>] = [:]
        for host in facts.hosts { judged[host.resource] = host.judgedKinds(advisoriesChecked: feeds.advisoriesChecked) }
        var seen: [SightingKey: FindingLook.Seen] = [:]
        for finding in findings where finding.isOpen {
            for key in finding.sightingKeys {
                let listed = finding.advisories.first { key.kind == .advisory && $0.id.rawValue == key.name }?
                    .exploitedDueAt
                let earlier = seen[key]
                seen[key] = FindingLook.Seen(
                    outcome: min(earlier?.outcome ?? finding.outcome, finding.outcome),
                    listedDueAt: [earlier?.listedDueAt, listed].compactMap { $0 }.min())
            }
        }
        return FindingLook(at: assessedAt, judged: judged, exploitedChecked: feeds.exploitedChecked, seen: seen)
    }
}

extension HostFacts {
    fileprivate func judgedKinds(advisoriesChecked: Bool) -> Set<SightingKey.Kind> {
        guard reachability == .reachable else { return [] }
        var kinds: Set<SightingKey.Kind> = []
        if updates.value != nil {
            kinds.insert(.fix)
            if packages.value != nil, advisoriesChecked { kinds.insert(.advisory) }
        }
        if staleServices.value != nil, rebootRequired.value != nil { kinds.insert(.state) }
        return kinds
    }
}

/// Since when findings are there, and by when they are due because of it.
public struct FindingAges: Sendable {
    private let known: [SightingKey: Sighting]

    public init(_ sightings: [Sighting]) {
        known = Dictionary(sightings.map { ($0.key, $0) }) { first, _ in first }
    }

    /// Since when the oldest part of the finding is there: nil if it was never seen before, or is back after a long time.
    public func firstSeen(_ finding: Finding, at time: Timestamp) -> Timestamp? {
        finding.ageKeys.compactMap { key in
            guard let sighting = known[key] else { return nil }
            if let gone = sighting.goneAt, gone.adding(seconds: Sighting.returnsWithinDays * 86_400) < time {
                return nil
            }
            return sighting.firstSeenAt
        }.min()
    }

    /// The same findings with the time when each was first seen, and due by policy from then on: judged again, a finding is not
    /// due later. What the list of exploited weaknesses wants sooner is due sooner.
    public func applied(to findings: FindingSet, policy: Policy) -> FindingSet {
        var result = findings
        for index in result.findings.indices {
            let finding = result.findings[index]
            let first = min(firstSeen(finding, at: findings.assessedAt) ?? findings.assessedAt, findings.assessedAt)
            result.findings[index].firstSeenAt = first
            result.findings[index].dueAt = policy.due(
                finding.outcome, since: first, listed: finding.advisories.compactMap(\.exploitedDueAt).min())
        }
        return result
    }
}

extension Policy {
    /// - Parameter listed: the due date of the list of exploited weaknesses; the earlier of the two holds.
    public func due(_ outcome: Outcome, since first: Timestamp, listed: Timestamp?) -> Timestamp? {
        let byPolicy = dueInDays[outcome].map { first.adding(seconds: $0 * 86_400) }
        return [byPolicy, listed].compactMap { $0 }.min()
    }
}
