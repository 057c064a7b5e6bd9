import Foundation
import Testing

/// What is not sound of feeds is told with every answer that rests on them, wherever they come from and however it is written.
@Suite struct FeedNotesTests {
    private static let tracker = """
        {"openssl": {"CVE-2026-1001": {"description": "falls", "scope": "remote", "releases": {"bookworm": {
        "status": "resolved", "repositories": {"bookworm": "3.0.22"}, "fixed_version": "3.0.22", "urgency": "high"}}}}}
        """
    private static let kev = """
        {"title": "KEV", "catalogVersion": "2026.01.01", "dateReleased": "2026-01-01T00:00:00Z", "count": 1,
        "vulnerabilities": [{"cveID": "CVE-2026-1001", "vendorProject": "a", "product": "b", "vulnerabilityName": "c",
        "dateAdded": "2026-01-01", "shortDescription": "d", "requiredAction": "e", "dueDate": "2026-02-01"}]}
        """
    private static let status = """
        Package: openssl
        Status: install ok installed
        Architecture: amd64
        Version: 3.0.20

        """
    private let folder: TestFolder

    init() throws {
        folder = try TestFolder()
        try folder.write(Self.tracker, to: "feeds/tracker.json")
        try folder.write(Self.kev, to: "feeds/kev.json")
        try folder.write("[checksums]\n", to: "feeds/.treeinfo")
        try folder.write(Self.status, to: "status")
        let old = Date(timeIntervalSinceNow: -1_000 * 3_600)
        try FileManager.default.setAttributes(
            [.modificationDate: old], ofItemAtPath: folder.file("feeds/tracker.json").path)
    }

    private func run(_ line: String, ends: Set<Int32>, settings: [String: String] = [:]) async throws -> Program {
        let settings = settings.merging(["XDG_CACHE_HOME": folder.file("cache").path]) { $1 }
        let program = try Program(line.split(separator: " ").map(String.init), in: folder, settings: settings)
        let code = try await program.end()
        #expect(ends.contains(code), "\(line): \(code)\n\(program.output)\n\(program.error)")
        return program
    }

    private static let file = "assess --dpkg-status status --platform debian:12"

    private func expectNotes(_ text: String, _ about: String) {
        #expect(
            text.contains("debian-tracker (feeds) is stale: of ")
                && text.contains("by its file's time of change, 41 days ago"), "\(about): \(text)")
        #expect(text.contains("kev (feeds) is stale: of 2026-01-01 by its own date"), "\(about): \(text)")
        #expect(text.contains("/feeds/.treeinfo is no feed of a known format"), "\(about): \(text)")
    }

    private struct Counts: Decodable {
        var packages: Int
        var affected: Int?
        var notChecked: Int
        var feedNotes: [String]
        var gaps: [String]
    }

    private static let partly = status + "\nPackage: bash\nStatus: install ok installed\nArchitecture: amd64\n\n"

    @Test(arguments: ["", " --count"])
    func withoutAnyFeedAnAnswerIsStillADocument(count: String) async throws {
        try folder.write(Self.partly, to: "status")
        let program = try await run("\(Self.file) -o json\(count)", ends: [4])
        let answer = try JSONDecoder().decode(Counts.self, from: Data(program.output.utf8))
        #expect(answer.packages == 1 && answer.notChecked == 1)
        #expect(answer.feedNotes.contains { $0.contains("advisories not checked") })
        #expect(answer.gaps.contains { $0.contains("bash") } && program.error.contains("bash"))
    }

    @Test func countsTellWhatWasNotRead() async throws {
        try folder.write(Self.partly, to: "status")
        let program = try await run("\(Self.file) --feeds feeds --count -o json", ends: [4])
        let answer = try JSONDecoder().decode(Counts.self, from: Data(program.output.utf8))
        #expect(answer.affected == 1 && answer.gaps.contains { $0.contains("bash") }, "\(program.output)")
        let rows = try await run("\(Self.file) --feeds feeds --count -o csv", ends: [4]).output.split(separator: "\r\n")
        #expect(rows.count == 2 && rows[0].hasPrefix("hosts,packages,affected,security,"), "\(rows)")
        #expect(rows.last == ",1,1,1,0,0,0,0,0,0,0,1")
    }

    @Test(arguments: ["table", "json", "ndjson", "csv"])
    func anAnswerOfFilesTellsHoweverFeedsAreNamed(format: String) async throws {
        _ = try await run("feeds build --from feeds --to i", ends: [0])
        let ways: [(String, [String: String])] = [
            ("--feeds feeds", [:]), ("--index i", [:]), ("", ["FETTLE_FEEDS": "feeds"]), ("", ["FETTLE_INDEX": "i"]),
            // From the cache by now: it has what it was made of.
            ("--feeds feeds", [:]),
        ]
        for (named, settings) in ways {
            let program = try await run("\(Self.file) \(named) -o \(format)", ends: [101], settings: settings)
            expectNotes(program.error, "\(named) \(settings) \(format)")
            if format == "json" {
                struct Answer: Decodable { var feedNotes: [String] }
                let answer = try JSONDecoder().decode(Answer.self, from: Data(program.output.utf8))
                #expect(answer.feedNotes.count == 3)
                expectNotes(answer.feedNotes.joined(separator: "\n"), "the document")
            }
        }
    }

    @Test func whatIsSoundNeedsNoWord() async throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date()], ofItemAtPath: folder.file("feeds/tracker.json").path)
        try FileManager.default.removeItem(at: folder.file("feeds/kev.json"))
        try FileManager.default.removeItem(at: folder.file("feeds/.treeinfo"))
        let program = try await run("\(Self.file) --feeds feeds -o json", ends: [101])
        #expect(program.error == "")
        #expect(program.output.contains("\"feedNotes\":[]"))
    }

    @Test func commandsOfAFleetTellItToo() async throws {
        try await LocalFleet().keep(in: folder)
        _ = try await run("feeds build --from feeds --to i", ends: [0])
        let finding = "here/openssl/3.0.22"
        for words in ["impact CVE-2026-1001", "explain \(finding)"] {
            for named in ["--feeds feeds", "--index i"] {
                let table = try await run("\(words) \(named)", ends: [0, 4, 101])
                expectNotes(table.error, "\(words) \(named)")
                let program = try await run("\(words) \(named) -o json", ends: [0, 4, 101])
                expectNotes(program.error, "\(words) \(named) -o json")
                struct Answer: Decodable { var feedNotes: [String] }
                let answer = try JSONDecoder().decode(Answer.self, from: Data(program.output.utf8))
                #expect(answer.feedNotes.count == 3, "\(words)")
            }
        }
        for line in ["risk --index i", "impact CVE-2026-1001 --index i -o ndjson", "assess --index i -o csv"] {
            expectNotes(try await run(line, ends: [0, 4, 100, 101]).error, line)
        }
        let assessed = try await run("assess --index i -o json", ends: [0, 4, 100, 101])
        struct Findings: Decodable {
            struct Feeds: Decodable {
                struct Feed: Decodable {
                    var name: String
                    var publishedAt: String?
                    var changedAt: String?
                }
                var notes: [String]
                var feeds: [Feed]
            }
            var feeds: Feeds
        }
        let feeds = try JSONDecoder().decode(Findings.self, from: Data(assessed.output.utf8)).feeds
        #expect(feeds.notes.count == 3)
        let tracker = try #require(feeds.feeds.first { $0.name.hasPrefix("debian-tracker") })
        #expect(tracker.publishedAt == nil && tracker.changedAt != nil)
        // What the findings rest on stays known when newer feeds are named.
        try FileManager.default.removeItem(at: folder.file("feeds/.treeinfo"))
        try folder.write(Self.tracker, to: "fresh/tracker.json")
        let later = try await run("impact CVE-2026-1001 --feeds fresh", ends: [0, 4, 101])
        #expect(later.error.contains(": debian-tracker (feeds) is stale"), "\(later.error)")
        #expect(later.error.contains("judged on "))
    }

    // MARK: Naming them

    @Test func severalFoldersAreOneAnswer() async throws {
        try FileManager.default.createDirectory(at: folder.file("more"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(at: folder.file("feeds/kev.json"), to: folder.file("more/kev.json"))
        let program = try await run("\(Self.file) --feeds feeds --feeds more -o json", ends: [101])
        #expect(program.error.contains("debian-tracker (feeds) is stale"))
        #expect(program.error.contains("kev (more) is stale"))
    }

    @Test func twoIndexesAreRefused() async throws {
        let program = try await run("\(Self.file) --index a --index b", ends: [2])
        #expect(program.error.contains("--index takes one index, not 2"), "\(program.error)")
        let both = try await run("impact CVE-1 --index a --feeds b", ends: [2])
        #expect(both.error.contains("--feeds and --index are two ways to the same"), "\(both.error)")
    }

    @Test func anEmptyFolderIsSaidToBeEmpty() async throws {
        try FileManager.default.createDirectory(at: folder.file("none"), withIntermediateDirectories: true)
        let program = try await run("\(Self.file) --feeds none", ends: [1])
        #expect(program.error.contains("no feed is in none: there is no file in it"), "\(program.error)")
    }
}
