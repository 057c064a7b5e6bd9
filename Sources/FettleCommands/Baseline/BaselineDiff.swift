import ArgumentParser
import FettleAssessment
import FettleControl
import FettleModel

struct BaselineDiff: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Drift: packages at different versions within a group, and hosts that leave their baseline.",
        discussion: """
            Compares the newest scan's facts; hosts of different platforms are not compared. Ends with 0 where all are at the same \
            patch level, 100 where they drift, 101 where a host is behind in a package with an open security finding, and 4 where \
            all that could be compared agrees, but not all could be.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @Argument(help: "Two hosts or more, instead of a group.") var hosts: [String] = []

    struct Answer: Codable {
        var samePatchLevel: Bool
        var drift: DriftReport
    }

    func run() async throws {
        let session = try Session(options)
        var scope = scope
        scope.hosts += hosts
        let resources = try scope.resources(of: session.fleet)
        guard resources.count > 1 else {
            throw CommandFailure(
                .usage, "drift needs two hosts at least\n  `fettle baseline diff --group GROUP`, or two hosts by name")
        }
        let report = try await session.governance.drift(resources, policy: try session.policy)
        let status = Self.status(of: report, findings: try await session.governance.findings())
        switch options.output {
        case .json: try session.printJSON(Answer(samePatchLevel: report.isSameLevel, drift: report))
        case .csv, .ndjson:
            try Output.writeLines(ListAnswer.drift(report), as: options.output)
            for entry in report.notCompared { session.note("not compared: \(entry.resource): \(entry.reason)") }
            for drift in report.fromBaselines {
                session.note("\(drift.resource): \(drift.baseline): \(drift.source): \(drift.words)")
            }
        case .table, .ics:
            session.print(DriftView(report: report).lines())
            if status != .ok { session.next("fettle plan make --group GROUP") }
        }
        throw status.code
    }

    static func status(of report: DriftReport, findings: FindingSet?) -> ExitStatus {
        let drifting = report.platforms.flatMap(\.packages)
        guard !drifting.isEmpty else { return report.notCompared.isEmpty ? .ok : .partial }
        let open = (findings?.findings ?? []).filter { $0.updateClass == .security && $0.state == .missing }
        let insecure = Set(open.map { "\($0.resource)/\($0.source)" })
        let isInsecure = drifting.contains { package in
            package.behind.contains { insecure.contains("\($0)/\(package.source)") }
        }
        return isInsecure ? .securityUpdatesNeeded : .updatesNeeded
    }
}

/// What differs, then who differs from whom, then what baselines ask for.
struct DriftView {
    var report: DriftReport

    func lines(in terminal: Terminal = .standard) -> String {
        var parts = report.platforms.map { platform($0, in: terminal) }
        for entry in report.notCompared {
            parts.append(
                TextStyle.yellow.apply("not compared: \(entry.resource): \(entry.reason.printable)", in: terminal))
        }
        if !report.fromBaselines.isEmpty {
            var table = Table([
                .init(title: "HOST"), .init(title: "BASELINE"), .init(title: "SOURCE"),
                .init(title: "AGAINST THE BASELINE", shrinks: 1),
            ])
            for drift in report.fromBaselines {
                table.add(
                    .init(drift.resource.rawValue), .init(drift.baseline), .init(drift.source, .bold),
                    .init(drift.words, .yellow))
            }
            parts.append(table.render(in: terminal))
        }
        return parts.joined(separator: "\n\n")
    }

    private func platform(_ drift: DriftReport.PlatformDrift, in terminal: Terminal) -> String {
        let names = drift.hosts.prefix(6).map(\.rawValue).joined(separator: ", ")
        let more = drift.hosts.count > 6 ? " and \(drift.hosts.count - 6) more" : ""
        var parts = [
            "\(drift.platform): \(names)\(more)\nsame patch level: "
                + (drift.isSameLevel
                    ? TextStyle.green.apply("yes", in: terminal)
                    : TextStyle.red.apply("no, \(drift.packages.count) packages differ", in: terminal))
        ]
        if drift.onlyOnSome > 0 { parts[0] += "\n\(drift.onlyOnSome) packages are not on every host: not compared" }
        if !drift.packages.isEmpty {
            var table = Table([
                .init(title: "PACKAGE"), .init(title: "NEWEST", shrinks: 2), .init(title: "BEHIND", shrinks: 1),
            ])
            for package in drift.packages {
                let behind = package.versions.dropLast().map { holders in
                    let hosts = holders.hosts.prefix(3).map(\.rawValue).joined(separator: ", ")
                    let more = holders.hosts.count > 3 ? " and \(holders.hosts.count - 3) more" : ""
                    return "\(holders.version) on \(hosts)\(more)"
                }
                table.add(
                    .init(package.name, .bold), .init(package.newest), .init(behind.joined(separator: "; ")))
            }
            parts.append(table.render(in: terminal))
        }
        if drift.hosts.count > 1 { parts.append(pairs(drift, in: terminal)) }
        return parts.joined(separator: "\n\n")
    }

    private func pairs(_ drift: DriftReport.PlatformDrift, in terminal: Terminal) -> String {
        var table = Table([
            .init(title: "HOST"), .init(title: "AND"), .init(title: "SAME LEVEL"),
            .init(title: "AHEAD", alignsRight: true), .init(title: "BEHIND", alignsRight: true),
        ])
        for pair in drift.pairs.prefix(40) {
            table.add(
                .init(pair.first.rawValue, .bold), .init(pair.second.rawValue),
                .init(pair.isSameLevel ? "yes" : "no", pair.isSameLevel ? .green : .red), .init("\(pair.ahead)"),
                .init("\(pair.behind)"))
        }
        let left = drift.pairs.count - min(40, drift.pairs.count) + drift.pairsLeftOut
        return table.render(in: terminal) + (left > 0 ? "\n… and \(left) more pairs" : "")
    }
}
