import FettleAssessment
import FettleIndex
import FettleModel
import Foundation
import Testing

/// A vendor's "not affected" on a CVE beside its advisory that names the CVE (docs/findings.md).
@Suite("A vendor's statement beside its advisory")
struct VendorStatementTests {
    private func judged(_ feeds: [String], version: String = "1-1") throws -> [String: PackageFinding] {
        let index = try #require(try CompiledFeeds.from(feeds).index)
        let judge = SoftwareJudge(index: index, platform: Ecosystem("redhat:9"), detail: .all)
        let package = ListedPackage(origin: .system(.rpm), name: "p", architecture: "x86_64", version: version)
        let judgement = try judge.judge(SoftwareList(packages: [package]))
        let lot = try #require(judgement.lots[0])
        var found: [String: PackageFinding] = [:]
        for finding in judge.lots[lot].findings {
            found[try index.advisory(finding.advisory).record.id] = finding
        }
        return found
    }

    private func advisory(_ cves: [String], at date: String = "2031-01-01T00:00:00Z", id: String = "RHSA-2031:1")
        -> String
    {
        CSAFSamples.document(
            id, date, category: "csaf_security_advisory", cves.map { ($0, "fixed", ["p-2-1"]) })
    }

    private func statement(_ cve: String, _ status: String, at date: String = "2031-02-01T00:00:00Z") -> String {
        CSAFSamples.document(cve, date, [(cve, status, ["p"])])
    }

    private let denied = "known_not_affected"

    @Test("An advisory of which the vendor denies every CVE for the product affects nothing, and it is told why")
    func allDenied() throws {
        let feeds = [
            advisory(["CVE-2031-1001", "CVE-2031-1002"]), statement("CVE-2031-1001", denied),
            statement("CVE-2031-1002", denied),
        ]
        #expect(try judged([feeds[0]])["RHSA-2031:1"]?.status == .affected)
        let found = try #require(try judged(feeds)["RHSA-2031:1"])
        #expect(found.status == .notAffected)
        #expect(
            found.matchedBy
                == "p 1-1 is not affected by CVE-2031-1001 and 1 more, all that it names, its publisher says")
    }

    @Test(
        "One CVE that is not denied lets the advisory stand", arguments: ["under_investigation", "known_affected", nil])
    func oneLeft(second: String?) throws {
        let feeds =
            [advisory(["CVE-2031-1001", "CVE-2031-1002"]), statement("CVE-2031-1001", denied)]
            + (second.map { [statement("CVE-2031-1002", $0)] } ?? [])
        #expect(try judged(feeds)["RHSA-2031:1"]?.status == .affected)
    }

    @Test("A statement that is older than the advisory did not know of it")
    func older() throws {
        let feeds = [advisory(["CVE-2031-1001"]), statement("CVE-2031-1001", denied, at: "2030-12-31T00:00:00Z")]
        #expect(try judged(feeds)["RHSA-2031:1"]?.status == .affected)
    }

    @Test("A statement on another package, or an advisory without CVEs, changes nothing")
    func elsewhere() throws {
        let other = CSAFSamples.document("CVE-2031-1001", "2031-02-01T00:00:00Z", [("CVE-2031-1001", denied, ["q"])])
        #expect(try judged([advisory(["CVE-2031-1001"]), other])["RHSA-2031:1"]?.status == .affected)
        #expect(
            try judged([advisory([""]), statement("CVE-2031-1001", denied)])["RHSA-2031:1"]?.status == .affected)
    }

    @Test("A correction that is no security update is still wanted")
    func corrections() throws {
        let feeds = [advisory(["CVE-2031-1001"], id: "RHBA-2031:1"), statement("CVE-2031-1001", denied)]
        #expect(try judged(feeds)["RHBA-2031:1"]?.status == .affected)
    }

    @Test("What is unknown never becomes not affected")
    func unknown() throws {
        let commits = """
            {"id": "X-1", "modified": "2031-01-01T00:00:00Z", "published": "2031-01-01T00:00:00Z", "aliases": ["CVE-2031-1001"],
             "affected": [{"package": {"ecosystem": "Red Hat:enterprise_linux:9::baseos", "name": "p"},
             "ranges": [{"type": "GIT", "repo": "https://example.org/p", "events": [{"introduced": "0"}]}]}]}
            """
        #expect(try judged([commits, statement("CVE-2031-1001", denied)])["X-1"]?.status == .unknown)
    }

    @Test("A collection's word does not silence the vendor's own advisory")
    func lowerAuthority() throws {
        let collected = """
            {"id": "CVE-2031-1001", "modified": "2031-03-01T00:00:00Z",
             "affected": [{"package": {"ecosystem": "Red Hat:enterprise_linux:9::baseos", "name": "p"},
             "versions": ["0.1-1"]}]}
            """
        #expect(try judged([advisory(["CVE-2031-1001"]), collected])["RHSA-2031:1"]?.status == .affected)
    }

    @Test("Ubuntu: a notice of which the tracker denies every CVE")
    func ubuntu() throws {
        let notice = #"""
            {"1-1": {"title": "t", "timestamp": 1924992000, "isummary": "s", "cves": ["CVE-2031-1001"],
             "releases": {"jammy": {"sources": {"p": {"version": "2"}}}}}}
            """#
        func tracker(_ status: String) -> String {
            #"""
            {"cves": [{"id": "CVE-2031-1001", "priority": "low", "notices_ids": [], "status": "active",
             "published": "2031-01-01T00:00:00", "updated_at": "2031-02-01T00:00:00",
             "packages": [{"name": "p", "statuses": [{"release_codename": "jammy", "status": "\#(status)"}]}]}]}
            """#
        }
        for (status, expected) in [("not-affected", FindingStatus.notAffected), ("needs-triage", .affected)] {
            let index = try #require(try CompiledFeeds.from([notice, tracker(status)]).index)
            let judge = SoftwareJudge(index: index, platform: Ecosystem("ubuntu:22.04"), detail: .all)
            let judgement = try judge.judge(
                SoftwareList(packages: [ListedPackage(origin: .system(.dpkg), name: "p", version: "1")]))
            let lot = try #require(judgement.lots[0])
            let finding = try judge.lots[lot].findings.first {
                try index.advisory($0.advisory).record.id == "USN-1-1"
            }
            #expect(finding?.status == expected)
        }
    }
}
