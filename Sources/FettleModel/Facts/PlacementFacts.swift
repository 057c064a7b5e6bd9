/// What a hypervisor carries and what it could carry.
public struct HypervisorFacts: Codable, Sendable, Equatable {
    /// What its machines may use altogether.
    public var memoryMebibytes: Int
    public var processors: Int
    /// Sorted by name.
    public var residents: [ResidentMachine]

    public init(memoryMebibytes: Int, processors: Int, residents: [ResidentMachine]) {
        self.memoryMebibytes = memoryMebibytes
        self.processors = processors
        self.residents = residents
    }
}

/// A machine on a hypervisor.
public struct ResidentMachine: Codable, Sendable, Equatable {
    /// As the hypervisor names it.
    public var name: String
    /// The resource that it is in the fleet; nil if the fleet does not declare it.
    public var resource: ResourceID?
    public var memoryMebibytes: Int
    public var processors: Int
    public var isRunning: Bool
    /// Why it cannot be moved while it runs, such as a device that is passed through; nil: it can.
    public var isBoundBecause: String?
    /// Machines that may not run on the same hypervisor, by name; sorted.
    public var apartFrom: [String]
    /// Files and devices by path that a hypervisor must see alike for the machine to be moved there while it runs; nil: none is
    /// known to be needed.
    public var sharedPaths: [String]?
    /// By which the hypervisor tells it from others of its name, before and after; nil: not told.
    public var uuid: String?
    /// How many disks it has that it can write to; nil: not told.
    public var writableDisks: Int?
    /// Why it cannot be made anew from an image, such as what it would lose; nil: nothing is known that speaks against it.
    public var isKeptBecause: String?
    /// It boots a kernel from outside of its disk; nil: not told.
    public var bootsOutsideKernel: Bool?
    /// The image of Fettle's catalogue that it was made from; nil: none is known.
    public var image: RunningImage?

    public init(
        name: String, resource: ResourceID? = nil, memoryMebibytes: Int, processors: Int, isRunning: Bool = true,
        isBoundBecause: String? = nil, apartFrom: [String] = [], sharedPaths: [String]? = nil,
        uuid: String? = nil, writableDisks: Int? = nil, isKeptBecause: String? = nil,
        bootsOutsideKernel: Bool? = nil, image: RunningImage? = nil
    ) {
        self.name = name
        self.resource = resource
        self.memoryMebibytes = memoryMebibytes
        self.processors = processors
        self.isRunning = isRunning
        self.isBoundBecause = isBoundBecause
        self.apartFrom = apartFrom
        self.sharedPaths = sharedPaths
        self.uuid = uuid
        self.writableDisks = writableDisks
        self.isKeptBecause = isKeptBecause
        self.bootsOutsideKernel = bootsOutsideKernel
        self.image = image
    }
}

/// A resource's part in a cluster.
public enum ClusterRole: String, Codable, Sendable, CaseIterable {
    case leader
    /// Can become the leader without losing anything.
    case replica
    /// Follows, but may not or cannot lead: it lags behind, or was told not to.
    case follower
    /// Votes and holds no data.
    case witness
}

/// The image that a resource was started from.
public struct RunningImage: Codable, Sendable, Hashable {
    public var name: String
    public var version: String

    public init(name: String, version: String) {
        self.name = name
        self.version = version
    }
}
