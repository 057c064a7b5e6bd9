/// Everything observed of one host in one collection. The second stage of the flow.
public struct HostFacts: Codable, Sendable, Equatable {
    public var resource: ResourceID
    /// When the collection began, by Fettle's clock: nothing here is younger than this.
    public var observedAt: Timestamp
    public var reachability: Reachability
    public var platform: Observed<Platform>
    public var boot: Observed<BootFacts>
    public var packages: Observed<[InstalledPackage]>
    /// Packages that are neither installed nor removed: half-configured, half-installed, waiting for triggers.
    public var brokenPackages: Observed<[BrokenPackage]>
    public var updates: Observed<[AvailableUpdate]>
    public var kernels: Observed<KernelFacts>
    /// Patches to the running kernel, by reporter and name; nil: nobody asked.
    public var livepatches: Observed<[KernelLivepatch]>?
    public var rebootRequired: Observed<RebootRequirement>
    /// Services with processes that still map files that were replaced or deleted on disk.
    public var staleServices: Observed<[StaleService]>
    public var units: Observed<[UnitFacts]>
    public var fileSystems: Observed<[FileSystemFacts]>
    /// Holders of the package manager's locks; empty if nobody holds one.
    public var packageLocks: Observed<[PackageLock]>
    /// How old what the host offers is; nil: nobody asked.
    public var packageLists: Observed<PackageLists>?
    /// nil: not a hypervisor.
    public var hypervisor: Observed<HypervisorFacts>?
    /// By cluster; nil: in none that was asked.
    public var clusterRoles: [GroupID: ClusterRole]?
    /// nil: nobody asked.
    public var image: Observed<RunningImage>?

    public init(
        resource: ResourceID, observedAt: Timestamp, reachability: Reachability,
        platform: Observed<Platform>, boot: Observed<BootFacts>, packages: Observed<[InstalledPackage]>,
        brokenPackages: Observed<[BrokenPackage]>, updates: Observed<[AvailableUpdate]>,
        kernels: Observed<KernelFacts>, rebootRequired: Observed<RebootRequirement>,
        staleServices: Observed<[StaleService]>, units: Observed<[UnitFacts]>,
        fileSystems: Observed<[FileSystemFacts]>, packageLocks: Observed<[PackageLock]>,
        hypervisor: Observed<HypervisorFacts>? = nil, clusterRoles: [GroupID: ClusterRole]? = nil,
        image: Observed<RunningImage>? = nil, livepatches: Observed<[KernelLivepatch]>? = nil,
        packageLists: Observed<PackageLists>? = nil
    ) {
        self.resource = resource
        self.observedAt = observedAt
        self.reachability = reachability
        self.platform = platform
        self.boot = boot
        self.packages = packages
        self.brokenPackages = brokenPackages
        self.updates = updates
        self.kernels = kernels
        self.livepatches = livepatches
        self.rebootRequired = rebootRequired
        self.staleServices = staleServices
        self.units = units
        self.fileSystems = fileSystems
        self.packageLocks = packageLocks
        self.packageLists = packageLists
        self.hypervisor = hypervisor
        self.clusterRoles = clusterRoles
        self.image = image
    }

    /// Facts of a host of which nothing could be observed, each with that reason.
    public static func nothingObserved(
        of resource: ResourceID, at time: Timestamp, reachability: Reachability, reason: String
    ) -> HostFacts {
        HostFacts(
            resource: resource, observedAt: time, reachability: reachability,
            platform: .notObserved(reason: reason), boot: .notObserved(reason: reason),
            packages: .notObserved(reason: reason), brokenPackages: .notObserved(reason: reason),
            updates: .notObserved(reason: reason), kernels: .notObserved(reason: reason),
            rebootRequired: .notObserved(reason: reason), staleServices: .notObserved(reason: reason),
            units: .notObserved(reason: reason), fileSystems: .notObserved(reason: reason),
            packageLocks: .notObserved(reason: reason))
    }
}

/// Whether a host answered; not answering is a state, not a missing row.
public enum Reachability: Codable, Sendable, Equatable {
    case reachable
    case unreachable(reason: String)
}

/// One collection over the fleet.
public struct FactSet: Codable, Sendable, Equatable {
    public var id: String
    public var observedAt: Timestamp
    /// Sorted by resource; one for each resource that was ever asked, reachable or not, each with its own date.
    public var hosts: [HostFacts]

    public init(id: String, observedAt: Timestamp, hosts: [HostFacts]) {
        self.id = id
        self.observedAt = observedAt
        self.hosts = hosts
    }

    public func host(_ id: ResourceID) -> HostFacts? { hosts.first { $0.resource == id } }
}
