import FettleInventory
import Foundation
import Testing

/// What commands write beside the files of a fleet, and what those that only read them leave alone.
@Suite struct FolderFilesTests {
    private static let hosts = "[web]\nweb-1 ansible_host=10.0.0.11\nweb-2 ansible_host=10.0.0.12\n"

    private static func end(_ words: [String], _ folder: TestFolder) async throws -> Program {
        let program = try Program(words, in: folder)
        #expect(try await program.end() == 0, "\(words)\n\(program.error)")
        return program
    }

    /// Everything in it but what `Program` itself has put there.
    private static func names(_ folder: TestFolder) throws -> Set<String> {
        let all = FileManager.default.enumerator(atPath: folder.url.path)?.allObjects as? [String] ?? []
        return Set(all.filter { !$0.hasPrefix("out-") && !$0.hasPrefix("err-") })
    }

    @Test func whoImportsAFleetGetsItsSchemaAndInitWritesWhatIsMissing() async throws {
        let folder = try TestFolder()
        try folder.write(Self.hosts, to: "hosts.ini")
        _ = try await Self.end(["inventory", "import", "ansible", "hosts.ini", "--environment", "dev"], folder)
        let fleet = try String(contentsOf: folder.file("fleet.yaml"), encoding: .utf8)
        #expect(fleet.contains("$schema=.fettle/fleet.schema.json"))
        #expect(try Data(contentsOf: folder.file(".fettle/fleet.schema.json")) == FleetSchema.json)

        let begin = try await Self.end(["init"], folder)
        #expect(begin.output.contains("left alone: ") && begin.output.contains("fleet.yaml is already there"))
        #expect(try String(contentsOf: folder.file("fleet.yaml"), encoding: .utf8) == fleet)
        for name in ["policy.yaml", "feeds.yaml", ".fettle/policy.schema.json", ".fettle/feeds.schema.json"] {
            #expect(FileManager.default.fileExists(atPath: folder.file(name).path), "\(name)")
        }
        _ = try await Self.end(["inventory", "check"], folder)

        // Once more there is nothing left to do, and that is no failure.
        try folder.write("version: 1\n", to: "policy.yaml")
        let again = try await Self.end(["init", "-o", "json"], folder)
        let answer = try JSONDecoder().decode([String: [String]].self, from: Data(again.output.utf8))
        #expect(answer["wrote"] == [])
        #expect(answer["left"]?.map { $0.split(separator: "/").last } == ["fleet.yaml", "policy.yaml", "feeds.yaml"])
        #expect(try String(contentsOf: folder.file("policy.yaml"), encoding: .utf8) == "version: 1\n")
        withExtendedLifetime(folder) {}
    }

    /// What is kept there tells of every weakness of the fleet.
    @Test func whateverMakesTheFolderNobodyElseLooksIntoIt() async throws {
        let folder = try TestFolder()
        _ = try await Self.end(["init"], folder)
        let kept = try FileManager.default.attributesOfItem(atPath: folder.file(".fettle").path)
        #expect(kept[.posixPermissions] as? Int == 0o700)
        withExtendedLifetime(folder) {}
    }

    /// A name that was mistyped is no new fleet.
    @Test func aFolderThatIsNotThereIsNotMade() async throws {
        let folder = try TestFolder()
        for (words, settings) in [(["--dir", "no/such"], [:]), ([], ["FETTLE_DIR": folder.file("no/such").path])] {
            let program = try Program(["scan"] + words, in: folder, settings: settings)
            #expect(try await program.end() == 2)
            #expect(program.error.contains("no/such is not there") && program.error.contains("fettle init --dir DIR"))
            #expect(try Self.names(folder) == [])
        }
        withExtendedLifetime(folder) {}
    }

    /// A link into somebody's repository that is not mounted today is not written through.
    @Test func aLinkThatLeadsNowhereIsSomebodys() async throws {
        let folder = try TestFolder()
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("policy.yaml").path, withDestinationPath: "elsewhere/policy.yaml")
        let begin = try await Self.end(["init"], folder)
        #expect(begin.output.contains("policy.yaml is already there"))
        #expect(begin.output.contains("wrote ") && begin.output.contains("/fleet.yaml"))
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: [
        ["run", "list"], ["change", "list"], ["quarantine", "list"], ["waiver", "list"], ["evidence", "check"],
        ["whoami"],
        ["run", "obligations"], ["inventory", "check"], ["inventory", "check", "-o", "json"], ["inventory", "show"],
        ["inventory", "export"],
        ["windows"], ["access", "check"], ["access", "sudoers"], ["version", "compare", "--scheme", "rpm", "1", "2"],
        ["cvss", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"], ["schema", "fleet"],
    ])
    func whatOnlyReadsCreatesNoFile(words: [String]) async throws {
        let folder = try TestFolder()
        try folder.write("version: 1\nresources: [{id: here, address: local, environment: dev}]\n", to: "fleet.yaml")
        try folder.write("version: 1\n", to: "policy.yaml")
        let before = try Self.names(folder)
        _ = try await Self.end(words, folder)
        #expect(try Self.names(folder) == before)
        withExtendedLifetime(folder) {}
    }
}
