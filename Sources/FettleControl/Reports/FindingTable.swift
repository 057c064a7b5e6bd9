import FettleAssessment
import FettleModel
import FettleReporting

/// Findings as rows of a report: only small keys are sorted and only places are kept, so that a million of them cost a
/// few megabytes beside what was read.
struct FindingTable {
    let findings: [Finding]
    let environments: [ResourceID: EnvironmentID]
    let assessedAt: Timestamp
    let now: Timestamp

    init(_ set: FindingSet, fleet: Fleet, at time: Timestamp) {
        findings = set.findings
        environments = fleet.resources.reduce(into: [:]) { $0[$1.id] = $1.environment }
        assessedAt = set.assessedAt
        now = time
    }

    static let columns: [ReportTable.Column] = [
        .init("system", "System"), .init("environment", "Environment"), .init("software", "Software"),
        .init("installed", "Installed"), .init("fixed_in", "Fixed in"), .init("urgency", "Urgency"),
        .init("due", "Due"), .init("days_overdue", "Days overdue", isNumber: true),
        .init("days_old", "Days known", isNumber: true), .init("exploited", "Exploited"),
        .init("fix", "Fix"), .init("whose", "Whose job"), .init("class", "Class", isAside: true),
        .init("severity", "Severity", isAside: true),
        .init("state", "State", isAside: true), .init("first_seen", "First seen", isAside: true),
        .init("waived_until", "Waived until", isAside: true),
        .init("advisories", "Advisories", isAside: true),
    ]

    func daysOld(_ finding: Finding) -> Int {
        max(0, Int(now.seconds(since: finding.firstSeenAt ?? assessedAt) / 86_400))
    }

    func isOverdue(_ finding: Finding) -> Bool { finding.dueAt.map { $0 < now } ?? false }

    func daysOverdue(_ finding: Finding) -> Int? {
        finding.dueAt.flatMap { $0 < now ? Int(now.seconds(since: $0) / 86_400) : nil }
    }

    /// - Parameter isMeant: which of them the table holds.
    func table(
        _ name: String, title: String, note: String, ifEmpty: String, shown: Int = ReportTable.shownRows,
        byAge: Bool = false, _ isMeant: (Finding) -> Bool
    ) -> ReportTable {
        var keys: [SortKey] = []
        for place in findings.indices where isMeant(findings[place]) { keys.append(key(place, byAge: byAge)) }
        keys.sort { isBefore($0, $1) }
        let places = keys.map(\.place)
        return ReportTable(
            name, title: title, note: note, ifEmpty: ifEmpty, columns: Self.columns, count: places.count, shown: shown
        ) { row(findings[places[$0]]) }
    }

    /// What most comparisons need of a finding: whole ones, of many words each, would be copied for every one of them.
    private struct SortKey {
        var time: Timestamp
        var rank: UInt8
        var place: Int
    }

    private func key(_ place: Int, byAge: Bool) -> SortKey {
        let time =
            byAge
            ? findings[place].firstSeenAt ?? assessedAt
            : findings[place].dueAt ?? Timestamp(milliseconds: .max)
        return SortKey(time: time, rank: findings[place].outcome.reportRank, place: place)
    }

    /// What is due first, or known longest, comes first; what is alike stays in the order of the findings.
    private func isBefore(_ left: SortKey, _ right: SortKey) -> Bool {
        if left.time != right.time { return left.time < right.time }
        if left.rank != right.rank { return left.rank < right.rank }
        return (findings[left.place].id, left.place) < (findings[right.place].id, right.place)
    }

    func row(_ finding: Finding) -> [ReportCell] {
        let late = daysOverdue(finding)
        return [
            .text(finding.resource.rawValue), .optional(environments[finding.resource]?.rawValue),
            .text(finding.source), .text(finding.installed), .optional(finding.fixed),
            .mark(finding.outcome.words, finding.outcome.reportTone), .optional(day: finding.dueAt), .optional(late),
            .count(daysOld(finding)), .flag(finding.isExploited),
            .text(finding.state != .missing || finding.isOffered ? "offered" : "none offered"),
            .text(finding.owner.rawValue), .text(finding.updateClass.rawValue),
            .optional(finding.severity?.rawValue), .text(finding.state.reportWords),
            .optional(day: finding.firstSeenAt), .optional(day: finding.waivedUntil),
            .text(finding.advisories.map(\.id.rawValue).joined(separator: " ")),
        ]
    }
}

extension Outcome {
    var reportTone: HTMLPage.Tone {
        switch self {
        case .immediate: .bad
        case .outOfCycle: .warn
        case .scheduled, .defer: .good
        }
    }

    /// The order of `<`, without a search in all cases.
    fileprivate var reportRank: UInt8 {
        switch self {
        case .immediate: 0
        case .outOfCycle: 1
        case .scheduled: 2
        case .defer: 3
        }
    }
}

extension InstallState {
    /// As people read it.
    var reportWords: String {
        switch self {
        case .missing: "not installed"
        case .installedPendingRestart: "installed, old code runs until a restart"
        case .installedPendingReboot: "installed, old code runs until a reboot"
        case .running: "running"
        case .verified: "verified"
        }
    }
}
