import FettleIndex
import FettleModel
import Foundation
import Testing

@testable import FettleFeeds

/// From files and folders to an index: what is read, what is passed over, and what refuses all of it.
@Suite struct FeedCompilerTests {
    /// A folder of feeds, and the index that is made of it.
    final class Folder {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-compile-\(UUID().uuidString)")
        var feeds: String { url.appendingPathComponent("feeds").path }

        init() throws { try FileManager.default.createDirectory(atPath: feeds, withIntermediateDirectories: true) }

        deinit { try? FileManager.default.removeItem(at: url) }

        func write(_ text: String, to name: String, changed: Timestamp? = nil) throws {
            let file = url.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            guard let changed else { return }
            let date = Date(timeIntervalSince1970: Double(changed.milliseconds) / 1_000)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: file.path)
        }

        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(
                atPath: url.appendingPathComponent(name).path, withDestinationPath: target)
        }

        func compile(
            _ paths: [String]? = nil, reading: @escaping (String) throws -> Void = { _ in }
        ) throws -> FeedCompiler.Result {
            let compiler = FeedCompiler { file, _, _ in
                do { try reading(file) } catch { Issue.record(error) }
            }
            return try compiler.compile(
                paths ?? [feeds], to: url.appendingPathComponent("index").path, builtAt: Timestamp(milliseconds: 0))
        }

        /// Why nothing was made; nil if something was.
        func refusal(_ paths: [String]? = nil, reading: @escaping (String) throws -> Void = { _ in }) -> String? {
            do {
                _ = try compile(paths, reading: reading)
                return nil
            } catch { return "\(error)" }
        }
    }

    static func advisory(_ number: Int) -> String {
        """
        {"id": "TEST-\(number)", "schema_version": "1.6.0", "modified": "2026-11-0\(number)T00:00:00Z", "affected": [
        {"package": {"ecosystem": "PyPI", "name": "oak"}, "ranges": [{"type": "ECOSYSTEM",
        "events": [{"introduced": "0"}, {"fixed": "1.\(number)"}]}]}]}
        """
    }

    // MARK: Links

    @Test func aLinkToAFileIsFollowedAlsoOutOfTheFolder() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "elsewhere/a.json")
        try folder.write(Self.advisory(2), to: "feeds/2026/b.json")
        try folder.link("feeds/a.json", to: "../elsewhere/a.json")
        let result = try folder.compile()
        #expect(result.catalogue.advisories == 2)
        #expect(result.passedOver == [])
    }

    /// As a mounted ConfigMap lays its files out: every file is a link through a link to the folder that is current.
    @Test func aFileThatIsThereByItsOwnNameTooIsReadOnce() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/..2026_11_01/a.json")
        try folder.link("feeds/..data", to: "..2026_11_01")
        try folder.link("feeds/a.json", to: "..data/a.json")
        try folder.link("feeds/same.json", to: "a.json")
        let result = try folder.compile()
        #expect(result.catalogue.feeds.map(\.documents) == [1])
        #expect(result.passedOver == [])
    }

    @Test func whatCannotBeFollowedIsNamed() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        try folder.write(Self.advisory(2), to: "elsewhere/b.json")
        try folder.link("feeds/gone.json", to: "nowhere")
        try folder.link("feeds/loop.json", to: "loop.json")
        try folder.link("feeds/more", to: "../elsewhere")
        try folder.link("feeds/again", to: ".")
        try folder.link("feeds/null", to: "/dev/null")
        #expect(mkfifo(folder.feeds + "/pipe", 0o600) == 0)
        let result = try folder.compile()
        #expect(result.catalogue.advisories == 1)
        #expect(
            result.passedOver.map { "\($0)".replacingOccurrences(of: folder.feeds + "/", with: "") } == [
                "gone.json is a link that leads nowhere", "loop.json is a link that leads nowhere",
                "more is a link to a folder outside of it: name that folder too",
                "null is a link to what is no regular file", "pipe is no regular file",
            ])
        #expect(result.catalogue.passedOver.count == 5)
        #expect(try folder.compile([folder.feeds, folder.url.path + "/elsewhere"]).catalogue.advisories == 2)
    }

    @Test func aFolderThatOnlyLooksLikeAnInnerOneIsOutside() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        try folder.write(Self.advisory(2), to: "feeds-2/b.json")
        try folder.link("feeds/more", to: "../feeds-2")
        #expect(try folder.compile().passedOver.count == 1)
    }

    // MARK: What is no feed

    @Test func aForeignFileThatBeginsAsJSONDoesIsPassedOverAndNamed() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        try folder.write("[checksums]\nimages/boot.iso = sha256:00\n", to: "feeds/.treeinfo")
        try folder.write("[[package]]\nname = \"oak\"\nversion = \"1\"\n", to: "feeds/poetry.lock")
        try folder.write("{\n  // settings\n  \"a\": 1,\n}\n", to: "feeds/settings.json")
        try folder.write("{\"a\": 1}\n{\"b\": 2}\n", to: "feeds/lines.json")
        let result = try folder.compile()
        #expect(result.catalogue.advisories == 1)
        #expect(
            result.passedOver.map { "\($0)".replacingOccurrences(of: folder.feeds + "/", with: "") } == [
                ".treeinfo is no feed of a known format", "lines.json is no feed of a known format",
                "poetry.lock is no feed of a known format", "settings.json is no feed of a known format",
            ])
    }

    @Test func aMalformedFileOfAKnownKindStillRefusesAllOfIt() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        let broken = Self.advisory(2).replacingOccurrences(of: "\"events\":", with: "\"events\"")
        try folder.write(broken, to: "feeds/b.json")
        #expect(folder.refusal()?.contains("b.json") == true)
    }

    @Test func aFileThatIsCutOffBeforeItsKindCanBeToldRefusesToo() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        for length in 1..<60 {
            try folder.write(String(Self.advisory(2).prefix(length)), to: "feeds/b.json")
            #expect(folder.refusal()?.contains("b.json") == true, "\(length)")
        }
        try folder.write("", to: "feeds/b.json")
        #expect(folder.refusal() == "\(folder.feeds)/b.json: is empty: fetch it again, or take it away")
    }

    @Test func whereNoFeedIsThereItIsSaidWhatIs() throws {
        let folder = try Folder()
        #expect(folder.refusal() == "no feed is in \(folder.feeds): there is no file in it")
        try folder.write("hello", to: "feeds/note.txt")
        try folder.link("feeds/gone.json", to: "nowhere")
        #expect(
            folder.refusal() == """
                no feed of a known format is in \(folder.feeds)
                  \(folder.feeds)/gone.json is a link that leads nowhere
                  \(folder.feeds)/note.txt is no feed of a known format
                """)
    }

    // MARK: What publishers take back

    /// A VEX document of Red Hat's kind.
    private static func vex(_ cve: String, changed: String) -> String {
        """
        {"document": {"csaf_version": "2.0", "category": "csaf_vex", "publisher": {"namespace": "https://www.redhat.com"},
        "tracking": {"id": "\(cve)", "current_release_date": "\(changed)", "initial_release_date": "2024-01-01T00:00:00Z"}},
        "product_tree": {"branches": [{"category": "vendor", "name": "Red Hat", "branches": [
        {"category": "product_name", "name": "Red Hat Enterprise Linux 9", "product": {"name": "Red Hat Enterprise Linux 9",
        "product_id": "red_hat_enterprise_linux_9",
        "product_identification_helper": {"cpe": "cpe:/o:redhat:enterprise_linux:9"}}},
        {"category": "product_version", "name": "oak", "product": {"name": "oak", "product_id": "oak",
        "product_identification_helper": {"purl": "pkg:rpm/redhat/oak?arch=src"}}}]}],
        "relationships": [{"category": "default_component_of", "product_reference": "oak",
        "relates_to_product_reference": "red_hat_enterprise_linux_9",
        "full_product_name": {"name": "oak", "product_id": "red_hat_enterprise_linux_9:oak"}}]},
        "vulnerabilities": [{"cve": "\(cve)",
        "product_status": {"known_affected": ["red_hat_enterprise_linux_9:oak"]}}]}
        """
    }

    @Test(arguments: [false, true])
    func whatAPublisherDeletedIsNotUsed(isPacked: Bool) throws {
        let folder = try Folder()
        for (number, changed) in ["2024-05-01", "2024-05-01", "2024-07-01"].enumerated() {
            try folder.write(
                Self.vex("CVE-2024-000\(number)", changed: "\(changed)T00:00:00+00:00"),
                to: "documents/2024/cve-2024-000\(number).json")
        }
        // The second was deleted; the third too, and published again since. Of another year's nothing is said.
        let deletions = """
            "2024/cve-2024-0001.json","2024-06-01T00:00:00+00:00"
            "2024/cve-2024-0002.json","2024-06-01T00:00:00+00:00"
            "2023/cve-2024-0000.json","2024-06-01T00:00:00+00:00"

            """
        if isPacked {
            let tar = Process()
            tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            tar.arguments = ["tar", "-C", folder.url.path + "/documents", "-czf", folder.feeds + "/vex.tar.gz", "2024"]
            try tar.run()
            tar.waitUntilExit()
            #expect(tar.terminationStatus == 0)
        } else {
            try FileManager.default.moveItem(
                atPath: folder.url.path + "/documents/2024", toPath: folder.feeds + "/2024")
        }
        #expect(try folder.compile().catalogue.advisories == 3)
        try folder.write(deletions, to: "feeds/deletions.csv")
        let result = try folder.compile()
        #expect(result.catalogue.advisories == 2)
        #expect(result.passedOver == [])
        let index = try AdvisoryIndex(path: folder.url.appendingPathComponent("index").path)
        #expect(try index.advisories(named: "CVE-2024-0001") == [])
        #expect(try index.advisories(named: "CVE-2024-0002").count == 1)
        // A list elsewhere is not about these.
        try FileManager.default.createDirectory(atPath: folder.feeds + "/other", withIntermediateDirectories: true)
        try FileManager.default.moveItem(
            atPath: folder.feeds + "/deletions.csv", toPath: folder.feeds + "/other/deletions.csv")
        #expect(try folder.compile().catalogue.advisories == 3)
    }

    @Test func aListOfDeletionsThatIsBrokenRefuses() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        for broken in [
            "2024/a.json,2024-01-01\n2024/b.js", "2024/a.json,2024-01-01\n\"2024/b.json", "a.json,2024-01-01\n,",
        ] {
            try folder.write(broken, to: "feeds/deletions.csv")
            #expect(folder.refusal()?.contains("deletions.csv: ") == true, "\(broken)")
        }
        try folder.write("<html>", to: "feeds/deletions.csv")
        #expect(try folder.compile().passedOver.map(\.reason) == ["is no list of a publisher's deletions"])
        try folder.write("", to: "feeds/deletions.csv")
        #expect(try folder.compile().passedOver == [])
    }

    // MARK: Dates

    @Test func theNewestFileSaysWhenAFeedWasChanged() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json", changed: Timestamp(milliseconds: 1_790_000_000_000))
        try folder.write(Self.advisory(2), to: "feeds/b.json", changed: Timestamp(milliseconds: 1_700_000_000_000))
        let feed = try #require(try folder.compile().catalogue.feeds.first)
        #expect(feed.changedAt == Timestamp(milliseconds: 1_790_000_000_000))
        #expect(feed.publishedAt?.description.hasPrefix("2026-11-02") == true)
    }

    // MARK: Changes meanwhile

    @Test func aFileThatChangesWhileFeedsAreReadIsReadAgain() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        try folder.write(Self.advisory(2), to: "feeds/b.json")
        var changes = 1
        let result = try folder.compile { file in
            guard file.hasSuffix("b.json"), changes > 0 else { return }
            changes -= 1
            // The one that was read already: what it said then must not stay.
            try folder.write(Self.advisory(3) + "\n", to: "feeds/a.json")
        }
        #expect(result.catalogue.advisories == 2)
        let index = try AdvisoryIndex(path: folder.url.appendingPathComponent("index").path)
        #expect(try index.advisories(named: "TEST-3").count == 1)
        #expect(try index.advisories(named: "TEST-1") == [])
    }

    @Test func filesThatKeepChangingMakeNoIndex() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        try folder.write(Self.advisory(2), to: "feeds/b.json")
        var text = Self.advisory(1)
        let refusal = folder.refusal { file in
            guard file.hasSuffix("b.json") else { return }
            text += "\n"
            try folder.write(text, to: "feeds/a.json")
        }
        #expect(
            refusal == """
                \(folder.feeds)/a.json was changed while it was read
                wait until whoever writes the feeds is done, and run the same again
                """)
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("index").path))
    }

    @Test func aFileThatIsTakenAwayMeanwhileIsNoticed() throws {
        let folder = try Folder()
        try folder.write(Self.advisory(1), to: "feeds/a.json")
        try folder.write(Self.advisory(2), to: "feeds/b.json")
        let result = try folder.compile { file in
            guard file.hasSuffix("b.json") else { return }
            try? FileManager.default.removeItem(atPath: folder.feeds + "/a.json")
        }
        #expect(result.catalogue.advisories == 1)
    }
}
