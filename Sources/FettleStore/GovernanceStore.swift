public import FettleModel

/// The ledger of waivers: append-only, without gaps.
public protocol WaiverStore: Sendable {
    /// Durable when it returns, all events or none. They take the numbers after `length`, which is how long the ledger was when
    /// the caller read it: what was decided from it still holds when it is written.
    ///
    /// - Throws: `conflict` if the ledger is longer by now, or shorter.
    func append(_ events: [WaiverEvent], after length: Int) async throws(StoreError)
    /// In the order in which they were appended.
    func waiverEvents() async throws(StoreError) -> [WaiverEvent]
}

/// Since when findings are there: one row for each key.
public protocol SightingStore: Sendable {
    /// Takes a look down, in one atomic write. A look that is older than what is known of a resource says nothing of it.
    func record(_ look: FindingLook) async throws(StoreError)
    /// Sorted by key. For what is there, `lastSeenAt` is when its resource was looked at last.
    func sightings() async throws(StoreError) -> [Sighting]
}

/// When a resource was judged last; and when with a feed of advisories, nil: never.
public struct LastLook: Sendable, Equatable {
    public var at: Timestamp
    public var advisoriesAt: Timestamp?

    public init(at time: Timestamp, advisoriesAt: Timestamp?) {
        at = time
        self.advisoriesAt = advisoriesAt
    }

    /// When a finding of this kind that is there was seen last.
    public func lastSeen(_ kind: SightingKey.Kind) -> Timestamp { kind == .advisory ? advisoriesAt ?? at : at }
}
