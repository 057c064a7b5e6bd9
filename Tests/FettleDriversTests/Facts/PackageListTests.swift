import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// When a host last fetched its package lists, by files that lie as its package manager leaves them.
@Suite struct PackageListTests {
    /// By path, with the age in seconds; what ends in a slash is a folder.
    private static func lists(_ files: [(path: String, age: Int)], shell: [String] = ["/bin/sh"]) async throws -> String
    {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-lists-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, _) in files {
            let file = root.appendingPathComponent(path)
            let folder = path.hasSuffix("/") ? file : file.deletingLastPathComponent()
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            if !path.hasSuffix("/") { try Data("x".utf8).write(to: file) }
        }
        // Afterwards and from within: each file that is made changes its folder.
        for (path, age) in files.sorted(by: { $0.path.count > $1.path.count }) {
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -Double(age))],
                ofItemAtPath: root.appendingPathComponent(path).path)
        }
        let script = SectionedScript(sections: [PackageListSections.section(root: root.path)])
        let result = try await ShellRunner(shell: shell).run(RemoteCommand(script: script.text))
        let transcript = Transcript(
            standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
        guard let text = try transcript.output(of: PackageListSections.name) else { return "none" }
        let zero = Timestamp(milliseconds: 0)
        // Whole hours: the clock goes on while the shell starts.
        let age = -(try PackageListParser.lists(text, at: zero)).fetchedAt.seconds(since: zero)
        return FactText.lines(text).map { String(FactText.words($0)[0]) }.joined(separator: " ")
            + " \(Int(age) / 3_600) h"
    }

    private static let debian = [
        ("var/lib/dpkg/status", 0), ("var/lib/apt/lists/deb.debian.org_InRelease", 900_000),
        ("var/lib/apt/lists/partial/", 36_100), ("var/lib/apt/lists/", 720_000),
    ]

    /// The server's date of a release file says nothing of when it was fetched.
    @Test(arguments: ShellRunner.shells) func aptsFolderTellsOfTheLastFetch(shell: [String]) async throws {
        #expect(try await Self.lists(Self.debian, shell: shell) == "apt 10 h")
        let stamped = Self.debian + [("var/lib/apt/periodic/update-success-stamp", 7_300)]
        #expect(try await Self.lists(stamped, shell: shell) == "apt 2 h")
    }

    @Test(arguments: ShellRunner.shells) func whereThereIsNoListNoneIsOld(shell: [String]) async throws {
        #expect(
            try await Self.lists([("var/lib/dpkg/status", 0), ("var/lib/apt/lists/partial/", 9)], shell: shell)
                == "none")
        #expect(try await Self.lists([("var/lib/apt/lists/x_InRelease", 9)], shell: shell) == "none", "no dpkg")
        #expect(try await Self.lists([("var/cache/dnf/base/repodata/repomd.xml", 9)], shell: shell) == "none", "no rpm")
    }

    @Test(arguments: [
        ("var/cache/dnf/base-1a2b/repodata/repomd.xml", "dnf"),
        ("var/cache/libdnf5/base-1a2b/repodata/repomd.xml", "dnf"),
        ("var/cache/zypp/solv/repo-oss/cookie", "zypper"),
        ("var/cache/zypp/raw/repo-oss/repodata/repomd.xml", "zypper"),
    ])
    func theCachesOfRpmsFrontEndsTell(path: String, manager: String) async throws {
        let database = ("usr/lib/sysimage/rpm/rpmdb.sqlite", 0)
        #expect(try await Self.lists([database, (path, 108_100)]) == "\(manager) 30 h")
    }

    @Test func ofSeveralPackageManagersTheOldestCounts() async throws {
        let both =
            Self.debian + [
                ("var/lib/rpm/rpmdb.sqlite", 0), ("var/cache/dnf/base/repodata/repomd.xml", 720_100),
            ]
        #expect(try await Self.lists(both) == "apt dnf 200 h")
    }

    @Test(arguments: [
        "", "apt", "apt x 5", "apt 5 x", "apt -5 7", "apt 5 99999999999999", "apt 1 2 3",
        String(repeating: "apt 1 2\n", count: 9),
    ])
    func whatIsNotUnderstoodIsNoAge(text: String) {
        #expect(throws: FactError.self) { try PackageListParser.lists(text, at: Timestamp(milliseconds: 0)) }
    }

    /// A clock that was set back meanwhile makes no list come from the future.
    @Test func aListIsNeverYoungerThanTheLook() throws {
        let time = Timestamp(milliseconds: 5_000)
        #expect(try PackageListParser.lists("apt 900 100", at: time).fetchedAt == time)
        #expect(try PackageListParser.lists("apt 96 100", at: time).fetchedAt == Timestamp(milliseconds: 1_000))
    }

    @Test func whoIsNotAskedForUpdatesIsNotAskedForTheirAge() async throws {
        let facts = await ShellHostInspector(channels: ShellRunner()).inspect("here", at: .local, parts: .boot)
        #expect(facts.packageLists == nil)
        let asked = await ShellHostInspector(channels: ShellRunner()).inspect("here", at: .local, parts: .updates)
        #expect(asked.packageLists != nil)
    }
}
