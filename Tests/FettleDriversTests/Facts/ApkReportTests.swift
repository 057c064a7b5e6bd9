import FettleModel
import Testing

@testable import FettleDrivers

/// What apk-tools 2.14.10 and 3.0.6 printed over a root of their own, and what the tests in apk-tools' sources (`test/solver`) expect.
@Suite struct ApkReportTests {
    static let upgrade = """
        (1/3) Upgrading libcrypto3 (3.1.4-r2 -> 3.1.7-r0)
        (2/3) Upgrading libssl3 (3.1.4-r2 -> 3.1.7-r0)
        (3/3) Upgrading openssl (3.1.4-r2 -> 3.1.7-r0)
        OK: 6 MiB in 8 packages
        """

    private func entries(_ text: String) throws -> [String] {
        try ApkReport(parsing: text).entries.map { "\($0.name) \($0.from ?? "-") \($0.to ?? "-")" }
    }

    @Test func anUpgradeWithWhatItDrawsIn() throws {
        #expect(
            try entries(Self.upgrade) == [
                "libcrypto3 3.1.4-r2 3.1.7-r0", "libssl3 3.1.4-r2 3.1.7-r0", "openssl 3.1.4-r2 3.1.7-r0",
            ])
    }

    @Test func newPackagesRemovalsAndDowngrades() throws {
        // upgrade4, pinning10, pinning12, pinning7 of apk-tools' own tests.
        #expect(
            try entries(
                "(1/4) Purging b (1)\n(2/4) Purging libold (1)\n(3/4) Installing libnew (1)\n(4/4) Upgrading app (1 -> 2)\nOK: 2 B in 2 packages"
            )
                == ["b 1 -", "libold 1 -", "libnew - 1", "app 1 2"])
        #expect(
            try entries("(1/2) Purging c (3)\n(2/2) Downgrading a (3 -> 2)\nOK: 2 B in 2 packages") == [
                "c 3 -", "a 3 2",
            ])
        #expect(
            try entries("(1/2) Installing b (2)\n(2/2) Installing a@testing (3)\nOK: 3 B in 3 packages")
                == ["b - 2", "a - 3"])
        #expect(try entries("(1/1) Updating pinning a@testing2 (3)\nOK: 3 B in 3 packages") == [])
        #expect(try entries("OK: 0 MiB in 8 packages") == [])
        #expect(
            try entries(
                "WARNING: opening from cache http://m/main: No such file or directory\nOK: 23 KiB in 8 packages") == [])
    }

    /// apk 3 writes its numbers as wide as the last of them.
    @Test func numbersMayBeFilledUpWithSpaces() throws {
        let lines = (1...12).map { "(\($0 < 10 ? " " : "")\($0)/12) Installing tool-\($0) (1.0-r0)" }
        #expect(try entries(lines.joined(separator: "\n") + "\nOK: 52 KiB in 20 packages").count == 12)
    }

    @Test(arguments: [
        "", "(1/1) Upgrading a (1 -> 2)", "(1/2) Upgrading a (1 -> 2)\nOK: 1 MiB in 1 packages",
        // Cut in the middle, counted wrongly, told twice, going on behind the end.
        String(upgrade.prefix(60)), upgrade.replacing("(2/3)", with: "(3/3)"),
        upgrade.replacing("(2/3)", with: "(2/4)"),
        upgrade.replacing("libssl3", with: "openssl"), upgrade + "\n(4/3) Purging musl (1.2-r0)",
        upgrade.replacing("OK: 6 MiB", with: "1 error; 6 MiB"),
        // Words that are not known must not be left out.
        upgrade.replacing("Upgrading libssl3", with: "Improving libssl3"), upgrade + "\nPurging musl",
        "(1/1) Replacing b (2 -> 2)\nOK: 2 B in 2 packages", "(1/1) Reinstalling b (1)\nOK: 2 B in 2 packages",
        "(1/1) [APK unavailable, skipped] Reinstalling b (1)\nOK: 2 B in 2 packages",
        "(1/1) Upgrading a (1)\nOK: 2 B in 2 packages", "(1/1) Installing a (1 -> 2)\nOK: 2 B in 2 packages",
        "(1/1) Installing ../a (1)\nOK: 1 B in 1 packages", "(1/1) Installing a (1/2)\nOK: 1 B in 1 packages",
        "(1/1) Installing a ()\nOK: 1 B in 1 packages", "(1/99999999999999999999) Installing a (1)\nOK: 1 B",
        "(0/0) Installing a (1)\nOK: 1 B in 1 packages", "(1) Installing a (1)\nOK: 1 B in 1 packages",
        "(1/1) Installing a\u{1B}[2J (1)\nOK: 1 B in 1 packages",
    ]) func whatIsNotUnderstoodIsAnError(text: String) {
        #expect(throws: FactError.self) { try ApkReport(parsing: FactText.decode(text.utf8)) }
    }

    @Test(arguments: 0..<200) func noiseIsNoAnswer(seed: UInt64) {
        var random = SplitMix(seed: seed)
        var bytes = Array(Self.upgrade.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
            default: bytes.removeSubrange(place..<min(bytes.count, place + 20))
            }
            if bytes.isEmpty { return }
        }
        // Either refused, or every package that is told has a name and versions that can be some.
        guard let report = try? ApkReport(parsing: FactText.decode(bytes)) else { return }
        for entry in report.entries {
            #expect(FactText.isName(entry.name))
            #expect([entry.from, entry.to].compactMap { $0 }.allSatisfy { FactText.isVersion($0) })
        }
    }

    @Test func apkAndItsDatabaseMustAgree() throws {
        let report = try ApkReport(parsing: Self.upgrade)
        func package(_ name: String, _ version: String) -> InstalledPackage {
            InstalledPackage(
                manager: .apk, name: name, architecture: "x86_64", version: version, source: name,
                sourceVersion: version)
        }
        let names = ["libcrypto3", "libssl3", "openssl"]
        let lists = try ApkLists(parsing: "openssl 3.1.7-r0 x86_64 310000\nlibssl3 3.1.7-r0 x86_64 250100\n")
        let changes = try report.changes(of: names.map { package($0, "3.1.4-r2") }, lists: lists, native: "x86_64")
        #expect(changes.map(\.name) == names)
        #expect(changes.allSatisfy { $0.from == "3.1.4-r2" && $0.to == "3.1.7-r0" && $0.architecture == "x86_64" })
        #expect(lists.downloadBytes(of: changes) == 560_100)
        for other in [names.map { package($0, "3.1.4-r1") }, [package("openssl", "3.1.4-r2")], []] {
            #expect(throws: FactError.self) { try report.changes(of: other, lists: lists, native: "x86_64") }
        }
    }

    @Test func aNewPackageHasTheArchitectureThatTheListsTell() throws {
        let report = try ApkReport(
            parsing: "(1/2) Installing ca (2-r0)\n(2/2) Installing nc (1-r0)\nOK: 1 MiB in 2 packages")
        let lists = try ApkLists(parsing: "ca 2-r0 noarch 5\n")
        let changes = try report.changes(of: [], lists: lists, native: "aarch64")
        #expect(changes.map(\.architecture) == ["noarch", "aarch64"])
        #expect(throws: FactError.self) { try ApkLists(parsing: "ca 2-r0 noarch -5") }
        #expect(throws: FactError.self) { try ApkLists(parsing: "ca 2-r0") }
    }

    // MARK: The question

    @Test(arguments: [
        ("openssl; reboot", "1.0-r0"), ("-U", "1.0-r0"), ("a@edge", "1.0-r0"), ("a>1", "1.0-r0"), ("!a", "1.0-r0"),
        ("", "1.0-r0"),
        ("a\n", "1.0-r0"), (".virtual", "1.0-r0"), ("a", ""), ("a", "-1"), ("a", "1.0 b=2"), ("a", "1.0-r0\nb"),
        ("a", "$(id)"),
        ("a", "1.0'"), ("ä", "1.0-r0"), ("a", "v1"), ("a/../b", "1"),
    ]) func aNameOrVersionThatCanBeNoneNeverReachesAShell(name: String, version: String) {
        #expect(throws: StepFailure.self) {
            try ApkQuestion([PackageVersion(name: name, architecture: "x86_64", version: version)])
        }
    }

    @Test func exactlyWhatIsAskedForIsPinned() throws {
        let question = try ApkQuestion([
            PackageVersion(name: "libcrypto3", architecture: "x86_64", version: "3.1.7-r0"),
            PackageVersion(name: "py3-foo_bar", architecture: "noarch", version: "1.2_git20240101~0a1b-r3"),
        ])
        #expect(
            question.script.text.contains(
                "apk --no-progress add --simulate -- 'libcrypto3=3.1.7-r0' 'py3-foo_bar=1.2_git20240101~0a1b-r3' 2>&1"))
        // Nothing of it asks for root, writes, or goes out.
        for word in ["sudo", "--update-cache", " -U ", "apk update", "fetch"] {
            #expect(!question.script.text.contains(word))
        }
    }

    @Test func kernelsAndMuslAskForAReboot() {
        func expectation(_ name: String, _ manager: PackageManager) -> RebootExpectation {
            RebootKnowledge.expectation(
                of: [PackageChange(name: name, architecture: "x86_64", from: "1", to: "2")], askedByScripts: [],
                isPending: false, manager: manager)
        }
        for name in ["linux-lts", "linux-virt", "musl", "linux-firmware-i915"] {
            #expect(expectation(name, .apk) == .expected(because: [name]))
        }
        for name in ["linux-headers", "linux-pam", "musl-utils", "openssl"] {
            #expect(expectation(name, .apk) == .notExpected)
        }
        #expect(expectation("musl", .dpkg) == .notExpected)
    }
}
