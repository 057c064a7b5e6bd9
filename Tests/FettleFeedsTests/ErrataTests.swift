import FettleFeeds
import FettleIndex
import FettleModel
import Foundation
import Testing

@Suite("Errata of Rocky Linux and AlmaLinux")
struct ErrataTests {
    private let rocky = """
        {"advisories": [{"id": 8019, "name": "RLSA-2025:21816", "synopsis": "Moderate: delve security update", "kind": "Security",
           "severity": "Moderate", "published_at": "2025-11-27T09:11:22.820964+00:00", "red_hat_advisory_id": 1,
           "cves": [{"cve": "CVE-2025-58183", "cvss3_scoring_vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
                     "cvss3_base_score": "7.5"}, {"cve": "CVE-2025-58184", "cvss3_scoring_vector": "UNKNOWN"}],
           "packages": [
             {"nevra": "delve-0:1.25.2-1.el10_1.aarch64.rpm", "product_name": "Rocky Linux 10 aarch64", "module_name": null},
             {"nevra": "delve-0:1.25.2-1.el10_1.src.rpm", "product_name": "Rocky Linux 10 aarch64"},
             {"nevra": "delve-0:1.25.2-1.el10_1.x86_64.rpm", "product_name": "Rocky Linux 10 x86_64"},
             {"nevra": "hook-1:0.1.15-2.module+el8.4.0+557+48ba8b2f.x86_64.rpm", "product_name": "Rocky Linux 8.4 x86_64 (Legacy)",
              "module_name": "container-tools", "module_stream": "1.0"},
             {"nevra": "kernel-5.14-1.x86_64.rpm", "product_name": "Rocky SIG Cloud 8"}]}],
         "total": 1, "last_updated_at": "2025-11-27T09:00:19Z"}
        """
    private let alma = """
        {"schema_version": "1.0", "data": [{"id": "ALSA-2019:3708", "issued_date": 1572983623, "updated_date": 1651142818,
           "severity": "Moderate", "title": "Moderate: mariadb:10.3 security and bug fix update", "type": "security",
           "packages": [
             {"name": "Judy", "epoch": "0", "version": "1.0.5", "release": "18.module_el8.5.0+2632+14ced695", "arch": "x86_64",
              "module": "mariadb:10.3:8050020220427075058:c5368500:x86_64"},
             {"name": "Judy", "epoch": "0", "version": "1.0.5", "release": "18.module_el8.3.0+2028+5e3224e9", "arch": "i686",
              "module": "mariadb-devel:10.3:8030020210324132345:229f0a1c:x86_64"},
             {"name": "pcsc", "epoch": "2", "version": "1.8", "release": "4.el8_4", "arch": "x86_64"},
             {"name": "pcsc", "epoch": "2", "version": "1.8", "release": "4.el8_5", "arch": "s390x"},
             {"name": "pcsc", "epoch": "2", "version": "1.8", "release": "4.el8_4", "arch": "i686"}],
           "references": [{"id": "CVE-2019-2510", "type": "cve", "href": "https://vulners.com/cve/CVE-2019-2510"},
                          {"id": "ALSA-2019:3708", "type": "self", "href": "https://errata.almalinux.org/8/ALSA-2019-3708.html"}]}]}
        """

    @Test("Rocky's packages are brought together by name and module, of each release its own (trivy#771)")
    func rockyErrata() throws {
        #expect(RockyErrataFormat.recognises(Data(rocky.utf8)))
        let result = try RockyErrataFormat.read(rocky)
        let advisory = try #require(result.advisories.first)
        #expect(advisory.aliases == ["CVE-2025-58183", "CVE-2025-58184"])
        #expect(advisory.updateClass == .security)
        #expect(advisory.affected.map(\.ecosystem.name) == ["rocky:10", "rocky:8"])
        #expect(advisory.affected.map(\.fixed) == ["1.25.2-1.el10_1", "1:0.1.15-2.module+el8.4.0+557+48ba8b2f"])
        #expect(advisory.affected.map(\.module) == [nil, "container-tools:1.0"])
        #expect(advisory.affected.map(\.architectures) == [[], []])
        #expect(result.newest == time("2025-11-27T09:00:19Z"))
        #expect(result.skipped.isEmpty)
    }

    @Test("The vectors are those of the CVEs, not of the erratum")
    func vectors() throws {
        let result = try RockyErrataFormat.read(rocky)
        #expect(result.advisories.first?.cvss.isEmpty == true)
        #expect(result.weaknesses.map(\.id) == ["CVE-2025-58183"])
        #expect(result.weaknesses.first?.cvss.first?.publishedScore == 7.5)
    }

    @Test("AlmaLinux's errata name each package's stream; architectures are told apart where versions differ")
    func almaErrata() throws {
        #expect(AlmaErrataFormat.recognises(Data(alma.utf8)))
        let result = try AlmaErrataFormat.read(alma)
        let advisory = try #require(result.advisories.first)
        #expect(advisory.aliases == ["CVE-2019-2510"])
        #expect(advisory.publishedAt == time("2019-11-05T19:53:43Z"))
        #expect(
            advisory.affected.map { "\($0.name) \($0.fixed ?? "") \($0.module ?? "-") \($0.architectures)" } == [
                "Judy 1.0.5-18.module_el8.5.0+2632+14ced695 mariadb:10.3 []",
                "Judy 1.0.5-18.module_el8.3.0+2028+5e3224e9 mariadb-devel:10.3 []",
                #"pcsc 2:1.8-4.el8_4 - ["i686", "x86_64"]"#, #"pcsc 2:1.8-4.el8_5 - ["s390x"]"#,
            ])
        #expect(advisory.affected.allSatisfy { $0.ecosystem.name == "almalinux:8" })
    }

    @Test("Without an address of the erratum the packages' releases tell which AlmaLinux it is")
    func releaseByTag() throws {
        let text = alma.replacingOccurrences(of: "errata.almalinux.org/8", with: "example.org")
        #expect(try AlmaErrataFormat.read(text).advisories.first?.affected.first?.ecosystem.name == "almalinux:8")
    }

    @Test("What is malformed is skipped by name and its neighbours are kept")
    func malformed() throws {
        let page = rocky.replacingOccurrences(of: "kernel-5.14-1.x86_64.rpm", with: "kernel")
            .replacingOccurrences(of: #""advisories": ["#, with: #""advisories": [{}, 3, "#)
        let result = try RockyErrataFormat.read(page)
        #expect(result.advisories.count == 1)
        #expect(result.skipped.map(\.record) == ["record 1", "record 2", "RLSA-2025:21816, kernel"])
        let list = alma.replacingOccurrences(
            of: #""epoch": "2", "version": "1.8", "release": "4.el8_5""#,
            with: #""epoch": "x", "version": "1.8", "release": "4.el8_5""#)
        #expect(try AlmaErrataFormat.read(list).skipped.map(\.record) == ["ALSA-2019:3708, pcsc"])
        #expect(RockyErrataFormat.refusal("{")?.contains("no valid JSON") == true)
        #expect(AlmaErrataFormat.refusal("invalid")?.contains("no valid JSON") == true)
    }

    @Test("They are not taken for each other, nor for OSV")
    func apart() {
        let texts = [rocky, alma].map { Data($0.utf8) }
        #expect(texts.map(RockyErrataFormat.recognises) == [true, false])
        #expect(texts.map(AlmaErrataFormat.recognises) == [false, true])
        #expect(texts.map(OSVFormat.recognises) == [false, false])
    }

    @Test("Any bytes are read or refused, never fatal", arguments: [1, 2, 3] as [UInt64])
    func broken(seed: UInt64) {
        RockyErrataFormat.survivesDamage(rocky, seed: seed)
        AlmaErrataFormat.survivesDamage(alma, seed: seed)
    }
}
