import FettleFeedSync
import FettleFeeds
import FettleIndex
import FettleInventory
import FettleModel
import Foundation

/// The feeds that were fetched, in `.fettle/feeds` beside the fleet file, with the index that is compiled from them.
struct FeedsLibrary {
    let directory: URL

    init(directory: String?) {
        let environment = ProcessInfo.processInfo.environment
        self.directory = URL(
            fileURLWithPath: directory ?? environment["FETTLE_DIR"] ?? FileManager.default.currentDirectoryPath)
    }

    private var folder: URL { directory.appendingPathComponent(".fettle/feeds") }
    var store: FeedStore { FeedStore(path: folder.path) }
    /// Derived from the generation in use; it may be deleted at any time.
    var indexPath: String { folder.appendingPathComponent("advisories.index").path }
    var isEmpty: Bool { !FileManager.default.fileExists(atPath: folder.appendingPathComponent("current").path) }

    /// `feeds.yaml`; its defaults where there is none.
    func settings() throws -> FeedSettings {
        let file = directory.appendingPathComponent("feeds.yaml")
        guard FileManager.default.fileExists(atPath: file.path) else { return .none }
        let reading = try FeedsFile.read(path: file.path, known: FeedSources.all.map(\.id.rawValue))
        for warning in reading.warnings { Output.note(warning.description) }
        return reading.settings
    }

    /// - Returns: the generation in use; nil if nothing was ever fetched.
    func generation() throws -> FeedGeneration? {
        do throws(FeedSyncError) { return try store.current() } catch {
            throw CommandFailure(.failure, "\(error)")
        }
    }

    /// Which files the index was compiled from, by their digests.
    private var indexSources: URL { folder.appendingPathComponent("advisories.index.sources") }

    /// The index of what was fetched, compiled anew where it is missing, damaged or of other files. A generation in which nothing is new
    /// has the index of the one before.
    func index() throws -> AdvisoryIndex? {
        guard !isEmpty, let generation = try generation() else { return nil }
        let files = generation.manifest.feeds.flatMap { generation.files(of: $0.id) }.map(\.path)
        guard !files.isEmpty else { return nil }
        let sources = generation.manifest.feeds.flatMap { feed in
            feed.files.map { "\($0.sha256) \(feed.id.rawValue)/\($0.name)\n" }
        }.joined()
        if let known = try? String(contentsOf: indexSources, encoding: .utf8), known == sources,
            let index = try? AdvisoryIndex(path: indexPath)
        {
            return index
        }
        // Without the list a crash in between costs a build, and never an answer by other feeds.
        try? FileManager.default.removeItem(at: indexSources)
        _ = try IndexBuilding.build(files, to: indexPath)
        try? Data(sources.utf8).write(to: indexSources, options: .atomic)
        return try AdvisorySource.open(indexPath)
    }

    /// What is not sound of what was fetched: told with every answer that rests on it.
    ///
    /// - Parameter catalogue: of the index that was compiled of it.
    func notes(_ catalogue: FeedCatalogue?) throws -> [String] {
        guard !isEmpty else { return [] }
        let status = FeedStatus.all(
            of: [], in: try generation(), settings: try settings(), dates: catalogue?.datesBySource ?? [:], now: .now())
        return status.filter { !$0.isSound }.map {
            "feed \($0.id) is \($0.state.rawValue): \($0.notes.joined(separator: "; "))"
        }
    }
}

extension FeedCatalogue {
    /// How many records the index has of each source, whose folder it names.
    var recordsBySource: [FeedSourceID: Int] {
        bySource { $0.advisories + $0.weaknesses }.mapValues { $0.reduce(0, +) }
    }

    /// The date that each source's documents carry themselves: the newest.
    var datesBySource: [FeedSourceID: Timestamp] { bySource(\.publishedAt).compactMapValues { $0.max() } }

    private func bySource<Value>(_ value: (Feed) -> Value?) -> [FeedSourceID: [Value]] {
        var values: [FeedSourceID: [Value]] = [:]
        for feed in feeds {
            guard let value = value(feed) else { continue }
            for source in feed.origin.split(separator: "/").suffix(2) {
                values[FeedSourceID(String(source)), default: []].append(value)
            }
        }
        return values
    }
}
