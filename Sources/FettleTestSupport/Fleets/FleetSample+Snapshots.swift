import FettleModel

extension FleetSample {
    /// The members of pools that are patched where they are become machines of one hypervisor, on which nothing is to be done, and are
    /// patched behind snapshots.
    package mutating func keepSnapshots() {
        guard let environment = fleet.environments.last?.id else { return }
        var members: Set<ResourceID> = []
        for place in fleet.groups.indices where fleet.groups[place].isPatchedInPlace {
            // They may have a part in a cluster as well.
            fleet.groups[place].snapshot = SnapshotRules(driver: "libvirt", keepSeconds: 60, mayLoseWrites: true)
            members.formUnion(fleet.groups[place].members)
        }
        let hypervisor: ResourceID = "hypervisor"
        fleet.resources.append(
            Resource(id: hypervisor, kind: .hypervisor, address: .ssh("hypervisor"), environment: environment))
        facts.hosts.append(Self.patchedHost(hypervisor))
        let machines = members.sorted().map { member in
            var machine = ResidentMachine.sample(member.rawValue, gibibytes: 1, isDeclared: true)
            machine.uuid = member.rawValue
            return machine
        }
        put(machines, on: hypervisor, gibibytes: 4 * machines.count, processors: 4 * machines.count)
    }
}

extension ResourceGroup {
    fileprivate var isPatchedInPlace: Bool {
        switch strategy {
        case nil, .rolling, .canary, .allAtOnce: kind == .pool
        default: false
        }
    }
}
