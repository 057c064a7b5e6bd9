public import FettleModel

/// What a host is beside an ordinary one, as far as its rules for `sudo` depend on that.
public struct RootNeeds: Sendable, Hashable {
    /// Paths of admin sockets of HAProxy.
    public var haproxySockets: [String] = []
    /// Paths of HAProxy's maps that say which side has the traffic.
    public var haproxyMaps: [String] = []
    /// nginx is a load balancer there.
    public var hasNginx = false
    /// The host is a hypervisor of libvirt, which reaches the others so, such as by `qemu+tls://hv-2/system`; nil: it is none.
    public var hypervisors: [String]?
    /// The same, on which machines are made anew from images in these directories.
    public var images: [String] = []
    /// And those in which its machines have their disks.
    public var disks: [String] = []
    /// The same, whose machines are patched behind snapshots.
    public var snapshots = false
    /// The host is this node of Proxmox VE.
    public var proxmoxNodes: [String] = []

    public init() {}

    /// Whether there are rules for files beside the disks of its machines.
    public var needsDisks: Bool { snapshots || !images.isEmpty }

    /// What the fleet says of each resource that is more than an ordinary host. It does not say on which hypervisor a machine runs, nor
    /// where its disks are: what machines need, each hypervisor of libvirt needs, and `disks` are empty.
    public static func of(_ fleet: Fleet) -> [ResourceID: RootNeeds] {
        var all: [ResourceID: RootNeeds] = [:]
        let addresses = Dictionary(fleet.resources.map { ($0.id, $0.address) }) { first, _ in first }
        for traffic in fleet.groups.compactMap(\.traffic) { all[traffic.via, default: RootNeeds()].balance(traffic) }
        let machines = RootNeeds(ofMachinesIn: fleet)
        for group in fleet.groups {
            guard let rules = group.machines else { continue }
            for member in group.members {
                switch rules.driver {
                case EvacuationDriver.name:
                    let others = group.members.filter { $0 != member }.map { other in
                        MachineRoad.destination(other, addresses[other], by: rules)
                    }
                    all[member, default: RootNeeds()].add(hypervisors: others, machines)
                case ProxmoxEvacuationDriver.name:
                    let nodes = [ProxmoxName.node(of: member)].compactMap { $0 }
                    all[member, default: RootNeeds()].add(nodes: nodes)
                default: break
                }
            }
        }
        return all
    }

    /// What the machines of the fleet want of whichever hypervisor of libvirt they run on.
    private init(ofMachinesIn fleet: Fleet) {
        for group in fleet.groups {
            if group.snapshot?.driver == SnapshotDriver.name { snapshots = true }
            guard case .replace(_, _, _, let machines?)? = group.strategy,
                machines.driver == ReplaceMachineDriver.name
            else { continue }
            images = images.adding([machines.images])
        }
    }

    private mutating func balance(_ traffic: TrafficBinding) {
        switch traffic.driver {
        case HAProxyDrainDriver.name:
            haproxySockets = haproxySockets.adding([traffic.endpoint])
            if let sides = traffic.sides { haproxyMaps = haproxyMaps.adding([sides.map]) }
        case NginxDrainDriver.name: hasNginx = true
        default: break
        }
    }

    private mutating func add(hypervisors others: [String], _ machines: RootNeeds) {
        hypervisors = (hypervisors ?? []).adding(others)
        images = images.adding(machines.images)
        snapshots = snapshots || machines.snapshots
    }

    private mutating func add(nodes: [String]) { proxmoxNodes = proxmoxNodes.adding(nodes) }
}

extension [String] {
    /// With those of the others that are not among them.
    fileprivate func adding(_ others: [String]) -> [String] {
        others.reduce(into: self) { all, other in if !all.contains(other) { all.append(other) } }
    }
}
