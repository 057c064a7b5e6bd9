/// When a host last fetched what its repositories offer: updates are known as of then and not as of the scan.
public struct PackageLists: Codable, Sendable, Equatable {
    /// By Fettle's clock, from the age that the host tells; of several package managers the oldest.
    public var fetchedAt: Timestamp

    public init(fetchedAt: Timestamp) { self.fetchedAt = fetchedAt }
}

/// Hosts whose updates are judged by lists that are older than they should be.
public struct StaleLists: Sendable, Equatable {
    /// Whole days.
    public var days: Int
    /// Sorted.
    public var resources: [ResourceID]

    /// Those of a collection, the oldest first; a host that did not tell the age is not among them.
    ///
    /// - Parameters:
    ///   - facts: what is known of the hosts.
    ///   - limitSeconds: what is no older counts as fresh.
    ///   - time: as of when ages are told.
    public static func all(in facts: FactSet, olderThan limitSeconds: Int, at time: Timestamp) -> [StaleLists] {
        var resources: [Int: [ResourceID]] = [:]
        for host in facts.hosts {
            guard let fetched = host.packageLists?.value?.fetchedAt else { continue }
            let age = time.seconds(since: fetched)
            if age > Double(limitSeconds) { resources[Int(age) / 86_400, default: []].append(host.resource) }
        }
        return resources.sorted { $0.key > $1.key }.map { StaleLists(days: $0.key, resources: $0.value.sorted()) }
    }
}
