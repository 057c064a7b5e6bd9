import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// What hosts really answered (`Tests/Fixtures/facts`), beside the facts that come of it. The list of packages is cut
/// down to those of interest. The Alpine answer is made up after apk's documentation: nobody has run it yet.
///
/// `FETTLE_RECORD_FIXTURES=1` writes the results anew; what changes is to be read before it is committed.
@Suite struct CapturedFactsTests {
    static let names = [
        "debian-12-pending", "debian-12-troubled", "debian-12-unprivileged", "debian-12-dnf", "debian-12-zypper",
        "alpine-3.19",
    ]

    @Test(arguments: names) func capturedAnswersGiveTheRecordedFacts(name: String) throws {
        let found = try CanonicalJSON.pretty(try Self.facts(name)) + Data("\n".utf8)
        let golden = Self.folder.appendingPathComponent("\(name).json")
        if ProcessInfo.processInfo.environment["FETTLE_RECORD_FIXTURES"] == "1" { try found.write(to: golden) }
        let expected = try Data(contentsOf: golden)
        #expect(String(decoding: found, as: UTF8.self) == String(decoding: expected, as: UTF8.self))
    }

    /// The results of a host in trouble, written out: a golden can be recorded wrongly, this cannot.
    @Test func aTroubledHostIsUnderstood() throws {
        let facts = try Self.facts("debian-12-troubled")
        #expect(
            facts.brokenPackages.value?.map { "\($0.name) \($0.version) \($0.state)" } == [
                "billing 2.0 half-configured"
            ])
        #expect(facts.packages.value?.contains { $0.name == "billing" } == false)
        #expect(facts.packages.value?.filter(\.isHeld).map(\.name) == ["curl", "libexpat1"])
        #expect(facts.updates.value?.first { $0.name == "libexpat1" }?.isHeld == true)
        #expect(facts.rebootRequired.value == RebootRequirement(isRequired: true, packages: ["microcode-shim"]))
        let stale = try #require(facts.staleServices.value)
        #expect(
            stale.map(\.unit) == [
                "init.scope", "nginx.service", "ssh.service", "systemd-journald.service", "systemd-logind.service",
            ])
        #expect(
            stale[1].files == ["/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libssl.so.3"])
        #expect(
            facts.packageLocks.value?.map(\.path) == [
                "/var/lib/apt/lists/lock", "/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend",
            ])
    }

    @Test func withoutRootOnlyStaleServicesAreMissing() throws {
        let facts = try Self.facts("debian-12-unprivileged")
        #expect(facts.staleServices.reasonMissing?.contains("needs root, and sudo does not permit it") == true)
        #expect(facts.updates.value?.isEmpty == false)
        #expect(facts.units.value?.isEmpty == false)
        #expect(facts.packageLocks.value == [])
    }

    @Test(arguments: ["debian-12-dnf", "debian-12-zypper"]) func rpmUpdatesCarryTheirAdvisories(name: String) throws {
        let updates = try #require(try Self.facts(name).updates.value).filter { $0.manager == .rpm }
        let told = updates.map {
            "\($0.name) \($0.installed) \($0.candidate) \($0.declaredClass?.rawValue ?? "-") "
                + $0.advisories.map(\.rawValue).joined(separator: ",")
        }
        #expect(
            told == [
                "invoice-server 1:4.0-1 1:4.1-1 bugfix LAB-BA-2026:0002", "invoice-themes 1.0-1 1.1-1 - ",
                "libinvoice 2.3-1 2.3-2 security LAB-SA-2026:0001",
            ])
        #expect(updates.allSatisfy { $0.origins.map(\.suite) == ["lab"] })
    }

    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures/facts")

    private static func facts(_ name: String) throws -> HostFacts {
        let output = try Data(contentsOf: folder.appendingPathComponent("\(name).stdout.txt"))
        let errors = try Data(contentsOf: folder.appendingPathComponent("\(name).stderr.txt"))
        let transcript = Transcript(
            standardOutput: [UInt8](output), standardError: [UInt8](errors), nonce: "0123456789abcdef")
        return FactsAssembler(transcript: transcript).facts(of: "host", at: Timestamp(milliseconds: 0))
    }
}
