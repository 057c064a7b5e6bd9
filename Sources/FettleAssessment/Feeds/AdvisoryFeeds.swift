public import FettleIndex
public import FettleModel

/// The feeds that an assessment is given: a compiled index, or none.
public struct AdvisoryFeeds: Sendable {
    public let index: AdvisoryIndex?
    /// What the index was compiled from, for every answer that rests on it.
    public let coverage: FeedCoverage
    /// What was read of the index already.
    let memory = FeedMemory()

    public static let none = AdvisoryFeeds(index: nil)

    /// - Parameter notes: what is not sound of the feeds, for every answer that rests on them.
    public init(index: AdvisoryIndex?, notes: [String] = []) {
        self.index = index
        coverage = FeedCoverage(
            feeds: index?.catalogue.feeds.map(FeedCoverage.Feed.init) ?? [], notes: notes.isEmpty ? nil : notes)
    }

    /// An advisory with what the exploited list says of the weaknesses that it closes.
    func advisory(_ record: AdvisoryRecord, fixedIn version: String?) throws(IndexError) -> Advisory {
        let exploited = try weaknesses(of: record).compactMap(\.exploited)
        return Advisory(
            id: AdvisoryID(record.id), exploitedSince: exploited.map(\.addedAt).min(),
            exploitedDueAt: exploited.compactMap(\.dueAt).min(), fixedIn: version)
    }

    /// The advisory of that name, where a package manager names it and no feed need know it.
    func advisory(named name: String, fixedIn version: String?) throws(IndexError) -> Advisory {
        var record = try record(named: name) ?? AdvisoryRecord(id: name)
        record.id = name
        return try advisory(record, fixedIn: version)
    }

    /// What the feeds know of the CVEs that an advisory closes, apart from any package.
    func weaknesses(of record: AdvisoryRecord) throws(IndexError) -> [WeaknessRecord] {
        guard let index else { return [] }
        var found: [WeaknessRecord] = []
        for name in [record.id] + record.aliases where name.hasPrefix("CVE-") {
            // A CVE of which nothing is known apart from the advisory is one all the same, with the advisory's own ratings.
            found.append(try memory.weakness(name, in: index) ?? WeaknessRecord(id: name, cvss: record.cvss))
        }
        return found.isEmpty ? [WeaknessRecord(id: record.id, cvss: record.cvss)] : found
    }
}

extension AdvisoryFeeds {
    /// What is known of every weakness that the findings' patch closes, each once.
    public func weaknesses(closedBy findings: [Finding]) throws(IndexError) -> [WeaknessRecord] {
        var found: [String: WeaknessRecord] = [:]
        for id in Set(findings.flatMap(\.advisories).map(\.id.rawValue)).sorted() {
            for weakness in try weaknesses(of: record(named: id) ?? AdvisoryRecord(id: id)) {
                found[weakness.id] = weakness
            }
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// All advisories that are known by a name, their own or an alias such as a CVE, and by the ids of these.
    ///
    /// - Returns: the ids, with the name itself among them; and the numbers in the index.
    public func advisories(named name: String) throws(IndexError) -> (ids: Set<String>, numbers: Set<UInt32>) {
        guard let index else { return ([name], []) }
        var ids: Set<String> = [name]
        var numbers = Set(try index.advisories(named: name))
        for number in numbers {
            let id = try memory.record(number, in: index).id
            if ids.insert(id).inserted { numbers.formUnion(try index.advisories(named: id)) }
        }
        return (ids, numbers)
    }

    private func record(named name: String) throws(IndexError) -> AdvisoryRecord? {
        guard let index, let number = try index.advisories(named: name).first else { return nil }
        return try memory.record(number, in: index)
    }

    /// The worst rating of all weaknesses that the advisories close; the publisher's own word where there is no vector. nil: none is
    /// rated.
    func severity(of records: [AdvisoryRecord]) throws(IndexError) -> Severity? {
        var worst: Severity?
        var seen: Set<String> = []
        for record in records where seen.insert(record.id).inserted {
            let ratings = try record.cvss + weaknesses(of: record).flatMap(\.cvss)
            let rated =
                ratings.compactMap(memory.severity) + [Severity(publishedWord: record.severity)].compactMap { $0 }
            worst = [worst, rated.max()].compactMap { $0 }.max()
        }
        return worst
    }
}

extension Severity {
    /// By the published score, or the vector's own where none was published.
    init?(_ rating: CVSSRating) {
        guard let vector = try? CVSSVector(rating.vector) else { return nil }
        let words = CVSSScores.severity(of: rating.publishedScore ?? vector.scores.base, vector.version)
        self.init(rawValue: words)
    }

    /// The words that vendors use beside CVSS's.
    init?(publishedWord word: String) {
        switch word.lowercased() {
        case "critical": self = .critical
        case "important", "high": self = .high
        case "moderate", "medium": self = .medium
        case "low", "unimportant", "negligible", "minor": self = .low
        default: return nil
        }
    }
}

extension FeedCoverage.Feed {
    init(_ feed: FeedCatalogue.Feed) {
        let kind: FeedCoverage.Kind =
            switch feed.format {
            case "kev": .exploited
            case "epss": .predictions
            case "cve": .decisions
            default: .advisories
            }
        let unnamed = feed.skippedCount - feed.skipped.count
        self.init(
            name: feed.shownName, kind: kind, publishedAt: feed.publishedAt,
            records: kind == .advisories ? feed.advisories : feed.weaknesses,
            skipped: feed.skipped + (unnamed > 0 ? ["and \(unnamed) more"] : []),
            remarks: feed.remarks.isEmpty ? nil : feed.remarks)
        if feed.publishedAt == nil { changedAt = feed.changedAt }
    }
}
