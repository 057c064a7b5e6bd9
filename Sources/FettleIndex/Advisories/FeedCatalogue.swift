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
        /// How many records were malformed and left out, and the names of the first of them.
        public var skippedCount: Int
        public var skipped: [String]

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

    public struct EcosystemEntry: Codable, Sendable, Equatable {
        public var name: String
        public var packages: Int
        public var entries: Int
    }
}
