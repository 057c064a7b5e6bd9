import FettleAssessment
import FettleModel
import FettleReporting

/// Findings as rows of a report: only their places are sorted and kept, so that a million of them cost a few megabytes beside what
/// was read.
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
        var places = findings.indices.filter { isMeant(findings[$0]) }
        places.sort { isBefore(findings[$0], findings[$1], byAge: byAge) }
        return ReportTable(
            name, title: title, note: note, ifEmpty: ifEmpty, columns: Self.columns, count: places.count, shown: shown
        ) { [places] in row(findings[places[$0]]) }
    }

    /// What is due first, or known longest, comes first.
    private func isBefore(_ left: Finding, _ right: Finding, byAge: Bool) -> Bool {
        let first = byAge ? left.firstSeenAt ?? assessedAt : left.dueAt ?? Timestamp(milliseconds: .max)
        let second = byAge ? right.firstSeenAt ?? assessedAt : right.dueAt ?? Timestamp(milliseconds: .max)
        return (first, left.outcome, left.id) < (second, right.outcome, right.id)
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
