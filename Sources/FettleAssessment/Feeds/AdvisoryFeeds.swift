internal import FettleIndex
public import FettleModel
public import Foundation

/// The feeds that an assessment is given, read into memory. The compiled index of every feed takes this type's place one day; the
/// questions that are asked of it stay.
public struct AdvisoryFeeds: Sendable {
    /// By source package, as Debian's tracker names it.
    var debian: [String: [DebianTracker.Issue]] = [:]
    var exploited: [String: KnownExploited.Entry] = [:]
    public private(set) var coverage = FeedCoverage.none

    public static let none = AdvisoryFeeds()

    public init() {}

    /// Adds a feed file, whose kind is told by its content.
    ///
    /// - Returns: false if it is no feed that is known here.
    /// - Throws: `FeedError` if it is one and cannot be read: then nothing of it is used.
    public mutating func add(_ data: Data, name: String) throws(FeedError) -> Bool {
        if KnownExploited.recognises(data) {
            let catalogue = try KnownExploited.parse(data, name: name)
            exploited.merge(catalogue.entries) { first, second in first.addedAt <= second.addedAt ? first : second }
            coverage.feeds.append(catalogue.feed)
            return true
        }
        if DebianTracker.recognises(data) {
            let tracker = try DebianTracker.parse(data, name: name)
            debian.merge(tracker.issues) { first, second in first + second }
            coverage.feeds.append(tracker.feed)
            return true
        }
        return false
    }

    /// The advisory with what the exploited list says of it.
    func advisory(_ id: String, fixedIn version: String?) -> Advisory {
        let entry = exploited[id]
        return Advisory(
            id: AdvisoryID(id), exploitedSince: entry?.addedAt, exploitedDueAt: entry?.dueAt, fixedIn: version)
    }

    /// What these feeds know of the weakness itself: whether it is on the exploited list.
    func weakness(_ id: String) -> WeaknessRecord {
        let entry = exploited[id]
        return WeaknessRecord(id: id, exploited: entry.map { KnownExploitation(addedAt: $0.addedAt, dueAt: $0.dueAt) })
    }
}

/// A feed file that is refused whole.
public struct FeedError: Error, Sendable, Equatable, CustomStringConvertible {
    public var feed: String
    public var message: String

    public init(feed: String, message: String) {
        self.feed = feed
        self.message = message
    }

    public var description: String { "\(feed): \(message)" }
}

/// Decodes to nil instead of failing, so that one malformed record does not cost the whole file. It is counted and named.
struct Lenient<Value: Decodable>: Decodable {
    let value: Value?

    init(from decoder: any Decoder) throws {
        value = try? Value(from: decoder)
    }
}
