/// One thing to patch on one resource: the newer version that closes it, and why it matters.
public struct Finding: Codable, Sendable, Equatable {
    /// `resource/source/fixedVersion`, so that the same finding has the same id in every assessment. Without a fixed version it is
    /// `resource/source/installed/state`; where one fixed version closes several that are installed, both.
    public var id: FindingID
    public var resource: ResourceID
    public var source: String
    /// Installed binary packages of that source, sorted.
    public var packages: [String]
    public var installed: String
    /// The source version that closes it; nil if nothing does yet.
    public var fixed: String?
    public var updateClass: UpdateClass
    /// Every advisory that the fixed version closes here, sorted.
    public var advisories: [Advisory]
    public var state: InstallState
    public var owner: PatchOwner
    public var outcome: Outcome
    /// When policy, or the exploited list, wants it done; nil if neither says.
    public var dueAt: Timestamp?
    /// How it was matched, in words and in order.
    public var explanation: [String]
    /// Whether the host's own sources offer the fix now.
    public var isOffered: Bool
    public var isHeld: Bool
    /// How bad its worst weakness is rated; nil: nobody has rated it, or no feed says.
    public var severity: Severity?
    /// When this was first judged to be missing here; later assessments carry it over. nil: in this one.
    public var firstSeenAt: Timestamp?
    /// When this fixed version was first seen on the fleet, which is not before it was published; nil: in this assessment.
    public var fixSeenAt: Timestamp?
    /// Waivers that cover it or some of its advisories, sorted; nil: none. See `isWaived`.
    public var waivers: [AppliedWaiver]?

    public init(
        id: FindingID, resource: ResourceID, source: String, packages: [String], installed: String, fixed: String?,
        updateClass: UpdateClass, advisories: [Advisory], state: InstallState, owner: PatchOwner, outcome: Outcome,
        dueAt: Timestamp?, explanation: [String], isOffered: Bool, isHeld: Bool, firstSeenAt: Timestamp? = nil,
        waivers: [AppliedWaiver]? = nil
    ) {
        self.id = id
        self.resource = resource
        self.source = source
        self.packages = packages
        self.installed = installed
        self.fixed = fixed
        self.updateClass = updateClass
        self.advisories = advisories
        self.state = state
        self.owner = owner
        self.outcome = outcome
        self.dueAt = dueAt
        self.explanation = explanation
        self.isOffered = isOffered
        self.isHeld = isHeld
        self.firstSeenAt = firstSeenAt
        self.waivers = waivers
    }

    public var isExploited: Bool { advisories.contains { $0.exploitedSince != nil } }
}

/// A published weakness, as far as the loaded feeds tell of it.
public struct Advisory: Codable, Sendable, Equatable {
    public var id: AdvisoryID
    /// When it was listed as exploited (CISA KEV); nil if it is not listed.
    public var exploitedSince: Timestamp?
    public var exploitedDueAt: Timestamp?
    /// The source version that fixes it on this resource's release; nil if none is told.
    public var fixedIn: String?

    public init(
        id: AdvisoryID, exploitedSince: Timestamp? = nil, exploitedDueAt: Timestamp? = nil, fixedIn: String? = nil
    ) {
        self.id = id
        self.fixedIn = fixedIn
        self.exploitedSince = exploitedSince
        self.exploitedDueAt = exploitedDueAt
    }
}

/// How far the fix has come on a resource. Installed is not running.
public enum InstallState: String, Codable, Sendable, CaseIterable {
    case missing, installedPendingRestart, installedPendingReboot, running, verified
}

/// When to act, in the words of CISA's SSVC decision tree.
public enum Outcome: String, Codable, Sendable, CaseIterable, Comparable {
    case immediate, outOfCycle, scheduled, `defer`

    /// `immediate` sorts first.
    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What an assessment found over the fleet. The third stage of the flow.
public struct FindingSet: Codable, Sendable, Equatable {
    public var id: String
    public var facts: StageReference
    public var assessedAt: Timestamp
    public var feeds: FeedCoverage
    /// Sorted by outcome, then resource, then source.
    public var findings: [Finding]
    /// Resources that could not be judged, each with the reason: not judged is not clean.
    public var notJudged: [NotJudged]
    /// Findings of hosts that did not answer this time, as they were when they last did: only so that these are not taken for new
    /// when the hosts answer again. nil: none.
    public var remembered: [Finding]?
    /// What advisories leave open about what is installed: neither affected nor clean. Sorted by resource and source. nil: nothing.
    public var undecided: [Undecided]?

    public init(
        id: String, facts: StageReference, assessedAt: Timestamp, feeds: FeedCoverage, findings: [Finding],
        notJudged: [NotJudged]
    ) {
        self.id = id
        self.facts = facts
        self.assessedAt = assessedAt
        self.feeds = feeds
        self.findings = findings
        self.notJudged = notJudged
    }

    /// Advisories of which it cannot be told whether they hold: the publisher still looks, or does not say, or the version is malformed.
    public struct Undecided: Codable, Sendable, Equatable {
        public var resource: ResourceID
        public var source: String
        /// Installed binary packages of that source, sorted.
        public var packages: [String]
        public var installed: String
        /// Sorted.
        public var advisories: [AdvisoryID]
        /// Why, in words.
        public var reason: String

        public init(
            resource: ResourceID, source: String, packages: [String], installed: String, advisories: [AdvisoryID],
            reason: String
        ) {
            self.resource = resource
            self.source = source
            self.packages = packages
            self.installed = installed
            self.advisories = advisories
            self.reason = reason
        }
    }

    public struct NotJudged: Codable, Sendable, Equatable {
        public var resource: ResourceID
        public var reason: String

        public init(resource: ResourceID, reason: String) {
            self.resource = resource
            self.reason = reason
        }
    }
}

/// Which feeds an assessment rests on. Without any, advisories were not checked, which is not "none".
public struct FeedCoverage: Codable, Sendable, Equatable {
    public var feeds: [Feed]
    /// What was not sound of them when they were used, each in one sentence: stale, of an unknown age, not read whole. nil: nothing.
    public var notes: [String]?
    public var advisoriesChecked: Bool { feeds.contains { $0.kind == .advisories } }
    public var exploitedChecked: Bool { feeds.contains { $0.kind == .exploited } }
    /// Why advisories were not checked, in words without a full stop; nil: they were.
    public var advisoriesGap: String? {
        if advisoriesChecked { return nil }
        return feeds.isEmpty ? "no feed was given" : "no feed that was given has any"
    }

    public init(feeds: [Feed], notes: [String]? = nil) {
        self.feeds = feeds
        self.notes = notes
    }

    public static let none = FeedCoverage(feeds: [])

    public struct Feed: Codable, Sendable, Equatable {
        public var name: String
        public var kind: Kind
        /// When its publisher dated it; nil if it carries no date.
        public var publishedAt: Timestamp?
        /// Where it carries no date, when its files were last changed. nil: it carries one, or nobody looked.
        public var changedAt: Timestamp?
        public var records: Int
        /// Records that were malformed and left out, each named.
        public var skipped: [String]
        /// What of the feed is not used as it was published, each kind in one sentence: left out, kept as unknown, not usable. nil: all
        /// is used.
        public var remarks: [String]?

        public init(
            name: String, kind: Kind, publishedAt: Timestamp?, records: Int, skipped: [String] = [],
            remarks: [String]? = nil
        ) {
            self.name = name
            self.kind = kind
            self.publishedAt = publishedAt
            self.records = records
            self.skipped = skipped
            self.remarks = remarks
        }
    }

    public enum Kind: String, Codable, Sendable {
        case advisories, exploited
        /// How likely exploitation is said to be (EPSS): never exploitation itself.
        case predictions
        /// Ratings and decision points of CVEs.
        case decisions
    }
}

extension FeedCoverage.Feed {
    /// Its date, and whose it is: `published 2026-11-20T08:00:00Z`.
    public var dateWords: String {
        publishedAt.map { "published \($0)" } ?? changedAt.map { "carries no date, its file is of \($0)" }
            ?? "carries no date"
    }
}
