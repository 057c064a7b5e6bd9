import FettleFeeds
import FettleIndex
import FettleModel
import FettleVersions
import Foundation
import Testing

@Suite("OpenVEX of Ubuntu")
struct OpenVEXTests {
    static func document(_ statements: String...) -> String {
        """
        {"metadata": {"@context": "https://openvex.dev/ns/v0.2.0", "author": "Canonical Ltd.",
          "timestamp": "2031-02-06T16:37:20.173026", "version": 1},
         "statements": [\(statements.joined(separator: ","))]}
        """
    }

    static func statement(_ name: String, _ status: String, _ products: String..., extra: String = "") -> String {
        """
        {"vulnerability": {"@id": "x", "name": "\(name)", "description": "Oak leaks.\\nMore.",
          "aliases": ["CVE-2031-45060", "https://example.org/CVE-2031-1"]}, "timestamp": "2031-02-05 02:44:10.025070",
         "products": [\(products.map { "{\"@id\": \"\($0)\"}" }.joined(separator: ","))], "status": "\(status)"\(extra)}
        """
    }

    static let notice = document(
        statement(
            "USN-7372-1", "fixed", "pkg:deb/ubuntu/oak@5.2.1-1ubuntu0.1?arch=source&distro=jammy",
            "pkg:deb/ubuntu/elm@1%2B2-1ubuntu0.1+esm1?arch=source&distro=esm-apps/bionic",
            "pkg:deb/ubuntu/liboak@5.2.1-1ubuntu0.1?arch=amd64"),
        statement(
            "CVE-2031-0167", "affected", "pkg:deb/ubuntu/oak@8.5-2?arch=source&distro=noble",
            extra: ", \"action_statement\": \"A decision has been made to defer addressing it.\""),
        statement(
            "CVE-2031-0167", "not_affected",
            "pkg:deb/ubuntu/oak@7.35-1+esm18?arch=source&distro=esm-infra-legacy/trusty"),
        statement("CVE-2031-0168", "under_investigation", "pkg:deb/ubuntu/oak@8?arch=source&distro=fips-updates/jammy"))

    @Test("A notice is read with its aliases, its date and its source packages; binary packages say no release")
    func readsNotice() throws {
        let sink = try OpenVEXFormat.read(Self.notice)
        let record = try #require(sink.advisories.first)
        #expect(record.id == "USN-7372-1" && record.aliases == ["CVE-2031-45060"] && record.summary == "Oak leaks.")
        #expect(record.publishedAt == Timestamp("2031-02-05T02:44:10.025Z"))
        #expect(sink.said(of: "oak", in: "ubuntu:22.04").map(\.fixed) == ["5.2.1-1ubuntu0.1"])
        #expect(!record.affected.contains { $0.name == "liboak" })
    }

    @Test("A fix of Pro is one of Pro, and counts where it is installed (trivy#1663, vuls#2645)")
    func keepsProApart() throws {
        let sink = try OpenVEXFormat.read(Self.notice)
        #expect(sink.said(of: "elm", in: "ubuntu:18.04:pro").map(\.fixed) == ["1+2-1ubuntu0.1+esm1"])
        let plain = try #require(sink.said(of: "elm", in: "ubuntu:18.04").first)
        #expect(plain.remark == "fixed in Ubuntu Pro only")
        #expect(plain.intervals.first?.contains("1+2-1ubuntu0.1+esm1", in: .dpkg) == false)
    }

    @Test("Statements of one vulnerability are one record, each with its status in its release")
    func joinsStatements() throws {
        let sink = try OpenVEXFormat.read(Self.notice)
        #expect(sink.advisories.map(\.id) == ["USN-7372-1", "CVE-2031-0167", "CVE-2031-0168"])
        let affected = try #require(sink.said(of: "oak", in: "ubuntu:24.04").first)
        #expect(affected.status == .affected && affected.fixed == nil && affected.remark == "deferred")
        #expect(affected.intervals == [VersionInterval(lower: nil, upper: nil)], "the version is only the current one")
        #expect(sink.said(of: "oak", in: "ubuntu:14.04:pro").map(\.status) == [.notAffected])
        #expect(sink.said(of: "oak", in: "ubuntu:22.04:fips-updates").map(\.status) == [.underInvestigation])
    }

    @Test("A document without statements says nothing and is read; a malformed statement is skipped")
    func readsEmptyDocuments() throws {
        #expect(try OpenVEXFormat.read(Self.document()).advisories.isEmpty)
        let sink = try OpenVEXFormat.read(
            Self.document("{\"status\": \"fixed\"}", Self.statement("CVE-2031-1", "fixed")))
        #expect(sink.skipped.count == 1 && sink.advisories.count == 1)
        #expect(OpenVEXFormat.refusal("{\"metadata\": {}}")?.contains("'statements' is missing") == true)
        #expect(OpenVEXFormat.recognises(Data(Self.notice.utf8)) && !OpenVEXFormat.recognises(Data("{}".utf8)))
    }

    @Test("Nothing crashes on damaged bytes", arguments: [1, 2] as [UInt64])
    func survivesDamage(seed: UInt64) { OpenVEXFormat.survivesDamage(Self.notice, seed: seed) }
}
