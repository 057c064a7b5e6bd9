import FettleFeeds
import FettleIndex
import FettleVersions
import Foundation
import Testing

@Suite("Debian Security Tracker")
struct DebianTrackerTests {
    private let tracker = """
        {"nss": {"CVE-2023-0767": {"description": "A \\"quoted\\" } text", "debianbug": 1031, "scope": "local", "releases": {
            "bookworm": {"status": "resolved", "repositories": {"bookworm": "2:3.87.1-1"},
                         "fixed_version": "2:3.87.1-1", "urgency": "not yet assigned"},
            "bullseye": {"status": "open", "repositories": {}, "urgency": "medium", "nodsa": "Minor issue",
                         "nodsa_reason": "ignored"},
            "buster": {"status": "open", "repositories": {}, "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": ""},
            "sid": {"status": "resolved", "repositories": {}, "fixed_version": "2:3.88-1", "urgency": "medium"}}}},
         "libpng": {"TEMP-0000000-0CA7E3": {"releases": {
            "bookworm": {"status": "resolved", "repositories": {}, "fixed_version": "0", "urgency": "unimportant"},
            "trixie": {"status": "undetermined", "repositories": {}, "urgency": "unimportant"}}}}}
        """

    private func packages(_ id: String) throws -> [String: AffectedPackage] {
        let advisories = try DebianTrackerFormat.read(tracker).advisories
        let advisory = try #require(advisories.first { $0.id == id })
        return Dictionary(uniqueKeysWithValues: advisory.affected.map { ($0.ecosystem.name, $0) })
    }

    @Test("One record for each source package and CVE, with all releases")
    func records() throws {
        #expect(DebianTrackerFormat.recognises(Data(tracker.utf8)))
        let result = try DebianTrackerFormat.read(tracker)
        #expect(result.advisories.map(\.id) == ["CVE-2023-0767", "TEMP-0000000-0CA7E3"])
        #expect(result.advisories.map(\.severity) == ["medium", "unimportant"])
        #expect(result.advisories[0].summary == #"A "quoted" } text"#)
        #expect(
            result.advisories[0].affected.map(\.ecosystem.name) == [
                "debian:12", "debian:11", "debian:10", "debian:unstable",
            ])
        #expect(result.skipped.isEmpty)
    }

    @Test("Resolved in 0 was never affected (trivy#3194)")
    func neverAffected() throws {
        let package = try #require(try packages("TEMP-0000000-0CA7E3")["debian:12"])
        #expect(package.status == .notAffected)
        #expect(package.intervals == [VersionInterval(lower: nil, upper: nil)])
    }

    @Test("A fix in unstable is no fix for bookworm (wazuh#24997)")
    func fixesOfTheirOwn() throws {
        let packages = try packages("CVE-2023-0767")
        #expect(packages["debian:12"]?.fixed == "2:3.87.1-1")
        #expect(packages["debian:unstable"]?.fixed == "2:3.88-1")
        #expect(packages["debian:11"]?.fixed == nil)
    }

    @Test("Without a DSA, ignored or postponed: it is still open, and the decision is kept (trivy-db#380)")
    func undecided() throws {
        let packages = try packages("CVE-2023-0767")
        for (release, remark) in [("debian:11", "ignored"), ("debian:10", "no-dsa")] {
            #expect(packages[release]?.status == .affected)
            #expect(packages[release]?.intervals == [VersionInterval(lower: nil, upper: nil)])
            #expect(packages[release]?.remark == remark)
        }
    }

    @Test("Undetermined is neither affected nor not, and unimportant is an urgency")
    func undetermined() throws {
        let packages = try packages("TEMP-0000000-0CA7E3")
        #expect(packages["debian:13"]?.status == .unknown)
        #expect(packages["debian:13"]?.remark == "unimportant")
    }

    @Test("What is malformed is skipped by name and its neighbours are kept")
    func malformed() throws {
        let text = """
            {"a": 7, "b": {"CVE-2024-1000": {"releases": 3}, "x y": {"releases": {}}, "CVE-2024-1001": {"releases": {
              "bookworm": {"status": "resolved"}, "trixie": {"status": "gone"}, "zurg": {"status": "open"}, "sid": [],
              "bullseye": {"status": "open"}}}}}
            """
        let result = try DebianTrackerFormat.read(text)
        #expect(result.advisories.map(\.id) == ["CVE-2024-1001"])
        #expect(result.advisories[0].affected.map(\.ecosystem.name) == ["debian:11"])
        #expect(
            result.skipped.map(\.record) == [
                "a", "b CVE-2024-1000", "b CVE-2024-1001 bookworm", "b CVE-2024-1001 sid", "b CVE-2024-1001 trixie",
                "release zurg", "b x y",
            ])
    }

    @Test("A file that is cut off is refused with the place", arguments: [1, 2, 40, 700])
    func cutOff(missing: Int) throws {
        let message = try #require(DebianTrackerFormat.refusal(String(tracker.dropLast(missing))))
        #expect(message.contains("is cut off"))
        #expect(message.contains("byte"))
    }

    @Test("An array is refused, and what is behind the object too")
    func otherShapes() {
        #expect(DebianTrackerFormat.refusal("[1]")?.contains("is an array") == true)
        #expect(DebianTrackerFormat.refusal(tracker + "x")?.contains("goes on behind") == true)
        #expect(DebianTrackerFormat.refusal("nothing")?.contains("byte 0") == true)
    }

    @Test("Any bytes are read or refused, never fatal", arguments: [1, 2, 3] as [UInt64])
    func broken(seed: UInt64) {
        DebianTrackerFormat.survivesDamage(tracker, seed: seed)
    }
}
