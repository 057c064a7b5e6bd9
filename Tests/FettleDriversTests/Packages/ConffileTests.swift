import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

/// Configuration files that a change replaces, with this machine's own tar.
@Suite("Configuration files", .enabled(if: geteuid() == 0, "files of others belong to root"))
struct ConffileTests {
    /// A host's `/etc`, dpkg's lists, and the place where files are kept.
    private final class Place {
        let root = FileManager.default.temporaryDirectory.appending(path: "fettle-c\(UInt32.random(in: 0 ... .max))")
        let keeper: ConffileKeeper

        init() throws {
            for name in ["etc", "info"] {
                try FileManager.default.createDirectory(
                    at: root.appending(path: name), withIntermediateDirectories: true)
            }
            let step = TrafficSteps.step(.takeOut)
            let context = TrafficSteps.context(targets: [
                PlanTarget(resource: "web-1", address: .ssh("web-1"), environment: "production")
            ])
            let session = try HostSession(step, in: context, channels: ShellRunner(), clock: DriverClock())
            var keeper = ConffileKeeper(session, patch: "web-1/patch", in: "run-1")
            keeper.archive = ConffileArchive(
                directory: root.appending(path: "kept").path, lists: root.appending(path: "info").path)
            self.keeper = keeper
        }

        deinit { try? FileManager.default.removeItem(at: root) }

        func file(_ name: String) -> String { root.path + "/etc/" + name }

        func write(_ name: String, _ text: String) throws { try Data(text.utf8).write(to: URL(filePath: file(name))) }

        func read(_ name: String) -> String? {
            FileManager.default.contents(atPath: file(name)).map { String(decoding: $0, as: UTF8.self) }
        }

        func list(_ stem: String, _ lines: [String]) throws {
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(
                to: root.appending(path: "info/\(stem).conffiles"))
        }
    }

    private static let hostile = [
        "plain.conf", "with space", "it's", "say \"so\"", "$(touch PWNED)", "`id`", "back\\slash\\n\\101", "*", "[a]",
        "-rf",
        "--checkpoint-action=exec=id", "trailing ", "ü", "a;b|c&d", "#x", "~root",
    ]

    @Test func filesOfAnyNameComeBackByteForByteWithOwnerModeAndTime() async throws {
        let place = try Place()
        for (number, name) in Self.hostile.enumerated() {
            try place.write(name, "own \(number)\u{0}\n")
            chmod(place.file(name), 0o640)
            chown(place.file(name), 12, 34)
        }
        try place.list("banner", Self.hostile.map(place.file))
        var before = stat()
        #expect(stat(place.file("it's"), &before) == 0)
        try await place.keeper.keep(["banner"])
        for name in Self.hostile {
            try FileManager.default.removeItem(atPath: place.file(name))
            try place.write(name, "the package's")
        }
        let failure = await #expect(throws: StepFailure.self) { try await place.keeper.requireBack(["banner"]) }
        #expect(failure?.code == .packageManager)

        let result = try await place.keeper.bringBack(["banner"])
        #expect(result.back == ["banner"] && result.lost == [])
        try await place.keeper.requireBack(["banner"])
        for (number, name) in Self.hostile.enumerated() {
            #expect(place.read(name) == "own \(number)\u{0}\n", "\(name)")
            #expect(place.read(name + ".dpkg-bak") == "the package's", "what was there is not lost: \(name)")
        }
        var after = stat()
        #expect(stat(place.file("it's"), &after) == 0)
        #expect((after.st_uid, after.st_gid, after.st_mode) == (12, 34, before.st_mode))
        #expect((after.st_mtim.tv_sec, after.st_mtim.tv_nsec) == (before.st_mtim.tv_sec, before.st_mtim.tv_nsec))
        let around = try FileManager.default.contentsOfDirectory(atPath: place.root.path)
        #expect(Set(around) == ["etc", "info", "kept"] && !FileManager.default.fileExists(atPath: "PWNED"))
        // Once more, as after a crash in the middle.
        #expect(try await place.keeper.bringBack(["banner"]).back == ["banner"])
    }

    /// No line of a list is an option, and none is read from anywhere but where dpkg lists files.
    @Test func hostileLinesOfAListAreNamesOfFilesThatAreNotThere() async throws {
        let place = try Place()
        try place.write("own", "1")
        let evil = place.root.path + "/evil"
        try place.list(
            "banner",
            [
                place.file("own"), "remove-on-upgrade \(place.file("gone"))", place.file("missing"), "-x", "",
                "--checkpoint=1", "--checkpoint-action=exec=touch \(evil)", "--to-command=touch \(evil)",
            ])
        try await place.keeper.keep(["banner"])
        try place.write("own", "2")
        #expect(try await place.keeper.bringBack(["banner"]).back == ["banner"])
        #expect(place.read("own") == "1" && place.read("missing") == nil)
        #expect(!FileManager.default.fileExists(atPath: evil))
    }

    @Test func whatIsKeptIsRootsAlone() async throws {
        let place = try Place()
        try place.write("secret", "password")
        try place.list("banner", [place.file("secret")])
        try await place.keeper.keep(["banner"])
        var folder = stat()
        #expect(stat(place.root.path + "/kept", &folder) == 0)
        #expect(folder.st_mode & 0o777 == 0o700)
    }

    @Test func whatIsTooLargeIsRefusedBeforeAnythingIsDone() async throws {
        let place = try Place()
        try place.write("large", String(repeating: "x", count: (ConffileArchive.mostMebibytes + 1) << 20))
        try place.list("banner", [place.file("large")])
        let failure = await #expect(throws: StepFailure.self) { try await place.keeper.keep(["banner"]) }
        #expect(
            failure?.code == .refused && failure?.message.contains("32 MiB") == true, "\(String(describing: failure))")
    }

    @Test func whatIsNotKeptAnyMoreIsToldAndHoldsNothingUp() async throws {
        let place = try Place()
        try place.write("own", "1")
        try place.list("banner", [place.file("own")])
        try await place.keeper.keep(["banner"])
        let result = try await place.keeper.bringBack(["banner", "libledger:amd64"])
        #expect(result.back == ["banner"] && result.lost == ["libledger:amd64"])
    }

    /// A link is a link afterwards; what it leads to is not followed.
    @Test func aLinkIsBroughtBackAsALink() async throws {
        let place = try Place()
        try place.write("real", "1")
        try FileManager.default.createSymbolicLink(atPath: place.file("link"), withDestinationPath: "real")
        try place.list("banner", [place.file("link")])
        try await place.keeper.keep(["banner"])
        try FileManager.default.removeItem(atPath: place.file("link"))
        try place.write("link", "2")
        _ = try await place.keeper.bringBack(["banner"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: place.file("link")) == "real")
        #expect(place.read("real") == "1")
    }

    @Test func whoHasConfigurationFilesIsFoundByDpkgsLists() async throws {
        let place = try Place()
        try place.list("banner", ["/etc/banner.conf"])
        try place.list("libfoo1:amd64", ["/etc/foo"])
        try Data().write(to: place.root.appending(path: "info/empty.conffiles"))
        func change(_ name: String, _ architecture: String, from: String? = "1") -> PackageChange {
            PackageChange(name: name, architecture: architecture, from: from, to: "2")
        }
        let stems = try await place.keeper.listed([
            change("banner", "all"), change("libfoo1", "amd64"), change("libfoo1", "i386"), change("empty", "all"),
            change("other", "all"),
        ])
        #expect(stems == ["banner", "libfoo1:amd64"])
        #expect(try await place.keeper.listed([change("banner", "all", from: nil)]) == [], "it was not there before")
    }

    @Test func everyCommandIsPermittedAndNoOtherFileIs() throws {
        let rules = try PackageRules.rules()
        let archive = ConffileArchive()
        let job = DetachedJob.name(of: "web-1/patch", in: "run-1", part: "conffiles")
        var commands = archive.prepare + [archive.prune(days: 30)]
        for stem in ["banner", "g++", "libfoo1:amd64", "python3.11"] {
            commands += [archive.create(stem, job), archive.extract(stem, job), archive.compare(stem, job)]
        }
        for command in commands {
            #expect(rules.contains { $0.permits(command) }, "\(command.arguments)")
        }
        func isPermitted(_ place: Int, _ word: String, of command: RootCommand) -> Bool {
            var command = command
            command.arguments[command.arguments.count - place] = word
            return rules.contains { $0.permits(command) }
        }
        let create = archive.create("banner", job)
        for list in ["--files-from=/tmp/x", "--files-from=/var/lib/dpkg/info/../../x.conffiles", "/etc/shadow"] {
            #expect(!isPermitted(1, list, of: create), "\(list)")
        }
        for file in ["--file=/tmp/x.tar", "--file=/var/cache/fettle/conffiles/fettle-a/../../x.tar", "--to-command=id"]
        {
            #expect(!isPermitted(1, file, of: archive.extract("banner", job)), "\(file)")
            #expect(!isPermitted(2, file, of: create), "\(file)")
        }
    }
}
