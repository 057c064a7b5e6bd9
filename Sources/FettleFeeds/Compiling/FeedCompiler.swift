public import FettleIndex
public import FettleModel
import FettleVersions
import Foundation

/// Reads feeds from files and compiles them into an index. All or nothing: a document that cannot be read is refused, together with
/// all others that cannot, and the index that was there stays.
public struct FeedCompiler {
    public struct Result: Sendable {
        public var catalogue: FeedCatalogue
        /// Documents that are no feed of a known format.
        public var passedOver: [String]
    }

    /// Called with the file that is read next and how many of how many are done.
    public var progress: (_ file: String, _ done: Int, _ total: Int) -> Void

    public init(progress: @escaping (String, Int, Int) -> Void = { _, _, _ in }) { self.progress = progress }

    /// - Parameters:
    ///   - paths: files and folders; packed ones too.
    ///   - target: where the index will stand.
    public func compile(_ paths: [String], to target: String, builtAt: Timestamp) throws(FeedCompilerError) -> Result {
        let collector: FeedCollector
        do throws(IndexError) {
            collector = FeedCollector(try AdvisoryIndexBuilder(path: target))
        } catch {
            throw .index(error)
        }
        let files: [String]
        do throws(FeedError) { files = try FeedFiles.all(paths) } catch { throw .refused([error]) }
        for (number, file) in files.enumerated() {
            progress(file, number, files.count)
            collector.read(file)
            if let error = collector.indexError { throw .index(error) }
        }
        progress("", files.count, files.count)
        guard collector.refused.isEmpty else { throw .refused(collector.refused) }
        guard collector.hasFeeds else { throw .nothing(passedOver: collector.passedOver) }
        do throws(IndexError) {
            return Result(
                catalogue: try collector.builder.finish(builtAt: builtAt), passedOver: collector.passedOver)
        } catch {
            throw .index(error)
        }
    }
}

/// Why no index was made. What stood in its place stands there still.
public enum FeedCompilerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Documents that cannot be read, all of them.
    case refused([FeedError])
    case nothing(passedOver: [String])
    case index(IndexError)

    public var description: String {
        switch self {
        case .refused(let errors):
            let shown = errors.prefix(20).map { "\($0)" }
            let rest = errors.count > 20 ? ["… and \(errors.count - 20) more"] : []
            return (shown + rest).joined(separator: "\n")
        case .nothing(let passedOver):
            return "no feed of a known format is in the \(passedOver.count) documents that were given"
        case .index(let error): return "\(error)"
        }
    }
}

/// Takes the records of one document after the other.
private final class FeedCollector: FeedSink {
    let builder: AdvisoryIndexBuilder
    private(set) var refused: [FeedError] = []
    private(set) var passedOver: [String] = []
    private(set) var indexError: IndexError?
    /// Feeds by format and where their documents come from.
    private var numbers: [String: Int] = [:]
    private var feed = 0
    private var document = ""

    /// Names of records of one fate that are kept; all are counted.
    private static let namedRecords = 20

    init(_ builder: AdvisoryIndexBuilder) { self.builder = builder }

    var hasFeeds: Bool { !numbers.isEmpty }

    func read(_ file: String) {
        var documents = 0
        do throws(FeedError) {
            try ArchiveReader(path: file).forEachDocument { document throws(FeedError) in
                documents += 1
                do throws(FeedError) {
                    try take(document, from: file)
                } catch {
                    guard indexError == nil else { throw error }
                    refused.append(error)
                }
            }
            if documents == 0 { throw FeedError(file, "is empty: fetch it again, or take it away") }
        } catch {
            if indexError == nil { refused.append(error) }
        }
    }

    private func take(_ document: FeedDocument, from file: String) throws(FeedError) {
        guard let entry = FeedFormats.recognise(document) else {
            try Self.refuseBroken(document)
            passedOver.append(document.name)
            return
        }
        // The members of an archive are one feed, and so are the single documents of a folder.
        let origin = document.name == file ? (file as NSString).deletingLastPathComponent : file
        let key = "\(entry.format.name) \(origin)"
        if let known = numbers[key] {
            feed = known
        } else {
            feed = builder.begin(.init(format: entry.format.name, origin: origin), authority: entry.authority)
            numbers[key] = feed
        }
        self.document = document.name
        builder.update(feed) { $0.documents += 1 }
        try entry.format.parse(document, into: self)
    }

    /// What is cut off before its format can be told is no other kind of document: it is a feed that did not come whole.
    private static func refuseBroken(_ document: FeedDocument) throws(FeedError) {
        guard let first = document.bytes.first(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else {
            throw FeedError(document.name, "is empty: fetch it again, or take it away")
        }
        guard first == UInt8(ascii: "{") || first == UInt8(ascii: "["), document.bytes.count <= FeedLimits.memory else {
            return
        }
        guard (try? JSONSerialization.jsonObject(with: document.bytes)) == nil else { return }
        // JSON lines are documents too, of which each line is one.
        let lines = document.bytes.split(separator: 0x0A).prefix(3)
        guard !lines.allSatisfy({ (try? JSONSerialization.jsonObject(with: Data($0))) != nil }) else { return }
        throw FeedError(document.name, "is broken JSON: fetch it again, or take it away")
    }

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
