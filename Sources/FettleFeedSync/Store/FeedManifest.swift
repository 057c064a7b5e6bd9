public import FettleModel
internal import Foundation

/// What a generation of feeds holds, and how it came here: `manifest.json`.
public struct FeedManifest: Codable, Sendable, Equatable {
    public static let format = 1

    public var version: Int
    /// From 1, growing by one with each swap.
    public var generation: Int
    public var createdAt: Timestamp
    /// When it came in with a bundle; nil if it was fetched here.
    public var importedAt: Timestamp?
    /// Sorted by id, none twice.
    public var feeds: [Feed]

    public init(generation: Int, createdAt: Timestamp, importedAt: Timestamp? = nil, feeds: [Feed]) {
        version = Self.format
        self.generation = generation
        self.createdAt = createdAt
        self.importedAt = importedAt
        self.feeds = feeds.sorted { $0.id < $1.id }
    }

    public func feed(_ id: FeedSourceID) -> Feed? { feeds.first { $0.id == id } }

    public struct Feed: Codable, Sendable, Equatable {
        public var id: FeedSourceID
        /// When the publisher, or the mirror, last said that this is the newest.
        public var checkedAt: Timestamp
        /// Empty if it never came in.
        public var files: [File]
        /// Why the last try to fetch it failed; nil if it did not.
        public var failure: Failure?

        public init(id: FeedSourceID, checkedAt: Timestamp, files: [File], failure: Failure? = nil) {
            self.id = id
            self.checkedAt = checkedAt
            self.files = files
            self.failure = failure
        }

        public var size: Int64 { files.reduce(0) { $0 + $1.size } }
    }

    public struct File: Codable, Sendable, Equatable {
        public var name: String
        /// Where it was taken from, without a query.
        public var address: String
        public var size: Int64
        /// 64 lower-case hexadecimal digits.
        public var sha256: String
        public var entityTag: String?
        /// As the server wrote it.
        public var lastModified: String?
        /// When the publisher last altered it, as far as the server tells; of a file from a folder, when that was altered.
        public var publishedAt: Timestamp?
        /// When these bytes came in.
        public var fetchedAt: Timestamp
        public var verification: FeedVerification

        public init(
            name: String, address: String, size: Int64, sha256: String, entityTag: String? = nil,
            lastModified: String? = nil, publishedAt: Timestamp? = nil, fetchedAt: Timestamp,
            verification: FeedVerification
        ) {
            self.name = name
            self.address = address
            self.size = size
            self.sha256 = sha256
            self.entityTag = entityTag
            self.lastModified = lastModified
            self.publishedAt = publishedAt
            self.fetchedAt = fetchedAt
            self.verification = verification
        }

        /// From a folder, which says nothing of what the publisher has by now.
        public var isFromFolder: Bool { address.hasPrefix("/") }
    }

    public struct Failure: Codable, Sendable, Equatable {
        public var at: Timestamp
        public var message: String

        public init(at: Timestamp, message: String) {
            self.at = at
            self.message = message
        }
    }
}

extension FeedManifest {
    /// Far more than all known sources take.
    static let maximumBytes = 4 << 20
    static let maximumFeeds = 1_000
    static let maximumFilesPerFeed = 100

    func encoded() throws -> Data { try CanonicalJSON.pretty(self) }

    /// Reads a manifest, whose names become paths: nothing but plain names passes.
    ///
    /// - Parameter place: for messages.
    static func decode(_ data: Data, place: String) throws(FeedSyncError) -> FeedManifest {
        let manifest: FeedManifest
        do { manifest = try JSONDecoder().decode(FeedManifest.self, from: data) } catch {
            throw FeedSyncError(.bundle, place: place, "no manifest of feeds: it cannot be read")
        }
        guard manifest.version == format else {
            throw FeedSyncError(
                .bundle, place: place, "a manifest of version \(manifest.version), where \(format) is understood",
                hint: "update fettle")
        }
        try manifest.check(place)
        return manifest
    }

    private func check(_ place: String) throws(FeedSyncError) {
        func refuse(_ what: String) -> FeedSyncError { FeedSyncError(.bundle, place: place, what) }
        guard generation >= 1, feeds.count <= Self.maximumFeeds else { throw refuse("no manifest that is made here") }
        var ids: Set<FeedSourceID> = []
        for feed in feeds {
            guard FeedFile.isPlainName(feed.id.rawValue), ids.insert(feed.id).inserted else {
                throw refuse(
                    "the feed '\(feed.id.rawValue.printable(limit: 60))' has no usable name, or is there twice")
            }
            guard feed.files.count <= Self.maximumFilesPerFeed else { throw refuse("too many files in \(feed.id)") }
            var names: Set<String> = []
            for file in feed.files {
                guard FeedFile.isPlainName(file.name), names.insert(file.name).inserted else {
                    throw refuse(
                        "'\(file.name.printable(limit: 60))' of \(feed.id) is no usable name, or is there twice")
                }
                guard file.size >= 0, file.sha256.utf8.count == 64,
                    file.sha256.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
                else { throw refuse("\(feed.id)/\(file.name) has no usable size and digest") }
            }
        }
    }
}
