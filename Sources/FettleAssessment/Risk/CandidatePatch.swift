public import FettleIndex
public import FettleModel

/// A patch as it is weighed: what it closes, and what it takes to put it in.
public struct CandidatePatch: Sendable, Equatable {
    /// The source package, as history and findings name it.
    public var package: String
    /// The version it brings; nil if it only starts anew what is installed.
    public var version: String?
    public var kind: ChangeKind
    public var updateClass: UpdateClass
    /// What is known of every weakness that it closes; one of which nothing is known is a record with an id alone.
    public var weaknesses: [WeaknessRecord]
    /// When the patch was published; nil if it isn't known: it is then taken to be new.
    public var releasedAt: Timestamp?
    public var rollback: RollbackClass
    public var needsRestart: Bool
    public var needsReboot: Bool
    /// Configuration files that both the host and the package changed; nil if nobody looked.
    public var conffileConflicts: Int?
    /// Whether it changes data in a way that the earlier version cannot read.
    public var migratesData: Bool

    public init(
        package: String, version: String?, kind: ChangeKind, updateClass: UpdateClass,
        weaknesses: [WeaknessRecord] = [], releasedAt: Timestamp? = nil, rollback: RollbackClass = .exactVersions,
        needsRestart: Bool = true, needsReboot: Bool = false, conffileConflicts: Int? = nil, migratesData: Bool = false
    ) {
        self.package = package
        self.version = version
        self.kind = kind
        self.updateClass = updateClass
        self.weaknesses = weaknesses
        self.releasedAt = releasedAt
        self.rollback = rollback
        self.needsRestart = needsRestart
        self.needsReboot = needsReboot
        self.conffileConflicts = conffileConflicts
        self.migratesData = migratesData
    }
}

/// A group as it is weighed: how much depends on it, who can reach it, and how much it has to spare.
public struct AffectedGroup: Sendable, Equatable {
    /// The group's id, or the resource's where it is in none.
    public var name: String
    public var criticality: Resource.Criticality
    public var exposure: Resource.Exposure
    /// Hosts of it that the patch goes to; at least 1.
    public var hosts: Int
    /// Members that may still fail while one is worked on, before fewer serve than must.
    public var spareMembers: Int

    public init(
        name: String, criticality: Resource.Criticality, exposure: Resource.Exposure, hosts: Int = 1, spareMembers: Int
    ) {
        self.name = name
        self.criticality = criticality
        self.exposure = exposure
        self.hosts = hosts
        self.spareMembers = spareMembers
    }

    /// The most critical and the most exposed of the members counts: they serve together.
    ///
    /// - Parameter hosts: how many of them the patch goes to; nil: all.
    public init(_ group: ResourceGroup, in fleet: Fleet, hosts: Int? = nil) {
        let ids = Set(group.members)
        let members = fleet.resources.filter { ids.contains($0.id) }
        let least = group.minimum
        self.init(
            name: group.id.rawValue, criticality: members.map(\.criticality).max() ?? .medium,
            exposure: members.map(\.exposure).max { $0.reach < $1.reach } ?? .internal,
            hosts: hosts ?? group.members.count,
            spareMembers: max(0, group.members.count - max(0, least) - 1))
    }

    /// A resource that is in no group: nothing takes its place.
    public init(_ resource: Resource) {
        self.init(
            name: resource.id.rawValue, criticality: resource.criticality, exposure: resource.exposure, spareMembers: 0)
    }
}

extension Resource.Exposure {
    /// More is reached by more.
    var reach: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

extension ChangeKind {
    /// What kind of change takes a source package from a version to another.
    ///
    /// - Parameter packages: the binary packages that change, by which a kernel is known.
    public init(source: String, packages: [String], from: String?, to: String?, updateClass: UpdateClass) {
        if KernelPackages.isSource(source) || packages.contains(where: KernelPackages.isKernel) {
            self = .kernel
        } else if let from, let to, let first = Self.major(from), let second = Self.major(to), first != second {
            self = .majorUpgrade
        } else {
            self =
                switch updateClass {
                case .security: .securityUpdate
                case .bugfix: .bugfixUpdate
                case .feature, .cosmetic, .unclassified: .otherUpdate
                }
        }
    }

    /// The digits that a version begins with, after its epoch; nil if it begins with none.
    private static func major(_ version: String) -> Substring? {
        let body = version.split(separator: ":", maxSplits: 1).last ?? Substring(version)
        let digits = body.prefix { $0.isASCII && $0.isNumber }
        let plain = digits.drop { $0 == "0" }
        return digits.isEmpty ? nil : plain.isEmpty ? digits.prefix(1) : plain
    }
}
