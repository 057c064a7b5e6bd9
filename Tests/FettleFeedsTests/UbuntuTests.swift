import FettleFeeds
import FettleIndex
import FettleVersions
import Foundation
import Testing

@Suite("Ubuntu's security notices and CVEs")
struct UbuntuTests {
    private let database = """
        {"6342-1": {"title": "Linux kernel vulnerabilities", "timestamp": 1693960302.5, "isummary": "Several.\\n",
          "cves": ["CVE-2023-20593", "https://launchpad.net/bugs/1"], "action": "reboot",
          "releases": {
            "bionic": {"sources": {"linux": {"version": "4.15.0-216.227", "description": "kernel"}},
                       "binaries": {"linux-image-generic": {"pocket": "esm-infra", "source": "linux", "version": "1"}}},
            "jammy": {"sources": {"linux": {"version": "5.15.0-83.92"}},
                      "binaries": {"linux-image": {"pocket": "security", "version": "1"}, "linux-tools": {"version": "1"}}},
            "xenial": {"sources": {"a": {"version": "1.0"}, "b": {"version": "2.0"}},
                       "binaries": {"a1": {"pocket": "esm-apps", "source": "a"}, "b1": {"pocket": "updates", "source": "b"}}}}}}
        """
    private let answer = """
        {"cves": [{"id": "CVE-2025-27556", "description": "\\nText", "priority": "medium", "status": "active",
           "published": "2025-04-02T10:00:00", "updated_at": "2025-04-02T19:59:15.332794+00:00",
           "impact": {"baseMetricV3": {"cvssV3": {"baseScore": 7.5, "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}}},
           "packages": [{"name": "python-django", "statuses": [
             {"release_codename": "bionic", "pocket": "esm-infra", "status": "released", "description": "1:1.11.11-1ubuntu1.21+esm9"},
             {"release_codename": "focal", "pocket": "security", "status": "needs-triage", "description": ""},
             {"release_codename": "jammy", "pocket": "security", "status": "ignored", "description": "end of life"},
             {"release_codename": "noble", "pocket": "security", "status": "not-affected", "description": "4.13.0-16.19"},
             {"release_codename": "oracular", "pocket": "security", "status": "DNE", "description": ""},
             {"release_codename": "trusty", "pocket": "fips-updates", "status": "needed", "description": ""},
             {"release_codename": "plucky", "pocket": "security", "status": "released", "description": "3:4.2.18-1ubuntu1.1"},
             {"release_codename": "upstream", "pocket": "security", "status": "released", "description": "5.0.14,5.1.8"}]}]}],
         "limit": 20, "offset": 0, "total_results": 1}
        """
    private let notices = """
        {"notices": [{"id": "USN-5000-1", "title": "Jinja2 vulnerabilities", "type": "USN", "published": "2021-06-23T01:17:50",
          "cves_ids": ["CVE-2021-1000"], "release_packages": {
            "focal": [{"name": "jinja2", "version": "2.10.1-2ubuntu0.2", "is_source": true},
                      {"name": "python3-jinja2", "version": "2.10.1-2ubuntu0.2", "is_source": false, "pocket": "security",
                       "source_link": "https://launchpad.net/ubuntu/+source/jinja2"}],
            "xenial": [{"name": "jinja2", "version": "2.8-1ubuntu0.1+esm2", "is_source": true},
                       {"name": "python3-jinja2", "version": "2.8-1ubuntu0.1+esm2", "is_source": false, "pocket": "esm-infra",
                        "source_link": "https://launchpad.net/ubuntu/+source/jinja2"}],
            "warty": [{"name": "libpng10-0", "version": "", "is_source": false}]}}]}
        """

    @Test("A notice affects sources below its versions, in the pocket that its binaries name (trivy#1663)")
    func databaseNotices() throws {
        #expect(USNFormat.recognises(Data(database.utf8)))
        let result = try USNFormat.read(database)
        let advisory = try #require(result.advisories.first)
        #expect(advisory.id == "USN-6342-1")
        #expect(advisory.aliases == ["CVE-2023-20593"])
        #expect(advisory.publishedAt == time("2023-09-06T00:31:42.500Z"))
        #expect(
            advisory.affected.map { "\($0.ecosystem) \($0.name) \($0.fixed ?? "")" } == [
                "ubuntu:18.04:pro linux 4.15.0-216.227", "ubuntu:22.04 linux 5.15.0-83.92", "ubuntu:16.04:pro a 1.0",
                "ubuntu:16.04 b 2.0",
            ])
        #expect(result.skipped.isEmpty)
    }

    @Test("A malformed notice is skipped by name, a database that is cut off is refused")
    func malformedNotices() throws {
        let text = #"{"1-1": 7, "x": {}, "2-1": {"releases": {"zurg": {"sources": {"a": {"version": "1"}, "b": {}}}}}}"#
        let result = try USNFormat.read(text)
        #expect(result.advisories.map(\.id) == ["USN-2-1"])
        #expect(result.skipped.map(\.record) == ["USN-1-1", "notice 2", "release zurg", "USN-2-1 zurg b"])
        #expect(USNFormat.refusal(String(database.dropLast(3)))?.contains("is cut off") == true)
    }

    @Test("Each status of a CVE says what it says, in the pocket it is said of")
    func statuses() throws {
        #expect(UbuntuCVEFormat.recognises(Data(answer.utf8)))
        let result = try UbuntuCVEFormat.read(answer)
        let advisory = try #require(result.advisories.first)
        #expect(advisory.severity == "medium")
        #expect(advisory.summary == "Text")
        #expect(advisory.cvss.map(\.publishedScore) == [7.5])
        let every = [VersionInterval(lower: nil, upper: nil)]
        let packages = Dictionary(uniqueKeysWithValues: advisory.affected.map { ($0.ecosystem.name, $0) })
        #expect(packages["ubuntu:18.04:pro"]?.fixed == "1:1.11.11-1ubuntu1.21+esm9")
        #expect(packages["ubuntu:20.04"]?.status == .underInvestigation)
        #expect(packages["ubuntu:22.04"]?.intervals == every)
        #expect(packages["ubuntu:22.04"]?.remark == "ignored")
        #expect(packages["ubuntu:24.04"]?.status == .notAffected)
        #expect(packages["ubuntu:14.04:fips-updates"]?.intervals == every)
        #expect(packages["ubuntu:25.04"]?.fixed == "3:4.2.18-1ubuntu1.1")
        #expect(packages.count == 6)
        #expect(result.skipped.isEmpty)
    }

    @Test("One CVE by itself is read too, a rejected one names no weakness")
    func singleIssue() throws {
        let text =
            #"{"id": "CVE-2024-1000", "notices_ids": [], "priority": "low", "status": "rejected", "packages": []}"#
        #expect(UbuntuCVEFormat.recognises(Data(text.utf8)))
        let result = try UbuntuCVEFormat.read(text)
        #expect(result.advisories.isEmpty)
        #expect(result.weaknesses.map(\.isRejected) == [true])
    }

    @Test("A status that is not known, and a release without a version, are told")
    func malformedStatuses() throws {
        let text = answer.replacingOccurrences(of: "needs-triage", with: "strange")
            .replacingOccurrences(of: "3:4.2.18-1ubuntu1.1", with: "soon, perhaps")
        let result = try UbuntuCVEFormat.read(text)
        #expect(result.advisories.first?.affected.count == 4)
        #expect(
            result.skipped.map(\.record) == [
                "CVE-2025-27556 python-django ubuntu:20.04", "CVE-2025-27556 python-django ubuntu:25.04",
            ])
    }

    @Test("A notice of the API affects the sources that it names; the oldest name none")
    func apiNotices() throws {
        #expect(UbuntuNoticeFormat.recognises(Data(notices.utf8)))
        let result = try UbuntuNoticeFormat.read(notices)
        let advisory = try #require(result.advisories.first)
        #expect(advisory.aliases == ["CVE-2021-1000"])
        #expect(
            advisory.affected.map { "\($0.ecosystem) \($0.name) \($0.fixed ?? "")" } == [
                "ubuntu:20.04 jinja2 2.10.1-2ubuntu0.2", "ubuntu:16.04:pro jinja2 2.8-1ubuntu0.1+esm2",
            ])
        #expect(result.skipped.isEmpty)
    }

    @Test("A livepatch mends no package")
    func livepatches() throws {
        let text = notices.replacingOccurrences(of: #""type": "USN""#, with: #""type": "LSN""#)
        #expect(try UbuntuNoticeFormat.read(text).advisories[0].affected.isEmpty)
    }

    @Test("The three forms are not taken for each other, nor for OSV")
    func apart() {
        let texts = [database, answer, notices].map { Data($0.utf8) }
        #expect(texts.map(USNFormat.recognises) == [true, false, false])
        #expect(texts.map(UbuntuCVEFormat.recognises) == [false, true, false])
        #expect(texts.map(UbuntuNoticeFormat.recognises) == [false, false, true])
        #expect(texts.map(OSVFormat.recognises) == [false, false, false])
        #expect(texts.map(DebianTrackerFormat.recognises) == [false, false, false])
    }

    @Test("Any bytes are read or refused, never fatal", arguments: [1, 2, 3] as [UInt64])
    func broken(seed: UInt64) {
        USNFormat.survivesDamage(database, seed: seed)
        UbuntuCVEFormat.survivesDamage(answer, seed: seed)
        UbuntuNoticeFormat.survivesDamage(notices, seed: seed)
    }
}
