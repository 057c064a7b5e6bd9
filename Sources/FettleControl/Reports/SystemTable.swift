import FettleAssessment
import FettleModel
import FettleReporting

/// Every system in a line: what it is, how it stands, who answers for it.
struct SystemTable {
    let standing: Standing
    let facts: FactSet
    let behind: [ResourceID: Int]
    let unknown: Set<ResourceID>

    init(_ standing: Standing, _ facts: FactSet, behind: [ResourceID: Int], unknown: Set<ResourceID>) {
        self.standing = standing
        self.facts = facts
        self.behind = behind
        self.unknown = unknown
    }

    private struct Row: Sendable {
        var resource: Resource
        var facts: HostFacts?
        var groups: String
        /// nil: not compared.
        var behind: Int?
        /// nil: it was not judged, or not wholly.
        var open: Int?
        var overdue: Int?
    }

    /// Those that are furthest behind come first.
    var table: ReportTable {
        ReportTable(
            "systems", title: "All systems, the furthest behind first",
            note: "'Behind' counts packages of which another system of the same kind has a newer version.",
            columns: [
                .init("system", "System"), .init("environment", "Environment"),
                .init("groups", "Groups", isAside: true),
                .init("platform", "Operating system"), .init("kernel", "Running kernel"),
                .init("packages_behind", "Behind", isNumber: true), .init("open", "Fixes missing", isNumber: true),
                .init("overdue", "Overdue", isNumber: true), .init("reboot_pending", "Reboot pending"),
                .init("old_code_runs", "Services on old code", isNumber: true), .init("answered", "Answered"),
                .init("looked_at", "Looked at", isAside: true), .init("owner", "Owner"),
            ], of: rows
        ) { row in
            let facts = row.facts
            return [
                .text(row.resource.id.rawValue), .text(row.resource.environment.rawValue), .text(row.groups),
                .optional(facts?.platform.value.map { $0.prettyName.isEmpty ? $0.distribution : $0.prettyName }),
                .optional(facts?.kernels.value?.running), .optional(row.behind), .optional(row.open),
                .optional(row.overdue),
                facts?.rebootRequired.value.map { .flag($0.isRequired) } ?? .none,
                .optional(facts?.staleServices.value?.count),
                facts.map { $0.reachability == .reachable ? .mark("yes", .good) : .mark("no", .bad) }
                    ?? .mark("never", .bad),
                .optional(day: facts?.observedAt),
                .optional(row.resource.owner ?? row.resource.responsibility?.owner),
            ]
        }
    }

    private var rows: [Row] {
        let facts = facts.hosts.reduce(into: [ResourceID: HostFacts]()) { $0[$1.resource] = $1 }
        var groups: [ResourceID: [String]] = [:]
        for group in standing.fleet.groups {
            for member in group.members { groups[member, default: []].append(group.id.rawValue) }
        }
        var open: [ResourceID: (all: Int, overdue: Int)] = [:]
        for finding in standing.findings.findings where finding.isOpen && !finding.isWaived {
            let isOverdue = finding.dueAt.map { $0 < standing.now } ?? false
            let count = open[finding.resource] ?? (0, 0)
            open[finding.resource] = (count.all + 1, count.overdue + (isOverdue ? 1 : 0))
        }
        let notJudged = Set(standing.findings.notJudged.map(\.resource))
        return standing.resources.map { resource in
            let none: Int? = notJudged.contains(resource.id) || facts[resource.id] == nil ? nil : 0
            return Row(
                resource: resource, facts: facts[resource.id],
                groups: (groups[resource.id] ?? []).joined(separator: " "),
                behind: unknown.contains(resource.id) ? nil : behind[resource.id] ?? 0,
                open: open[resource.id]?.all ?? none, overdue: open[resource.id]?.overdue ?? none)
        }.sorted { left, right in
            (right.behind ?? .max, right.overdue ?? -1, left.resource.id) < (
                left.behind ?? .max, left.overdue ?? -1, right.resource.id
            )
        }
    }
}
