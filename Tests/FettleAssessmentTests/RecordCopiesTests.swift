import FettleAssessment
import FettleIndex
import FettleModel
import Foundation
import Testing

/// The same record in two files: what its publisher changed or took back holds, whichever is read first.
@Suite("Newer copies of a record")
struct RecordCopiesTests {
    private func ids(_ package: ListedPackage, on platform: String?, by feeds: [String]) throws -> [String:
        FindingStatus]
    {
        let index = try #require(try CompiledFeeds.from(feeds).index)
        let judge = SoftwareJudge(index: index, platform: platform.flatMap { Ecosystem($0) }, detail: .all)
        let judgement = try judge.judge(SoftwareList(packages: [package]))
        let lot = try #require(judgement.lots[0])
        var found: [String: FindingStatus] = [:]
        for finding in judge.lots[lot].findings {
            found[try index.advisory(finding.advisory).record.id] = finding.status
        }
        return found
    }

    private func osv(
        _ id: String, _ ecosystem: String, modified: String, withdrawn: String? = nil, package: String = "p",
        isNamed: Bool = true
    ) -> String {
        let affected =
            !isNamed
            ? ""
            : """
            {"package": {"ecosystem": "\(ecosystem)", "name": "\(package)"},
             "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}
            """
        let taken = withdrawn.map { "\"withdrawn\": \"\($0)\"," } ?? ""
        return "{\"id\": \"\(id)\", \"modified\": \"\(modified)\", \(taken) \"affected\": [\(affected)]}"
    }

    private let python = ListedPackage(origin: .registry("pypi"), name: "p", version: "1")

    @Test("A newer withdrawn copy takes the older one away", arguments: [true, false], [true, false])
    func withdrawal(withdrawnFirst: Bool, isNamed: Bool) throws {
        let other = osv("X-2", "PyPI", modified: "2024-01-01T00:00:00Z")
        let older = osv("X-1", "PyPI", modified: "2024-01-01T00:00:00Z")
        // The withdrawal counts as a change, though `modified` was left as it was.
        let newer = osv(
            "X-1", "PyPI", modified: "2024-01-01T00:00:00Z", withdrawn: "2024-06-01T00:00:00Z", isNamed: isNamed)
        let found = try ids(python, on: nil, by: [other] + (withdrawnFirst ? [newer, older] : [older, newer]))
        #expect(found == ["X-2": .affected])
    }

    @Test("A record that came back after its withdrawal holds again")
    func restored() throws {
        let withdrawn = osv(
            "X-1", "PyPI", modified: "2024-01-01T00:00:00Z", withdrawn: "2024-06-01T00:00:00Z")
        let restored = osv("X-1", "PyPI", modified: "2024-07-01T00:00:00Z")
        #expect(try ids(python, on: nil, by: [restored, withdrawn]) == ["X-1": .affected])
    }

    @Test("What is withdrawn for one release stands for the other: AlmaLinux uses an id in several")
    func otherRelease() throws {
        let package = ListedPackage(origin: .system(.rpm), name: "p", version: "1-1")
        let feeds = [
            osv("ALSA-2024:1", "AlmaLinux:8", modified: "2024-01-01T00:00:00Z"),
            osv(
                "ALSA-2024:1", "AlmaLinux:9", modified: "2024-06-01T00:00:00Z", withdrawn: "2024-06-01T00:00:00Z"),
        ]
        #expect(try ids(package, on: "almalinux:8", by: feeds) == ["ALSA-2024:1": .affected])
    }

    @Test("A withdrawn record of a bare CVE that names nothing takes nothing from other publishers")
    func bareCVE() throws {
        let feeds = [
            osv("CVE-2024-1", "PyPI", modified: "2024-01-01T00:00:00Z"),
            osv(
                "CVE-2024-1", "PyPI", modified: "2024-06-01T00:00:00Z", withdrawn: "2024-06-01T00:00:00Z",
                isNamed: false),
        ]
        #expect(try ids(python, on: nil, by: feeds) == ["CVE-2024-1": .affected])
    }

    @Test("A newer copy that no longer names a package takes away what the older one said of it")
    func dropsAPackage() throws {
        let feeds = [
            osv("X-1", "PyPI", modified: "2024-01-01T00:00:00Z"), osv("X-2", "PyPI", modified: "2024-01-01T00:00:00Z"),
            osv("X-1", "PyPI", modified: "2024-06-01T00:00:00Z", package: "q"),
        ]
        #expect(try ids(python, on: nil, by: feeds) == ["X-2": .affected])
    }

    // MARK: Documents

    private func csaf(
        _ id: String, _ date: String, category: String = "csaf_vex", publisher: String = "https://a.example",
        affected: [String]
    ) -> String {
        CSAFSamples.document(
            id, date, category: category, publisher: publisher,
            affected.isEmpty ? [] : [("CVE-2031-1001", "known_affected", affected)])
    }

    private let rpm = ListedPackage(origin: .system(.rpm), name: "p", version: "1-1")

    @Test(
        "The newer revision of a VEX holds as a whole: what it no longer names, it no longer says",
        arguments: [true, false])
    func revision(newerFirst: Bool) throws {
        let older = csaf("CVE-2031-1001", "2031-01-01T00:00:00Z", affected: ["p", "q"])
        let newer = csaf("CVE-2031-1001", "2031-02-01T00:00:00Z", affected: ["q"])
        let other = osv("X-2", "Red Hat:enterprise_linux:9::baseos", modified: "2024-01-01T00:00:00Z")
        #expect(try ids(rpm, on: "redhat:9", by: [older, other]) == ["CVE-2031-1001": .affected, "X-2": .affected])
        let found = try ids(rpm, on: "redhat:9", by: (newerFirst ? [newer, older] : [older, newer]) + [other])
        #expect(found == ["X-2": .affected])
    }

    @Test(
        "A revision without vulnerabilities and one that is withdrawn take the older ones away",
        arguments: ["csaf_vex", "csaf_withdrawn"])
    func withdrawnDocument(category: String) throws {
        let other = osv("X-2", "Red Hat:enterprise_linux:9::baseos", modified: "2024-01-01T00:00:00Z")
        for id in ["CVE-2031-1001", "RHSA-2031:1"] {
            let older = csaf(id, "2031-01-01T00:00:00Z", affected: ["p"])
            let newer = csaf(id, "2031-02-01T00:00:00Z", category: category, affected: [])
            #expect(try ids(rpm, on: "redhat:9", by: [older, newer, other]) == ["X-2": .affected])
        }
    }

    @Test("Another publisher's document of the same CVE is no revision")
    func otherPublisher() throws {
        let one = csaf("CVE-2031-1001", "2031-01-01T00:00:00Z", affected: ["p"])
        let other = csaf("CVE-2031-1001", "2031-02-01T00:00:00Z", publisher: "https://b.example", affected: ["q"])
        #expect(try ids(rpm, on: "redhat:9", by: [one, other]) == ["CVE-2031-1001": .affected])
    }

    @Test("A newer edition of Ubuntu's notice holds as a whole, and a rejected CVE takes back what was open")
    func ubuntu() throws {
        func usn(_ time: String, _ source: String) -> String {
            #"{"1-1": {"title": "t", "timestamp": \#(time), "isummary": "s", "cves": [], "releases": {"jammy": {"sources": {"\#(source)": {"version": "2"}}}}}}"#
        }
        func issue(_ status: String, _ date: String) -> String {
            let packages = #"[{"name": "p", "statuses": [{"release_codename": "jammy", "status": "needed"}]}]"#
            return
                #"{"cves": [{"id": "CVE-2031-1001", "priority": "low", "notices_ids": [], "status": "\#(status)", "updated_at": "\#(date)", "packages": \#(status == "active" ? packages : "[]")}]}"#
        }
        let package = ListedPackage(origin: .system(.dpkg), name: "p", version: "1")
        let old = [usn("1.0", "p"), issue("active", "2031-01-01T00:00:00")]
        #expect(
            try ids(package, on: "ubuntu:22.04", by: old) == ["USN-1-1": .affected, "CVE-2031-1001": .affected])
        let other = osv("X-2", "Ubuntu:22.04:LTS", modified: "2024-01-01T00:00:00Z")
        let new = [usn("2.0", "q"), issue("rejected", "2031-02-01T00:00:00")]
        #expect(try ids(package, on: "ubuntu:22.04", by: old + new + [other]) == ["X-2": .affected])
    }
}
