public import FettleModel

/// How a fleet stands against its due dates: age since first seen, against policy and the list of exploited weaknesses.
public struct ComplianceReport: Codable, Sendable, Equatable {
    public var at: Timestamp
    /// When the findings were judged.
    public var assessedAt: Timestamp
    public var advisoriesChecked: Bool
    /// Why they were not; nil: they were.
    public var advisoriesGap: String?
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
    private static let shortDays = 30
    private static let longDays = 90

    private let fleet: Fleet
    private let findings: FindingSet
    private let time: Timestamp
    private let closed: [ResourceID: ClosedTallies]
    private let notJudged: Set<ResourceID>

    /// - Parameter findings: with their ages and waivers applied.
    public init(findings: FindingSet, sightings: [Sighting], fleet: Fleet, policy: Policy, at time: Timestamp) {
        self.findings = findings
        self.fleet = fleet
        self.time = time
        let short = time.adding(seconds: -Self.shortDays * 86_400)
        let long = time.adding(seconds: -Self.longDays * 86_400)
        var tallies: [ResourceID: ClosedTallies] = [:]
        for work in Self.closed(sightings, policy: policy, after: long, upTo: time) {
            tallies[work.resource, default: ClosedTallies()].count(work, isShort: work.goneAt > short)
        }
        closed = tallies
        notJudged = Set(findings.notJudged.map(\.resource))
    }

    /// - Parameter resources: those that the report is about.
    public func report(on resources: [Resource]) -> ComplianceReport {
        let asked = Set(resources.map(\.id))
        var tallies: [ResourceID: Tally] = [:]
        var worst: [ComplianceReport.Overdue] = []
        var securityOverdue = 0
        for finding in findings.findings where finding.isOpen && asked.contains(finding.resource) {
            guard !finding.isWaived else {
                tallies[finding.resource, default: Tally()].waived += 1
                continue
            }
            guard let due = finding.dueAt, due < time else {
                tallies[finding.resource, default: Tally()].count(finding, daysOverdue: nil)
                continue
            }
            let days = max(0, Int(time.seconds(since: due) / 86_400))
            tallies[finding.resource, default: Tally()].count(finding, daysOverdue: days)
            if finding.updateClass == .security { securityOverdue += 1 }
            insert(finding, dueAt: due, daysOverdue: days, into: &worst)
        }
        var members: [EnvironmentID: Set<ResourceID>] = [:]
        for resource in resources { members[resource.environment, default: []].insert(resource.id) }
        let environments = fleet.environments.compactMap { environment -> ComplianceReport.Part? in
            guard let own = members[environment.id] else { return nil }
            return part(environment.id.rawValue, own, tallies)
        }
        let groups = fleet.groups.compactMap { group -> ComplianceReport.Part? in
            let own = Set(group.members.filter { asked.contains($0) })
            return own.isEmpty ? nil : part(group.id.rawValue, own, tallies)
        }
        return ComplianceReport(
            at: time, assessedAt: findings.assessedAt, advisoriesChecked: findings.feeds.advisoriesChecked,
            advisoriesGap: findings.feeds.advisoriesGap, exploitedChecked: findings.feeds.exploitedChecked,
            environments: environments, groups: groups,
            total: part("total", asked, tallies), worst: worst,
            notJudged: findings.notJudged.filter { asked.contains($0.resource) }, securityOverdue: securityOverdue)
    }

    private func part(
        _ name: String, _ members: Set<ResourceID>, _ tallies: [ResourceID: Tally]
    ) -> ComplianceReport.Part {
        var sum = Tally()
        var gone = ClosedTallies()
        var unknown = 0
        for member in members {
            if let tally = tallies[member] { sum.add(tally) }
            if let tally = closed[member] { gone.add(tally) }
            if notJudged.contains(member) { unknown += 1 }
        }
        return ComplianceReport.Part(
            name: name, resources: members.count, notJudged: unknown, open: sum.byOutcome, waived: sum.waived,
            withinDue: sum.open - sum.overdue, overdue: sum.overdue, overdueWithoutFix: sum.overdueWithoutFix,
            mostDaysOverdue: sum.mostDaysOverdue, closedIn30Days: gone.short.closed, closedIn90Days: gone.long.closed)
    }

    /// Puts it behind those that are as bad, so that the list is the beginning of all of them sorted.
    private func insert(
        _ finding: Finding, dueAt due: Timestamp, daysOverdue days: Int, into worst: inout [ComplianceReport.Overdue]
    ) {
        func isWorse(than line: ComplianceReport.Overdue) -> Bool {
            (due, finding.outcome, finding.id) < (line.dueAt, line.outcome, line.finding)
        }
        if worst.count >= Self.worstCount, let last = worst.last, !isWorse(than: last) { return }
        let line = ComplianceReport.Overdue(
            finding: finding.id, resource: finding.resource, source: finding.source, outcome: finding.outcome,
            updateClass: finding.updateClass, owner: finding.owner,
            firstSeenAt: finding.firstSeenAt ?? findings.assessedAt, dueAt: due, daysOverdue: days,
            isExploited: finding.isExploited, hasFix: finding.state != .missing || finding.isOffered)
        worst.insert(line, at: worst.firstIndex { isWorse(than: $0) } ?? worst.endIndex)
        if worst.count > Self.worstCount { worst.removeLast() }
    }
}

/// What is open of one resource, or of several together.
private struct Tally {
    /// Not waived, by `place`: a dictionary for each resource would cost more than all else here.
    private var outcomes = SIMD4<Int>()
    var waived = 0
    private(set) var overdue = 0
    private(set) var overdueWithoutFix = 0
    private(set) var mostDaysOverdue: Int?

    var open: Int { outcomes.wrappedSum() }

    /// Only those that there are any of.
    var byOutcome: [Outcome: Int] {
        Outcome.allCases.reduce(into: [:]) { counts, outcome in
            let count = outcomes[Self.place(of: outcome)]
            if count > 0 { counts[outcome] = count }
        }
    }

    /// - Parameter days: nil: it is not overdue.
    mutating func count(_ finding: Finding, daysOverdue days: Int?) {
        outcomes[Self.place(of: finding.outcome)] += 1
        guard let days else { return }
        overdue += 1
        if finding.state == .missing, !finding.isOffered { overdueWithoutFix += 1 }
        mostDaysOverdue = max(mostDaysOverdue ?? days, days)
    }

    mutating func add(_ other: Tally) {
        outcomes &+= other.outcomes
        waived += other.waived
        overdue += other.overdue
        overdueWithoutFix += other.overdueWithoutFix
        if let days = other.mostDaysOverdue { mostDaysOverdue = max(mostDaysOverdue ?? days, days) }
    }

    private static func place(of outcome: Outcome) -> Int {
        switch outcome {
        case .immediate: 0
        case .outOfCycle: 1
        case .scheduled: 2
        case .defer: 3
        }
    }
}

private struct ClosedSource {
    var resource: ResourceID
    var firstSeenAt: Timestamp
    var goneAt: Timestamp
    var dueAt: Timestamp?
    var days: Double { goneAt.seconds(since: firstSeenAt) / 86_400 }
}

private struct ClosedTally {
    private var works = 0
    private var late = 0
    private var days = 0.0

    var closed: ComplianceReport.Closed {
        let mean = works == 0 ? nil : days / Double(works)
        return ComplianceReport.Closed(
            inTime: works - late, late: late, meanDays: mean.map { ($0 * 10).rounded() / 10 })
    }

    mutating func count(_ work: ClosedSource) {
        works += 1
        if let due = work.dueAt, due < work.goneAt { late += 1 }
        days += work.days
    }

    mutating func add(_ other: ClosedTally) {
        works += other.works
        late += other.late
        days += other.days
    }
}

/// What was closed in the last 30 days, and in the last 90.
private struct ClosedTallies {
    private(set) var short = ClosedTally()
    private(set) var long = ClosedTally()

    mutating func count(_ work: ClosedSource, isShort: Bool) {
        long.count(work)
        if isShort { short.count(work) }
    }

    mutating func add(_ other: ClosedTallies) {
        short.add(other.short)
        long.add(other.long)
    }
}

extension Compliance {
    private struct SourceKey: Hashable {
        var resource: ResourceID
        var source: String

        init(_ key: SightingKey) {
            resource = key.resource
            source = key.source
        }
    }

    private struct Work: Hashable {
        var source: SourceKey
        var goneAt: Timestamp
    }

    /// What went away of one source of a resource in one look was one piece of work. Its age goes by the advisories
    /// where there are some, as that of a finding does. Only what was gone after `begin`, and by `end`, is told.
    private static func closed(
        _ sightings: [Sighting], policy: Policy, after begin: Timestamp, upTo end: Timestamp
    ) -> [ClosedSource] {
        var works: [Work: [Sighting]] = [:]
        var withOffer: Set<SourceKey> = []
        for sighting in sightings {
            guard let gone = sighting.goneAt, gone > begin, gone <= end else { continue }
            let source = SourceKey(sighting.key)
            works[Work(source: source, goneAt: gone), default: []].append(sighting)
            if sighting.key.kind == .fix { withOffer.insert(source) }
        }
        var offers: [SourceKey: [Sighting]] = [:]
        // One that was gone by the beginning took the place of none that went after it.
        for sighting in sightings where sighting.key.kind == .fix && (sighting.goneAt.map { $0 > begin } ?? true) {
            let source = SourceKey(sighting.key)
            if withOffer.contains(source) { offers[source, default: []].append(sighting) }
        }
        return works.compactMap { work, rows in
            let advisories = rows.filter { $0.key.kind == .advisory }
            let counted =
                advisories.isEmpty
                ? rows.filter { row in
                    // An offer of another class took its place: nothing was closed.
                    row.key.kind != .fix
                        || !(offers[work.source] ?? []).contains {
                            $0.key != row.key && $0.firstSeenAt <= work.goneAt
                                && ($0.goneAt.map { $0 > work.goneAt } ?? true)
                        }
                } : advisories
            guard let first = counted.map(\.firstSeenAt).min() else { return nil }
            let due = counted.compactMap { policy.due($0.outcome, since: $0.firstSeenAt, listed: $0.listedDueAt) }.min()
            return ClosedSource(resource: work.source.resource, firstSeenAt: first, goneAt: work.goneAt, dueAt: due)
        }
    }
}
