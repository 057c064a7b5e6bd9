public import FettleIndex
public import FettleModel
import FettleVersions
import Foundation

/// Reads feeds from files and compiles them into an index. All or nothing: a document that cannot be read is refused, together with
/// all others that cannot, and the index that was there stays.
public struct FeedCompiler {
    public struct Result: Sendable {
        public var catalogue: FeedCatalogue
        /// Files and documents that are no feed of a known format, or could not be followed to one.
        public var passedOver: [PassedOver]
    }

    /// Names of what was passed over that the index keeps; all are counted.
    private static let namedPassedOver = 20

    /// Called with the file that is read next and how many of how many are done.
    public var progress: (_ file: String, _ done: Int, _ total: Int) -> Void

    public init(progress: @escaping (String, Int, Int) -> Void = { _, _, _ in }) { self.progress = progress }

    /// - Parameters:
    ///   - paths: files and folders; packed ones too.
    ///   - target: where the index will stand.
    /// - Throws: `FeedCompilerError`; also if files change while they are read, and change again when they are read once more: a
    ///   file that is being written could be half of the old one and half of the new.
    public func compile(_ paths: [String], to target: String, builtAt: Timestamp) throws(FeedCompilerError) -> Result {
        do throws(FeedCompilerError) { return try compileOnce(paths, to: target, builtAt: builtAt) } catch {
            guard case .changed = error else { throw error }
        }
        return try compileOnce(paths, to: target, builtAt: builtAt)
    }

    private func compileOnce(
        _ paths: [String], to target: String, builtAt: Timestamp
    ) throws(FeedCompilerError) -> Result {
        let listing = try list(paths)
        let collector: FeedCollector
        do throws(IndexError) {
            let folders = FeedFolders(named: listing.folders, files: listing.files.map(\.path))
            collector = FeedCollector(try AdvisoryIndexBuilder(path: target), folders)
        } catch {
            throw .index(error)
        }
        for file in listing.files where file.isWithdrawals { collector.takeBack(file.path) }
        for (number, file) in listing.files.enumerated() {
            progress(file.path, number, listing.files.count)
            if !file.isWithdrawals { collector.read(file) }
            if let error = collector.indexError { throw .index(error) }
        }
        progress("", listing.files.count, listing.files.count)
        // Before the refusals: what was read half may be broken for that alone.
        let changed = try list(paths).changes(since: listing)
        guard changed.isEmpty else { throw .changed(changed) }
        guard collector.refused.isEmpty else { throw .refused(collector.refused) }
        let passedOver = listing.passedOver + collector.passedOver
        guard collector.hasFeeds else { throw .nothing(paths, passedOver: passedOver) }
        let named = passedOver.prefix(Self.namedPassedOver).map(\.description)
        do throws(IndexError) {
            return Result(
                catalogue: try collector.builder.finish(
                    builtAt: builtAt, passedOver: .init(count: passedOver.count, named: named)),
                passedOver: passedOver)
        } catch {
            throw .index(error)
        }
    }

    private func list(_ paths: [String]) throws(FeedCompilerError) -> FeedFiles.Listing {
        do throws(FeedError) { return try FeedFiles.list(paths) } catch { throw .refused([error]) }
    }
}

/// Why no index was made. What stood in its place stands there still.
public enum FeedCompilerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Documents that cannot be read, all of them.
    case refused([FeedError])
    /// No feed is in what was given.
    case nothing(_ paths: [String], passedOver: [PassedOver])
    /// Files that were changed, taken away or added while they were read.
    case changed([String])
    case index(IndexError)

    public var description: String {
        switch self {
        case .refused(let errors):
            return Self.lines(errors.map(\.description))
        case .nothing(let paths, let passedOver):
            let place = paths.joined(separator: ", ")
            guard !passedOver.isEmpty else { return "no feed is in \(place): there is no file in it" }
            return Self.lines(["no feed of a known format is in \(place)"] + passedOver.map { "  \($0)" })
        case .changed(let files):
            return Self.lines(
                files.map { "\($0) was changed while it was read" }
                    + ["wait until whoever writes the feeds is done, and run the same again"])
        case .index(let error): return "\(error)"
        }
    }

    private static func lines(_ lines: [String]) -> String {
        let rest = lines.count > 21 ? ["… and \(lines.count - 21) more"] : []
        return (lines.prefix(21) + rest).joined(separator: "\n")
    }
}

/// Takes the records of one document after the other.
private final class FeedCollector: FeedSink {
    let builder: AdvisoryIndexBuilder
    private(set) var refused: [FeedError] = []
    private(set) var passedOver: [PassedOver] = []
    private(set) var indexError: IndexError?
    /// Feeds by format and where their documents come from.
    private var numbers: [String: Int] = [:]
    private var feed = 0
    private var document = ""
    /// With the folder that each list lies in, and a slash behind it.
    private var withdrawals: [(folder: String, list: Withdrawals)] = []
    private var changedAt = Timestamp(milliseconds: 0)

    /// Names of records of one fate that are kept; all are counted.
    private static let namedRecords = 20

    private let folders: FeedFolders

    init(_ builder: AdvisoryIndexBuilder, _ folders: FeedFolders) {
        self.builder = builder
        self.folders = folders
    }

    var hasFeeds: Bool { !numbers.isEmpty }

    func read(_ found: FeedFiles.Found) {
        let file = found.path
        changedAt = Timestamp(
            milliseconds: found.changedSeconds.multipliedReportingOverflow(by: 1_000).partialValue
                &+ found.changedNanoseconds / 1_000_000)
        var documents = 0
        do throws(FeedError) {
            // A link may lead to what has no size and no end, such as a device's file.
            if found.isRegular, found.size == 0 { throw FeedError(file, Self.isEmpty) }
            try ArchiveReader(path: file).forEachDocument { document throws(FeedError) in
                documents += 1
                do throws(FeedError) {
                    try take(document, from: file)
                } catch {
                    guard indexError == nil else { throw error }
                    refused.append(error)
                }
            }
            if documents == 0 { throw FeedError(file, Self.isEmpty) }
        } catch {
            if indexError == nil { refused.append(error) }
        }
    }

    /// Reads what a publisher took back of what lies in the same folder, or in one within it.
    func takeBack(_ file: String) {
        do throws(FeedError) {
            guard let bytes = PlainFile.read(file) ?? (FeedFiles.Found(file)?.size == 0 ? Data() : nil),
                let list = try Withdrawals(FeedDocument(name: file, bytes: bytes))
            else { return passedOver.append(PassedOver(name: file, reason: "is no list of a publisher's deletions")) }
            withdrawals.append((FilePath.folder(of: file) + "/", list))
        } catch { refused.append(error) }
    }

    /// Whether the publisher took it back, and did not publish it again since.
    private func isTakenBack(_ document: FeedDocument, from file: String) -> Bool {
        let lists = withdrawals.filter { file.hasPrefix($0.folder) }.map(\.list)
        guard !lists.isEmpty else { return false }
        let name = document.name.replacingOccurrences(of: "!", with: "/")
        guard let time = lists.compactMap({ $0.time(of: name) }).max() else { return false }
        guard let published = CSAFFormat.modified(document) else { return true }
        return published <= time
    }

    private func take(_ document: FeedDocument, from file: String) throws(FeedError) {
        guard !isTakenBack(document, from: file) else { return }
        guard let entry = FeedFormats.recognise(document) else {
            try Self.refuseBroken(document)
            passedOver.append(PassedOver(name: document.name, reason: "is no feed of a known format"))
            return
        }
        // The members of an archive are one feed, and so are the single documents of a folder.
        let origin = document.name == file ? folders.origin(of: file) : file
        let key = "\(entry.format.name) \(origin)"
        if let known = numbers[key] {
            feed = known
        } else {
            feed = builder.begin(.init(format: entry.format.name, origin: origin), authority: entry.authority)
            numbers[key] = feed
        }
        self.document = document.name
        let changedAt = changedAt
        builder.update(feed) { feed in
            feed.documents += 1
            feed.changedAt = max(feed.changedAt ?? changedAt, changedAt)
        }
        try entry.format.parse(document, into: self)
    }

    private static let isEmpty = "is empty: fetch it again, or take it away"

    /// What is cut off before its format can be told is no other kind of document: it is a feed that did not come whole. What only
    /// begins as JSON does is somebody else's file.
    private static func refuseBroken(_ document: FeedDocument) throws(FeedError) {
        guard let first = document.bytes.first(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else {
            throw FeedError(document.name, isEmpty)
        }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "["), document.bytes.count <= FeedLimits.memory else {
            return
        }
        switch document.bytes.withUnsafeBytes({ JSONEnding(of: $0) }) {
        case .whole: return
        case .cutOff: throw FeedError(document.name, "is JSON that is cut off: fetch it again, or take it away")
        case .wrong(let place):
            let right = document.bytes.prefix(min(place, 65_536))
            guard feedKeys.contains(where: { right.range(of: Data("\"\($0)\"".utf8)) != nil }) else { return }
            throw FeedError(
                document.name, "is a feed in JSON that is malformed at byte \(place): fetch it again, or take it away")
        }
    }

    /// Keys that feeds in JSON have near their beginning, and few other documents.
    private static let feedKeys = [
        "schema_version", "affected", "csaf_version", "catalogVersion", "cveMetadata", "fixed_version", "distroversion",
        "secfixes",
    ]

    /// A bound that the ecosystem's own tools would refuse orders nothing: what rests on it is unknown, not "fixed".
    private func doubted(_ record: AdvisoryRecord) -> AdvisoryRecord {
        var record = record
        for place in record.affected.indices {
            let package = record.affected[place]
            let bounds = package.intervals.flatMap { [$0.lower?.version, $0.upper?.version].compactMap { $0 } }
            guard let wrong = bounds.first(where: { !package.ecosystem.scheme.isValid($0) }) else { continue }
            note(
                "\(record.id) \(package.name)", .keptAsUnknown,
                because: "its version '\(wrong.prefix(60))' is malformed")
            record.affected[place].status = .unknown
            record.affected[place].intervals = [VersionInterval(lower: nil, upper: nil)]
            record.affected[place].fixed = nil
            record.affected[place].remark = "the feed's version \(wrong.prefix(60)) is malformed"
        }
        return record
    }

    func advisory(_ record: AdvisoryRecord) throws(FeedError) {
        let record = doubted(record)
        do throws(IndexError) { try builder.add(record, feed: feed) } catch { throw stop(error) }
    }

    func weakness(_ record: WeaknessRecord) throws(FeedError) {
        do throws(IndexError) { try builder.add(record, feed: feed) } catch { throw stop(error) }
    }

    func dated(_ time: Timestamp) {
        builder.update(feed) { $0.publishedAt = max($0.publishedAt ?? time, time) }
    }

    func note(_ record: String, _ fate: RecordFate, because reason: String) {
        let words = "\(record): \(reason)"
        builder.update(feed) { feed in
            switch fate {
            case .leftOut: Self.count(words, &feed.skippedCount, &feed.skipped)
            case .unmatchable: Self.count(words, &feed.unmatchable.count, &feed.unmatchable.named)
            case .keptAsUnknown: Self.count(words, &feed.keptAsUnknown.count, &feed.keptAsUnknown.named)
            }
        }
    }

    private static func count(_ words: String, _ count: inout Int, _ named: inout [String]) {
        // A release that many documents name and nobody knows is one thing to say.
        guard !named.contains(words) else { return }
        count += 1
        if named.count < namedRecords { named.append(words) }
    }

    private func stop(_ error: IndexError) -> FeedError {
        indexError = error
        return FeedError(document, "\(error)")
    }
}
