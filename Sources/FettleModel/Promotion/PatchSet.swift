/// Exact versions by platform, pinned once and promoted as they are: production gets what the stages before it have tested.
///
/// Never altered once it is kept. Selections made from it name it by its digest, plans name their selection, and votes name their
/// plan: so what is approved is bound to the set.
public struct PatchSet: Codable, Sendable, Equatable {
    public var id: PatchSetID
    /// What it is for, in a line for people.
    public var title: String
    public var madeBy: Person
    public var madeAt: Timestamp
    /// The plans whose versions it holds, in the order in which they were named.
    public var plans: [StageReference]
    /// Sorted by platform; none is there twice.
    public var platforms: [Part]
    /// Weaknesses that its versions close on the hosts of those plans, as far as feeds told when it was made; sorted.
    public var advisories: [AdvisoryID]
    /// Those of them that were listed as actively exploited by then; sorted. They alone open the fast lane.
    public var exploited: [AdvisoryID]

    public init(
        id: PatchSetID, title: String, madeBy: Person, madeAt: Timestamp, plans: [StageReference], platforms: [Part],
        advisories: [AdvisoryID] = [], exploited: [AdvisoryID] = []
    ) {
        self.id = id
        self.title = title
        self.madeBy = madeBy
        self.madeAt = madeAt
        self.plans = plans
        self.platforms = platforms
        self.advisories = advisories
        self.exploited = exploited
    }

    /// What one platform gets.
    public struct Part: Codable, Sendable, Equatable {
        /// `distribution:version`, such as `debian:12`; the distribution alone where releases have no number.
        public var platform: String
        public var manager: PackageManager
        /// Sorted; of each name and architecture one version.
        public var packages: [PackageVersion]

        public init(platform: String, manager: PackageManager, packages: [PackageVersion]) {
            self.platform = platform
            self.manager = manager
            self.packages = packages
        }
    }

    /// What it holds for a platform; nil: nothing.
    public func part(for platform: Platform) -> Part? { platforms.first { $0.platform == platform.setName } }

    public var packageCount: Int { platforms.reduce(0) { $0 + $1.packages.count } }
}

public typealias PatchSetID = Identifier<PatchSet>

extension Platform {
    /// How patch sets name it: packages of one release are not another's.
    public var setName: String { version.isEmpty ? distribution : "\(distribution):\(version)" }
}
