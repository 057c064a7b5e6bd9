import FettleFeeds
import FettleIndex
import Foundation
import Testing

@Suite("CVE records")
struct CVETests {
    private func record(state: String = "PUBLISHED", exploitation: String = "active", more: String = "") -> String {
        """
        {"dataType": "CVE_RECORD", "containers": {
          "cna": {"metrics": [{"format": "CVSS", "cvssV3_1": {"version": "3.1", "baseScore": 8.6,
                     "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:N"}}],
                  "providerMetadata": {"orgId": "1", "shortName": "checkpoint"}},
          "adp": [
            {"title": "CVE Program Container", "providerMetadata": {"shortName": "CVE"}},
            {"title": "CISA ADP Vulnrichment", "providerMetadata": {"shortName": "CISA-ADP", "dateUpdated": "2024-08-02T00:00:00Z"},
             "metrics": [
               {"cvssV4_0": {"baseScore": 9, "vectorString": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"}},
               {"other": {"type": "ssvc", "content": {"options": [{"Exploitation": "\(exploitation)"}, {"Automatable": "yes"},
                 {"Technical Impact": "partial"}], "timestamp": "2024-05-31T04:00:11.841700Z"}}},
               {"other": {"type": "kev", "content": {"dateAdded": "2024-05-30", "reference": "https://example.org"}}}]}
            \(more)]},
         "cveMetadata": {"cveId": "CVE-2024-24919", "state": "\(state)", "datePublished": "2024-05-28T18:22:19.401Z",
                         "dateUpdated": "2024-08-01T23:36:20.565Z"}}
        """
    }

    @Test("Decision points, vectors by source and the KEV entry are read")
    func enriched() throws {
        let text = record()
        #expect(CVEFormat.recognises(Data(text.utf8)))
        let result = try CVEFormat.read(text)
        let weakness = try #require(result.weaknesses.first)
        #expect(weakness.publishedAt == time("2024-05-28T18:22:19.401Z"))
        #expect(weakness.cvss.map(\.source) == ["checkpoint", "CISA-ADP"])
        #expect(weakness.cvss.map(\.publishedScore) == [8.6, 9])
        #expect(weakness.cvss[1].vector.hasPrefix("CVSS:4.0/"))
        #expect(weakness.exploited?.addedAt == time("2024-05-30T00:00:00Z"))
        let decision = try #require(weakness.decision)
        #expect(decision.exploitation == .active && decision.isAutomatable && decision.technicalImpact == .partial)
        #expect(decision.decidedAt == time("2024-05-31T04:00:11.841Z"))
        #expect(result.newest == time("2024-08-02T00:00:00Z"))
        #expect(result.skipped.isEmpty)
    }

    @Test("A rejected number names no weakness and is kept as rejected")
    func rejected() throws {
        let weakness = try #require(try CVEFormat.read(record(state: "REJECTED")).weaknesses.first)
        #expect(weakness.isRejected)
        #expect(weakness.cvss.isEmpty && weakness.decision == nil && weakness.exploited == nil)
    }

    @Test("Decision points that cannot be read are told, and the rest of the record is kept")
    func unknownPoints() throws {
        let result = try CVEFormat.read(record(exploitation: "perhaps"))
        #expect(result.weaknesses.first?.decision == nil)
        #expect(result.weaknesses.first?.cvss.count == 2)
        #expect(result.skipped.map(\.record) == ["CVE-2024-24919, SSVC"])
    }

    @Test("Only CISA's own container says that CISA decided")
    func foreignPoints() throws {
        let text = record().replacingOccurrences(of: #""shortName": "CISA-ADP""#, with: #""shortName": "somebody""#)
        let weakness = try #require(try CVEFormat.read(text).weaknesses.first)
        #expect(weakness.decision == nil && weakness.exploited == nil)
        #expect(weakness.cvss.map(\.source) == ["checkpoint", "somebody"])
    }

    @Test("A malformed record is skipped by name, its neighbours in an array are kept")
    func malformed() throws {
        let broken = record().replacingOccurrences(of: "CVE-2024-24919", with: "EVIL")
        let result = try CVEFormat.read(
            "[\(record()), {}, \(broken), \(record(state: "LOST")), 7, \(record(more: ", 7"))]")
        #expect(result.weaknesses.count == 2)
        #expect(
            result.skipped.map(\.record) == [
                "record 2", "record 3", "CVE-2024-24919", "record 5", "CVE-2024-24919, a container",
            ])
        #expect(CVEFormat.refusal(String(record().dropLast(3)))?.contains("is cut off") == true)
        #expect(CVEFormat.refusal(" ") == "holds no CVE record")
    }

    @Test("Any bytes are read or refused, never fatal", arguments: [1, 2, 3] as [UInt64])
    func broken(seed: UInt64) {
        CVEFormat.survivesDamage(record(), seed: seed)
    }
}
