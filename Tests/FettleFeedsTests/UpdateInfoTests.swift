import FettleFeeds
import FettleIndex
import FettleModel
import FettleVersions
import Foundation
import Testing

@Suite("updateinfo.xml of an rpm repository")
struct UpdateInfoTests {
    /// Hand-written in the form of AlmaLinux's repositories.
    static let alma = """
        <?xml version="1.0" encoding="UTF-8"?>
        <!-- made up -->
        <updates>
          <update from="packager@almalinux.org" status="final" type="security" version="1">
            <id>ALSA-2031:1001</id>
            <title>Important: oakroot security update</title>
            <issued date="2031-06-08 00:00:00"/>
            <updated date="2031-06-09 17:32:16"/>
            <release>0</release>
            <severity>Important</severity>
            <description>Text with <![CDATA[<marks>]]> &amp; more.</description>
            <references>
              <reference href="x" id="RHSA-2031:1001" type="rhsa" title="RHSA-2031:1001"/>
              <reference href="x" id="CVE-2031-11111" type="cve" title="CVE-2031-11111"/>
              <reference href="x" id="CVE-2031-11112" type="cve" title=""/>
              <reference href="x" id="CVE-2031-11112" type="cve" title=""/>
            </references>
            <pkglist><collection short="almalinux-9-for-x86_64-baseos-rpms__9_1_default">
              <name>almalinux-9-for-x86_64-baseos-rpms__9_1_default</name>
              <package name="oakroot" version="5.2.5" release="8.el9_0" epoch="0" arch="x86_64" src="s">
                <filename>f</filename><sum type="sha256">00</sum></package>
              <package name="oakroot" version="5.2.5" release="8.el9_0" epoch="0" arch="i686" src="s"/>
              <package name="oakroot" version="5.2.5" release="8.el9_0" epoch="0" arch="src" src="s"/>
              <package name="oakroot-doc" version="5.2.5" release="8.el9_0" arch="noarch" src="s"/>
              <package name="elmtree" version="1.18.2" release="1.el9" epoch="1" arch="x86_64" src="s"/>
            </collection></pkglist>
          </update>
          <update from="packager@almalinux.org" status="final" type="bugfix" version="1">
            <id>ALBA-2031:1002</id><title>curl bugfix update</title><severity>None</severity>
            <pkglist><collection short="almalinux-9-for-x86_64-baseos-rpms__9_default"><name>n</name>
              <package name="twig" version="1" release="1.el9" epoch="0" arch="x86_64"/>
            </collection></pkglist>
          </update>
        </updates>
        """

    /// One notice with one package.
    static func notice(
        from: String = "", id: String = "X-1", title: String = "t", release: String = "", name: String = "",
        short: String = "", packageRelease: String = "1", module: String = "", version: String = "1.0"
    ) -> String {
        """
        <updates><update from="\(from)" type="security"><id>\(id)</id><title>\(title)</title>
        <release>\(release)</release>
        <pkglist><collection short="\(short)"><name>\(name)</name>\(module)
        <package name="oak" epoch="0" version="\(version)" release="\(packageRelease)" arch="x86_64"/>
        </collection></pkglist></update></updates>
        """
    }

    @Test("A notice is read with its class, severity, dates and CVEs")
    func readsNotice() throws {
        let sink = try UpdateInfoFormat.read(Self.alma)
        #expect(sink.advisories.map(\.id) == ["ALSA-2031:1001", "ALBA-2031:1002"])
        let first = try #require(sink.advisories.first)
        #expect(first.aliases == ["CVE-2031-11111", "CVE-2031-11112"])
        #expect(first.updateClass == .security && first.severity == "Important")
        #expect(first.publishedAt == Timestamp("2031-06-08T00:00:00Z"))
        #expect(first.modifiedAt == Timestamp("2031-06-09T17:32:16Z"))
        #expect(first.summary == "Important: oakroot security update")
        #expect(sink.advisories[1].updateClass == .bugfix && sink.advisories[1].severity.isEmpty)
        #expect(sink.skipped.isEmpty)
    }

    @Test("An epoch of 0 is left out, whether the feed writes it or not (grype#437), and any other kept")
    func normalisesEpoch() throws {
        let sink = try UpdateInfoFormat.read(Self.alma)
        #expect(sink.said(of: "oakroot", in: "almalinux:9").map(\.fixed) == ["5.2.5-8.el9_0"])
        #expect(sink.said(of: "oakroot-doc", in: "almalinux:9").map(\.fixed) == ["5.2.5-8.el9_0"])
        #expect(sink.said(of: "elmtree", in: "almalinux:9").map(\.fixed) == ["1:1.18.2-1.el9"])
        let interval = try #require(sink.said(of: "elmtree", in: "almalinux:9").first?.intervals.first)
        #expect(interval.contains("1:1.18.2-0.el9", in: .rpm) && !interval.contains("1:1.18.2-1.el9", in: .rpm))
    }

    @Test("Architectures of one package are one entry; sources are left out, and noarch is any")
    func groupsArchitectures() throws {
        let sink = try UpdateInfoFormat.read(Self.alma)
        #expect(sink.said(of: "oakroot", in: "almalinux:9").map(\.architectures) == [["i686", "x86_64"]])
        #expect(sink.said(of: "oakroot-doc", in: "almalinux:9").map(\.architectures) == [[]])
    }

    @Test(
        "The distribution is told by publisher, then id, then names; the release by names, then by the tag",
        arguments: [
            (notice(from: "releng@rockylinux.org", id: "RHSA-2031:1", packageRelease: "2.el8_6"), "rocky:8"),
            (notice(id: "ALSA-2031:1", packageRelease: "2.el9_1"), "almalinux:9"),
            (notice(from: "me@example.org", id: "ELSA-2031-1", name: "ol8_appstream"), "oracle:8"),
            (notice(id: "OWN-1", release: "Rocky Linux 9"), "rocky:9"),
            (notice(from: "updates@fedoraproject.org", id: "FEDORA-2031-abc", release: "Fedora 43"), "fedora:43"),
            (notice(from: "updates@fedoraproject.org", id: "FEDORA-EPEL-2031-abc", short: "EL-6"), "epel:6"),
            (notice(id: "FEDORA-2031-abc", packageRelease: "1.fc40"), "fedora:40"),
            (notice(id: "ALAS-2031-1", name: "Amazon Linux AMI"), "amazon:1"),
            (notice(id: "ALAS2-2031-1", name: "Amazon Linux 2"), "amazon:2"),
            (notice(id: "ALAS2023-2031-1", packageRelease: "3.amzn2023.0.2"), "amazon:2023"),
            (notice(id: "ALAS2KERNEL-5.15-2031-1", name: "Amazon Linux 2 - Kernel-5.15"), "amazon:2:kernel-5.15"),
            (notice(id: "ALAS2KERNEL-5.15-2031-1", packageRelease: "2.amzn2"), "amazon:2:kernel-5.15"),
            (notice(id: "RLSA-2031:1", short: "rocky-linux-9-x86-64-baseos-rpms"), "rocky:9"),
            (
                notice(from: "secalert@redhat.com", id: "RHSA-2031:1", name: "rhel-9-for-x86_64-baseos-rpms"),
                "redhat:9"
            ),
            (
                notice(
                    from: "secalert@redhat.com", id: "RHSA-2031:1",
                    short: "rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2", packageRelease: "1.el9_2"), "redhat:9.2:eus"
            ),
            (notice(from: "maint-coord@suse.de", id: "SUSE-SLE-Module-Basesystem-15-SP5-2031-26"), "suse:15.5"),
            (notice(from: "maint-coord@suse.de", id: "openSUSE-SLE-15.5-2031-26"), "opensuse:15.5"),
            (notice(id: "openEuler-SA-2031-1", release: "openEuler-22.03-LTS-SP1"), "openeuler:22.03-lts-sp1"),
        ])
    func tellsEcosystem(document: String, expected: String) throws {
        let sink = try UpdateInfoFormat.read(document)
        #expect(sink.advisories.first?.affected.first?.ecosystem.name == expected)
    }

    @Test("A minor release under extended support is no release that goes on (trivy#3576)")
    func keepsExtendedSupportApart() throws {
        let sink = try UpdateInfoFormat.read(
            Self.notice(
                from: "secalert@redhat.com", id: "RHSA-2031:1", short: "rhel-8-for-x86_64-baseos-eus-rpms",
                packageRelease: "1.el8_6"))
        #expect(sink.said(of: "oak", in: "redhat:8").isEmpty)
        #expect(sink.said(of: "oak", in: "redhat:8.6:eus").count == 1)
    }

    @Test("A document whose distribution can't be told is refused, with what would be right")
    func refusesUnplaced() {
        let message = UpdateInfoFormat.refusal(
            Self.notice(from: "me@example.org", id: "MINE-7", packageRelease: "1.el9"))
        #expect(message?.contains("MINE-7") == true && message?.contains("<release>") == true)
    }

    @Test("A notice without a place among others is skipped by its id")
    func skipsUnplaced() throws {
        let both = Self.alma.replacing(
            "</updates>",
            with: "<update type=\"security\"><id>MINE-7</id><pkglist><collection><package name=\"a\" version=\"1\" "
                + "release=\"1\" arch=\"x86_64\"/></collection></pkglist></update></updates>")
        let sink = try UpdateInfoFormat.read(both)
        #expect(sink.skipped.map(\.record) == ["MINE-7"] && sink.advisories.count == 2)
    }

    @Test("A module's stream gates its fix, by the collection or by the title (trivy#741, trivy#771)")
    func gatesByModule() throws {
        let element = "<module name=\"nodejs\" stream=\"18\" version=\"9\" context=\"c\" arch=\"x86_64\"/>"
        let byElement = try UpdateInfoFormat.read(Self.notice(id: "ALSA-2031:1", short: "almalinux-9", module: element))
        #expect(byElement.advisories.first?.affected.first?.module == "nodejs:18")
        let byTitle = try UpdateInfoFormat.read(
            Self.notice(
                id: "ALSA-2031:1", title: "Moderate: nodejs:18 security update", short: "almalinux-9",
                packageRelease: "1.module_el9.2.0+36"))
        #expect(byTitle.advisories.first?.affected.first?.module == "nodejs:18")
    }

    @Test("A modular package whose stream isn't named is unknown, never affected in all streams")
    func leavesUnnamedStreamsUnknown() throws {
        let sink = try UpdateInfoFormat.read(
            Self.notice(
                id: "RLSA-2031:1", title: "Moderate: mariadb security update", release: "Rocky Linux 9",
                packageRelease: "2.module+el9.1.0+13358+56c3b6a3"))
        #expect(sink.advisories.first?.affected.map(\.status) == [.unknown])
    }

    @Test("Fedora's CVEs are taken from the titles of its bug reports")
    func takesCVEsFromTitles() throws {
        let sink = try UpdateInfoFormat.read(
            Self.notice(id: "FEDORA-2031-a", release: "Fedora 43").replacing(
                "<pkglist>",
                with:
                    "<references><reference id=\"1\" type=\"bugzilla\" title=\"TRIAGE CVE-2031-24989 oak leaks\"/>"
                    + "</references><pkglist>"))
        #expect(sink.advisories.first?.aliases == ["CVE-2031-24989"])
    }

    @Test("A retracted update is kept by name as withdrawn")
    func readsRetraction() throws {
        let text = Self.alma.replacing(
            "status=\"final\" type=\"security\"", with: "status=\"retracted\" type=\"security\"")
        let first = try #require(try UpdateInfoFormat.read(text).advisories.first)
        #expect(first.withdrawnAt == Timestamp("2031-06-09T17:32:16Z"))
    }

    @Test("A package with a malformed version is skipped, and the others are kept")
    func skipsMalformedPackages() throws {
        let text = Self.alma.replacing("version=\"1.18.2\"", with: "version=\"1 18\"")
        let sink = try UpdateInfoFormat.read(text)
        #expect(sink.skipped.map(\.record) == ["ALSA-2031:1001 elmtree"])
        #expect(sink.said(of: "oakroot", in: "almalinux:9").count == 1)
    }

    @Test("Documents are told apart by their first element, not by a file's name")
    func recognises() {
        #expect(UpdateInfoFormat.recognises(Data(Self.alma.utf8)))
        #expect(!UpdateInfoFormat.recognises(Data("<oval_definitions>".utf8)))
        #expect(!UpdateInfoFormat.recognises(Data("{}".utf8)) && !UpdateInfoFormat.recognises(Data()))
    }

    @Test("Entities, other encodings, deep nesting and cut-off documents are refused with a reason")
    func refusesHostileDocuments() throws {
        let bomb =
            "<?xml version=\"1.0\"?><!DOCTYPE u [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><updates>&b;</updates>"
        #expect(UpdateInfoFormat.refusal(bomb)?.contains("DOCTYPE") == true)
        #expect(UpdateInfoFormat.refusal("<?xml version='1.0' encoding='UTF-7'?><updates/>")?.contains("utf-7") == true)
        let deep = String(repeating: "<a>", count: 100_000)
        #expect(UpdateInfoFormat.refusal("<updates>\(deep)")?.contains("128 deep") == true)
        #expect(UpdateInfoFormat.refusal(String(Self.alma.dropLast(12)))?.contains("cut off") == true)
        #expect(UpdateInfoFormat.refusal("<rss></rss>")?.contains("<updates>") == true)
        #expect(UpdateInfoFormat.refusal("")?.contains("XML") == true)
        #expect(throws: FeedError.self) { try UpdateInfoFormat.read(Data([0xFE, 0xFF, 0x00, 0x3C, 0x00, 0x75])) }
    }

    @Test("A document larger than the parser's own window is read whole")
    func readsLargeDocuments() throws {
        let filler = String(
            repeating: "<update from=\"x@almalinux.org\"><id>ALSA-1</id><description>"
                + String(repeating: "long text ", count: 1000) + "</description></update>", count: 1200)
        let sink = try UpdateInfoFormat.read("<updates>\(filler)</updates>")
        #expect(sink.advisories.count == 1200)
    }

    @Test("Nothing crashes on damaged bytes", arguments: [1, 2, 3] as [UInt64])
    func survivesDamage(seed: UInt64) { UpdateInfoFormat.survivesDamage(Self.alma, seed: seed) }
}

@Suite("Dates of vendors' feeds")
struct VendorDatesTests {
    @Test(
        "Dates in all shapes",
        arguments: [
            ("2031-06-08", "2031-06-08T00:00:00Z"), ("2011-09-27 22:46", "2011-09-27T22:46:00Z"),
            ("2023-12-18 15:00:00 UTC", "2023-12-18T15:00:00Z"), ("1357225214", "2013-01-03T15:00:14Z"),
            ("2024-04-28T03:08:14+02:00", "2024-04-28T01:08:14Z"), ("20221018", "2022-10-18T00:00:00Z"),
            ("2025-03-26T17:08:28.810633", "2025-03-26T17:08:28.810Z"), ("2024-02-29", "2024-02-29T00:00:00Z"),
        ])
    func readsDates(text: String, expected: String) throws {
        let document = UpdateInfoTests.notice(id: "ALSA-1", short: "almalinux-9")
            .replacing("<pkglist>", with: "<issued date=\"\(text)\"/><pkglist>")
        #expect(try UpdateInfoFormat.read(document).advisories.first?.publishedAt == Timestamp(expected))
    }

    @Test(
        "What is no date is none",
        arguments: [
            "", "yesterday", "2023-02-29", "2031-13-01", "2031-06-08 25:00", "99999999999999999999", "2031-6-8",
        ])
    func refusesOtherText(text: String) throws {
        let document = UpdateInfoTests.notice(id: "ALSA-1", short: "almalinux-9")
            .replacing("<pkglist>", with: "<issued date=\"\(text)\"/><pkglist>")
        #expect(try UpdateInfoFormat.read(document).advisories.first?.publishedAt == nil)
    }
}
