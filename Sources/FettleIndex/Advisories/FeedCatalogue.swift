public import FettleModel
import Foundation

/// What an index was built from: kept in it as JSON, read when it is opened.
public struct FeedCatalogue: Codable, Sendable, Equatable {
    public var builtAt: Timestamp
    public var feeds: [Feed]
    /// By number, as package blocks name them.
    public var ecosystems: [EcosystemEntry]
    public var advisories: Int
    public var weaknesses: Int
    /// What was given and is no feed of a known format, or could not be followed to one.
    public var passedOver = RecordTally()

    public init(
        builtAt: Timestamp, feeds: [Feed] = [], ecosystems: [EcosystemEntry] = [], advisories: Int = 0,
        weaknesses: Int = 0
    ) {
        self.builtAt = builtAt
        self.feeds = feeds
        self.ecosystems = ecosystems
        self.advisories = advisories
        self.weaknesses = weaknesses
    }

    /// One format's documents from one place.
    public struct Feed: Codable, Sendable, Equatable {
        /// The format, such as `osv`.
        public var format: String
        /// File, folder or archive that was given.
        public var origin: String
        public var documents: Int
        public var advisories: Int
        public var weaknesses: Int
        /// The newest date that the publisher put on a document; nil if none carries one.
        public var publishedAt: Timestamp?
        /// When the newest of its files was last changed; nil if that was not looked at.
        public var changedAt: Timestamp?
        /// How many records were malformed and left out, and the names of the first of them.
        public var skippedCount: Int
        public var skipped: [String]
        /// Records that name nothing an installed version could be compared with, such as commits alone: of what they are about they
        /// are no answer.
        public var unmatchable = RecordTally()
        /// Records that are used, but decide nothing of a package: it is `unknown`, neither affected nor fixed.
        public var keptAsUnknown = RecordTally()

        public init(
            format: String, origin: String, documents: Int = 0, advisories: Int = 0, weaknesses: Int = 0,
            publishedAt: Timestamp? = nil, skippedCount: Int = 0, skipped: [String] = []
        ) {
            self.format = format
            self.origin = origin
            self.documents = documents
            self.advisories = advisories
            self.weaknesses = weaknesses
            self.publishedAt = publishedAt
            self.skippedCount = skippedCount
            self.skipped = skipped
        }
    }

    /// How many records there are of a kind, and the names of the first of them, with the reason.
    public struct RecordTally: Codable, Sendable, Equatable {
        public var count = 0
        public var named: [String] = []

        public init(count: Int = 0, named: [String] = []) {
            self.count = count
            self.named = named
        }
    }

    public struct EcosystemEntry: Codable, Sendable, Equatable {
        public var name: String
        public var packages: Int
        public var entries: Int
    }
}

extension FeedCatalogue.Feed {
    /// What of the feed is not used as it was published, each kind in one sentence; empty where all is.
    public var remarks: [String] {
        func words(_ count: Int, _ what: String, _ first: String?) -> String? {
            guard count > 0 else { return nil }
            return "\(count) \(count == 1 ? "record" : "records") \(what), the first: \(first ?? "not named")"
        }
        return [
            words(skippedCount, "malformed and left out", skipped.first),
            words(keptAsUnknown.count, "kept as unknown", keptAsUnknown.named.first),
            words(unmatchable.count, "not usable for matching", unmatchable.named.first),
        ].compactMap { $0 }
    }
}
