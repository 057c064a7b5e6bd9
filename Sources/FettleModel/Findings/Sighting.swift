/// How a finding is known again from one assessment to the next.
public struct SightingKey: Codable, Sendable, Hashable, Comparable {
    public var resource: ResourceID
    public var source: String
    public var kind: Kind
    /// The advisory, the class of what is offered, or the state.
    public var name: String

    /// A NUL, which PostgreSQL keeps in no text, becomes a replacement character.
    public init(resource: ResourceID, source: String, kind: Kind, name: String) {
        self.resource = ResourceID(Self.storable(resource.rawValue))
        self.source = Self.storable(source)
        self.kind = kind
        self.name = Self.storable(name)
    }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        /// Told by a feed: keeps its age when another version fixes it.
        case advisory
        /// An update of some class is offered, whatever feeds say of it.
        case fix
        /// Installed, and not running yet.
        case state
    }

    public static func < (left: Self, right: Self) -> Bool {
        (left.resource, left.source, left.kind.rawValue, left.name)
            < (right.resource, right.source, right.kind.rawValue, right.name)
    }

    private static func storable(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\u{0}", with: "\u{fffd}") : text
    }
}

/// When a finding was first and last seen, and since when it is gone.
public struct Sighting: Codable, Sendable, Equatable {
    public var key: SightingKey
    public var firstSeenAt: Timestamp
    public var lastSeenAt: Timestamp
    /// When it was first looked for and not found; nil as long as it is there.
    public var goneAt: Timestamp?
    /// As it was judged last.
    public var outcome: Outcome
    /// When the list of exploited weaknesses wants it settled; nil if it is not listed.
    public var listedDueAt: Timestamp?

    public init(
        key: SightingKey, firstSeenAt: Timestamp, lastSeenAt: Timestamp, goneAt: Timestamp? = nil, outcome: Outcome,
        listedDueAt: Timestamp? = nil
    ) {
        self.key = key
        self.firstSeenAt = firstSeenAt
        self.lastSeenAt = lastSeenAt
        self.goneAt = goneAt
        self.outcome = outcome
        self.listedDueAt = listedDueAt
    }

    /// How long something may be gone and still keep its age when it is back, in days: a fix that was taken back, or a scan that
    /// missed it, does not start the clock anew.
    public static let returnsWithinDays = 30
    /// How long what is gone is remembered, in days.
    public static let rememberedDays = 400
}

/// What one assessment saw, as the ledger of sightings takes it down.
public struct FindingLook: Sendable, Equatable {
    public var at: Timestamp
    /// What could be judged of each resource. What was not looked for and is not seen is not gone: of a host that did not
    /// answer nothing is, without a feed of advisories no weakness is.
    public var judged: [ResourceID: Set<SightingKey.Kind>]
    public var exploitedChecked: Bool
    /// Of these resources.
    public var seen: [SightingKey: Seen]

    public init(
        at time: Timestamp, judged: [ResourceID: Set<SightingKey.Kind>], exploitedChecked: Bool,
        seen: [SightingKey: Seen]
    ) {
        at = time
        self.judged = judged
        self.exploitedChecked = exploitedChecked
        self.seen = seen
    }

    public struct Seen: Sendable, Equatable {
        public var outcome: Outcome
        public var listedDueAt: Timestamp?

        public init(outcome: Outcome, listedDueAt: Timestamp? = nil) {
            self.outcome = outcome
            self.listedDueAt = listedDueAt
        }
    }
}
