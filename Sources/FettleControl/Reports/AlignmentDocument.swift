import FettleAssessment
import FettleModel
import FettleReporting

/// The spreadsheet that small teams keep: every system with its level, and where systems of one kind are apart.
enum AlignmentDocument {
    /// A column for each package that is not at one version everywhere; with more of them nobody reads the sheet.
    private static let packageColumns = 30

    static func make(_ standing: Standing, facts: FactSet) -> ReportDocument {
        let drift = DriftJudge(facts: facts, policy: standing.policy).compare(standing.resources, pairs: false)
        var behind: [ResourceID: Int] = [:]
        for package in drift.platforms.lazy.flatMap(\.packages) {
            for holders in package.versions.dropLast() { for host in holders.hosts { behind[host, default: 0] += 1 } }
        }
        let unknown = Set(drift.notCompared.map(\.resource))
        let count = standing.resources.count { (behind[$0.id] ?? 0) > 0 }
        let packages = drift.platforms.reduce(0) { $0 + $1.packages.count }
        return ReportDocument(
            kind: "alignment", title: "Are systems of one kind at one level?",
            summary: """
                Systems with the same operating system are held against each other. \(count) of \(standing.resources.count) \
                have something in an older version than another one has; \(packages.counted("package is", "packages are")) not at \
                one version everywhere.
                """,
            madeAt: standing.now, verdict: verdict(behind: count, unknown: unknown.count),
            figures: [
                .init("systems", "Systems", .count(standing.resources.count)),
                .init("behind", "Behind another system", .mark("\(count)", count > 0 ? .warn : .good)),
                .init("packages", "Packages at several versions", .count(packages)),
                .init("from_baseline", "Pins and holds not kept", .count(drift.fromBaselines.count)),
                .init("not_compared", "Not compared", unknown.isEmpty ? .count(0) : .mark("\(unknown.count)", .warn)),
            ],
            cautions: drift.notCompared.map { "\($0.resource) was not compared: \($0.reason)" },
            charts: [chart(standing, behind: behind, unknown: unknown)],
            tables: [
                SystemTable(standing, facts, behind: behind, unknown: unknown).table, differences(drift),
                versions(standing, facts, drift),
                lagging(drift), baselines(drift),
            ], basis: standing.basis)
    }

    private static func verdict(behind: Int, unknown: Int) -> ReportDocument.Verdict {
        if behind > 0 { return .init("\(behind.counted("system")) behind", .warn) }
        return unknown > 0 ? .init("level, as far as is known", .warn) : .init("all at one level", .good)
    }

    private static func chart(_ standing: Standing, behind: [ResourceID: Int], unknown: Set<ResourceID>) -> ReportChart
    {
        let environments = standing.fleet.environments.map(\.id).filter { id in
            standing.resources.contains { $0.environment == id }
        }
        func counts(_ isMeant: (ResourceID) -> Bool) -> [Int?] {
            environments.map { id in standing.resources.count { $0.environment == id && isMeant($0.id) } }
        }
        return ReportChart(
            "By environment",
            note: "How many systems have the newest version that any of their kind has, of everything.", .bars,
            labels: environments.map(\.rawValue),
            series: [
                .init("at the newest level", .good, counts { (behind[$0] ?? 0) == 0 && !unknown.contains($0) }),
                .init("behind another", .warn, counts { (behind[$0] ?? 0) > 0 }),
                .init("not known", .neutral, counts { unknown.contains($0) }),
            ])
    }

    private static func differences(_ drift: DriftReport) -> ReportTable {
        let rows = drift.platforms.flatMap { platform in platform.packages.map { (platform.platform, $0) } }
        return ReportTable(
            "differences", title: "Packages at several versions", note: "Of systems with the same operating system.",
            ifEmpty: "Every package is at one version on all systems of a kind that have it.",
            columns: [
                .init("platform", "Platform"), .init("package", "Package"), .init("source", "Source", isAside: true),
                .init("newest", "Newest there is"), .init("systems_at_newest", "Systems at it", isNumber: true),
                .init("systems_behind", "Behind", isNumber: true), .init("older_versions", "Older versions"),
                .init("behind", "Which are behind"),
            ], of: rows
        ) { platform, package in
            let behind = package.behind
            let names = behind.prefix(10).map(\.rawValue).joined(separator: " ")
            return [
                .text(platform), .text(package.name), .text(package.source), .text(package.newest),
                .count(package.versions.last?.hosts.count ?? 0), .count(behind.count),
                .text(package.versions.dropLast().map(\.version).joined(separator: " ")),
                .text(behind.count > 10 ? "\(names) and \(behind.count - 10) more" : names),
            ]
        }
    }

    /// One line for each package of each system that is behind: all of them, for programs.
    private static func lagging(_ drift: DriftReport) -> ReportTable {
        struct Row: Sendable {
            var host: ResourceID
            var package: String
            var installed: String
            var newest: String
        }
        var rows: [Row] = []
        for package in drift.platforms.lazy.flatMap(\.packages) {
            for holders in package.versions.dropLast() {
                rows += holders.hosts.map {
                    Row(host: $0, package: package.name, installed: holders.version, newest: package.newest)
                }
            }
        }
        rows.sort { ($0.host, $0.package, $0.installed) < ($1.host, $1.package, $1.installed) }
        return ReportTable(
            "behind", title: "What each system is behind in", ifEmpty: "No system is behind another.",
            columns: [
                .init("system", "System"), .init("package", "Package"), .init("version", "Installed"),
                .init("newest", "Another has"),
            ], of: rows, shown: 40
        ) { [.text($0.host.rawValue), .text($0.package), .text($0.installed), .text($0.newest)] }
    }

    private static func versions(_ standing: Standing, _ facts: FactSet, _ drift: DriftReport) -> ReportTable {
        var spread: [String: Int] = [:]
        for package in drift.platforms.lazy.flatMap(\.packages) {
            spread[package.name, default: 0] += package.behind.count
        }
        let most = spread.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(packageColumns).map(\.key)
        let names = most.sorted()
        let shown = Set(most.prefix(7))
        let hosts = facts.hosts.reduce(into: [ResourceID: HostFacts]()) { $0[$1.resource] = $1 }
        return ReportTable(
            "versions", title: "Versions by system",
            note: """
                The packages that differ most, on each system. The list can be kept, changed and held against the facts again: \
                fettle report alignment --against FILE.
                """, ifEmpty: "No package is at several versions.",
            columns: [
                .init("system", "System"), .init("environment", "Environment"), .init("kernel", "Running kernel"),
            ]
                + names.map { .init($0, $0, isAside: !shown.contains($0)) },
            of: names.isEmpty ? [] : standing.resources, shown: 60
        ) { resource in
            let facts = hosts[resource.id]
            var versions: [String: String] = [:]
            for package in facts?.packages.value ?? [] { versions[package.name] = package.version }
            return [
                .text(resource.id.rawValue), .text(resource.environment.rawValue),
                .optional(facts?.kernels.value?.running),
            ] + names.map { .optional(versions[$0]) }
        }
    }

    private static func baselines(_ drift: DriftReport) -> ReportTable {
        ReportTable(
            "from_baseline", title: "Pins and holds of baselines that are not kept", ifEmpty: "All are kept.",
            columns: [
                .init("system", "System"), .init("baseline", "Baseline"), .init("source", "Source"),
                .init("what", "What"),
            ], of: drift.fromBaselines
        ) { [.text($0.resource.rawValue), .text($0.baseline), .text($0.source), .text($0.words)] }
    }
}
