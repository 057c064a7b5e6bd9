public import FettleModel

/// What would be done otherwise by one plan than by another. Names, times of making, titles and selections don't count: they are
/// not carried out.
public struct PlanDifference: Codable, Sendable, Equatable {
    public var from: PlanID
    public var to: PlanID
    /// Whether both have the same digest, and so are one and the same to whoever approves.
    public var sameDigest: Bool
    /// By kind, subject and resource. Empty: both would do the same.
    public var entries: [Entry]

    public var isEmpty: Bool { entries.isEmpty }

    public struct Entry: Codable, Sendable, Hashable {
        public var kind: Kind
        /// What differs, such as a package's name, a limit, or an action.
        public var subject: String
        /// Where; nil: not at a single resource.
        public var resource: ResourceID?
        /// nil: not in the first plan.
        public var before: String?
        /// nil: not in the second.
        public var after: String?

        public init(
            _ kind: Kind, _ subject: String, at resource: ResourceID? = nil, before: String? = nil, after: String? = nil
        ) {
            self.kind = kind
            self.subject = subject
            self.resource = resource
            self.before = before
            self.after = after
        }
    }

    /// In the order in which people ask.
    public enum Kind: String, Codable, Sendable, CaseIterable, Comparable {
        case environment, target, version, group, limit, window, order, step, wayBack, pointOfNoReturn
        /// How long steps are expected to take, and when they count as failed; of the way back too.
        case duration

        public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// - Parameters: both plans with their digests.
    public init(from first: Plan, _ firstDigest: Digest, to second: Plan, _ secondDigest: Digest) {
        from = first.id
        to = second.id
        sameDigest = firstDigest == secondDigest
        var comparison = PlanComparison(first: first, second: second)
        comparison.run()
        entries = comparison.entries.sorted {
            ($0.kind, $0.subject, $0.resource?.rawValue ?? "", $0.before ?? "", $0.after ?? "")
                < ($1.kind, $1.subject, $1.resource?.rawValue ?? "", $1.before ?? "", $1.after ?? "")
        }
    }
}
