public import FettleModel

/// A fleet made up from a seed, of any size, and everything that planning asks of it: what was seen on each host, what was found,
/// and what each host's resolver answered. Environments from dev to production; applications in them with a cluster of databases, a
/// pool of application servers and a pool of web servers behind a load balancer, each after the one before; racks as failure
/// domains; some hosts that do not answer, are patched already or only wait for a restart.
///
/// The same size and seed give the same fleet everywhere. A host's own facts are made when they are asked for, so that a fleet of
/// any size can be written without standing in memory.
public struct FleetScenario: Sendable {
    public let seed: UInt64
    /// When it was looked at, judged and asked.
    public let time: Timestamp
    public let fleet: Fleet
    public let policy: Policy
    let roles: [ResourceID: HostRole]
    let resourcesByID: [ResourceID: Resource]

    /// - Parameters:
    ///   - hosts: exactly so many resources, from 1 on.
    ///   - hostsPerGroup: about how many on the average; pools have 5 to 50.
    public init(hosts: Int, seed: UInt64, at time: Timestamp, hostsPerGroup: Int = 20) {
        self.seed = seed
        self.time = time
        var layout = ScenarioLayout(hosts: max(1, hosts), seed: seed, hostsPerGroup: max(5, hostsPerGroup))
        layout.build()
        fleet = layout.fleet
        roles = layout.roles
        resourcesByID = Dictionary(fleet.resources.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var policy = Policy(classes: [.security, .bugfix])
        // One in fifty at the same time, so that a large fleet takes no longer than a small one.
        policy.limits.parallelSteps = min(1_000, max(20, hosts / 50))
        self.policy = policy
    }

    // MARK: The whole

    public var facts: FactSet {
        FactSet(id: Self.factsID, observedAt: time, hosts: fleet.resources.compactMap { facts(of: $0.id) })
    }

    /// - Parameter facts: how the findings name what they were made from.
    public func findings(from facts: StageReference) -> FindingSet {
        FindingSet(
            id: Self.findingsID, facts: facts, assessedAt: time, feeds: feeds,
            findings: Outcome.allCases.flatMap { outcome in fleet.resources.flatMap { findings(of: $0.id, outcome) } },
            notJudged: notJudged)
    }

    public func selection(from findings: StageReference) -> Selection {
        Selection(
            id: Self.selectionID, findings: findings, selectedAt: time,
            hosts: fleet.resources.compactMap { selection(of: $0.id) }, leftOut: leftOut)
    }

    public static let factsID = "facts-1"
    public static let findingsID = "findings-1"
    public static let selectionID = "selection-1"

    /// Those that did not answer.
    public var notJudged: [FindingSet.NotJudged] {
        unreachable.map { FindingSet.NotJudged(resource: $0, reason: Self.noAnswer) }
    }

    public var leftOut: [Selection.LeftOut] {
        unreachable.map { Selection.LeftOut(resource: $0, subject: nil, reason: "not judged: \(Self.noAnswer)") }
    }

    /// What the findings rest on.
    public var feeds: FeedCoverage {
        FeedCoverage(feeds: [
            FeedCoverage.Feed(name: "made up", kind: .advisories, publishedAt: time, records: PackageCatalogue.count)
        ])
    }

    private var unreachable: [ResourceID] {
        fleet.resources.map(\.id).filter { roles[$0]?.state == .unreachable }
    }

    static let noAnswer = "no route to host"
}
