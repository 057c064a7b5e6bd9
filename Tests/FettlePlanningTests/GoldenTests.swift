import FettleModel
import FettlePlanning
import FettleTestSupport
import Foundation
import Testing

/// The whole plan for the fleet that a reader holds in the head, byte for byte. After an intended change of plans,
/// `FETTLE_WRITE_GOLDENS=1` writes the files anew, and their difference is what is reviewed.
@Suite struct GoldenTests {
    private static let folder = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "Goldens")

    private func expect(_ text: String, equals name: String) throws {
        let file = Self.folder.appending(path: name)
        if ProcessInfo.processInfo.environment["FETTLE_WRITE_GOLDENS"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)), "\(name)")
    }

    private func threeWebServersAndTheirBalancer() throws -> (Plan, PlanReport) {
        var sample = FleetSample(fleet: FleetSample.threeWebServers.fleet)
        sample.selection.hosts[1].resolution.reboot = .expected(because: ["linux-image-amd64"])
        return try Planner.plan(sample.input())
    }

    @Test func thePlanAsJSON() throws {
        let (plan, _) = try threeWebServersAndTheirBalancer()
        try expect(
            String(decoding: CanonicalJSON.pretty(plan), as: UTF8.self) + "\n", equals: "three-web-servers.plan.json")
    }

    @Test func theReportAsJSON() throws {
        let (_, report) = try threeWebServersAndTheirBalancer()
        try expect(
            String(decoding: CanonicalJSON.pretty(report), as: UTF8.self) + "\n",
            equals: "three-web-servers.report.json")
    }

    @Test func theTable() throws {
        let (plan, report) = try threeWebServersAndTheirBalancer()
        try expect(PlanTable.render(plan, report), equals: "three-web-servers.table.txt")
    }

    @Test func aPlanSurvivesItsJSON() throws {
        let (plan, report) = try threeWebServersAndTheirBalancer()
        #expect(try CanonicalJSON.decode(Plan.self, from: CanonicalJSON.encode(plan)) == plan)
        #expect(try CanonicalJSON.decode(PlanReport.self, from: CanonicalJSON.encode(report)) == report)
    }

    @Test func aHostileNameCannotReachTheTerminal() throws {
        var sample = FleetSample.threeWebServers
        sample.selection.leftOut = [
            Selection.LeftOut(resource: "web-9", subject: "x\u{1B}[2J\u{202E}", reason: "a\nb\u{7}")
        ]
        let (plan, report) = try Planner.plan(sample.input())
        let table = PlanTable.render(plan, report)
        #expect(table.contains("web-9 x\u{FFFD}[2J\u{FFFD}: a\u{FFFD}b\u{FFFD}"))
        #expect(!table.contains("\u{1B}"))
    }
}
