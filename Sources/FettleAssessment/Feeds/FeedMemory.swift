import FettleIndex
import FettleModel
import Synchronization

/// What was read of an index already. Most hosts of a fleet have the same advisories open, and whoever judges one after the other would
/// read the same records again for each of them. Belongs to one `AdvisoryFeeds`: what it is asked for is always of the same index.
///
/// Bounded: what is full is forgotten and begun anew, since an index may hold more than fits. What was forgotten is read again, so that
/// no answer ever rests on it.
final class FeedMemory: Sendable {
    /// How much is kept: packages and versions of advisories, weaknesses, and ratings, each for itself.
    static let usualLimit = 500_000

    private struct Rating: Hashable {
        var vector: String
        var publishedScore: Double?
    }

    private struct Known {
        var records = Kept<UInt32, AdvisoryRecord>()
        var weaknesses = Kept<String, WeaknessRecord?>()
        var severities = Kept<Rating, Severity?>()
    }

    private let limit: Int
    private let known = Mutex(Known())

    /// - Parameter limit: of what is kept; see ``usualLimit``.
    init(limit: Int = FeedMemory.usualLimit) { self.limit = limit }

    /// The advisory of a number in the index.
    func record(_ number: UInt32, in index: AdvisoryIndex) throws(IndexError) -> AdvisoryRecord {
        if let record = known.withLock({ $0.records[number] }) { return record }
        let record = try index.advisory(number).record
        let size = record.affected.reduce(1) { $0 + 1 + $1.versions.count + $1.intervals.count }
        known.withLock { $0.records.keep(record, for: number, size: size, limit: limit) }
        return record
    }

    /// nil: nothing is known of it apart from advisories.
    func weakness(_ name: String, in index: AdvisoryIndex) throws(IndexError) -> WeaknessRecord? {
        if let weakness = known.withLock({ $0.weaknesses[name] }) { return weakness }
        let weakness = try index.weakness(name)
        known.withLock { $0.weaknesses.keep(weakness, for: name, limit: limit) }
        return weakness
    }

    /// nil: its vector is none.
    func severity(of rating: CVSSRating) -> Severity? {
        let key = Rating(vector: rating.vector, publishedScore: rating.publishedScore)
        if let severity = known.withLock({ $0.severities[key] }) { return severity }
        let severity = Severity(rating)
        known.withLock { $0.severities.keep(severity, for: key, limit: limit) }
        return severity
    }

    /// How much is kept now: of advisories, of weaknesses, of ratings.
    var sizes: [Int] { known.withLock { [$0.records.size, $0.weaknesses.size, $0.severities.size] } }
}

private struct Kept<Key: Hashable, Value> {
    private var values: [Key: Value] = [:]
    private(set) var size = 0

    subscript(key: Key) -> Value? { values[key] }

    /// What is larger than all that may be kept is not.
    mutating func keep(_ value: Value, for key: Key, size added: Int = 1, limit: Int) {
        guard added <= limit, values[key] == nil else { return }
        if size + added > limit {
            values.removeAll(keepingCapacity: true)
            size = 0
        }
        values[key] = value
        size += added
    }
}
