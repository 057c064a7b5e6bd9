import FettleAssessment
import FettleControl
import FettleModel
import FettleReporting
import FettleStore
import FettleTestSupport
import Foundation
import Testing

/// Each report of a fleet that is kept, as JSON and as a page, byte for byte. `FETTLE_WRITE_GOLDENS=1` writes the files anew.
@Suite struct ReportServiceTests {
    private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Goldens")

    private static func kept() async throws -> ReportService {
        let fleet = KeptFleet(store: InMemoryStore())
        try await fleet.keep()
        return ReportService(store: fleet.store, tools: fleet.tools)
    }

    private static func report(
        _ kind: ReportService.Kind, on resources: [Resource] = KeptFleet.fleet.resources
    ) async throws -> ReportDocument {
        try await kept().report(kind, on: resources, fleet: KeptFleet.fleet, policy: Policy())
    }

    private static func json(_ document: ReportDocument) throws -> String {
        let gathered = Gathered()
        try DocumentJSON.write(document) { gathered.bytes += $0 }
        return String(decoding: gathered.bytes, as: UTF8.self)
    }

    private final class Gathered {
        var bytes: [UInt8] = []
    }

    private func expect(_ text: String, equals name: String) throws {
        let file = Self.folder.appending(path: name)
        if ProcessInfo.processInfo.environment["FETTLE_WRITE_GOLDENS"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)), "\(name)")
    }

    @Test(arguments: ReportService.Kind.allCases)
    func aReportIsWhatItWas(kind: ReportService.Kind) async throws {
        let document = try await Self.report(kind)
        #expect(document.kind == kind.rawValue)
        try expect(try Self.json(document), equals: "\(kind.rawValue).json")
        try expect(DocumentPage.html(document) + "\n", equals: "\(kind.rawValue).html")
    }

    @Test(arguments: ReportService.Kind.allCases)
    func aReportHasTheFormOfItsSchema(kind: ReportService.Kind) async throws {
        var schema = JSONSchema(try JSONValue(parsing: ReportSchema.json))
        let text = try Self.json(try await Self.report(kind))
        #expect(schema.problems(of: try JSONValue(parsing: Data(text.utf8))) == [])
    }

    /// Every row has a cell for each column, and every table and column another name.
    @Test(arguments: ReportService.Kind.allCases)
    func tablesAreWhole(kind: ReportService.Kind) async throws {
        let document = try await Self.report(kind)
        #expect(Set(document.tables.map(\.name)).count == document.tables.count)
        for table in document.tables {
            #expect(Set(table.columns.map(\.name)).count == table.columns.count, "\(table.name)")
            for place in 0..<table.count { #expect(table.row(place).count == table.columns.count, "\(table.name)") }
        }
    }

    @Test func theReportCountsWhatComplianceCounts() async throws {
        let fleet = KeptFleet(store: InMemoryStore())
        try await fleet.keep()
        let judged = try await ComplianceService(store: fleet.store, now: fleet.tools.now).report(
            on: KeptFleet.fleet.resources, fleet: KeptFleet.fleet, policy: Policy())
        let report = try await ReportService(store: fleet.store, tools: fleet.tools).report(
            .compliance, on: KeptFleet.fleet.resources, fleet: KeptFleet.fleet, policy: Policy())
        func rows(_ name: String) -> Int { report.tables.first { $0.name == name }?.count ?? -1 }
        #expect(rows("overdue") == judged.total.overdue && judged.total.overdue > 0)
        #expect(rows("within_time") == judged.total.withinDue && judged.total.withinDue > 0)
        #expect(rows("not_judged") == judged.total.notJudged && judged.total.notJudged > 0)
    }

    @Test func aPartOfTheFleetIsReportedAlone() async throws {
        let resources = KeptFleet.fleet.resources.filter { $0.environment == "production" }
        for kind in ReportService.Kind.allCases where kind != .exceptions {
            let text = try Self.json(try await Self.report(kind, on: resources))
            #expect(!text.contains("\"stage-2\"") && !text.contains("\"dev-1\""), "\(kind)")
        }
    }

    @Test func ofAFleetThatWasNeverLookedAtOnlyWhatIsDeclaredIsTold() async throws {
        let fleet = KeptFleet(store: InMemoryStore())
        let service = ReportService(store: fleet.store, tools: fleet.tools)
        for kind in ReportService.Kind.allCases {
            do throws(ControlError) {
                let document = try await service.report(
                    kind, on: KeptFleet.fleet.resources, fleet: KeptFleet.fleet, policy: Policy())
                #expect([.exceptions, .ownership].contains(kind))
                #expect(kind != .exceptions || !document.cautions.isEmpty)
            } catch {
                #expect(error.code == .notFound && ![.exceptions, .ownership].contains(kind))
            }
        }
    }

    /// What Fettle writes as the team's spreadsheet is, read again and held against the same facts, right.
    @Test(arguments: ["systems", "versions", "behind"])
    func aListThatFettleWroteAgreesWithTheFacts(table: String) async throws {
        let service = try await Self.kept()
        let document = try await Self.report(.alignment)
        let written = try #require(document.tables.first { $0.name == table })
        var rows: [SystemList.Row] = []
        for place in 0..<written.count {
            let cells = zip(written.columns, written.row(place)).reduce(into: [:]) { $0[$1.0.name] = $1.1.words }
            let packages = try await service.packageNames()
            var claims: [SystemList.Claim] = []
            if let package = cells["package"], let version = cells["version"] {
                claims.append(.init(.package(package), version))
            }
            for (name, value) in cells.sorted(by: { $0.key < $1.key }) where !value.isEmpty {
                if packages.contains(name) { claims.append(.init(.package(name), value)) }
                if name == "kernel" { claims.append(.init(.kernel, value)) }
                if name == "platform" { claims.append(.init(.platform, value)) }
                if name == "environment" { claims.append(.init(.environment, value)) }
                if name == "owner" { claims.append(.init(.owner, value)) }
            }
            rows.append(.init(system: cells["system"] ?? "", line: place + 2, claims: claims))
        }
        #expect(!rows.isEmpty && rows.contains { !$0.claims.isEmpty })
        let (_, comparison) = try await service.alignment(
            with: SystemList(file: "team.csv", rows: rows), on: KeptFleet.fleet.resources, fleet: KeptFleet.fleet,
            policy: Policy())
        #expect(comparison.differences == [])
        #expect(comparison.notInFleet == [])
    }

    @Test func aTeamsListHeldAgainstTheFacts() async throws {
        let list = SystemList(
            file: "team.csv",
            rows: [
                .init(
                    system: "web-1", line: 2,
                    claims: [.init(.package("nginx"), "1.22.1-9+deb12u3"), .init(.owner, "web")]),
                .init(system: "web-3", line: 3, claims: [.init(.package("nginx"), "1.22.1-9+deb12u3")]),
                .init(system: "db-2", line: 4, claims: [.init(.package("openssl"), "3.0.16")]),
                .init(system: "stage-2", line: 5, claims: [.init(.package("nginx"), "1.22")]),
                .init(system: "old-1", line: 6, claims: [.init(.package("nginx"), "1.18")]),
            ])
        let (document, comparison) = try await Self.kept().alignment(
            with: list, on: KeptFleet.fleet.resources, fleet: KeptFleet.fleet, policy: Policy())
        #expect(comparison.lines.map(\.verdict) == [.agrees, .agrees, .systemIsBehind, .listIsBehind, .notKnown])
        #expect(comparison.notInFleet.map(\.system) == ["old-1"])
        #expect(comparison.notInList == ["db-1", "dev-1", "lb-1", "mail", "stage-1", "web-2", "web-4"])
        try expect(try Self.json(document), equals: "list.json")
        try expect(DocumentPage.html(document) + "\n", equals: "list.html")
    }

    /// The trend of a week is what a look in that week saw.
    @Test func aWeekOfTheTrendIsWhatWasSeenThen() async throws {
        let document = try await Self.report(.trend)
        let weeks = try #require(document.tables.first { $0.name == "weeks" })
        let newest = weeks.row(0)
        // On one host that did not answer nothing is gone.
        #expect(newest[1] == .count(16))
        let chart = try #require(document.charts.first)
        #expect(chart.labels.count == KeptFleet.weeks)
        #expect(chart.series[0].values.first == 4)
    }
}
