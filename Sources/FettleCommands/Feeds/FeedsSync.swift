import ArgumentParser
import FettleControl
import FettleFeedSync
import FettleFeeds
import FettleIndex
import FettleModel
import FettleStore
import Foundation

struct FeedsSync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Fetch the feeds that the fleet needs and compile their index.",
        discussion: """
            From the publishers' own addresses, or from the mirrors in feeds.yaml (https, file:// or a folder). What is here already is \
            not fetched again, what broke off goes on, checksums are compared, and all of it is swapped in together or not at all.
            Which feeds a fleet needs follows from the platforms that its last scan saw; --feed names others.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(
        name: .customLong("feed"),
        help: "Fetch this source only; may be given again. `fettle feeds status --all` lists them.")
    var feeds: [String] = []
    @Flag(help: "Take in what came although other sources failed; those keep what they had.") var keepGoing = false

    private struct Answer: Encodable {
        var updated: [String]
        var unchanged: [String]
        var failed: [String]
        var uncovered: [String]
        var catalogue: FeedCatalogue?
    }

    func run() async throws {
        let session = try Session(options)
        let library = FeedsLibrary(directory: options.directory)
        let settings = try library.settings()
        let selection = try await FeedsChoice.selection(feeds, session, settings)
        for name in selection.uncovered { session.note("no source is known for \(name): it will not be checked") }
        var sync = FeedSync(store: library.store, settings: settings, options: syncOptions)
        // A page that came in a feed's place is refused before it takes the place of the feed.
        sync.accept = { source, files in try FeedProof.prove(files, of: source.id.rawValue) }
        let bars = TransferBars()
        let result: FeedSyncResult
        do {
            result = try await sync.run(selection.sources) { bars.show($0) }
            bars.finish()
        } catch {
            bars.finish()
            throw CommandFailure(.failure, "\(error)\n  what was here before is still in use")
        }
        let index = try library.index()
        let answer = Answer(
            updated: result.updated.map(\.rawValue), unchanged: result.unchanged.map(\.rawValue),
            failed: result.failed.map { "\($0)" }, uncovered: selection.uncovered, catalogue: index?.catalogue)
        if options.output == .json { try session.printJSON(answer) } else { show(answer, index, session) }
        if !result.failed.isEmpty { throw ExitStatus.partial.code }
    }

    private var syncOptions: FeedSyncOptions {
        var options = FeedSyncOptions(version: FettleVersion.text)
        options.keepsGoing = keepGoing
        return options
    }

    private func show(_ answer: Answer, _ index: AdvisoryIndex?, _ session: Session) {
        if let catalogue = answer.catalogue { session.print(FeedsView(catalogue: catalogue).lines()) }
        session.print("\n\(answer.updated.count) fetched, \(answer.unchanged.count) already the newest")
        for failure in answer.failed { session.note(failure) }
        session.next("fettle assess")
    }
}

/// Which sources are meant.
enum FeedsChoice {
    static func selection(_ names: [String], _ session: Session, _ settings: FeedSettings) async throws -> FeedSelection
    {
        guard names.isEmpty else {
            let unknown = names.filter { FeedSources.source(FeedSourceID($0)) == nil }
            guard unknown.isEmpty else {
                throw CommandFailure(
                    .usage,
                    "no source is called \(unknown.joined(separator: ", "))\n  `fettle feeds status --all` lists them")
            }
            return FeedSelection(sources: names.compactMap { FeedSources.source(FeedSourceID($0)) }, uncovered: [])
        }
        let facts = try await session.scans.newestFacts()
        let platforms = (facts?.hosts ?? []).compactMap(\.platform.value)
        if platforms.isEmpty {
            session.note(
                "nothing is known of the fleet's platforms yet: only what holds for every fleet is meant (`fettle scan` looks)"
            )
        }
        return FeedSources.selection(platforms: platforms, settings: settings)
    }
}

/// Proves that what came can be read as feeds, before it is used.
enum FeedProof {
    static func prove(_ files: [URL], of source: String) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-proof-\(UUID().uuidString)")
            .path
        defer { unlink(path) }
        let result = try FeedCompiler().compile(files.map(\.path), to: path, builtAt: .now())
        // One of several that is something else, such as a page of a proxy.
        if let other = result.passedOver.first(where: { files.map(\.path).contains($0.name) }) {
            throw CommandFailure(.failure, "\(other)")
        }
    }
}

/// A line for what is being received.
private final class TransferBars: Sendable {
    private let holder = ProgressHolder()

    init() { holder.start("fetching feeds", total: 1) }

    func show(_ progress: FeedProgress) {
        let of = progress.total.map { " of \(ByteCount.text(Int(clamping: $0)))" } ?? ""
        holder.tell("\(progress.source) \(progress.file) \(ByteCount.text(Int(clamping: progress.received)))\(of)")
    }

    func finish() { holder.finish() }
}
