public import FettleModel

/// How a fleet stands against its due dates: age since first seen, against policy and the list of exploited weaknesses.
public struct ComplianceReport: Codable, Sendable, Equatable {
    public var at: Timestamp
    /// When the findings were judged.
    public var assessedAt: Timestamp
    public var advisoriesChecked: Bool
    public var exploitedChecked: Bool
    /// In the order of promotion.
    public var environments: [Part]
    public var groups: [Part]
    public var total: Part
    /// The most overdue first, at most `Compliance.worstCount`.
    public var worst: [Overdue]
    /// Resources that could not be judged, wholly or in part: nothing found there means nothing.
    public var notJudged: [FindingSet.NotJudged]

    /// One environment, one group, or all of it.
    public struct Part: Codable, Sendable, Equatable {
        public var name: String
        public var resources: Int
        /// Of these: nothing is known of them, or not all; not to be read as compliant.
        public var notJudged: Int
        /// What is left to do and not waived, by outcome.
        public var open: [Outcome: Int]
        public var waived: Int
        public var withinDue: Int
        public var overdue: Int
        /// Of those overdue: no fix is published, or the host's sources do not offer it.
        public var overdueWithoutFix: Int
        /// Whole days by which the most overdue is over; nil if none is.
        public var mostDaysOverdue: Int?
        public var closedIn30Days: Closed
        public var closedIn90Days: Closed
    }

    /// Sources of one resource of which nothing is left that was there before.
    public struct Closed: Codable, Sendable, Equatable {
        public var inTime: Int
        public var late: Int
        /// From first seen to gone, to a tenth of a day; nil if none was closed.
        public var meanDays: Double?

        public init(inTime: Int, late: Int, meanDays: Double?) {
            self.inTime = inTime
            self.late = late
            self.meanDays = meanDays
        }
    }

    public struct Overdue: Codable, Sendable, Equatable {
        public var finding: FindingID
        public var resource: ResourceID
        public var source: String
        public var outcome: Outcome
        public var updateClass: UpdateClass
        public var owner: PatchOwner
        public var firstSeenAt: Timestamp
        public var dueAt: Timestamp
        public var daysOverdue: Int
        public var isExploited: Bool
        public var hasFix: Bool
    }

    public var hasOverdueSecurity: Bool { securityOverdue > 0 }
    public var securityOverdue: Int
}

/// Sets a `ComplianceReport` up. Pure: findings, ages, policy and time are given.
public struct Compliance: Sendable {
    public static let worstCount = 20

    private let fleet: Fleet
    private let policy: Policy
    private let findings: FindingSet
    private let time: Timestamp
    private let closed: [ResourceID: [ClosedSource]]
    private let notJudged: Set<ResourceID>

    private struct ClosedSource {
        var resource: ResourceID
        var firstSeenAt: Timestamp
        var goneAt: Timestamp
        var dueAt: Timestamp?
        var days: Double { goneAt.seconds(since: firstSeenAt) / 86_400 }
    }

    /// - Parameter findings: with their ages and waivers applied.
    public init(findings: FindingSet, sightings: [Sighting], fleet: Fleet, policy: Policy, at time: Timestamp) {
        self.findings = findings
        self.fleet = fleet
        self.policy = policy
        self.time = time
        closed = Dictionary(grouping: Self.closed(sightings, policy: policy), by: \.resource)
        notJudged = Set(findings.notJudged.map(\.resource))
    }

    private struct Work: Hashable {
        var resource: ResourceID
        var source: String
        var goneAt: Timestamp
    }

    /// What went away of one source of a resource in one look was one piece of work. Its age goes by the advisories where there
    /// are some, as that of a finding does.
    private static func closed(_ sightings: [Sighting], policy: Policy) -> [ClosedSource] {
        let gone = sightings.filter { $0.goneAt != nil }
        let offers = Dictionary(grouping: sightings.filter { $0.key.kind == .fix }) {
            [$0.key.resource.rawValue, $0.key.source]
        }
        let works = Dictionary(grouping: gone) {
            Work(resource: $0.key.resource, source: $0.key.source, goneAt: $0.goneAt ?? $0.lastSeenAt)
        }
        return works.compactMap { work, rows in
            let advisories = rows.filter { $0.key.kind == .advisory }
            let counted =
                advisories.isEmpty
                ? rows.filter { row in
                    // An offer of another class took its place: nothing was closed.
                    row.key.kind != .fix
                        || !(offers[[work.resource.rawValue, work.source]] ?? []).contains {
                            $0.key != row.key && $0.firstSeenAt <= work.goneAt
                                && ($0.goneAt.map { $0 > work.goneAt } ?? true)
                        }
                } : advisories
            guard let first = counted.map(\.firstSeenAt).min() else { return nil }
            let due = counted.compactMap { policy.due($0.outcome, since: $0.firstSeenAt, listed: $0.listedDueAt) }.min()
            return ClosedSource(resource: work.resource, firstSeenAt: first, goneAt: work.goneAt, dueAt: due)
        }
    }

    /// - Parameter resources: those that the report is about.
    public func report(on resources: [Resource]) -> ComplianceReport {
        let asked = Set(resources.map(\.id))
        let open = findings.findings.filter { $0.isOpen && asked.contains($0.resource) }
        let byResource = Dictionary(grouping: open, by: \.resource)
        let overdue = open.filter { !$0.isWaived && isOverdue($0) }
        let environments = fleet.environments.compactMap { environment -> ComplianceReport.Part? in
            let members = Set(resources.filter { $0.environment == environment.id }.map(\.id))
            return members.isEmpty ? nil : part(environment.id.rawValue, members, byResource)
        }
        let groups = fleet.groups.compactMap { group -> ComplianceReport.Part? in
            let members = asked.intersection(group.members)
            return members.isEmpty ? nil : part(group.id.rawValue, members, byResource)
        }
        return ComplianceReport(
            at: time, assessedAt: findings.assessedAt, advisoriesChecked: findings.feeds.advisoriesChecked,
            exploitedChecked: findings.feeds.exploitedChecked, environments: environments, groups: groups,
            total: part("total", asked, byResource), worst: worst(overdue),
            notJudged: findings.notJudged.filter { asked.contains($0.resource) },
            securityOverdue: overdue.count { $0.updateClass == .security })
    }

    private func isOverdue(_ finding: Finding) -> Bool { finding.dueAt.map { $0 < time } ?? false }

    private func daysOverdue(_ finding: Finding) -> Int {
        finding.dueAt.map { max(0, Int(time.seconds(since: $0) / 86_400)) } ?? 0
    }

    private func part(
        _ name: String, _ members: Set<ResourceID>, _ open: [ResourceID: [Finding]]
    ) -> ComplianceReport.Part {
        let own = members.flatMap { open[$0, default: []] }
        let counted = own.filter { !$0.isWaived }
        let overdue = counted.filter(isOverdue)
        return ComplianceReport.Part(
            name: name, resources: members.count,
            notJudged: members.intersection(notJudged).count,
            open: Dictionary(grouping: counted, by: \.outcome).mapValues(\.count), waived: own.count - counted.count,
            withinDue: counted.count - overdue.count, overdue: overdue.count,
            overdueWithoutFix: overdue.count { $0.state == .missing && !$0.isOffered },
            mostDaysOverdue: overdue.map(daysOverdue).max(), closedIn30Days: closed(in: members, days: 30),
            closedIn90Days: closed(in: members, days: 90))
    }

    private func closed(in members: Set<ResourceID>, days: Int) -> ComplianceReport.Closed {
        let since = time.adding(seconds: -days * 86_400)
        let works = members.flatMap { closed[$0, default: []] }.filter { $0.goneAt > since && $0.goneAt <= time }
        let late = works.count { work in work.dueAt.map { $0 < work.goneAt } ?? false }
        let mean = works.isEmpty ? nil : works.map(\.days).reduce(0, +) / Double(works.count)
        return ComplianceReport.Closed(
            inTime: works.count - late, late: late, meanDays: mean.map { ($0 * 10).rounded() / 10 })
    }

    private func worst(_ overdue: [Finding]) -> [ComplianceReport.Overdue] {
        let lines = overdue.compactMap { finding -> ComplianceReport.Overdue? in
            guard let due = finding.dueAt else { return nil }
            return ComplianceReport.Overdue(
                finding: finding.id, resource: finding.resource, source: finding.source, outcome: finding.outcome,
                updateClass: finding.updateClass, owner: finding.owner,
                firstSeenAt: finding.firstSeenAt ?? findings.assessedAt, dueAt: due, daysOverdue: daysOverdue(finding),
                isExploited: finding.isExploited, hasFix: finding.state != .missing || finding.isOffered)
        }
        return Array(
            lines.sorted { ($0.dueAt, $0.outcome, $0.finding) < ($1.dueAt, $1.outcome, $1.finding) }
                .prefix(Self.worstCount))
    }
}
