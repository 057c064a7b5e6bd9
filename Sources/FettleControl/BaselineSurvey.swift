public import FettleModel
public import FettlePlanning
import FettleStore

/// What the baselines mean for every host now.
public struct BaselineSurvey: Codable, Sendable, Equatable {
    public var assessedAt: Timestamp
    public var baselines: [Baseline]
    public var hosts: [Host]

    public struct Host: Codable, Sendable, Equatable {
        public var resource: ResourceID
        public var environment: EnvironmentID
        /// Such as `debian:12`; nil: not observed.
        public var platform: String?
        /// nil: none fits, and the policy alone holds.
        public var baseline: String?
        /// Others that fit as well, where none is the most specific.
        public var ambiguousWith: [String]
        /// Why nothing can be decided; nil: it can.
        public var undecided: String?
        public var updates: [Update]
    }

    public struct Update: Codable, Sendable, Equatable {
        public var source: String
        public var installed: String
        public var offered: String
        public var updateClass: UpdateClass
        public var judgement: BaselineJudgement
    }
}

extension GovernanceService {
    /// - Throws: `notFound` if the fleet was never looked at.
    public func survey(_ resources: [Resource], policy: Policy) async throws(ControlError) -> BaselineSurvey {
        guard let findings = try await findings() else {
            throw ControlError.neverLookedAt
        }
        let (facts, _) = try await keeper.load(FactSet.self, .facts, id: findings.facts.id)
        let hosts = facts.hosts.reduce(into: [ResourceID: HostFacts]()) { $0[$1.resource] = $1 }
        let byResource = Dictionary(grouping: findings.findings, by: \.resource)
        let time = now()
        return BaselineSurvey(
            assessedAt: findings.assessedAt, baselines: policy.baselines,
            hosts: resources.map { resource in
                Self.host(
                    resource, hosts[resource.id], byResource[resource.id] ?? [], policy: policy,
                    assessedAt: findings.assessedAt, at: time)
            })
    }

    private static func host(
        _ resource: Resource, _ facts: HostFacts?, _ findings: [Finding], policy: Policy, assessedAt: Timestamp,
        at time: Timestamp
    ) -> BaselineSurvey.Host {
        let platform = facts?.platform ?? .notObserved(reason: "never looked at")
        let judge = BaselineJudge(policy: policy, resource: resource, platform: platform)
        var host = BaselineSurvey.Host(
            resource: resource.id, environment: resource.environment, platform: platform.value?.baselineNames.first,
            baseline: judge.choice.baseline?.name, ambiguousWith: [], undecided: nil, updates: [])
        if case .ambiguous(_, let others) = judge.choice { host.ambiguousWith = others }
        if case .undecided(let reason) = judge.choice { host.undecided = reason }
        let offered = Dictionary(grouping: facts?.updates.value ?? [], by: \.source)
        for finding in findings where finding.state == .missing && finding.isOffered {
            guard let updates = offered[finding.source] else { continue }
            let names = Set(finding.packages + updates.map(\.name))
            let patch = OfferedPatch(finding, updates: updates, names: names, assessedAt: assessedAt)
            host.updates.append(
                BaselineSurvey.Update(
                    source: finding.source, installed: finding.installed, offered: patch.offered,
                    updateClass: finding.updateClass, judgement: judge.judge(patch, at: time)))
        }
        host.updates.sort { ($0.source, $0.offered) < ($1.source, $1.offered) }
        return host
    }
}
