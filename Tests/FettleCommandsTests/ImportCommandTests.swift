import Foundation
import Testing

/// Where `init` and `inventory import` write, and what they refuse.
@Suite struct ImportCommandTests {
    private static let hosts = "[web]\nweb-1 ansible_host=10.0.0.11\nweb-2 ansible_host=10.0.0.12\n"
    private static let words = ["inventory", "import", "ansible", "hosts.ini", "--environment", "dev"]

    private static func folder() throws -> TestFolder {
        let folder = try TestFolder()
        try folder.write(hosts, to: "hosts.ini")
        return folder
    }

    private static func isThere(_ name: String, _ folder: TestFolder) -> Bool {
        FileManager.default.fileExists(atPath: folder.file(name).path)
    }

    /// As every other command: `--dir`, else FETTLE_DIR, else here.
    @Test(arguments: [
        (["--dir", "named"], "other", "named"), (["--dir", "named"], nil, "named"), ([], "other", "other"),
        ([], nil, "."),
        ([], "", "."),
    ])
    func theFolderIsTheOneOfEveryCommand(words: [String], variable: String?, place: String) async throws {
        for command in [["init"], Self.words] {
            let folder = try Self.folder()
            for name in ["named", "other"] {
                try FileManager.default.createDirectory(at: folder.file(name), withIntermediateDirectories: false)
            }
            var settings: [String: String] = [:]
            if let variable { settings["FETTLE_DIR"] = variable.isEmpty ? "" : folder.file(variable).path }
            let program = try Program(command + words, in: folder, settings: settings)
            #expect(try await program.end() == 0, "\(program.error)")
            for name in ["named", "other", "."] {
                #expect(Self.isThere("\(name)/fleet.yaml", folder) == (name == place), "\(command): \(name)")
                #expect(Self.isThere("\(name)/.fettle/fleet.schema.json", folder) == (name == place))
            }
            let check = try Program(["inventory", "check"] + words, in: folder, settings: settings)
            #expect(try await check.end() == 0, "\(check.error)")
            withExtendedLifetime(folder) {}
        }
    }

    @Test func whatWasWrittenIsNamed() async throws {
        let folder = try Self.folder()
        try FileManager.default.createDirectory(at: folder.file("named"), withIntermediateDirectories: false)
        let here = try Program(Self.words + ["-o", "json"], in: folder)
        #expect(try await here.end() == 0)
        #expect(here.output.contains(#""wrote" : "fleet.yaml""#), "\(here.output)")
        let there = try Program(Self.words + ["--dir", "named"], in: folder)
        #expect(try await there.end() == 0)
        #expect(there.output.contains("wrote ") && there.output.contains("/named/fleet.yaml: 2 resources, 1 groups"))
        let file = try Program(Self.words + ["--dir", "named", "--to", "mine.yaml"], in: folder)
        #expect(try await file.end() == 0)
        #expect(file.output.hasPrefix("wrote mine.yaml: ") && Self.isThere("mine.yaml", folder))
        withExtendedLifetime(folder) {}
    }

    /// Only `init` makes a folder.
    @Test func aFolderThatIsNotThereIsNotMade() async throws {
        let folder = try Self.folder()
        let program = try Program(Self.words + ["--dir", "no/such"], in: folder)
        #expect(try await program.end() == 2)
        #expect(program.error.contains("no/such is not there"), "\(program.error)")
        #expect(!Self.isThere("no", folder) && !Self.isThere("fleet.yaml", folder))
        withExtendedLifetime(folder) {}
    }

    @Test(
        arguments: [
            ("newdir/", "--to names a file, but newdir/ is a folder\n  such as `--to newdir/fleet.yaml`"),
            ("old", "--to names a file, but old is a folder\n  such as `--to old/fleet.yaml`"),
            ("old/", "--to names a file, but old/ is a folder\n  such as `--to old/fleet.yaml`"),
            ("", "--to names no file\n  such as `--to fleet.yaml`"),
        ], [[], ["--force"]])
    func aFolderIsNoFile(_ sample: (to: String, words: String), _ more: [String]) async throws {
        let folder = try Self.folder()
        try FileManager.default.createDirectory(at: folder.file("old"), withIntermediateDirectories: false)
        let program = try Program(Self.words + ["--to", sample.to] + more, in: folder)
        #expect(try await program.end() == 2)
        #expect(program.error == "error: \(sample.words)\n")
        #expect(!Self.isThere("newdir", folder) && !Self.isThere("old/fleet.yaml", folder))
        #expect(!Self.isThere("fleet.yaml", folder))
        withExtendedLifetime(folder) {}
    }

    @Test func anExportIsNoFolderEither() async throws {
        let folder = try Self.folder()
        let program = try Program(["export", "facts", "--to", "newdir/"], in: folder)
        #expect(try await program.end() == 2)
        #expect(program.error.contains("such as `--to newdir/facts.json`"), "\(program.error)")
        #expect(!Self.isThere("newdir", folder))
        withExtendedLifetime(folder) {}
    }

    @Test func anEnvironmentThatNobodyKnowsIsRefused() async throws {
        let folder = try Self.folder()
        let words = ["inventory", "import", "ansible", "hosts.ini", "--environment", "produktion"]
        let program = try Program(words, in: folder)
        #expect(try await program.end() == 2)
        #expect(
            program.error.contains(
                "hosts.ini:1:1: unknown default environment 'produktion'; did you mean 'production'?"),
            "\(program.error)")
        #expect(!Self.isThere("fleet.yaml", folder))
        withExtendedLifetime(folder) {}
    }

    /// A name is looked for as what it was given as.
    @Test func aNameThatIsNotThereIsToldAsWhatItWasMeant() async throws {
        let folder = try Self.folder()
        _ = try await Program(Self.words, in: folder).end()
        let scan = try Program(["scan", "--host", "web", "--host", "nope", "-g", "web-1", "-e", "prod"], in: folder)
        #expect(try await scan.end() == 2)
        #expect(
            scan.error.contains(
                "the fleet has no environment called prod, and no group called web-1, and no host called web, nope\n"),
            "\(scan.error)")
        let waiver = try Program(
            [
                "waiver", "add", "--advisory", "CVE-2026-1", "--reason", "x", "--owner", "me", "--expires", "30d",
                "--resource",
                "nope",
            ],
            in: folder)
        #expect(try await waiver.end() == 2)
        #expect(waiver.error.contains("the fleet has no resource called nope\n"), "\(waiver.error)")
        withExtendedLifetime(folder) {}
    }
}
