import FettleAssessment
import FettleFeeds
import FettleIndex
import FettleModel
import FettleTestSupport
import Foundation
import Testing

@testable import FettleCommands

/// A fleet's findings, line by line: every weakness of every host in one answer, and not one at a time (uyuni-rfc#89).
@Suite struct FleetLinesTests {
    private static let feed = """
        {"openssl": {
        "CVE-2026-1001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.22"}}},
        "CVE-2026-1002": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.10"}}},
        "CVE-2026-1003": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0"}}}}}
        """

    private func feeds() throws -> AdvisoryFeeds {
        let folder = try TestFolder()
        try folder.write(Self.feed, to: "feeds/tracker.json")
        let index = folder.file("feeds.index").path
        _ = try FeedCompiler().compile([folder.file("feeds").path], to: index, builtAt: Timestamp(milliseconds: 0))
        return AdvisoryFeeds(index: try AdvisoryIndex(path: index))
    }

    private static let names = ["libssl3", "openssl"]

    private func judged(_ feeds: AdvisoryFeeds, stale: [StaleService] = []) throws -> (FindingSet, FactSet) {
        var host = FactSample.host(
            "web-1", packages: Self.names.map { FactSample.package($0, "3.0.20", source: "openssl") })
        host.staleServices = .observed(stale)
        let facts = FactSet(id: "facts-1", observedAt: FactSample.now, hosts: [host])
        let fleet = Fleet(
            environments: [Environment(id: "dev", isProtected: false)],
            resources: [Resource(id: "web-1", address: .local, environment: "dev")], groups: [])
        let set = try Assessor(fleet: fleet, policy: Policy(), feeds: feeds).assess(
            facts, reference: StageReference(id: "facts-1", digest: Digest(rawValue: "0")), id: "findings-1",
            at: FactSample.now)
        return (set, facts)
    }

    private func lines(all: Bool, stale: [StaleService] = []) throws -> [[String: Any]] {
        let feeds = try feeds()
        let (set, facts) = try judged(feeds, stale: stale)
        var lines: [[String: Any]] = []
        try FleetFindingLines(set, facts: facts, feeds: feeds, all: all).visit { line in
            let bytes = try CanonicalJSON.encode(line)
            lines.append(try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any]))
        }
        return lines
    }

    @Test func countsAreThoseOfTheLines() throws {
        let feeds = try feeds()
        var (set, facts) = try judged(feeds)
        set.notJudged = (0..<30).map { .init(resource: ResourceID("lost-\($0)"), reason: "never looked at") }
        let counts = try FleetFindingLines(set, facts: facts, feeds: feeds, all: true).counts(set, notes: ["old"])
        #expect(try counts.affected == lines(all: false).count && counts.affected > 0)
        #expect(counts.byClass == ["security": counts.affected] && counts.hosts == 1 && counts.packages == 2)
        #expect(counts.feedNotes == ["old"])
        // With what was not judged it is too low, and says so.
        #expect(counts.gaps.count == 21 && counts.gaps[0] == "lost-0: never looked at")
        #expect(counts.gapCount == 30)
    }

    @Test func everyLineHasWhatIsSaidOfFilesToo() throws {
        let stale = StaleService(unit: "nginx.service", processIDs: [7], files: ["/usr/lib/libssl.so.3"])
        let lines = try lines(all: false, stale: [stale])
        let names = ["package", "source", "installed", "advisory", "fixed", "status", "matchedBy", "resource", "id"]
        for line in lines { for name in names { #expect(line[name] != nil, "\(name) in \(line)") } }
        let open = lines.filter { $0["advisory"] as? String == "CVE-2026-1001" }
        #expect(open.compactMap { $0["package"] as? String } == Self.names)
        for line in open {
            #expect(line["fixed"] as? String == "3.0.22" && line["status"] as? String == "affected")
            #expect(line["matchedBy"] as? String == "source openssl 3.0.20 < 3.0.22")
            #expect((line["advisories"] as? [Any])?.count == 1 && (line["packages"] as? [Any])?.count == 1)
        }
        // What is no package, and closes nothing that has a name, is a line all the same.
        let unit = try #require(lines.first { $0["source"] as? String == "nginx.service" })
        #expect(unit["package"] is NSNull && unit["advisory"] is NSNull && unit["fixed"] is NSNull)
        #expect((unit["matchedBy"] as? String)?.contains("still maps replaced files") == true)
        #expect(lines.count == 3)
    }

    @Test func allTellsWhatIsFixedAndWhatIsNotAffectedToo() throws {
        let lines = try lines(all: true)
        func status(_ advisory: String) -> [String] {
            lines.filter { $0["advisory"] as? String == advisory }.compactMap { $0["status"] as? String }
        }
        #expect(status("CVE-2026-1001") == ["affected", "affected"])
        #expect(status("CVE-2026-1002") == ["fixed", "fixed"])
        #expect(status("CVE-2026-1003") == ["notAffected", "notAffected"])
        let fixed = try #require(lines.first { $0["advisory"] as? String == "CVE-2026-1002" })
        #expect(fixed["fixed"] as? String == "3.0.10" && fixed["id"] == nil)
        #expect(fixed["matchedBy"] as? String == "source openssl 3.0.20 has the fix")
        let feeds = try feeds()
        let (set, facts) = try judged(feeds)
        var view = FleetStandingsView()
        try FleetFindingLines(set, facts: facts, feeds: feeds, all: true).visit { view.add($0) }
        let text = view.lines()
        #expect(text.contains("not affected") && text.contains("CVE-2026-1002"), "\(text)")
        #expect(!text.contains("CVE-2026-1001"), "\(text)")
    }

    @Test func theCSVOfAnImpactNamesTheWaivers() {
        var row = Impact.Row(
            resource: "web-1", source: "openssl", installed: "1", state: "missing", because: "found, so")
        row.waivers = ["waiver-1", "waiver-2"]
        let lines = Impact.lines([row]).split(whereSeparator: \.isNewline).map(String.init)
        #expect(lines[0].hasSuffix(",because,waivers"))
        #expect(lines[1].hasSuffix(",\"found, so\",waiver-1 waiver-2"))
    }
}
