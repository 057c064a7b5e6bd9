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
    /// The host can be shut down for good, once the other side of its group serves.
    public var retires = false

    public init() {}

    /// Whether there are rules for files beside the disks of its machines.
    public var needsDisks: Bool { snapshots || !images.isEmpty }

    /// What the fleet says of each resource that is more than an ordinary host. It does not say on which hypervisor a machine runs, nor
    /// where its disks are: what machines need, each hypervisor of libvirt in their environments needs, and `disks` are empty.
    public static func of(_ fleet: Fleet) -> [ResourceID: RootNeeds] {
        var all: [ResourceID: RootNeeds] = [:]
        let resources = Dictionary(fleet.resources.map { ($0.id, $0) }) { first, _ in first }
        for group in fleet.groups {
            if let traffic = group.traffic { all[traffic.via, default: RootNeeds()].balance(traffic) }
            if case .blueGreen(_, _, .retire)? = group.strategy {
                for member in group.members { all[member, default: RootNeeds()].retires = true }
            }
        }
        let machines = needsOfMachines(in: fleet, resources)
        var isPooled: Set<ResourceID> = []
        func add(_ member: ResourceID, reaching others: [ResourceID], by rules: MachineRules) {
            guard let resource = resources[member] else { return }
            let addresses = others.filter { $0 != member }.map { other in
                MachineRoad.destination(other, resources[other]?.address, by: rules)
            }
            all[member, default: RootNeeds()].add(hypervisors: addresses, machines[resource.environment])
        }
        for group in fleet.groups where group.machines != nil || group.kind == .hypervisorPool {
            // Without rules libvirt is asked, and machines are moved as its rules have it by default.
            let rules = group.machines ?? MachineRules(driver: EvacuationDriver.name)
            isPooled.formUnion(group.members)
            for member in group.members {
                switch rules.driver {
                case EvacuationDriver.name: add(member, reaching: group.members, by: rules)
                case ProxmoxEvacuationDriver.name:
                    let nodes = [ProxmoxName.node(of: member)].compactMap { $0 }
                    all[member, default: RootNeeds()].add(nodes: nodes)
                default: break
                }
            }
        }
        // Nothing is moved to one that is in no pool; it is asked for its machines all the same.
        for resource in fleet.resources where resource.kind == .hypervisor && !isPooled.contains(resource.id) {
            add(resource.id, reaching: [], by: MachineRules(driver: EvacuationDriver.name))
        }
        return all
    }

    /// What the machines of an environment want of whichever hypervisor of libvirt they run on.
    private static func needsOfMachines(
        in fleet: Fleet, _ resources: [ResourceID: Resource]
    ) -> [EnvironmentID: RootNeeds] {
        var all: [EnvironmentID: RootNeeds] = [:]
        for group in fleet.groups {
            var needs = RootNeeds()
            needs.snapshots = group.snapshot?.driver == SnapshotDriver.name
            if case .replace(_, _, _, let machines?)? = group.strategy, machines.driver == ReplaceMachineDriver.name {
                needs.images = [machines.images]
            }
            guard needs.needsDisks else { continue }
            for environment in Set(group.members.compactMap { resources[$0]?.environment }) {
                all[environment, default: RootNeeds()].add(needs)
            }
        }
        return all
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

    private mutating func add(hypervisors others: [String], _ machines: RootNeeds?) {
        hypervisors = (hypervisors ?? []).adding(others)
        if let machines { add(machines) }
    }

    private mutating func add(_ machines: RootNeeds) {
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
