import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Foundation
import Testing

/// Three hypervisors, six machines, one of which cannot be moved, and a pool over two of them: the whole plan byte for byte, and the
/// page of the manual that shows it. `FETTLE_WRITE_GOLDENS=1` writes the files anew.
@Suite struct HypervisorGoldenTests {
    private static let tests = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let page = tests.deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "docs/hypervisors.md")

    /// The machines of the pool are patched as well.
    private static let sample: FleetSample = {
        var sample = FleetSample.threeHypervisors(selected: ["node-1", "node-2", "node-3", "web-1", "web-2"])
        for place in sample.selection.hosts.indices
        where sample.selection.hosts[place].resource.rawValue.hasPrefix("node") {
            sample.selection.hosts[place].resolution.reboot = .expected(because: ["pve-kernel"])
        }
        return sample
    }()

    private func expect(_ text: String, equals name: String) throws {
        let file = Self.tests.appending(path: "Goldens/\(name)")
        if ProcessInfo.processInfo.environment["FETTLE_WRITE_GOLDENS"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(text == (try String(contentsOf: file, encoding: .utf8)), "\(name)")
    }

    @Test func thePlanAndItsReport() throws {
        let (plan, report) = try Planner.plan(Self.sample.input())
        #expect(PlanChecker.check(plan).violations == [])
        try expect(
            String(decoding: CanonicalJSON.pretty(plan), as: UTF8.self) + "\n", equals: "three-hypervisors.plan.json")
        try expect(
            String(decoding: CanonicalJSON.pretty(report), as: UTF8.self) + "\n",
            equals: "three-hypervisors.report.json")
        try expect(PlanTable.render(plan, report), equals: "three-hypervisors.table.txt")
        #expect(try CanonicalJSON.decode(Plan.self, from: CanonicalJSON.encode(plan)) == plan)
        #expect(try CanonicalJSON.decode(PlanReport.self, from: CanonicalJSON.encode(report)) == report)
    }

    @Test func theManualShowsThisPlan() throws {
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        let (plan, report) = try Planner.plan(Self.sample.input())
        #expect(page.contains(PlanTable.render(plan, report)))
    }

    /// What the manual says of the facts is what is read.
    @Test func theManualShowsTheFactsOfAHypervisor() throws {
        let page = try String(contentsOf: Self.page, encoding: .utf8)
        let block = try #require(page.components(separatedBy: "```json\n").dropFirst().first)
        let text = try #require(block.components(separatedBy: "```").first)
        struct Excerpt: Codable, Equatable {
            var resource: ResourceID
            var hypervisor: Observed<HypervisorFacts>?
        }
        let shown = try JSONDecoder().decode(Excerpt.self, from: Data(text.utf8))
        #expect(shown.resource == "node-3")
        #expect(shown.hypervisor == Self.sample.facts.host("node-3")?.hypervisor)
        // And so they are written in a facts file.
        let whole = try CanonicalJSON.encode(try #require(Self.sample.facts.host("node-3")))
        #expect(try JSONDecoder().decode(Excerpt.self, from: Data(whole)) == shown)
    }
}
