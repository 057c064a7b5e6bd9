public import FettleModel

/// How fresh and how well checked one source is: a value for tables, for JSON, and for every answer that rests on it.
public struct FeedStatus: Codable, Sendable, Equatable {
    public enum State: String, Codable, Sendable {
        case fresh
        case stale
        /// It is needed and not here.
        case missing
        /// It is here, but its files are damaged or some could not be read.
        case damaged
    }

    public var id: FeedSourceID
    public var title: String
    public var state: State
    /// When the publisher, or the mirror, last said that this is the newest; nil if it is missing.
    public var checkedAt: Timestamp?
    /// When the publisher last altered it, as far as it tells; of what comes from a folder by the documents' own word, or where they
    /// have none when the file was last altered.
    public var publishedAt: Timestamp?
    /// Since `checkedAt`, in seconds; since `publishedAt` of what comes from a folder, which says nothing of what the publisher has by
    /// now. Never negative.
    public var ageSeconds: Int?
    public var staleAfterHours: Int
    /// Bytes, of all its files.
    public var size: Int64
    /// Records that were read from it; nil if nobody counted.
    public var records: Int?
    /// Of the file that was checked least; nil if it is missing.
    public var verification: FeedVerification?
    public var licence: String
    /// What a person must know, in words: why it is stale, what failed last; empty if all is well.
    public var notes: [String]

    /// Whether an answer that rests on it must say so.
    public var isSound: Bool { state == .fresh }
}

extension FeedStatus {
    /// The status of the sources that are needed, and of all others that are here, sorted by id.
    ///
    /// - Parameters:
    ///   - generation: nil if nothing was ever fetched.
    ///   - damage: why the generation could not be read, as `FeedStore.current()` threw it.
    ///   - records: how many records were read from each source.
    ///   - dates: the documents' own, as far as they carry one.
    public static func all(
        of sources: [FeedSource], in generation: FeedGeneration?, damage: FeedSyncError? = nil,
        settings: FeedSettings = .none, records: [FeedSourceID: Int] = [:], dates: [FeedSourceID: Timestamp] = [:],
        now: Timestamp
    ) -> [FeedStatus] {
        var wanted: [FeedSourceID: FeedSource] = [:]
        for source in sources { wanted[source.id] = source }
        let present = generation?.manifest.feeds ?? []
        let ids = Set(wanted.keys).union(present.map(\.id))
        return ids.sorted().map { id in
            let source = wanted[id] ?? FeedSources.source(id)
            var status = status(
                of: id, source, generation?.manifest.feed(id), damage, settings.sources[id.rawValue], now)
            status.records = records[id]
            guard let feed = generation?.manifest.feed(id), !feed.files.isEmpty else { return status }
            status.judgeAge(of: feed, dates[id], settings.sources[id.rawValue], now)
            return status
        }
    }

    private static func status(
        of id: FeedSourceID, _ source: FeedSource?, _ feed: FeedManifest.Feed?, _ damage: FeedSyncError?,
        _ settings: FeedSettings.Source?, _ now: Timestamp
    ) -> FeedStatus {
        var status = FeedStatus(
            id: id, title: source?.title ?? id.rawValue, state: .missing,
            staleAfterHours: settings?.staleAfterHours ?? source?.staleAfterHours ?? 48, size: feed?.size ?? 0,
            licence: source?.licence ?? "unknown", notes: [])
        guard let feed, !feed.files.isEmpty else {
            status.state = damage == nil ? .missing : .damaged
            status.notes = [damage?.description ?? "never fetched: run 'fettle feeds sync'"]
            if let failure = feed?.failure { status.notes.append("last try, \(failure.at): \(failure.message)") }
            return status
        }
        status.checkedAt = feed.checkedAt
        status.verification = feed.files.map(\.verification).min { $0.rank < $1.rank }
        return status
    }

    /// A folder is a mirror that somebody fills: that it was looked at says nothing of how old its files are.
    private static let leastHoursOfFolder = 72

    private mutating func judgeAge(
        of feed: FeedManifest.Feed, _ own: Timestamp?, _ settings: FeedSettings.Source?, _ now: Timestamp
    ) {
        let isFromFolder = feed.files.contains(where: \.isFromFolder)
        let altered = feed.files.compactMap(\.publishedAt).max()
        publishedAt = isFromFolder ? own ?? altered : altered ?? own
        if isFromFolder, settings?.staleAfterHours == nil {
            // As for feeds that are named as files: a weekend alone makes none stale.
            staleAfterHours = max(staleAfterHours, Self.leastHoursOfFolder)
        }
        let known = isFromFolder ? min(publishedAt ?? feed.checkedAt, feed.checkedAt) : feed.checkedAt
        let age = now.milliseconds.subtractingReportingOverflow(known.milliseconds)
        ageSeconds = max(0, Int(clamping: age.partialValue / 1_000))
        let hours = (ageSeconds ?? 0) / 3_600
        state = .fresh
        if age.overflow || age.partialValue < -300_000 {
            state = .stale
            notes.append("is dated in the future (\(known)): is this machine's clock right?")
        } else if hours >= staleAfterHours {
            state = .stale
            notes.append(
                isFromFolder
                    ? "comes from a folder and is of \(known.day) by "
                        + (own == nil ? "its file's time of change" : "its own date")
                        + ", \(hours) hours ago; \(staleAfterHours) are allowed"
                    : "not known to be the newest for \(hours) hours, \(staleAfterHours) are allowed")
        }
        if let failure = feed.failure { notes.append("last try, \(failure.at): \(failure.message)") }
    }
}

extension FeedVerification {
    /// What is checked least sorts first.
    fileprivate var rank: Int {
        (checksum == .verified ? 2 : 0) + (signature == .verified ? 4 : 0) + (isTransportSafe ? 1 : 0)
    }
}
