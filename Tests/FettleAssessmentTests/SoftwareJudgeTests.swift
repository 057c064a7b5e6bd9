import FettleAssessment
import FettleIndex
import FettleModel
import Foundation
import Testing

/// Lists of software by small feeds written here: what other scanners got wrong.
@Suite("Lists of software are judged")
struct SoftwareJudgeTests {
    private func statuses(
        _ package: ListedPackage, on platform: String?, by feeds: [String]
    ) throws -> (statuses: [String: FindingStatus], gaps: [String], fixed: [String: String]) {
        let index = try #require(try CompiledFeeds.from(feeds).index)
        let judge = SoftwareJudge(index: index, platform: platform.flatMap { Ecosystem($0) }, detail: .all)
        let judgement = try judge.judge(SoftwareList(packages: [package]))
        guard let lot = judgement.lots[0] else { return ([:], judgement.gaps, [:]) }
        var statuses: [String: FindingStatus] = [:]
        var fixed: [String: String] = [:]
        for finding in judge.lots[lot].findings {
            let id = try index.advisory(finding.advisory).record.id
            statuses[id] = finding.status
            fixed[id] = finding.fixed
        }
        return (statuses, judgement.gaps, fixed)
    }

    private func osv(
        _ id: String, _ ecosystem: String, _ name: String, _ events: String, modified: String = "2025-01-01T00:00:00Z"
    ) -> String {
        """
        {"id": "\(id)", "modified": "\(modified)", "affected": [{"package": {"ecosystem": "\(ecosystem)", "name": "\(name)"},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, \(events)]}]}]}
        """
    }

    private func library(_ registry: String, _ name: String, _ version: String) -> ListedPackage {
        ListedPackage(origin: .registry(registry), name: name, version: version)
    }

    @Test(
        "A malformed version of a feed makes nothing fixed: it is unknown", arguments: ["a b_!", "zz_bad", "<unfixed>"])
    func doubtsMalformedBounds(version: String) throws {
        let package = ListedPackage(origin: .system(.dpkg), name: "p", version: "1.0")
        let found = try statuses(
            package, on: "debian:12", by: [osv("X-1", "Debian:12", "p", #"{"fixed": "\#(version)"}"#)])
        #expect(found.statuses == ["X-1": .unknown])
    }

    @Test("A package of another package manager is not checked, which is not clean")
    func doesNotJudgeAnotherManagersPackages() throws {
        let package = ListedPackage(origin: .system(.rpm), name: "p", version: "1.0-1")
        let found = try statuses(package, on: "debian:12", by: [osv("X-1", "Debian:12", "p", #"{"fixed": "2"}"#)])
        #expect(found.statuses.isEmpty)
        #expect(found.gaps == ["1 package of rpm not checked: debian:12 has no packages of rpm"])
    }

    @Test(
        "Registries that do not tell capitals from small letters are looked up so", arguments: ["NuGet", "Packagist"])
    func looksUpWithoutCase(ecosystem: String) throws {
        let feed = osv("X-1", ecosystem, "Newton/Soft.Json", #"{"fixed": "13.0.1"}"#)
        let found = try statuses(library(ecosystem.lowercased(), "newton/Soft.json", "13.0.0"), on: nil, by: [feed])
        #expect(found.statuses == ["X-1": .affected])
    }

    private func modular(_ id: String, _ stream: String, _ fixed: String) -> String {
        """
        {"id": "\(id)", "modified": "2025-01-01T00:00:00Z", "summary": "Important: \(stream) security update", "affected": [{"package":
        {"ecosystem": "AlmaLinux:8", "name": "podman"}, "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "\(fixed)"}]}]}]}
        """
    }

    @Test(
        "A package without a label is of the stream whose advisory names its build, and of no other (trivy#741, trivy#771)",
        arguments: [
            ("2:4.0-1.module_el8.6.0+100+aaaaaaaa", ["A-1": .fixed, "A-2": .affected]),
            ("2:4.0-1.module_el8.6.0+100+aaaaaaaa.1", ["A-1": .fixed, "A-2": .affected]),
            ("2:3.0-1.module_el8.6.0+101+bbbbbbbb", ["B-1": .fixed]),
            ("2:3.0-1.module_el8.6.0+99+cccccccc", ["A-1": .unknown, "A-2": .unknown, "B-1": .unknown]),
            // Above a fix of a stream that it may not be of: nothing to mend, and not said to have that fix.
            ("2:4.1-1.module_el8.6.0+99+cccccccc", ["A-1": .notAffected, "A-2": .unknown, "B-1": .notAffected]),
            ("2:3.0-1.el8", [:]),
        ] as [(String, [String: FindingStatus])])
    func tellsStreamsByBuilds(version: String, expected: [String: FindingStatus]) throws {
        let package = ListedPackage(
            origin: .system(.rpm), name: "podman", architecture: "x86_64", version: version, source: "podman-src")
        let feeds = [
            modular("A-1", "container-tools:rhel8", "2:4.0-1.module_el8.6.0+100+aaaaaaaa"),
            modular("A-2", "container-tools:rhel8", "2:4.2-1.module_el8.7.0+200+dddddddd"),
            modular("B-1", "container-tools:3.0", "2:3.0-1.module_el8.6.0+101+bbbbbbbb"),
        ]
        #expect(try statuses(package, on: "almalinux:8", by: feeds).statuses == expected)
    }

    /// The versions are the report's: the fix of an earlier minor release has a lower build of the same stream.
    @Test(
        "A fix within the vendor's stream counts, whatever its own word on another package is (wazuh#32518)",
        arguments: [
            ("1:1.4.0-6.module+el8.10.0+23498+f7d19d48", FindingStatus.fixed),
            ("1:1.3.0-4.module+el8.9.0+19649+5879504a", .fixed), ("1:1.2.0-1.module+el8.8.0+18060+3f21f2cc", .affected),
        ])
    func knowsTheStreamsOwnFix(version: String, expected: FindingStatus) throws {
        let name = "containernetworking-plugins"
        let fix = """
            {"id": "RHSA-2023:6939", "modified": "2023-11-14T00:00:00Z", "upstream": ["CVE-2023-24538"],
             "summary": "Red Hat Security Advisory: container-tools:rhel8 security update", "affected": [
              {"package": {"ecosystem": "Red Hat:enterprise_linux:8::appstream", "name": "\(name)"}, "ranges": [{"type": "ECOSYSTEM",
               "events": [{"introduced": "0"}, {"fixed": "1:1.3.0-4.module+el8.9.0+19649+5879504a"}]}]}]}
            """
        // "All affected" is said of others: without a fix, in other products.
        let others = """
            {"id": "CVE-2023-24538", "modified": "2023-11-14T00:00:00Z", "affected": [
              {"package": {"ecosystem": "Red Hat:openshift:4", "name": "\(name)"}, "ranges": [{"type": "ECOSYSTEM", "events": [
               {"introduced": "0"}]}]}]}
            """
        let package = ListedPackage(
            origin: .system(.rpm), name: name, architecture: "x86_64", version: version, module: "container-tools:rhel8"
        )
        let found = try statuses(package, on: "redhat:8", by: [fix, others])
        #expect(found.statuses == ["RHSA-2023:6939": expected])
    }

    /// The packages and versions are the report's. The CVE's own record names upstream's versions, which say nothing of Debian's.
    @Test(
        "A fix that the vendor has brought into an earlier version counts, by the vendor's word (wazuh#27235)",
        arguments: [
            ("CVE-2022-1271", "gzip", "1.12-1", "1.10-4+deb12u1", "1.13"),
            ("CVE-2023-2603", "libcap2", "1:2.66-4", "1:2.66-3", "2.69"),
            ("CVE-2024-26952", "linux", "6.1.119-1", "6.1.85-1", "6.8.2"),
        ])
    func knowsBackports(cve: String, source: String, fixed: String, older: String, upstream: String) throws {
        let tracker = """
            {"\(source)": {"\(cve)": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "\(fixed)"}}}}}
            """
        let record = """
            {"dataType": "CVE_RECORD", "cveMetadata": {"cveId": "\(cve)", "state": "PUBLISHED"}, "containers": {"cna": {
             "providerMetadata": {"orgId": "1", "shortName": "x"}, "affected": [{"vendor": "x", "product": "\(source)",
             "versions": [{"version": "0", "status": "affected", "lessThan": "\(upstream)", "versionType": "custom"}]}]}}}
            """
        func status(_ version: String) throws -> [String: FindingStatus] {
            let package = ListedPackage(
                origin: .system(.dpkg), name: source + "-bin", architecture: "amd64", version: version, source: source)
            return try statuses(package, on: "debian:12", by: [tracker, record]).statuses
        }
        #expect(try status(fixed) == [cve: .fixed])
        #expect(try status(older) == [cve: .affected])
    }

    @Test("Of two versions of one record the newer one holds, whichever is read first", arguments: [true, false])
    func takesTheNewerVersion(newerFirst: Bool) throws {
        let older = osv("X-1", "PyPI", "p", #"{"fixed": "2.0"}"#)
        let newer = osv("X-1", "PyPI", "p", #"{"fixed": "5.0"}"#, modified: "2025-06-01T00:00:00Z")
        let found = try statuses(
            library("pypi", "p", "1.0"), on: nil, by: newerFirst ? [newer, older] : [older, newer])
        #expect(found.fixed == ["X-1": "5.0"])
    }

    @Test(
        "What is fixed names the version that brought the fix, of several branches its own",
        arguments: [
            ("2.0", "2.0"), ("2.7", "2.0"), ("3.1", "3.1"), ("4.0", "3.1"),
        ])
    func namesTheFixOfWhatIsFixed(version: String, fix: String) throws {
        let feed = osv("X-1", "PyPI", "p", #"{"fixed": "2.0"}, {"introduced": "3.0"}, {"fixed": "3.1"}"#)
        let found = try statuses(library("pypi", "p", version), on: nil, by: [feed])
        #expect(found.statuses == ["X-1": .fixed] && found.fixed == ["X-1": fix])
    }

    @Test("A limit is where the publisher stops to speak, and no fix")
    func knowsNoFixAtALimit() throws {
        let feed = osv("X-1", "PyPI", "p", #"{"limit": "2.0"}"#)
        let below = try statuses(library("pypi", "p", "1.5"), on: nil, by: [feed])
        #expect(below.statuses == ["X-1": .affected] && below.fixed.isEmpty)
        #expect(try statuses(library("pypi", "p", "2.0"), on: nil, by: [feed]).statuses == ["X-1": .notAffected])
    }

    @Test("Commits alone are no answer: the package is unknown, and the feed tells of it")
    func doesNotDecideByCommits() throws {
        let feed = """
            {"id": "X-1", "modified": "2025-01-01T00:00:00Z", "affected": [{"package": {"ecosystem": "PyPI", "name": "p"},
             "ranges": [{"type": "GIT", "repo": "https://example.org/p", "events": [{"introduced": "0"}]}]}]}
            """
        #expect(try statuses(library("pypi", "p", "1.5"), on: nil, by: [feed]).statuses == ["X-1": .unknown])
        let catalogue = try #require(try CompiledFeeds.from([feed]).index).catalogue
        #expect(catalogue.feeds[0].remarks == ["1 record kept as unknown, the first: X-1 p: it names only commits"])
    }

    @Test("What is kept as unknown is not told as left out")
    func tellsWhatIsKept() throws {
        let feed = osv("X-1", "Debian:12", "p", #"{"fixed": "zz_bad"}"#)
        let catalogue = try #require(try CompiledFeeds.from([feed]).index).catalogue
        #expect(catalogue.feeds[0].skippedCount == 0 && catalogue.feeds[0].keptAsUnknown.count == 1)
        #expect(
            catalogue.feeds[0].remarks
                == ["1 record kept as unknown, the first: X-1 p: its version 'zz_bad' is malformed"])
    }

    @Test("Each package is judged by the release that it names, and one that names none is told as not checked")
    func judgesEachByItsOwnRelease() throws {
        let feeds = [
            osv("X-11", "Debian:11", "p", #"{"fixed": "2"}"#), osv("X-12", "Debian:12", "p", #"{"fixed": "3"}"#),
        ]
        let index = try #require(try CompiledFeeds.from(feeds).index)
        let judge = SoftwareJudge(index: index, platform: nil, detail: .all)
        func package(_ version: String, _ platform: String?) -> ListedPackage {
            ListedPackage(origin: .system(.dpkg), name: "p", version: version, platform: platform)
        }
        let judgement = try judge.judge(
            SoftwareList(packages: [
                package("1", "debian:11"), package("1", "debian:12"), package("2", "debian:11"), package("1", nil),
                package("1", "debian:13"),
            ]))
        let told = try judgement.lots.map { lot in
            try (lot.map { judge.lots[$0].findings } ?? []).map {
                "\(try index.advisory($0.advisory).record.id) \($0.status.rawValue)"
            }
        }
        #expect(told == [["X-11 affected"], ["X-12 affected"], ["X-11 fixed"], [], []])
        #expect(judgement.lots[3] == nil && judgement.lots[4] == nil)
        #expect(judgement.gaps.count == 2 && judgement.gaps[0].contains("debian:13"))
    }

    @Test("Behind the last affected version nothing is called fixed")
    func knowsNoFixBehindTheLastAffected() throws {
        let feed = osv("X-1", "PyPI", "p", #"{"last_affected": "1.5"}"#)
        #expect(try statuses(library("pypi", "p", "1.5"), on: nil, by: [feed]).statuses == ["X-1": .affected])
        #expect(try statuses(library("pypi", "p", "1.5.1"), on: nil, by: [feed]).statuses == ["X-1": .notAffected])
    }

    /// trivy#1663 #3701, vuls#2645.
    @Test("A host with Ubuntu Pro is judged by the release and by its pocket, and an installed ESM fix counts")
    func joinsThePockets() throws {
        let feeds = [
            osv("UBUNTU-CVE-2024-1001", "Ubuntu:22.04:LTS", "p", #"{"fixed": "1.0-1ubuntu9"}"#),
            osv("UBUNTU-CVE-2024-1002", "Ubuntu:Pro:22.04:LTS", "p", #"{"fixed": "1.0-1ubuntu1+esm1"}"#),
        ]
        func found(_ version: String, on platform: String) throws -> [String: FindingStatus] {
            let package = ListedPackage(origin: .system(.dpkg), name: "p", version: version)
            return try statuses(package, on: platform, by: feeds).statuses
        }
        for platform in ["ubuntu:22.04", "ubuntu:22.04:pro"] {
            #expect(
                try found("1.0-1ubuntu1+esm0", on: platform)
                    == ["UBUNTU-CVE-2024-1001": .affected, "UBUNTU-CVE-2024-1002": .affected])
        }
        #expect(try found("1.0-1ubuntu1+esm1", on: "ubuntu:22.04:pro")["UBUNTU-CVE-2024-1002"] == .fixed)
        #expect(try found("1.0-1ubuntu1", on: "ubuntu:22.04") == ["UBUNTU-CVE-2024-1001": .affected])
    }

    @Test("A document that was cut off, or is empty, refuses the whole build", arguments: ["{\"id\":", "", "[1, 2"])
    func refusesBrokenDocuments(broken: String) throws {
        #expect(throws: (any Error).self) {
            try CompiledFeeds.from([osv("X-1", "PyPI", "p", #"{"fixed": "2"}"#), broken])
        }
    }
}
