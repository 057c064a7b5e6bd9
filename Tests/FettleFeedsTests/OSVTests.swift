import FettleFeeds
import FettleIndex
import FettleModel
import FettleVersions
import Foundation
import Testing

@Suite("OSV")
struct OSVTests {
    /// A record with one affected package.
    private func record(
        id: String = "OSV-1", ecosystem: String, package: String = "curl", ranges: String = "", versions: String = "",
        more: String = ""
    ) -> String {
        """
        {"id": "\(id)", "modified": "2024-05-01T10:00:00Z", \(more)
         "affected": [{"package": {"ecosystem": "\(ecosystem)", "name": "\(package)"},
                       "ranges": [\(ranges)], "versions": [\(versions)]}]}
        """
    }

    private func range(_ events: String, type: String = "ECOSYSTEM") -> String {
        #"{"type": "\#(type)", "events": [\#(events)]}"#
    }

    private func affected(_ text: String) throws -> AffectedPackage {
        try #require(try OSVFormat.read(text).advisories.first?.affected.first)
    }

    /// Whether a version is affected, asked as the index asks: listed, or within one of the intervals.
    private func affects(_ package: AffectedPackage, _ version: String) -> Bool {
        let scheme = package.ecosystem.scheme
        return package.versions.contains { scheme.compare($0, version) == .equal }
            || package.intervals.contains { $0.contains(version, in: scheme) }
    }

    @Test(
        "Ecosystems get our names, pockets that are patched apart their own",
        arguments: [
            ("Debian:12", "debian:12"), ("Debian:6.0", "debian:6"), ("Debian:3.1", "debian:3.1"),
            ("Debian:bookworm", "debian:12"), ("Debian:sid", "debian:unstable"), ("Ubuntu:24.04:LTS", "ubuntu:24.04"),
            ("Ubuntu:24.10", "ubuntu:24.10"), ("Ubuntu:Pro:22.04:LTS", "ubuntu:22.04:pro"),
            ("Ubuntu:Pro:FIPS:22.04:LTS", "ubuntu:22.04:fips"),
            ("Ubuntu:Pro:FIPS-updates:22.04:LTS", "ubuntu:22.04:fips-updates"),
            ("Ubuntu:Pro:FIPS-preview:22.04:LTS", "ubuntu:22.04:fips-preview"), ("Alpine:v3.20", "alpine:3.20"),
            ("Alpine:edge", "alpine:edge"), ("AlmaLinux:9", "almalinux:9"), ("Rocky Linux:9", "rocky:9"),
            ("Red Hat:enterprise_linux:9::baseos", "redhat:9"), ("Red Hat:rhel_eus:9.2::appstream", "redhat:9.2:eus"),
            ("SUSE:Linux Enterprise Module for Basesystem 15 SP5", "suse:15.5"),
            ("SUSE:Linux Enterprise Module for Python 3 15 SP5", "suse:15.5"),
            ("SUSE:Linux Enterprise Server 12", "suse:12"),
            ("SUSE:Linux Enterprise Server 15 SP3-LTSS", "suse:15.3:ltss"), ("openSUSE:Leap 15.6", "opensuse:15.6"),
            ("SUSE:Linux Enterprise Server for SAP Applications 15 SP3", "suse:15.3"),
            ("SUSE:Linux Enterprise Micro 5.3", "suse:micro-5.3"), ("SUSE:Linux Micro 6.0", "suse:micro-6.0"),
            ("openSUSE:Leap Micro 5.5", "opensuse:micro-5.5"), ("openSUSE:Tumbleweed", "opensuse:tumbleweed"),
            ("PyPI", "pypi"), ("npm", "npm"), ("Maven", "maven"),
            ("Go", "go"), ("crates.io", "crates.io"), ("RubyGems", "rubygems"), ("NuGet", "nuget"),
            ("Packagist", "packagist"),
        ])
    func ecosystems(published: String, ours: String) throws {
        let text = record(ecosystem: published, ranges: range(#"{"introduced": "0"}, {"fixed": "2"}"#))
        #expect(try affected(text).ecosystem.name == ours)
    }

    @Test("An ecosystem that nothing is matched in is left out without a word, an unclear release is told once")
    func foreignEcosystems() throws {
        let open = range(#"{"introduced": "0"}"#)
        let lines = ["Android", "OSS-Fuzz", "Red Hat:openshift:4.12::el8", "Debian:zurg", "Debian:zurg"]
            .map { record(ecosystem: $0, ranges: open).replacingOccurrences(of: "\n", with: " ") }
        let result = try OSVFormat.read(lines.joined(separator: "\n"))
        #expect(result.advisories.count == 5)
        #expect(result.advisories.allSatisfy { $0.affected.isEmpty })
        #expect(result.skipped.map(\.record) == ["ecosystem Debian:zurg"])
    }

    @Test("A version is affected if it is listed or within a range (osv-scanner#1556)")
    func listedOrWithin() throws {
        let package = try affected(
            record(
                ecosystem: "PyPI", ranges: range(#"{"introduced": "1.0"}, {"fixed": "1.5"}"#),
                versions: #""0.3", "1.2", "1.4.0""#))
        #expect(affects(package, "0.3") && affects(package, "1.2") && affects(package, "1.3"))
        #expect(!affects(package, "1.5") && !affects(package, "0.4"))
        // What the range says already is not listed again.
        #expect(package.versions == ["0.3"])
    }

    @Test("Each range is judged by itself, `last_affected` is affected, introduced only means unfixed")
    func ranges() throws {
        let package = try affected(
            record(
                ecosystem: "npm",
                ranges: [
                    range(#"{"introduced": "1.0.0"}, {"fixed": "1.2.0"}"#, type: "SEMVER"),
                    range(#"{"introduced": "2.0.0"}, {"last_affected": "2.3.0"}"#, type: "SEMVER"),
                    range(#"{"introduced": "4.0.0"}"#, type: "SEMVER"),
                ].joined(separator: ",")))
        #expect(package.intervals.count == 3)
        #expect(affects(package, "1.1.9") && !affects(package, "1.2.0"))
        #expect(affects(package, "2.3.0") && !affects(package, "2.3.1"))
        #expect(affects(package, "99.0.0") && !affects(package, "3.0.0"))
    }

    @Test("Introduced at 0 is every version below, and a limit ends it")
    func limits() throws {
        let package = try affected(record(ecosystem: "Go", ranges: range(#"{"introduced": "0"}, {"limit": "1.4.0"}"#)))
        #expect(affects(package, "0.0.1") && affects(package, "v1.3.9") && !affects(package, "1.4.0"))
        #expect(package.intervals.map(\.endsAtLimit) == [true])
        // A fix at the limit is one.
        let fixed = try affected(
            record(ecosystem: "Go", ranges: range(#"{"introduced": "0"}, {"fixed": "1.4.0"}, {"limit": "1.4.0"}"#)))
        #expect(fixed.intervals.map(\.endsAtLimit) == [false])
    }

    @Test("Commits alone leave a package unknown, and it is counted; the versions listed beside them decide")
    func commits() throws {
        let commits = range(#"{"introduced": "0"}, {"fixed": "abcdef0123"}"#, type: "GIT")
        let read = try OSVFormat.read(record(ecosystem: "PyPI", ranges: commits))
        #expect(read.advisories[0].affected.map(\.status) == [.unknown])
        #expect(read.advisories[0].affected[0].intervals == [VersionInterval(lower: nil, upper: nil)])
        #expect(read.keptAsUnknown == ["OSV-1 curl"] && read.unmatchable.isEmpty && read.skipped.isEmpty)
        let package = try affected(record(ecosystem: "PyPI", ranges: commits, versions: #""1.0""#))
        #expect(package.versions == ["1.0"] && package.intervals.isEmpty)
    }

    @Test("A record that names commits and no package is counted and named as not usable")
    func commitsWithoutPackage() throws {
        let bare = #"{"ranges": [{"type": "GIT", "repo": "https://x", "events": [{"introduced": "0"}]}]}"#
        let text = #"{"id": "OSV-2", "modified": "2024-05-01T10:00:00Z", "affected": [\#(bare)]}"#
        let read = try OSVFormat.read(text)
        #expect(read.unmatchable == ["OSV-2"] && read.advisories[0].affected.isEmpty)
        // What was taken back is no gap.
        let withdrawn = text.replacingOccurrences(
            of: #""affected""#, with: #""withdrawn": "2024-06-01T00:00:00Z", "affected""#)
        #expect(try OSVFormat.read(withdrawn).unmatchable.isEmpty)
    }

    @Test("Commits of one entry do not make unknown what another entry of the record decides")
    func commitsBesideRanges() throws {
        let package = #""package": {"ecosystem": "PyPI", "name": "p"}"#
        let commits = range(#"{"introduced": "0"}"#, type: "GIT")
        let versions = range(#"{"introduced": "0"}, {"fixed": "2"}"#)
        let text = """
            {"id": "OSV-3", "modified": "2024-05-01T10:00:00Z",
             "affected": [{\(package), "ranges": [\(commits)]}, {\(package), "ranges": [\(versions)]}]}
            """
        #expect(try OSVFormat.read(text).advisories[0].affected.map(\.status) == [.affected])
    }

    @Test("A package of which a record names neither versions nor ranges is unknown, and counted")
    func neitherVersionsNorRanges() throws {
        let ranges = range(#"{"introduced": "0"}, {"fixed": "2"}"#)
        let text = """
            {"id": "OSV-4", "modified": "2024-05-01T10:00:00Z", "affected": [
              {"package": {"ecosystem": "PyPI", "name": "z"}, "versions": []},
              {"package": {"ecosystem": "PyPI", "name": "y"}},
              {"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": [\(ranges)]}, {"package": {"ecosystem": "PyPI", "name": "x"}}]}
            """
        let read = try OSVFormat.read(text)
        let affected = read.advisories[0].affected
        #expect(affected.map(\.name) == ["z", "y", "x"])
        #expect(affected.map(\.status) == [.unknown, .unknown, .affected])
        #expect(affected.map(\.remark).prefix(2).allSatisfy { $0 == "the feed names neither versions nor ranges" })
        #expect(read.keptAsUnknown == ["OSV-4 z", "OSV-4 y"] && read.skipped.isEmpty)
    }

    @Test("A withdrawn record is kept by name and affects nothing")
    func withdrawn() throws {
        let text = record(
            ecosystem: "PyPI", ranges: range(#"{"introduced": "0"}"#), more: #""withdrawn": "2024-06-01T00:00:00Z","#)
        let advisory = try #require(try OSVFormat.read(text).advisories.first)
        #expect(advisory.withdrawnAt == time("2024-06-01T00:00:00Z"))
        #expect(advisory.affected.isEmpty)
    }

    @Test("A time of withdrawal that cannot be read costs the record: it may be withdrawn or not")
    func unreadableWithdrawal() throws {
        let text = record(ecosystem: "PyPI", more: #""withdrawn": "lately","#)
        let result = try OSVFormat.read(text)
        #expect(result.advisories.isEmpty)
        #expect(result.skipped.map(\.record) == ["OSV-1"])
    }

    @Test("Alpine's fixed at 0 was never affected")
    func neverAffected() throws {
        let package = try affected(
            record(ecosystem: "Alpine:v3.20", ranges: range(#"{"introduced": "0"}, {"fixed": "0"}"#)))
        #expect(package.status == .notAffected)
        #expect(package.intervals == [VersionInterval(lower: nil, upper: nil)])
    }

    @Test("Names of PyPI are normal")
    func names() throws {
        let open = range(#"{"introduced": "0"}"#)
        #expect(
            try affected(record(ecosystem: "PyPI", package: "Zope.._Interface", ranges: open)).name == "zope-interface")
        #expect(try affected(record(ecosystem: "npm", package: "@Scope/A_b", ranges: open)).name == "@Scope/A_b")
    }

    @Test("Aliases are the CVEs first, without the record's own id; what is only related is none")
    func aliases() throws {
        let more = """
            "aliases": ["GHSA-aaaa-bbbb-cccc", "CVE-2024-1111", "OSV-1", "CVE-2024-1111"],
            "upstream": ["CVE-2024-2222"], "related": ["CVE-2024-3333"],
            """
        let text = record(ecosystem: "PyPI", more: more)
        #expect(
            try OSVFormat.read(text).advisories[0].aliases == [
                "CVE-2024-1111", "CVE-2024-2222", "GHSA-aaaa-bbbb-cccc",
            ])
    }

    @Test("A distribution's advisory fixes the CVEs that it calls related, or refers to")
    func distributionAliases() throws {
        let more = """
            "related": ["CVE-2024-3333", "UBUNTU-CVE-2024-3333"],
            "references": [{"type": "REPORT", "url": "https://access.redhat.com/security/cve/CVE-2022-36369"},
                           {"type": "REPORT", "url": "https://bugzilla.redhat.com/2170784"}],
            """
        for id in ["ALSA-2024:1", "DSA-5417-1", "RLSA-2024:1", "SUSE-SU-2024:1-1", "USN-1-1"] {
            let text = record(id: id, ecosystem: "AlmaLinux:9", more: more)
            #expect(try OSVFormat.read(text).advisories[0].aliases == ["CVE-2024-3333", "CVE-2022-36369"])
        }
        let own = try OSVFormat.read(record(id: "ALPINE-CVE-2023-46850", ecosystem: "Alpine:v3.18"))
        #expect(own.advisories[0].aliases == ["CVE-2023-46850"])
    }

    @Test(
        "The class of the update is in the id",
        arguments: [
            ("ALSA-2024:1", "security"), ("ALBA-2024:1", "bugfix"), ("ALEA-2024:1", "feature"),
            ("RLBA-2024:1", "bugfix"),
            ("RLEA-2024:1", "feature"), ("GHSA-aaaa-bbbb-cccc", "security"), ("PYSEC-2024-1", "security"),
        ])
    func updateClass(id: String, expected: String) throws {
        #expect(
            try OSVFormat.read(record(id: id, ecosystem: "npm")).advisories[0].updateClass.rawValue == expected)
    }

    @Test("A module stream stands only in the title, and only packages built for a module belong to it (trivy#741)")
    func modules() throws {
        let text = """
            {"id": "ALSA-2023:1", "modified": "2023-01-01T00:00:00Z",
             "summary": "Important: virt:rhel and virt-devel:rhel security update",
             "affected": [
               {"package": {"ecosystem": "AlmaLinux:8", "name": "qemu-kvm"},
                "ranges": [\(range(#"{"introduced": "0"}, {"fixed": "6.2.0-5.module_el8.6.0+2880+7d9e3703"}"#))]},
               {"package": {"ecosystem": "AlmaLinux:8", "name": "seabios"},
                "ranges": [\(range(#"{"introduced": "0"}, {"fixed": "1.16.0-1.el8"}"#))]}]}
            """
        let advisory = try #require(try OSVFormat.read(text).advisories.first)
        #expect(advisory.severity == "Important")
        #expect(advisory.affected.map(\.name) == ["qemu-kvm", "qemu-kvm", "seabios"])
        #expect(advisory.affected.map(\.module) == ["virt:rhel", "virt-devel:rhel", nil])
    }

    @Test("Vectors are kept as published, the publisher's word beside them")
    func severity() throws {
        let more = """
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
                         {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}],
            "database_specific": {"severity": "MODERATE", "cwe_ids": ["CWE-1"]},
            """
        let advisory = try #require(try OSVFormat.read(record(ecosystem: "npm", more: more)).advisories.first)
        #expect(advisory.severity == "MODERATE")
        #expect(
            advisory.cvss.map(\.vector) == [
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "AV:N/AC:L/Au:N/C:P/I:P/A:P",
            ])
        // A publisher's own part may have any shape.
        let odd = record(ecosystem: "npm", more: #""database_specific": ["odd"], "severity": [7],"#)
        #expect(try OSVFormat.read(odd).advisories[0].severity == "")
    }

    @Test("Debian's urgency and Ubuntu's priority are words, unimportant is a remark and no status")
    func distributionWords() throws {
        let text = """
            {"id": "DEBIAN-CVE-2024-1000", "modified": "2024-05-01T10:00:00Z", "affected": [
              {"package": {"ecosystem": "Debian:12", "name": "a"}, "ranges": [\(range(#"{"introduced": "0"}"#))],
               "ecosystem_specific": {"urgency": "not yet assigned"}},
              {"package": {"ecosystem": "Debian:11", "name": "a"}, "ranges": [\(range(#"{"introduced": "0"}"#))],
               "ecosystem_specific": {"urgency": "unimportant"}}]}
            """
        let advisory = try #require(try OSVFormat.read(text).advisories.first)
        #expect(advisory.severity == "unimportant")
        #expect(advisory.affected.map(\.remark) == ["", "unimportant"])
        #expect(advisory.affected.allSatisfy { $0.status == .affected })
        let ubuntu = text.replacingOccurrences(
            of: #""urgency": "not yet assigned""#, with: #""ubuntu_priority": "medium""#)
        #expect(try OSVFormat.read(ubuntu).advisories.first?.severity == "medium")
    }
}
