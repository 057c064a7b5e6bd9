import ArgumentParser
import FettleAssessment
import FettleFeeds
import FettleIndex
import FettleModel
import Foundation

/// By which advisories to judge.
struct AdvisoryOptions: ParsableArguments {
    @Option(help: "A file or folder with advisory feeds (or FETTLE_FEEDS).") var feeds: String?
    @Option(help: "An index that `fettle feeds build` compiled (or FETTLE_INDEX).") var index: String?

    func validate() throws {
        if feeds != nil, index != nil {
            throw ValidationError("--feeds and --index are two ways to the same: give one")
        }
    }

    /// The same for commands that judge a fleet.
    static func feeds(_ path: String?, directory: String? = nil) throws -> AdvisoryFeeds {
        let feeds = AdvisoryFeeds(index: try open(index: nil, feeds: path, directory: directory))
        for feed in feeds.coverage.feeds {
            for remark in feed.remarks ?? [] { Output.note("\(feed.name): \(remark)") }
        }
        return feeds
    }

    /// - Returns: nil if no feed was given: then advisories were not checked, which is not "none".
    static func open(index: String?, feeds: String?, directory: String? = nil) throws -> AdvisoryIndex? {
        if let index { return try open(index) }
        let environment = ProcessInfo.processInfo.environment
        if feeds == nil, let path = environment["FETTLE_INDEX"] { return try open(path) }
        if let feeds = feeds ?? environment["FETTLE_FEEDS"] { return try IndexCache.index(of: feeds) }
        // What `fettle feeds sync` fetched. What is stale is used, and told.
        let library = FeedsLibrary(directory: directory)
        for note in try library.notes() { Output.note(note) }
        return try library.index()
    }

    static func open(_ path: String) throws -> AdvisoryIndex {
        do throws(IndexError) { return try AdvisoryIndex(path: path) } catch {
            throw CommandFailure(.failure, "\(error)")
        }
    }
}

/// Indexes of folders that are named with `--feeds`: compiled when a file in them is new or changed, used as they are otherwise.
/// They are derived and may be deleted at any time.
enum IndexCache {
    static func index(of feeds: String) throws -> AdvisoryIndex {
        let path = try path(of: feeds)
        if FileManager.default.fileExists(atPath: path) {
            do throws(IndexError) { return try AdvisoryIndex(path: path) } catch {
                // A damaged one, or one of another release: it is built anew.
                guard error.code != .unreadable else { throw CommandFailure(.failure, "\(error)") }
            }
        }
        let result = try IndexBuilding.build([feeds], to: path)
        if let first = result.passedOver.first {
            Output.note(
                "\(result.passedOver.count) documents in \(feeds) are no feed of a known format, the first: \(first)")
        }
        prune(beside: path)
        return try AdvisoryOptions.open(path)
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
    private static func path(of feeds: String) throws -> String {
        let fingerprint: String
        do throws(FeedError) { fingerprint = try FeedFiles.fingerprint(of: [feeds]) } catch {
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
