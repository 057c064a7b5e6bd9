public import FettleIndex
public import FettleModel
public import Foundation

/// One format in which advisories are published. Told by its content, never by a file's name.
public protocol FeedFormat: Sendable {
    /// As it is shown to people and kept in the index: `debian-tracker`, `osv`, `kev`.
    static var name: String { get }

    /// Whether a document is of this format, by its first bytes.
    ///
    /// - Parameter head: at most the first 64 KiB.
    static func recognises(_ head: Data) -> Bool

    /// Reads a document and hands over what it holds, record by record.
    ///
    /// A record that cannot be read is skipped, by name, and the others are kept.
    ///
    /// - Throws: `FeedError` if the document as a whole cannot be read: then what was handed over must not be used.
    static func parse(_ document: FeedDocument, into sink: any FeedSink) throws(FeedError)
}

/// A decompressed document of a feed: a file, or a member of an archive.
public struct FeedDocument: Sendable {
    /// For messages: the file's path, and the member's name behind `!` where it lay in an archive.
    public var name: String
    /// All of it; mapped, where it is large.
    public var bytes: Data

    public init(name: String, bytes: Data) {
        self.name = name
        self.bytes = bytes
    }
}

/// Takes what a format's parser reads.
public protocol FeedSink: AnyObject {
    func advisory(_ record: AdvisoryRecord) throws(FeedError)
    func weakness(_ record: WeaknessRecord) throws(FeedError)
    /// When the publisher dated the document; the newest of all counts.
    func dated(_ time: Timestamp)
    /// A record that is not used as it was published.
    func note(_ record: String, _ fate: RecordFate, because reason: String)
}

/// What becomes of a record that cannot be used as it was published.
public enum RecordFate: Sendable {
    /// It is malformed: nothing is kept of it.
    case leftOut
    /// It names nothing that an installed version can be compared with, such as commits alone.
    case unmatchable
    /// It is kept, and what it says of a package is `unknown`.
    case keptAsUnknown
}

extension FeedSink {
    /// A record that was left out because it is malformed.
    func skipped(_ record: String, because reason: String) { note(record, .leftOut, because: reason) }
}

/// A feed's document that is refused whole.
public struct FeedError: Error, Sendable, Equatable, CustomStringConvertible {
    public var document: String
    public var message: String

    public init(_ document: String, _ message: String) {
        self.document = document
        self.message = message
    }

    public var description: String { "\(document): \(message)" }
}
