import FettleFeeds
import FettleIndex
import FettleModel
import FettleVersions
import Foundation
import Testing

@Suite("OVAL of Red Hat and AlmaLinux")
struct RedHatOVALTests {
    static let nine =
        "<affected_cpe_list><cpe>cpe:/a:redhat:enterprise_linux:9::appstream</cpe>"
        + "<cpe>cpe:/o:redhat:enterprise_linux:9::baseos</cpe></affected_cpe_list>"

    /// An advisory as Red Hat writes it: not of another system, of release 9, and one of its packages is older and
    /// signed.
    static func advisory(cpes: String = nine, extra: String = "") -> OVALFixture {
        var fixture = OVALFixture()
        let other = fixture.release("Red Hat Enterprise Linux must be installed", check: "none satisfy")
        let release = fixture.release("Red Hat Enterprise Linux 9 is installed")
        let module = fixture.file("Module oakjs:18 is enabled")
        let oak = fixture.package(
            "oak", "oak is earlier than 1:18.17.1-1.el9", ("less than", "1:18.17.1-1.el9"),
            architectures: "aarch64|x86_64")
        let elm = fixture.package(
            "elm", "elm is earlier than 0:3.0.1-1.el9", ("less than", "0:3.0.1-1.el9"), architectures: "aarch64|noarch")
        let signed = (fixture.signed("oak"), fixture.signed("elm"))
        fixture.define(
            "oval:com.redhat.rhsa:def:20314765", title: "RHSA-2031:4765: oak security update (Important)",
            metadata: OVALFixture.reference("RHSA", "RHSA-2031:4765") + OVALFixture.reference("CVE", "CVE-2031-1529")
                + "<advisory><severity>Important</severity><issued date=\"2031-05-27\"/><updated date=\"2031-05-28\"/>"
                + "<cve cvss3=\"7.5/CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\" public=\"20310520\">"
                + "CVE-2031-1529</cve>"
                + "<cve cvss3=\"8.8/CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H\">CVE-2031-1802</cve>"
                + "\(cpes)</advisory>",
            OVALFixture.any(
                other,
                OVALFixture.all(
                    release, module, extra,
                    OVALFixture.any(OVALFixture.all(oak, signed.0), OVALFixture.all(elm, signed.1)))))
        return fixture
    }

    @Test("An advisory is read with its CVEs, its dates and the published scores, the worst first")
    func readsAdvisory() throws {
        let sink = try OVALFormat.read(Self.advisory().text)
        let record = try #require(sink.advisories.first)
        #expect(record.id == "RHSA-2031:4765" && record.aliases == ["CVE-2031-1529", "CVE-2031-1802"])
        #expect(record.severity == "Important" && record.updateClass == .security)
        #expect(record.publishedAt == Timestamp("2031-05-27T00:00:00Z"))
        #expect(record.modifiedAt == Timestamp("2031-05-28T00:00:00Z"))
        #expect(record.cvss.map(\.publishedScore) == [8.8, 7.5])
        #expect(record.cvss.last?.vector == "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H")
        #expect(sink.newest == Timestamp("2031-08-17T00:34:31Z") && sink.skipped.isEmpty)
    }

    @Test("The tree is flattened: each package below its fix, in its release, for its architectures")
    func flattens() throws {
        let sink = try OVALFormat.read(Self.advisory().text)
        let oak = try #require(sink.said(of: "oak", in: "redhat:9").first)
        #expect(oak.fixed == "1:18.17.1-1.el9" && oak.architectures == ["aarch64", "x86_64"])
        let elm = try #require(sink.said(of: "elm", in: "redhat:9").first)
        #expect(elm.fixed == "3.0.1-1.el9", "a zero epoch is left out (grype#437)")
        #expect(elm.architectures.isEmpty, "noarch is installed everywhere")
        #expect(sink.advisories.flatMap(\.affected).count == 2)
    }

    @Test("A module's stream gates the fix (trivy#741, trivy#771)")
    func gatesByModule() throws {
        let sink = try OVALFormat.read(Self.advisory().text)
        #expect(sink.advisories.flatMap(\.affected).allSatisfy { $0.module == "oakjs:18" })
    }

    @Test("CPEs of extended support make an ecosystem of their own, though the criteria ask for release 9 (trivy#3576)")
    func keepsExtendedSupportApart() throws {
        let eus = "<affected_cpe_list><cpe>cpe:/a:redhat:rhel_eus:9.2::appstream</cpe></affected_cpe_list>"
        let sink = try OVALFormat.read(Self.advisory(cpes: eus).text)
        #expect(Set(sink.advisories.flatMap(\.affected).map(\.ecosystem.name)) == ["redhat:9.2:eus"])
    }

    @Test("A product upon a release is no part of the release")
    func keepsLayeredProductsApart() throws {
        let product =
            "<affected_cpe_list><cpe>cpe:/a:redhat:openstack:17.1::el9</cpe><cpe>cpe:/a:redhat:jboss:5</cpe>"
            + "</affected_cpe_list>"
        let sink = try OVALFormat.read(Self.advisory(cpes: product).text)
        #expect(Set(sink.advisories.flatMap(\.affected).map(\.ecosystem.name)) == ["redhat:9:openstack-17.1"])
    }

    @Test("A criterion that is not understood is named, and what depends on it is not taken as true")
    func namesWhatIsNotUnderstood() throws {
        let sink = try OVALFormat.read(
            Self.advisory(extra: "<criterion test_ref=\"tst:none\" comment=\"the moon is full\"/>").text)
        #expect(sink.advisories.first?.affected.isEmpty == true)
        #expect(sink.skipped.map(\.record) == ["RHSA-2031:4765"])
        #expect(sink.skipped.first?.reason.contains("the moon is full") == true)
    }

    @Test("Which kernel runs is judged elsewhere; several packages at once are left out, by name")
    func leavesLivePatchesOut() throws {
        var fixture = OVALFixture()
        let running = fixture.kernel("kernel earlier than 0:5-2.el9 is currently running")
        let booting = fixture.file("kernel earlier than 0:5-2.el9 is set to boot up on next boot")
        let kernel = fixture.package("kernel", "kernel is earlier than 0:5-2.el9", ("less than", "0:5-2.el9"))
        let exact = fixture.package("kernel", "kernel version equals 0:5-1.el9", ("equals", "0:5-1.el9"))
        let patch = fixture.package(
            "kpatch-patch-5-1", "kpatch-patch-5-1 is earlier than 0:1-6", ("less than", "0:1-6"))
        let release = fixture.release("Red Hat Enterprise Linux 9 is installed")
        let coreOS = fixture.release("Red Hat CoreOS 4 is installed")
        fixture.define(
            "d", title: "RHSA-2031:1: kernel", metadata: Self.nine,
            OVALFixture.all(
                OVALFixture.any(release, coreOS), OVALFixture.any(running, booting),
                OVALFixture.any(kernel, OVALFixture.all(exact, patch))))
        let sink = try OVALFormat.read(fixture.text)
        #expect(sink.advisories.flatMap(\.affected).map(\.fixed) == ["5-2.el9"])
        #expect(sink.skipped.first?.reason.contains("several packages at once") == true)
    }

    /// `including-unpatched` files: no fix, with Red Hat's word on it; and what is not affected.
    static func unpatched(resolution: String) -> OVALFixture {
        var fixture = OVALFixture()
        let release = fixture.release("Red Hat Enterprise Linux 9 is installed")
        let tar = fixture.package("tar", "tar is installed")
        let signed = fixture.signed("tar")
        let zlib = fixture.package("zlib", "zlib is installed")
        let noZlib = fixture.package("zlib", "zlib is not installed", existence: "none_exist")
        fixture.define(
            "oval:com.redhat.cve:def:20052541", class: "vulnerability", title: "CVE-2031-2541 tar: it warns too little",
            metadata: OVALFixture.reference("CVE", "CVE-2031-2541")
                + "<advisory><affected><resolution state=\"\(resolution)\">"
                + "<component>tar</component></resolution></affected>\(Self.nine)</advisory>",
            OVALFixture.all(release, tar, signed))
        fixture.define(
            "oval:com.redhat.unaffected:def:20052541", class: "vulnerability",
            title: "Unaffected components for: CVE-2031-2541 tar",
            metadata: OVALFixture.reference("CVE", "CVE-2031-2541") + Self.nine,
            OVALFixture.all(release, OVALFixture.any(OVALFixture.all(zlib, noZlib))))
        return fixture
    }

    @Test("What has no fix is affected in every version, with the publisher's word on it; what isn't affected says so")
    func readsUnpatched() throws {
        let sink = try OVALFormat.read(Self.unpatched(resolution: "Will not fix").text)
        let tar = try #require(sink.said(of: "tar", in: "redhat:9").first)
        #expect(tar.status == .affected && tar.remark == "will not fix" && tar.fixed == nil)
        #expect(tar.intervals == [VersionInterval(lower: nil, upper: nil)])
        #expect(sink.said(of: "zlib", in: "redhat:9").map(\.status) == [.notAffected])
    }

    @Test("Definitions of one CVE are joined into one record, as an index goes by ids")
    func joinsDefinitions() throws {
        let sink = try OVALFormat.read(Self.unpatched(resolution: "Affected").text)
        #expect(sink.advisories.map(\.id) == ["CVE-2031-2541"] && sink.advisories.first?.affected.count == 2)
    }

    @Test("Under investigation is neither affected nor not")
    func readsInvestigation() throws {
        let sink = try OVALFormat.read(Self.unpatched(resolution: "Under investigation").text)
        #expect(sink.said(of: "tar", in: "redhat:9").map(\.status) == [.underInvestigation])
    }

    @Test("Nothing crashes on damaged bytes", arguments: [1, 2, 3] as [UInt64])
    func survivesDamage(seed: UInt64) { OVALFormat.survivesDamage(Self.advisory().text, seed: seed) }

    @Test("Gates within gates, which multiply, come to an end")
    func boundsCombinations() throws {
        var fixture = OVALFixture()
        let modules = (1...3).map { fixture.file("Module oak:\($0) is enabled") }
        var criteria = fixture.package("oak", "oak is earlier than 0:1-1", ("less than", "0:1-1"))
        for _ in 0..<25 {
            let gates = OVALFixture.any(modules.joined())
            criteria = OVALFixture.all(gates, OVALFixture.any(gates, criteria))
        }
        fixture.define("d", title: "RHSA-2031:1", criteria)
        let sink = try OVALFormat.read(fixture.text)
        #expect(sink.skipped.contains { $0.reason.contains("more combinations") })
    }

    @Test("Criteria that are too deep, too many or none are refused or left out, and end")
    func boundsCriteria() throws {
        let deep = String(repeating: "<criteria operator=\"AND\">", count: 200)
        #expect(OVALFormat.refusal("<oval_definitions><definitions><definition>\(deep)")?.contains("deep") == true)
        var fixture = OVALFixture()
        fixture.define("d", title: "RHSA-2031:1", "")
        #expect(try OVALFormat.read(fixture.text).advisories.first?.affected.isEmpty == true)
        #expect(OVALFormat.refusal("<updates></updates>")?.contains("oval_definitions") == true)
    }
}

@Suite("OVAL of Debian and Ubuntu")
struct DebianOVALTests {
    static func debian() -> OVALFixture {
        var fixture = OVALFixture()
        let release = fixture.file("Debian 11 is installed")
        let everywhere = fixture.kernel("all architecture")
        for (number, name, version) in [(1, "oak", "0:1.3.5-1"), (2, "elm", "0:0"), (3, "ash", "0:2:7.4-1+deb11u1")] {
            let package = fixture.package(
                name, "\(name) DPKG is earlier than \(version)", ("less than", version), kind: "dpkginfo")
            fixture.define(
                "oval:org.debian:def:\(number)", class: "vulnerability", title: "CVE-2031-540\(number % 3) \(name)",
                metadata: "<affected><platform>Debian GNU/Linux 11</platform></affected>"
                    + OVALFixture.reference("CVE", "CVE-2031-540\(number % 2)"),
                OVALFixture.all(release, OVALFixture.any(OVALFixture.all(everywhere, package))))
        }
        let package = fixture.package(
            "ash", "ash DPKG is earlier than 7.4-1", ("less than", "0:7.4-1"), kind: "dpkginfo")
        fixture.define(
            "oval:org.debian:def:9", title: "DSA-5179-1 ash",
            metadata: OVALFixture.reference("CVE", "CVE-2031-5400") + "<debian><date>2031-07-08</date></debian>",
            OVALFixture.all(release, OVALFixture.any(OVALFixture.all(everywhere, package))))
        return fixture
    }

    @Test("Debian names source packages; fixed in version 0 means never affected")
    func readsDebian() throws {
        let sink = try OVALFormat.read(Self.debian().text)
        #expect(sink.said(of: "oak", in: "debian:11").map(\.fixed) == ["1.3.5-1"])
        #expect(sink.said(of: "elm", in: "debian:11").map(\.status) == [.notAffected])
        #expect(sink.advisories.first { $0.id == "DSA-5179-1" }?.aliases == ["CVE-2031-5400"])
        #expect(sink.advisories.first { $0.id == "DSA-5179-1" }?.publishedAt == Timestamp("2031-07-08T00:00:00Z"))
        #expect(sink.advisories.filter { $0.id == "CVE-2031-5401" }.map(\.affected.count) == [2])
    }

    static func ubuntu(platform: String = "Ubuntu 22.04 LTS", _ comments: [(String, String?)]) -> OVALFixture {
        var fixture = OVALFixture()
        let criteria = comments.map { comment, version in
            fixture.file(
                comment,
                state: version.map { "<subexpression operation=\"less than\">\n  \($0)</subexpression>" } ?? "")
        }
        fixture.define(
            "oval:com.ubuntu.jammy:def:1", class: "vulnerability", title: "CVE-2031-48795 on Ubuntu",
            metadata: "<affected><platform>\(platform)</platform></affected>"
                + OVALFixture.reference("CVE", "CVE-2031-48795")
                + "<advisory><severity>Medium</severity><public_date>2031-12-18 15:00:00 UTC</public_date><cve "
                + "priority=\"medium\" cvss_score=\"5.9\" cvss_vector=\"CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:N\">"
                + "CVE-2031-48795</cve></advisory>",
            "<criteria><criteria operator=\"OR\">\(criteria.joined())</criteria></criteria>")
        return fixture
    }

    static let comments: [(String, String?)] = [
        ("oak package in jammy was vulnerable but has been fixed (note: '1:8.9-3').", "1:8.9-3"),
        ("elm package in jammy is affected and needs fixing.", nil),
        ("ash package in jammy is affected, but a decision has been made to defer addressing it (note: 'x').", nil),
        ("fir package in jammy, is related to the CVE in some way and may need fixing.", nil),
        ("yew package in jammy is not affected.", nil),
        ("pine package in esm-apps/jammy was vulnerable but has been fixed (note: '2~esm1').", "0:2~esm1"),
    ]

    @Test("Ubuntu's comments name the source package and what became of it")
    func readsUbuntu() throws {
        let sink = try OVALFormat.read(Self.ubuntu(Self.comments).text)
        let record = try #require(sink.advisories.first)
        #expect(record.id == "CVE-2031-48795" && record.severity == "Medium")
        #expect(
            record.cvss == [CVSSRating(vector: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:H/A:N", publishedScore: 5.9)])
        #expect(record.publishedAt == Timestamp("2031-12-18T15:00:00Z"))
        let byName = Dictionary(grouping: record.affected.filter { $0.ecosystem.name == "ubuntu:22.04" }, by: \.name)
        #expect(byName["oak"]?.map(\.fixed) == ["1:8.9-3"])
        #expect(byName["elm"]?.first?.status == .affected && byName["elm"]?.first?.fixed == nil)
        #expect(byName["ash"]?.first?.remark == "deferred" && byName["ash"]?.first?.status == .affected)
        #expect(byName["fir"]?.first?.status == .underInvestigation)
        #expect(byName["yew"]?.first?.status == .notAffected)
    }

    @Test("A fix of Pro is one of Pro, and counts where it is installed (trivy#1663, trivy#3701, vuls#2645)")
    func keepsProApart() throws {
        let sink = try OVALFormat.read(Self.ubuntu(Self.comments).text)
        #expect(sink.said(of: "pine", in: "ubuntu:22.04:pro").map(\.fixed) == ["2~esm1"])
        let plain = try #require(sink.said(of: "pine", in: "ubuntu:22.04").first)
        #expect(plain.remark == "fixed in Ubuntu Pro only")
        #expect(plain.intervals.first?.contains("2~esm1", in: .dpkg) == false)
        #expect(plain.intervals.first?.contains("1", in: .dpkg) == true)
    }

    @Test("A document for certified builds speaks of their ecosystem")
    func keepsCertifiedBuildsApart() throws {
        let sink = try OVALFormat.read(
            Self.ubuntu(
                platform: "Ubuntu Pro FIPS-updates 22.04 LTS",
                [("oak package in fips-updates/jammy was vulnerable but has been fixed.", "1"), Self.comments[1]]
            ).text)
        #expect(Set(sink.advisories.flatMap(\.affected).map(\.ecosystem.name)) == ["ubuntu:22.04:fips-updates"])
    }

    @Test("A definition about a package with many CVEs becomes a record of each")
    func splitsPackageDefinitions() throws {
        var fixture = OVALFixture()
        let criteria = ["CVE-2031-1001", "CVE-2031-1002"].map {
            fixture.file(
                "(\($0)) oak package in jammy was vulnerable but has been fixed (note: '1').",
                state: "<subexpression operation=\"less than\">1</subexpression>")
        }
        fixture.define(
            "d", class: "vulnerability", title: "oak",
            metadata: OVALFixture.reference("Package", "oak") + "<advisory><cve priority=\"low\">CVE-2031-1001</cve>"
                + "<cve priority=\"high\">CVE-2031-1002</cve></advisory>", OVALFixture.any(criteria.joined()))
        let sink = try OVALFormat.read(fixture.text)
        #expect(sink.advisories.map(\.id) == ["CVE-2031-1001", "CVE-2031-1002"])
        #expect(
            sink.advisories.map(\.severity) == ["low", "high"] && sink.advisories.allSatisfy { $0.aliases.isEmpty })
    }

    @Test("A notice that names binary packages only keeps its name and says that its packages can't be matched")
    func readsNoticesByName() throws {
        var fixture = OVALFixture()
        let criterion = fixture.file(
            "Long Term Support", state: "<subexpression operation=\"less than\">1</subexpression>")
        fixture.define(
            "d", title: "USN-6561-1 -- oak vulnerability",
            metadata: OVALFixture.reference("USN", "USN-6561-1") + OVALFixture.reference("CVE", "CVE-2031-48795"),
            OVALFixture.any(criterion))
        let sink = try OVALFormat.read(fixture.text)
        #expect(sink.advisories.map(\.id) == ["USN-6561-1"] && sink.advisories.first?.affected.isEmpty == true)
        #expect(sink.skipped.first?.reason.contains("Long Term Support") == true)
    }

    @Test("Nothing crashes on damaged bytes", arguments: [1, 2] as [UInt64])
    func survivesDamage(seed: UInt64) {
        OVALFormat.survivesDamage(Self.debian().text, seed: seed)
        OVALFormat.survivesDamage(Self.ubuntu(Self.comments).text, seed: seed)
    }
}

@Suite("OVAL of Oracle and SUSE")
struct OracleOVALTests {
    static func oracle(_ version: String, series: String? = nil) -> OVALFixture {
        var fixture = OVALFixture()
        let release = fixture.package("oraclelinux-release", "Oracle Linux 8 is installed", nil, series: "^8")
        let arm = fixture.package(
            "oraclelinux-release", "Oracle Linux arch is aarch64", nil, architectures: "aarch64")
        let oak = fixture.package("oak", "oak is earlier than \(version)", ("less than", version), series: series)
        let signed = fixture.signed("oak")
        fixture.define(
            "oval:com.oracle.elsa:def:1", title: "ELSA-2031-0057:  Moderate: oak security update  (MODERATE)",
            metadata: OVALFixture.reference("elsa", "ELSA-2031-0057") + "<advisory><severity>MODERATE</severity>"
                + "<cve cvss2=\"7.8/AV:N/AC:L/Au:N/C:N/I:N/A:C\">CVE-2031-0493</cve></advisory>",
            OVALFixture.all(
                release, OVALFixture.any(OVALFixture.all(arm, OVALFixture.any(OVALFixture.all(oak, signed))))))
        return fixture
    }

    @Test("Oracle's gate is the host's architecture, so packages for any architecture are within")
    func readsOracle() throws {
        let sink = try OVALFormat.read(Self.oracle("0:1.3-2.el8").text)
        let oak = try #require(sink.said(of: "oak", in: "oracle:8").first)
        #expect(oak.fixed == "1.3-2.el8" && oak.architectures == ["aarch64", "noarch"])
        #expect(sink.advisories.first?.id == "ELSA-2031-0057")
        #expect(sink.advisories.first?.cvss.first?.vector == "AV:N/AC:L/Au:N/C:N/I:N/A:C")
    }

    @Test("Libraries for Ksplice and FIPS, with their higher epochs, are ecosystems of their own")
    func keepsKspliceApart() throws {
        #expect(try OVALFormat.read(Self.oracle("2:1.3-2.ksplice1.el8").text).said(of: "oak", in: "oracle:8").isEmpty)
        let fips = try OVALFormat.read(Self.oracle("10:1.3-2.el8_fips").text)
        #expect(fips.said(of: "oak", in: "oracle:8:fips").count == 1)
    }

    @Test("A kernel of one series is not judged by the fix of another")
    func keepsSeriesApart() throws {
        let sink = try OVALFormat.read(Self.oracle("0:4.1.12-124.el8uek", series: "4.1.12").text)
        let interval = try #require(sink.said(of: "oak", in: "oracle:8").first?.intervals.first)
        #expect(interval.contains("4.1.12-61.el8uek", in: .rpm) && !interval.contains("3.8.13-118.el8uek", in: .rpm))
    }

    @Test("SUSE's zero versions say affected without a fix, and not affected; its service packs and LTSS are releases")
    func readsSUSE() throws {
        var fixture = OVALFixture()
        let five = fixture.package(
            "sles-release", "SUSE Linux Enterprise Server 15 SP5 is installed", ("equals", "15.5"))
        let old = fixture.package(
            "sles-ltss-release", "SUSE Linux Enterprise Server 15 SP3-LTSS is installed", ("equals", "15.3"))
        let oak = fixture.package("oak", "oak-1.1-2 is installed", ("less than", "0:1.1-2"))
        let elm = fixture.package("elm", "elm is affected", ("greater than", "0:0-0"))
        let ash = fixture.package("ash", "ash is not affected", ("equals", "0:0-0"))
        fixture.define(
            "oval:org.opensuse.security:def:1", class: "vulnerability", title: "CVE-2031-2934",
            metadata: OVALFixture.reference("CVE", "CVE-2031-2934"),
            OVALFixture.any(OVALFixture.all(OVALFixture.any(five, old), OVALFixture.any(oak, elm, ash))))
        let sink = try OVALFormat.read(fixture.text)
        for ecosystem in ["suse:15.5", "suse:15.3:ltss"] {
            #expect(sink.said(of: "oak", in: ecosystem).map(\.fixed) == ["1.1-2"])
            #expect(sink.said(of: "elm", in: ecosystem).map(\.status) == [.affected])
            #expect(sink.said(of: "ash", in: ecosystem).map(\.status) == [.notAffected])
        }
    }
}
