import FettleAssessment
import FettleIndex
import FettleModel

/// A fleet's findings, one a line for each package and each advisory that it closes.
struct FleetFindingLines {
    /// One line. The first part is what is said of files too, the second what a fleet knows beside it.
    struct Line: Encodable, Equatable {
        var package: String?
        var source: String
        var installed: String
        var advisory: String?
        var aliases: [String]?
        var fixed: String?
        var status: FindingStatus
        var matchedBy: String
        var resource: ResourceID
        /// The finding's; nil: it asks for nothing, and is none.
        var finding: Finding?

        private enum Key: String, CodingKey {
            case package, source, installed, advisory, aliases, fixed, status, matchedBy, resource
            case id, packages, updateClass, advisories, state, owner, outcome, dueAt, explanation, isOffered, isHeld
            case severity, firstSeenAt, fixSeenAt, waivers
        }

        /// What every line has stands there as null where there is nothing.
        func encode(to encoder: any Encoder) throws {
            var line = encoder.container(keyedBy: Key.self)
            for (key, text) in [(Key.package, package), (.advisory, advisory), (.fixed, fixed)] {
                if let text { try line.encode(text, forKey: key) } else { try line.encodeNil(forKey: key) }
            }
            try line.encode(source, forKey: .source)
            try line.encode(installed, forKey: .installed)
            try line.encodeIfPresent(aliases, forKey: .aliases)
            try line.encode(status, forKey: .status)
            try line.encode(matchedBy, forKey: .matchedBy)
            try line.encode(resource, forKey: .resource)
            guard let finding else { return }
            try line.encode(finding.id, forKey: .id)
            // The line's own: with all of them on each, a kernel's lines would hold a million.
            try line.encode(package.map { [$0] } ?? [], forKey: .packages)
            try line.encode(finding.advisories.filter { $0.id.rawValue == advisory }, forKey: .advisories)
            try line.encode(finding.updateClass, forKey: .updateClass)
            try line.encode(finding.state, forKey: .state)
            try line.encode(finding.owner, forKey: .owner)
            try line.encode(finding.outcome, forKey: .outcome)
            try line.encodeIfPresent(finding.dueAt, forKey: .dueAt)
            try line.encode(finding.explanation, forKey: .explanation)
            try line.encode(finding.isOffered, forKey: .isOffered)
            try line.encode(finding.isHeld, forKey: .isHeld)
            try line.encodeIfPresent(finding.severity, forKey: .severity)
            try line.encodeIfPresent(finding.firstSeenAt, forKey: .firstSeenAt)
            try line.encodeIfPresent(finding.fixSeenAt, forKey: .fixSeenAt)
            try line.encodeIfPresent(finding.waivers, forKey: .waivers)
        }
    }

    private let findings: [ResourceID: [Finding]]
    private let facts: FactSet
    private let standings: PackageStandings
    private let showsAll: Bool

    init(_ set: FindingSet, facts: FactSet, feeds: AdvisoryFeeds, all: Bool) {
        findings = Dictionary(grouping: set.findings, by: \.resource)
        self.facts = facts
        standings = PackageStandings(feeds: feeds, all: all)
        showsAll = all
    }

    var hostCount: Int { facts.hosts.count }
    var packageCount: Int { facts.hosts.reduce(0) { $0 + ($1.packages.value?.count ?? 0) } }

    /// Hands over the lines of one host after the other: of a fleet they are many.
    func visit(_ body: (Line) throws -> Void) throws {
        let observed = Dictionary(facts.hosts.map { ($0.resource, $0) }) { first, _ in first }
        for resource in Set(findings.keys).union(observed.keys).sorted() {
            let standings: [PackageStanding]
            do throws(IndexError) {
                standings = try observed[resource].map { host throws(IndexError) in try judged(host) } ?? []
            } catch { throw CommandFailure(.failure, "\(error)") }
            for line in Self.lines(of: resource, findings[resource] ?? [], standings, all: showsAll) { try body(line) }
        }
    }

    private func judged(_ host: HostFacts) throws(IndexError) -> [PackageStanding] {
        try standings.standings(of: host)
    }

    /// The lines of one host.
    ///
    /// - Parameter all: also what is fixed, not affected, or undecided.
    static func lines(
        of resource: ResourceID, _ findings: [Finding], _ standings: [PackageStanding], all: Bool
    ) -> [Line] {
        var judged: [String: [PackageStanding]] = [:]
        for standing in standings where standing.status == .affected {
            judged["\(standing.package.source)\n\(standing.advisory.id)", default: []].append(standing)
        }
        var lines: [Line] = []
        for finding in findings { lines += Self.lines(of: finding, judged) }
        guard all else { return lines }
        return lines + standings.filter { $0.status != .affected }.map { Line($0, on: resource) }
    }

    private static func lines(of finding: Finding, _ judged: [String: [PackageStanding]]) -> [Line] {
        let words = finding.explanation.joined(separator: "; ")
        func line(_ package: String?, _ advisory: Advisory?, _ standing: PackageStanding?) -> Line {
            Line(
                package: package, source: finding.source, installed: finding.installed, advisory: advisory?.id.rawValue,
                aliases: standing?.advisory.aliases, fixed: finding.fixed ?? advisory?.fixedIn,
                status: finding.isOpen ? .affected : .fixed, matchedBy: standing?.matchedBy ?? words,
                resource: finding.resource, finding: finding)
        }
        let packages: [String?] = finding.packages.isEmpty ? [nil] : finding.packages
        guard !finding.advisories.isEmpty else { return packages.map { line($0, nil, nil) } }
        return finding.advisories.flatMap { advisory -> [Line] in
            let standings = (judged["\(finding.source)\n\(advisory.id.rawValue)"] ?? []).filter {
                finding.packages.contains($0.package.name)
            }
            // What runs is not what lies on disk, and what the host's own sources name no feed need know.
            guard finding.isOpen, !standings.isEmpty, standings[0].package.sourceVersion == finding.installed else {
                return packages.map { line($0, advisory, nil) }
            }
            return standings.map { line($0.package.name, advisory, $0) }
        }
    }

    // MARK: Forms

    func writeJSON() throws {
        try visit { Output.writeLine(String(decoding: try CanonicalJSON.encode($0), as: UTF8.self)) }
    }

    private static let columns = [
        "id", "resource", "source", "packages", "installed", "fixed", "class", "severity", "state", "owner", "outcome",
        "firstSeenAt", "dueAt", "exploited", "offered", "held", "waivers", "advisories", "explanation", "package",
        "advisory", "status", "matchedBy", "aliases", "fixSeenAt",
    ]

    func writeCSV() throws {
        Output.write(Self.columns.joined(separator: ",") + "\r\n")
        try visit { line in
            Output.write(Self.fields(line).map(CSVText.quoted).joined(separator: ",") + "\r\n")
        }
    }

    private static func fields(_ line: Line) -> [String] {
        let finding = line.finding
        func flag(_ value: Bool?) -> String { value.map { $0 ? "yes" : "no" } ?? "" }
        let exploited = finding?.advisories.contains {
            $0.exploitedSince != nil && (line.advisory == nil || $0.id.rawValue == line.advisory)
        }
        return [
            finding?.id.rawValue ?? "", line.resource.rawValue, line.source, line.package ?? "", line.installed,
            line.fixed ?? "", finding?.updateClass.rawValue ?? "", finding?.severity?.rawValue ?? "",
            finding?.state.rawValue ?? "", finding?.owner.rawValue ?? "", finding?.outcome.rawValue ?? "",
            finding?.firstSeenAt?.description ?? "", finding?.dueAt?.description ?? "", flag(exploited),
            flag(finding?.isOffered), flag(finding?.isHeld),
            (finding?.waivers ?? []).map(\.waiver.rawValue).joined(separator: " "), line.advisory ?? "",
            finding?.explanation.joined(separator: "; ") ?? "", line.package ?? "", line.advisory ?? "",
            line.status.rawValue, line.matchedBy, (line.aliases ?? []).joined(separator: " "),
            finding?.fixSeenAt?.description ?? "",
        ]
    }
}

extension FleetFindingLines.Line {
    /// What asks for nothing, or is undecided.
    init(_ standing: PackageStanding, on resource: ResourceID) {
        self.init(
            package: standing.package.name, source: standing.package.source,
            installed: standing.package.sourceVersion, advisory: standing.advisory.id,
            aliases: standing.advisory.aliases, fixed: standing.fixed, status: standing.status,
            matchedBy: standing.matchedBy, resource: resource)
    }
}
