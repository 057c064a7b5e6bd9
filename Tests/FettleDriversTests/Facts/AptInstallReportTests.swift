import FettleModel
import Testing

@testable import FettleDrivers

/// apt's answers, captured on lab hosts.
@Suite struct AptInstallReportTests {
    private static let upgrade = """
        Reading package lists...
        billing is already the newest version (1.0).
        The following additional packages will be installed:
           libssl3 (3.0.22-1~deb12u2)
        Suggested packages:
           perl-doc (5.36.0-7+deb12u4)
           | libterm-readline-perl-perl (1.0303-2.1)
        The following packages will be upgraded:
           libssl3 (3.0.20-1~deb12u2 => 3.0.22-1~deb12u2)
           openssl (3.0.20-1~deb12u2 => 3.0.22-1~deb12u2)
        2 upgraded, 0 newly installed, 0 to remove and 18 not upgraded.
        Need to get 12.4 MB of archives.
        After this operation, 36.9 kB of additional disk space will be used.
        'http://mirror.lab/pool/libssl3_3.0.22-1%7edeb12u2_amd64.deb' libssl3_3.0.22-1~deb12u2_amd64.deb 2039888 
        'http://mirror.lab/pool/openssl_3.0.22-1%7edeb12u2_amd64.deb' openssl_3.0.22-1~deb12u2_amd64.deb 1441784 MD5Sum:00
        """
    private static let packages = """
        install installed ok\tlibssl3\tamd64\t3.0.20-1~deb12u2\topenssl\t3.0.20-1~deb12u2
        install installed ok\topenssl\tamd64\t3.0.20-1~deb12u2\topenssl\t3.0.20-1~deb12u2
        install installed ok\tlibpam-systemd\tamd64\t252.39-1~deb12u2\tsystemd\t252.39-1~deb12u2
        install installed ok\tsystemd-sysv\tamd64\t252.39-1~deb12u2\tsystemd\t252.39-1~deb12u2
        """

    @Test func anUpgradeWithWhatItDrawsIn() throws {
        let report = try AptInstallReport(parsing: Self.upgrade)
        let changes = try report.changes(of: try DpkgPackages(parsing: Self.packages), native: "amd64")
        #expect(changes.map(\.name) == ["libssl3", "openssl"])
        #expect(changes.allSatisfy { $0.from == "3.0.20-1~deb12u2" && $0.to == "3.0.22-1~deb12u2" })
        #expect(report.downloadBytes == 2_039_888 + 1_441_784)
    }

    @Test func removalsNewPackagesAndDowngrades() throws {
        let text = """
            The following packages will be REMOVED:
               libpam-systemd* (252.39-1~deb12u2)
            The following NEW packages will be installed:
               libx11-data (2:1.8.4-2+deb12u2)
            The following packages will be DOWNGRADED:
               openssl (3.0.20-1~deb12u2 => 3.0.17-1)
            0 upgraded, 1 newly installed, 1 downgraded, 1 to remove and 24 not upgraded.
            'http://m/libx11-data_2%3a1.8.4-2+deb12u2_all.deb' libx11-data_2%3a1.8.4-2+deb12u2_all.deb 291884 MD5Sum:85
            """
        let changes = try AptInstallReport(parsing: text)
            .changes(of: try DpkgPackages(parsing: Self.packages), native: "amd64")
        #expect(
            changes == [
                PackageChange(name: "libpam-systemd", architecture: "amd64", from: "252.39-1~deb12u2", to: nil),
                PackageChange(name: "libx11-data", architecture: "all", from: nil, to: "2:1.8.4-2+deb12u2"),
                PackageChange(name: "openssl", architecture: "amd64", from: "3.0.20-1~deb12u2", to: "3.0.17-1"),
            ])
    }

    @Test(arguments: [
        // A list under a heading that is not known.
        upgrade.replacing("packages will be upgraded", with: "packages will be improved"),
        // No numbers at all.
        upgrade.replacing("2 upgraded, ", with: "2 better, "),
        // Cut in the middle.
        String(upgrade.prefix(400)),
        // A line without versions.
        upgrade.replacing("openssl (3.0.20-1~deb12u2 => 3.0.22-1~deb12u2)", with: "openssl"),
        upgrade.replacing("2039888", with: "99999999999999999999"), "",
    ]) func whatIsNotUnderstoodIsAnError(text: String) {
        #expect(throws: FactError.self) { try AptInstallReport(parsing: text) }
    }

    @Test func aptAndDpkgMustAgreeOnWhatIsThere() throws {
        let report = try AptInstallReport(parsing: Self.upgrade)
        let other = try DpkgPackages(parsing: Self.packages.replacing("3.0.20-1~deb12u2", with: "3.0.19-1~deb12u2"))
        #expect(throws: FactError.self) { try report.changes(of: other, native: "amd64") }
    }

    @Test(arguments: ["openssl; reboot", "-o", "OpenSSL", "a", "open ssl", "openssl\n", ""])
    func aNameThatCanBeNoneNeverReachesAShell(name: String) {
        #expect(throws: StepFailure.self) {
            try AptQuestion([PackageVersion(name: name, architecture: "amd64", version: "1.0")])
        }
    }

    @Test func rebootsAreForeseenForKernelsAndTheBase() {
        func expectation(_ name: String, to: String? = "2", pending: Bool = false) -> RebootExpectation {
            RebootKnowledge.expectation(
                of: [PackageChange(name: name, architecture: "amd64", from: "1", to: to)], askedByScripts: ["asks"],
                isPending: pending)
        }
        for name in [
            "linux-image-6.1.0-40-amd64", "intel-microcode", "microcode-shim", "libc6", "dbus", "kernel-core", "asks",
        ] {
            #expect(expectation(name) == .expected(because: [name]))
        }
        for name in [
            "linux-image-6.1.0-40-amd64-dbg", "linux-headers-6.1.0-40-amd64", "openssl", "kernel-doc", "systemd",
        ] {
            #expect(expectation(name) == .notExpected)
        }
        #expect(expectation("linux-image-6.1.0-30-amd64", to: nil) == .notExpected)
        #expect(expectation("openssl", pending: true) == .expected(because: ["a reboot is already pending"]))
    }
}
