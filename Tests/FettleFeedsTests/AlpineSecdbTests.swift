import FettleFeeds
import FettleIndex
import FettleVersions
import Foundation
import Testing

@Suite("Alpine's secdb")
struct AlpineSecdbTests {
    private func database(_ secfixes: String, release: String = "v3.16") -> String {
        """
        {"distroversion": "\(release)", "reponame": "main", "urlprefix": "https://dl-cdn.alpinelinux.org/alpine",
         "packages": [{"pkg": {"name": "openssl", "secfixes": \(secfixes)}}]}
        """
    }

    private func advisories(_ secfixes: String) throws -> [AdvisoryRecord] {
        try AlpineSecdbFormat.read(database(secfixes)).advisories
    }

    @Test("A record for each package and CVE, affected below the version that fixes it")
    func records() throws {
        let text = database(#"{"1.1.1a-r0": ["CVE-2018-0734", "CVE-2018-0735"], "3.0.2-r0": ["CVE-2022-0778"]}"#)
        #expect(AlpineSecdbFormat.recognises(Data(text.utf8)))
        let advisories = try AlpineSecdbFormat.read(text).advisories
        #expect(advisories.map(\.id) == ["CVE-2018-0734", "CVE-2018-0735", "CVE-2022-0778"])
        #expect(advisories[2].affected[0].ecosystem.name == "alpine:3.16")
        #expect(advisories[2].affected[0].fixed == "3.0.2-r0")
    }

    @Test("Fixed at 0 was never affected")
    func neverAffected() throws {
        let package = try #require(try advisories(#"{"0": ["CVE-2019-1543"]}"#).first?.affected.first)
        #expect(package.status == .notAffected)
    }

    @Test("Where several versions fix a CVE, the last one does; a 0 beside it says nothing")
    func fixedTwice() throws {
        let package = try #require(
            try advisories(#"{"1.9-r0": ["CVE-2024-1000"], "1.10-r0": ["CVE-2024-1000"], "0": ["CVE-2024-1000"]}"#)
                .first?.affected.first)
        #expect(package.status == .affected)
        #expect(package.fixed == "1.10-r0")
    }

    @Test("A line may hold several ids, and notes")
    func lines() throws {
        let advisories = try advisories(
            """
            {"1.0-r0": ["CVE-2019-1000 (+ regression fix)", "CVE-2021-1001 CVE-2021-1002", "CVE-2020-1003 GHSA-aaaa-bbbb-cccc",
                        "XSA-123", "CVE-2019-1000"]}
            """)
        #expect(
            advisories.map(\.id) == ["CVE-2019-1000", "CVE-2020-1003", "CVE-2021-1001", "CVE-2021-1002", "XSA-123"])
        #expect(advisories[1].aliases == ["GHSA-aaaa-bbbb-cccc"])
        #expect(advisories[2].aliases.isEmpty)
    }

    @Test("A malformed version is skipped by name (trivy#1408)")
    func malformedVersions() throws {
        let result = try AlpineSecdbFormat.read(
            database(
                #"{"1.0-r0 extra": ["CVE-2024-1000"], "1.1-r0": ["CVE-2024-1001", "fixed", 7], "1.2-r0": "CVE-2024-1002"}"#
            ))
        #expect(result.advisories.map(\.id) == ["CVE-2024-1001"])
        #expect(
            result.skipped.map(\.record) == [
                "openssl 1.0-r0 extra", "openssl 1.1-r0", "openssl 1.1-r0", "openssl 1.2-r0",
            ])
    }

    @Test("Edge is a release, Wolfi is told by where its packages lie, a document without a release is refused")
    func releases() throws {
        let fix = #"{"1.0-r0": ["CVE-2024-1000"]}"#
        let edge = try AlpineSecdbFormat.read(database(fix, release: "edge"))
        #expect(edge.advisories[0].affected[0].ecosystem.name == "alpine:edge")
        let text = database(fix, release: "")
        let wolfi = text.replacingOccurrences(of: "dl-cdn.alpinelinux.org/alpine", with: "packages.wolfi.dev")
        #expect(try AlpineSecdbFormat.read(wolfi).advisories[0].affected[0].ecosystem.name == "wolfi")
        #expect(AlpineSecdbFormat.refusal(text)?.contains("'distroversion' must be") == true)
        #expect(
            AlpineSecdbFormat.refusal(#"{"distroversion": "v3.16"}"#)?.contains("'packages' is missing") == true)
    }

    @Test("A package without fixes says nothing and is no mistake")
    func withoutFixes() throws {
        #expect(try AlpineSecdbFormat.read(database("null")).skipped.isEmpty)
        #expect(try AlpineSecdbFormat.read(database("{}")).advisories.isEmpty)
    }

    @Test("Any bytes are read or refused, never fatal", arguments: [1, 2, 3] as [UInt64])
    func broken(seed: UInt64) {
        let text = database(#"{"0": ["CVE-2019-1543"], "3.0.2-r0": ["CVE-2022-0778 GHSA-aaaa-bbbb-cccc"]}"#)
        AlpineSecdbFormat.survivesDamage(text, seed: seed)
    }
}
