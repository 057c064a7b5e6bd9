public import FettleModel

/// Resources that are one machine under several names, by what it said of itself at the last scan: by addresses alone that cannot be
/// known, since names of DNS, of `ssh_config` and of several network cards may all lead to it.
///
/// What a group must keep serving is counted in members, and a plan is proven by that count (I1): a machine that is two of them goes
/// away with one restart.
public struct OneMachine: Sendable, Equatable {
    /// Sorted.
    public var resources: [ResourceID]
    /// That counts it as several members; nil: none does, and the plan would patch it several times.
    public var group: GroupID?

    private struct Identity: Hashable {
        var boot: String
        var machine: String
    }

    /// Those that make a plan of these targets wrong, sorted.
    ///
    /// - Parameter targets: whom the plan changes.
    public static func all(_ facts: FactSet, fleet: Fleet, targets: Set<ResourceID>) -> [OneMachine] {
        var names: [Identity: [ResourceID]] = [:]
        for host in facts.hosts {
            guard case .reachable = host.reachability, let boot = host.boot.value, let machine = boot.machineID,
                let resource = fleet.resource(host.resource), resource.kind.isMachine,
                resource.operatingSystemOwner == .us
            else { continue }
            // Clones of an image may have the same machine id, and containers their host's boot id; hardly anybody has both.
            names[Identity(boot: boot.bootID, machine: machine), default: []].append(host.resource)
        }
        return names.values.filter { $0.count > 1 && !targets.isDisjoint(with: $0) }.flatMap { names -> [OneMachine] in
            let groups = fleet.groups.filter { group in names.count { group.members.contains($0) } > 1 }
            guard groups.isEmpty else {
                return groups.map { group in
                    OneMachine(resources: names.filter(group.members.contains).sorted(), group: group.id)
                }
            }
            let patched = names.filter(targets.contains).sorted()
            return patched.count > 1 ? [OneMachine(resources: patched, group: nil)] : []
        }.sorted { ($0.resources[0], $0.group?.rawValue ?? "") < ($1.resources[0], $1.group?.rawValue ?? "") }
    }
}
