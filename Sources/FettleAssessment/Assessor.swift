public import FettleIndex
public import FettleModel

/// Judges facts: what is to be patched, why, whose job it is, and by when. Synchronous and pure: feeds, policy and time are given.
public struct Assessor: Sendable {
    let fleet: Fleet
    let policy: Policy
    let feeds: AdvisoryFeeds

    public init(fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds) {
        self.fleet = fleet
        self.policy = policy
        self.feeds = feeds
    }

    /// - Parameter earlier: what was known before, without which it cannot be told what replaced code still runs.
    /// - Throws: `IndexError` if the feeds' index proves to be damaged: then nothing is said.
    public func assess(
        _ facts: FactSet, reference: StageReference, id: String, at time: Timestamp,
        after earlier: EarlierLook = .none
    ) throws(IndexError) -> FindingSet {
        var findings: [Finding] = []
        var notJudged: [FindingSet.NotJudged] = []
        var undecided: [FindingSet.Undecided] = []
        var judges: [String: SoftwareJudge] = [:]
        for host in facts.hosts {
            guard let resource = fleet.resource(host.resource) else {
                notJudged.append(.init(resource: host.resource, reason: "it is no longer in the fleet file"))
                continue
            }
            let replaced = ReplacedCode.of(host, after: earlier, at: time)
            let judgement = HostJudgement(
                host: host, resource: resource, policy: policy, feeds: feeds,
                advisories: try HostAdvisories(of: host, by: feeds, &judges, replaced: replaced), time: time)
            findings += try judgement.findings()
            undecided += judgement.undecided()
            notJudged += judgement.gaps().map { .init(resource: resource.id, reason: $0) }
        }
        let known = Set(facts.hosts.map(\.resource))
        for resource in fleet.resources where !known.contains(resource.id) {
            notJudged.append(.init(resource: resource.id, reason: "never looked at"))
        }
        findings.sort {
            ($0.outcome, $0.resource, $0.source, $0.id) < ($1.outcome, $1.resource, $1.source, $1.id)
        }
        undecided.sort {
            ($0.resource, $0.source, $0.installed, $0.reason) < ($1.resource, $1.source, $1.installed, $1.reason)
        }
        var set = FindingSet(
            id: id, facts: reference, assessedAt: time, feeds: feeds.coverage, findings: findings, notJudged: notJudged)
        set.undecided = undecided.isEmpty ? nil : undecided
        return set
    }
}
