import FettleTestSupport
import FettleVersions
import Foundation
import Testing

/// Third-party lists of version orders.
enum CaseFiles {
    static let folder = PublishedData.folder.appending(path: "versions")
    static let isPresent = PublishedData.has("versions")

    static func cases(_ scheme: VersionScheme, _ name: String) throws -> [VersionCase] {
        let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        return VersionCase.list(scheme, text)
    }
}

@Suite(
    "Version orders, lists beside the project",
    .enabled(if: CaseFiles.isPresent, "\(PublishedData.absence)"))
struct CaseFileTests {
    @Test("dpkg: all lines of debian-versions.txt hold")
    func debian() throws {
        try expect(CaseFiles.cases(.dpkg, "debian-versions.txt"), atLeast: 25, failing: [])
    }

    @Test("rpm: all lines of redhat-versions.txt hold")
    func redHat() throws {
        try expect(CaseFiles.cases(.rpm, "redhat-versions.txt"), atLeast: 130, failing: [])
    }

    @Test("apk: all lines of alpine-versions.txt hold, but for malformed versions that apk-tools 3 takes for equal")
    func alpine() throws {
        try expect(CaseFiles.cases(.apk, "alpine-versions.txt"), atLeast: 700, failing: Self.malformedAlpine)
    }

    /// What the list says of these is an older apk's answer. In each pair at least one version is malformed to
    /// apk-tools 3, which sees no difference behind a fault, and puts a fault below what is sound.
    private static let malformedAlpine: Set<String> = [
        "apk: .2 > .1", "apk: a < b", "apk: c > b",
        "apk: 0..8 > 0...8", "apk: 0..1..0 < 0..1..1", "apk: 0...1...0 < 0...1...1",
        "apk: 0...1...0r1 < 0...1...0r2", "apk: 0...1...0.r1 < 0...1...0.r2", "apk: 0.8.21.r2 > 0.8.21.r1",
        "apk: 1-r = 1-r0", "apk: 1-r0-1 = 1-r-2",
    ]

    @Test(
        "Lists of which every line holds",
        arguments: [
            (VersionScheme.pep440, "pypi-versions.txt", 37), (.semver, "semver-versions.txt", 86),
            (.npm, "semver-versions.txt", 86), (.go, "semver-versions.txt", 86), (.nuget, "nuget-versions.txt", 35),
            (.rubygems, "rubygems-versions.txt", 25),
        ])
    func languages(_ scheme: VersionScheme, _ name: String, _ least: Int) throws {
        try expect(CaseFiles.cases(scheme, name), atLeast: least, failing: [])
    }

    @Test("maven: all lines hold but one, of which Maven 3.9 itself says otherwise")
    func maven() throws {
        try expect(CaseFiles.cases(.maven, "maven-versions.txt"), atLeast: 102, failing: ["maven: 1-1 = 1-ga-1"])
    }

    /// The list is of PHP's version_compare alone, to which `1.0` and `1.0.0` differ; Composer fills them up first. And
    /// `1.2.3.#` can't equal two versions of which one is above the other.
    @Test("packagist: all lines hold but two, of which Composer says otherwise")
    func packagist() throws {
        try expect(
            CaseFiles.cases(.packagist, "packagist-versions.txt"), atLeast: 95,
            failing: ["packagist: 1.0.0 > 1.0", "packagist: 1.2.3.# = 1.2.3.1"])
    }

    private func expect(_ cases: [VersionCase], atLeast least: Int, failing: Set<String>) {
        #expect(cases.count >= least, "the list has shrunk, or is no longer read")
        var failed: Set<String> = []
        for versionCase in cases {
            let found = versionCase.scheme.compare(versionCase.left, versionCase.right)
            if found != versionCase.expected { failed.insert("\(versionCase.testDescription)") }
        }
        #expect(failed == failing)
    }
}
