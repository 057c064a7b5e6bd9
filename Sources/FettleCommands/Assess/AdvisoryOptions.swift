import ArgumentParser
import FettleAssessment
import FettleFeeds
import FettleIndex
import FettleModel
import Foundation

/// By which advisories to judge.
struct AdvisoryOptions: ParsableArguments {
    @Option(help: "A file or folder with advisory feeds (or FETTLE_FEEDS); may be given again.") var feeds: [String] =
        []
    @Option(help: "An index that `fettle feeds build` compiled (or FETTLE_INDEX).") var index: [String] = []

    func validate() throws {
        if !feeds.isEmpty, !index.isEmpty {
            throw ValidationError("--feeds and --index are two ways to the same: give one")
        }
        if index.count > 1 {
            throw ValidationError(
                "--index takes one index, not \(index.count): `fettle feeds build --from A --from B` makes one of several feeds"
            )
        }
    }

    var source: AdvisorySource { AdvisorySource(feeds: feeds, index: index.first) }
}

/// Where advisories are taken from; where nothing is named, what the environment names or `fettle feeds sync` fetched.
struct AdvisorySource: Equatable {
    /// Files and folders.
    var feeds: [String] = []
    /// A compiled index; then `feeds` is empty.
    var index: String?

    /// An index with what is not sound of the feeds that it was made from.
    struct Opened {
        var index: AdvisoryIndex
        var notes: [String]
    }

    /// For commands that judge a fleet. What is not sound of the feeds goes with them into every answer that is kept or printed as
    /// JSON, and is told at the end.
    func fleetFeeds(directory: String? = nil) throws -> AdvisoryFeeds {
        let opened = try open(directory: directory)
        let feeds = AdvisoryFeeds(index: opened?.index, notes: opened?.notes ?? [])
        for feed in feeds.coverage.feeds {
            for remark in feed.remarks ?? [] { Output.noteAtEnd("\(feed.name): \(remark)") }
        }
        for note in feeds.coverage.notes ?? [] { Output.noteAtEnd(note) }
        return feeds
    }

    /// - Returns: nil if no feed was given: then advisories were not checked, which is not "none".
    func open(directory: String? = nil) throws -> Opened? {
        let environment = ProcessInfo.processInfo.environment
        let named = index ?? (feeds.isEmpty ? environment["FETTLE_INDEX"] : nil)
        let paths = feeds.isEmpty ? [environment["FETTLE_FEEDS"]].compactMap { $0 } : feeds
        if named != nil || !paths.isEmpty {
            let index = if let named { try Self.open(named) } else { try IndexCache.index(of: paths) }
            return Opened(index: index, notes: index.catalogue.notes(at: .now()))
        }
        // What `fettle feeds sync` fetched. What is stale is used, and told.
        let library = FeedsLibrary(directory: directory)
        let index = try library.index()
        let notes = try library.notes(index?.catalogue)
        guard let index else {
            for note in notes { Output.noteAtEnd(note) }
            return nil
        }
        return Opened(index: index, notes: notes + index.catalogue.passedOverNotes)
    }

    static func open(_ path: String) throws -> AdvisoryIndex {
        do throws(IndexError) { return try AdvisoryIndex(path: path) } catch {
            throw CommandFailure(.failure, "\(error)")
        }
    }
}

extension AdvisoryFeeds {
    /// What is not sound of these feeds, and of those by which the findings were judged; the latter is told at the end too.
    func notes(with findings: FindingSet) -> [String] {
        let now = coverage.notes ?? []
        let day = findings.assessedAt.description.prefix(10)
        let then = (findings.feeds.notes ?? []).filter { !now.contains($0) }.map { "judged on \(day): \($0)" }
        for note in then { Output.noteAtEnd(note) }
        return now + then
    }
}

/// Indexes of folders that are named with `--feeds`: compiled when a file in them is new or changed, used as they are otherwise.
/// They are derived and may be deleted at any time.
enum IndexCache {
    static func index(of feeds: [String]) throws -> AdvisoryIndex {
        let path = try path(of: feeds)
        if FileManager.default.fileExists(atPath: path) {
            do throws(IndexError) { return try AdvisoryIndex(path: path) } catch {
                // A damaged one, or one of another release: it is built anew.
                guard error.code != .unreadable else { throw CommandFailure(.failure, "\(error)") }
            }
        }
        _ = try IndexBuilding.build(feeds, to: path)
        // What was read may be newer than what was asked for: then the index has the name of that.
        let built = try self.path(of: feeds)
        if built != path { rename(path, built) }
        prune(beside: built)
        return try AdvisorySource.open(built)
    }

    /// Indexes of folders that look otherwise by now are not asked for again; a month is long enough to be sure.
    private static func prune(beside path: String) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        let kept = Date(timeIntervalSinceNow: -30 * 86_400)
        let files = try? FileManager.default.contentsOfDirectory(
            at: folder, includingPropertiesForKeys: [.contentModificationDateKey])
        for file in files ?? [] where file.lastPathComponent.hasPrefix("index-") && file.path != path {
            let changed = try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
            if let changed, changed < kept { try? FileManager.default.removeItem(at: file) }
        }
    }

    /// In the user's cache, named after what is in the folder: names, sizes and times of change.
    private static func path(of feeds: [String]) throws -> String {
        let fingerprint: String
        do throws(FeedError) { fingerprint = try FeedFiles.fingerprint(of: feeds) } catch {
            throw CommandFailure(.usage, "\(error)\n  without `--feeds` advisories are not checked")
        }
        let environment = ProcessInfo.processInfo.environment
        let cache =
            environment["XDG_CACHE_HOME"].map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".cache")
        let folder = cache.appendingPathComponent("fettle")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            let temporary = FileManager.default.temporaryDirectory
            return temporary.appendingPathComponent("fettle-index-\(getuid())-\(fingerprint)").path
        }
        return folder.appendingPathComponent("index-\(fingerprint)").path
    }
}
