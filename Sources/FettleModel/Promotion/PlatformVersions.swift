/// Exact versions on hosts of one platform: what a run has tried there, or what a plan brings there.
public struct PlatformVersions: Codable, Sendable, Equatable {
    /// As `PatchSet.Part.platform`.
    public var platform: String
    /// Sorted; none is there twice.
    public var packages: [PackageVersion]
    /// Services that run beside them, by the names of their units; sorted. nil: nobody looked.
    public var services: [String]?

    public init(platform: String, packages: [PackageVersion], services: [String]? = nil) {
        self.platform = platform
        self.packages = packages
        self.services = services
    }
}

/// The hosts of a plan that are of one platform, as facts told it when the plan was submitted.
public struct PlatformHosts: Codable, Sendable, Equatable {
    /// As `PatchSet.Part.platform`.
    public var platform: String
    /// Sorted.
    public var hosts: [ResourceID]
    /// Versions of the set that one of these hosts had already; sorted. Its run shows them beside what it changes.
    public var present: [PackageVersion]
    /// Services that ran on one of these hosts, by the names of their units; sorted. nil: nobody looked.
    public var services: [String]?

    public init(platform: String, hosts: [ResourceID], present: [PackageVersion], services: [String]? = nil) {
        self.platform = platform
        self.hosts = hosts
        self.present = present
        self.services = services
    }
}
