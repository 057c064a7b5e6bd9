public import FettleModel

/// How far hosts of one platform are apart from each other, and from their baselines.
///
/// Two hosts are at the same patch level if every package that both have is at the same version on both. What only one of them has
/// is another matter, and is counted apart.
public struct DriftReport: Codable, Sendable, Equatable {
    /// Sorted by platform; hosts of different platforms are never compared.
    public var platforms: [PlatformDrift]
    /// Hosts of which too little is known, each with the reason, sorted by resource.
    public var notCompared: [NotCompared]
    /// Pins and holds that are not kept, sorted by resource and source.
    public var fromBaselines: [BaselineDrift]

    public init(platforms: [PlatformDrift], notCompared: [NotCompared], fromBaselines: [BaselineDrift]) {
        self.platforms = platforms
        self.notCompared = notCompared
        self.fromBaselines = fromBaselines
    }

    public var isSameLevel: Bool { platforms.allSatisfy(\.isSameLevel) && notCompared.isEmpty }

    public struct NotCompared: Codable, Sendable, Equatable {
        public var resource: ResourceID
        public var reason: String
    }

    public struct PlatformDrift: Codable, Sendable, Equatable {
        /// Such as `debian:12 amd64`.
        public var platform: String
        /// Sorted.
        public var hosts: [ResourceID]
        /// Packages of which two hosts have different versions, sorted by name.
        public var packages: [PackageDrift]
        /// Every two hosts, the first of a pair sorting first; of many hosts only those that differ, and not more than
        /// `DriftReport.maximumPairs`.
        public var pairs: [Pair]
        public var pairsLeftOut: Int
        /// Packages that not all hosts have.
        public var onlyOnSome: Int

        public var isSameLevel: Bool { packages.isEmpty }
    }

    public struct PackageDrift: Codable, Sendable, Equatable {
        public var name: String
        public var architecture: String
        public var source: String
        /// The newest of what is installed; oldest first below.
        public var newest: String
        /// Each version with the hosts that have it, oldest first.
        public var versions: [Holders]

        /// Hosts below the newest version, sorted.
        public var behind: [ResourceID] { versions.dropLast().flatMap(\.hosts).sorted() }
    }

    public struct Holders: Codable, Sendable, Equatable {
        public var version: String
        public var hosts: [ResourceID]
    }

    public struct Pair: Codable, Sendable, Equatable {
        public var first: ResourceID
        public var second: ResourceID
        /// Packages of which the first has the newer version, and the older one.
        public var ahead: Int
        public var behind: Int

        public var isSameLevel: Bool { ahead == 0 && behind == 0 }
    }

    public struct BaselineDrift: Codable, Sendable, Equatable {
        public var resource: ResourceID
        public var baseline: String
        public var source: String
        public var words: String
    }

    public static let maximumPairs = 500
}
