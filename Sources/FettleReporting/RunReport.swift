public import FettleModel

/// Everything the report of a run shows, and what its JSON holds.
public struct RunReport: Codable, Sendable, Equatable {
    public static let currentSchema = 1

    public var schema = RunReport.currentSchema
    public var run: RunID
    public var title: String
    public var change: Change
    public var planDigest: Digest
    public var feeds: FeedCoverage
    public var story: RunStory
    public var hosts: [HostResult]
    /// Groups whose members do not all run the same versions of what was planned, each told in words.
    public var unequalGroups: [String]
    /// What was judged of the run's targets before it; nil: it was not asked for.
    public var judgement: JudgementSummary?

    public init(_ evidence: Evidence, judgement: JudgementSummary? = nil) {
        self.judgement = judgement
        run = evidence.run
        title = evidence.plan.title
        change = evidence.change
        planDigest = evidence.change.plan.digest
        feeds = evidence.findingsBefore.feeds
        story = RunStory(plan: evidence.plan, journal: evidence.journal)
        hosts = HostResult.all(of: evidence)
        unequalGroups = Self.unequalGroups(evidence)
    }

    private static func unequalGroups(_ evidence: Evidence) -> [String] {
        guard let after = evidence.after else { return [] }
        let names = Set(
            evidence.plan.steps.flatMap { step -> [String] in
                if case .changePackages(let transaction) = step.action { transaction.changes.map(\.name) } else { [] }
            })
        var versions: [ResourceID: [String: String]] = [:]
        for host in after.hosts where versions[host.resource] == nil {
            versions[host.resource] = (host.packages.value ?? []).reduce(into: [:]) { known, package in
                if names.contains(package.name), known[package.name] == nil { known[package.name] = package.version }
            }
        }
        return evidence.plan.groups.flatMap { group in
            names.sorted().compactMap { name -> String? in
                let versions = Set(group.members.compactMap { versions[$0]?[name] })
                guard versions.count > 1 else { return nil }
                return "\(group.id): \(name) is at \(versions.sorted().joined(separator: " and "))"
            }
        }
    }
}
