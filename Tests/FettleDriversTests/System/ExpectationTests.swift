import FettleModel
import Testing

@testable import FettleDrivers

/// What is held against facts, without a host.
@Suite struct ExpectationTests {
    private func facts() -> HostFacts {
        var facts = HostFacts.nothingObserved(
            of: "web-1", at: Timestamp(milliseconds: 0), reachability: .reachable, reason: "not asked")
        facts.packages = .observed([
            InstalledPackage(
                manager: .dpkg, name: "openssl", architecture: "amd64", version: "3", source: "openssl",
                sourceVersion: "3")
        ])
        facts.brokenPackages = .observed([])
        facts.staleServices = .observed([
            StaleService(unit: "nginx.service", processIDs: [7], files: ["/x"]),
            StaleService(unit: "getty@tty1.service", processIDs: [8], files: ["/x"]),
            StaleService(unit: "", processIDs: [9], files: ["/x"]),
        ])
        facts.rebootRequired = .observed(RebootRequirement(isRequired: true, packages: ["linux-image"]))
        facts.kernels = .observed(
            KernelFacts(running: "6.1.0-9-amd64", installed: ["6.1.0-9-amd64", "6.1.0-10-amd64"]))
        return facts
    }

    private func deviations(_ expectation: HostExpectation, _ facts: HostFacts) throws -> [String] {
        try ExpectationJudge(expectation: expectation).deviations(in: facts)
    }

    @Test func deviationsAreNamed() throws {
        let wanted = [
            PackageVersion(name: "openssl", architecture: "amd64", version: "4"),
            PackageVersion(name: "libx", architecture: "all", version: "1"),
        ]
        let found = try deviations(
            HostExpectation(
                packages: wanted, absentPackages: ["openssl", "telnet"], noStaleServicesExcept: ["getty@*.service"],
                noRebootPending: true), facts())
        #expect(
            found == [
                "openssl is at 3, expected 4", "libx is not installed, expected 1",
                "openssl 3 is installed, expected to be absent", "still on replaced code: nginx.service",
                "a reboot is pending (linux-image)", "kernel 6.1.0-9-amd64 runs, 6.1.0-10-amd64 is installed",
            ])
    }

    @Test func whatWasNotAskedForIsNotJudged() throws {
        let wanted = [PackageVersion(name: "openssl", architecture: "amd64", version: "3")]
        #expect(try deviations(HostExpectation(packages: wanted), facts()) == [])
        var facts = facts()
        facts.brokenPackages = .observed([
            BrokenPackage(name: "x", architecture: "all", version: "1", state: "half-configured")
        ])
        #expect(
            try deviations(HostExpectation(packages: wanted), facts) == [
                "between installed and removed: x (half-configured)"
            ])
    }

    @Test func notObservedIsNotGood() {
        var facts = facts()
        facts.staleServices = .notObserved(reason: "needs root")
        let failure = #expect(throws: StepFailure.self) {
            try deviations(HostExpectation(packages: [], noStaleServicesExcept: []), facts)
        }
        #expect(failure?.code == .inconclusive && failure?.message.contains("needs root") == true)
    }

    @Test(arguments: [
        ("getty@*.service", "getty@tty1.service", true), ("*", "anything", true), ("a?c", "abc", true),
        ("a?c", "ac", false), ("nginx.service", "nginx.service", true), ("nginx.service", "nginxxservice", false),
        ("*d*.service", "systemd-logind.service", true), ("", "", true), ("", "x", false), ("a*b*c", "aXbYbZ", false),
    ])
    func globs(_ glob: String, _ name: String, _ expected: Bool) {
        #expect(Glob(glob).matches(name) == expected)
    }

    @Test func unitsAreUpOrNot() {
        let text = """
            Id=a.service
            ActiveState=active

            Id=b.service
            ActiveState=inactive
            Result=success

            Id=c.service
            ActiveState=activating
            Result=exit-code

            Id=d.service
            ActiveState=failed
            """
        #expect(
            UnitStates.parse(text) == [
                "a.service": .up, "b.service": .up, "c.service": .changing, "d.service": .failed,
            ])
    }
}
