/// All traffic of a group turned from one side of it to the other, in one move.
///
/// Nothing is turned unless everyone of `to` passes the probes: all traffic on a side that is too small, or not well,
/// is worse than no switch.
public struct TrafficSwitch: Codable, Sendable, Equatable {
    public var group: GroupID
    public var traffic: TrafficBinding
    /// Who serves before; sorted. Empty: nobody is turned away, it is only seen that `to` serves alone.
    public var from: [ResourceID]
    /// Who serves afterwards; sorted.
    public var to: [ResourceID]
    /// Asked of everyone of `to` before anything is turned.
    public var probes: [Probe]

    public init(
        group: GroupID, traffic: TrafficBinding, from: [ResourceID], to: [ResourceID], probes: [Probe] = []
    ) {
        self.group = group
        self.traffic = traffic
        self.from = from
        self.to = to
        self.probes = probes
    }

    public var reversed: TrafficSwitch {
        TrafficSwitch(group: group, traffic: traffic, from: to, to: from, probes: probes)
    }
}

/// Whether a group is well as a whole, such as at its public address.
public struct GroupGate: Codable, Sendable, Equatable {
    public var group: GroupID
    /// The members that have been changed before it; sorted. They go back if it does not pass.
    public var resources: [ResourceID]
    /// Asked once, of no member.
    public var probes: [Probe]

    public init(group: GroupID, resources: [ResourceID], probes: [Probe]) {
        self.group = group
        self.resources = resources
        self.probes = probes
    }
}

/// A member gives up the leadership of its cluster, if it has it.
public struct Handover: Codable, Sendable, Equatable {
    public var cluster: GroupID
    /// Who may lead next, the first that can be chosen; never empty.
    public var candidates: [ResourceID]

    public init(cluster: GroupID, candidates: [ResourceID]) {
        self.cluster = cluster
        self.candidates = candidates
    }
}

/// An upgrade that a cluster's own controller carries out on its members.
public struct ControllerUpgrade: Codable, Sendable, Equatable {
    public var cluster: GroupID
    /// Sorted.
    public var members: [ResourceID]
    /// How many members the controller may have out at once.
    public var atOnce: Int
    public var transaction: PackageTransaction
    /// The upgrade is aborted when it has not come on for so long.
    public var stallSeconds: Int

    public init(
        cluster: GroupID, members: [ResourceID], atOnce: Int, transaction: PackageTransaction, stallSeconds: Int
    ) {
        self.cluster = cluster
        self.members = members
        self.atOnce = atOnce
        self.transaction = transaction
        self.stallSeconds = stallSeconds
    }
}

/// An image that is patched offline and tested before anything is started from it.
public struct ImageBuild: Codable, Sendable, Equatable {
    /// The template's name.
    public var image: String
    /// The version that is made, and the one it is made from.
    public var version: String
    public var from: String
    public var transaction: PackageTransaction
    public var probes: [Probe]

    public init(image: String, version: String, from: String, transaction: PackageTransaction, probes: [Probe]) {
        self.image = image
        self.version = version
        self.from = from
        self.transaction = transaction
        self.probes = probes
    }
}

/// A resource that is started anew from another version of its image.
public struct ImageReplacement: Codable, Sendable, Equatable {
    public var image: String
    public var from: String
    public var to: String
    /// Where it is a virtual machine that is made anew from an image which exists already: which. The way back is to the machine that
    /// was kept. Left out where the plan makes the image.
    public var machine: ReplacedMachine?

    public init(image: String, from: String, to: String, machine: ReplacedMachine? = nil) {
        self.image = image
        self.from = from
        self.to = to
        self.machine = machine
    }

    public var reversed: ImageReplacement { ImageReplacement(image: image, from: to, to: from, machine: machine) }
}
