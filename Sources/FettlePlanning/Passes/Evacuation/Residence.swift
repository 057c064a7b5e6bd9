import FettleModel

/// What a target of the plan has running on it.
struct Residence: Sendable {
    /// The pools into whose other members its machines are moved first, sorted; empty: they stay on it.
    let pools: [GroupID]
    /// What goes down with it, by name.
    let staying: [Staying]
    /// The resources among these, sorted: out whenever it is.
    let carries: [ResourceID]
    /// All machines of the fleet on it, at any depth, whatever becomes of them; sorted.
    let houses: [ResourceID]
    /// Fettle's own machine goes down with it (I12).
    let carriesOwn: Bool

    struct Staying: Sendable {
        var machine: String
        var resource: ResourceID?
        /// What it runs on.
        var host: ResourceID
        var because: String

        var interruption: InterruptedMachine {
            InterruptedMachine(machine: machine, resource: resource, host: host, because: because)
        }
    }

    /// nil: nothing is known to run on it; or nothing becomes of what does, because it is neither emptied nor restarted.
    init?(of id: ResourceID, in groups: [ResourceGroup], _ index: PlanningIndex, _ policy: Policy) {
        guard index.residency.machines(on: id) != nil else { return nil }
        pools = groups.filter(\.isEvacuated).map(\.id)
        guard !pools.isEmpty || policy.rebootCondition != nil else { return nil }
        staying = index.residency.staying(on: id, isEvacuated: !pools.isEmpty)
        carries = Set(staying.compactMap(\.resource)).subtracting([id]).sorted()
        houses = index.residency.houses(of: id)
        carriesOwn = carries.contains { index.resource($0)?.address.transport == .local }
    }
}

extension Residence {
    /// What goes down, as the plan names it; nil if nothing does.
    var interrupts: [InterruptedMachine]? { staying.isEmpty ? nil : staying.map(\.interruption) }

    /// Machines that stay on the hypervisor itself, by name; nil if none does.
    func staying(on hypervisor: ResourceID) -> [String]? {
        let names = staying.filter { $0.host == hypervisor }.map(\.machine).sorted()
        return names.isEmpty ? nil : names
    }
}

extension HostWork {
    /// A hypervisor whose machines are moved away before it goes out.
    var isEmptied: Bool { residence?.pools.isEmpty == false }
}

extension ResourceGroup {
    /// Whether its members' machines are moved away before a member goes out: as declared, or as is chosen for hypervisors.
    var isEvacuated: Bool {
        guard let strategy else { return kind == .hypervisorPool }
        if case .evacuate = strategy { return true }
        return false
    }

    /// So many at once; hypervisors are still emptied first.
    func rolling(_ most: Int) -> Strategy {
        isEvacuated ? .evacuate(maxUnavailable: .count(most)) : .rolling(maxUnavailable: .count(most))
    }
}

extension WorkPass {
    /// A hypervisor that has to be emptied is only planned if it is known what runs on it, and one that takes a load balancer down
    /// with it only if that is allowed to the load balancer itself.
    static func mayGoDown(
        _ resource: Resource, _ residence: Residence?, in groups: [ResourceGroup], _ input: PlanningInput,
        _ index: PlanningIndex, notes: inout PlanNotes
    ) -> Bool {
        guard let residence else {
            guard groups.contains(where: \.isEvacuated), let reason = index.residency.reasonUnknown(resource.id) else {
                return true
            }
            notes.leaveOut(resource.id, because: "it is not known which machines run on it (\(reason)); scan again")
            return false
        }
        if let reason = mustNotStay(resource.id, residence, in: groups) {
            notes.leaveOut(resource.id, because: reason)
            return false
        }
        for balancer in residence.carries {
            let serves = index.served[balancer] ?? []
            let hasStandIn = index.groups(of: balancer).contains {
                $0.members.count >= 2 && $0.minimumAvailable.asMinimum(of: $0.members.count) >= 1
            }
            guard !serves.isEmpty, !hasStandIn else { continue }
            let names = serves.map(\.rawValue).joined(separator: ", ")
            guard !input.named.isDisjoint(with: [resource.id, balancer]) else {
                notes.leaveOut(
                    resource.id,
                    because: "would take \(balancer) down with it and so interrupt the traffic of \(names); "
                        + "plan it by naming it")
                return false
            }
            notes.warn(
                "\(resource.id): takes \(balancer) down with it, for which nothing stands in: the traffic of \(names) "
                    + "is interrupted")
        }
        return true
    }
}

extension WorkPass {
    /// Where the fleet says how machines are moved, one that cannot be moved stays only if it is named there.
    private static func mustNotStay(_ id: ResourceID, _ residence: Residence, in groups: [ResourceGroup]) -> String? {
        let pools = groups.filter { residence.pools.contains($0.id) }
        guard let pool = pools.first(where: { $0.machines != nil }), let rules = pool.machines else { return nil }
        let stuck = residence.staying.filter { $0.host == id && !rules.mayStay.contains($0.machine) }
        guard !stuck.isEmpty else { return nil }
        let names = stuck.prefix(5).map { "\($0.machine) (\($0.because))" }.joined(separator: ", ")
        let more = stuck.count > 5 ? " and \(stuck.count - 5) more" : ""
        return "cannot be moved away, and \(pool.id) does not let them go down with it: \(names)\(more); "
            + "name them in 'mayStay', or make them movable"
    }
}

extension PlanningIndex {
    /// Groups whose traffic is interrupted when a resource is out: over itself, or over what goes down with it. Sorted.
    func served(by resource: ResourceID, _ residence: Residence?) -> [GroupID] {
        let own = served[resource] ?? []
        guard let residence, !residence.carries.isEmpty else { return own }
        return Set(own + residence.carries.flatMap { served[$0] ?? [] }).sorted()
    }
}

extension PlanningInput {
    /// Resources and the machines on those of them that are hypervisors: their groups can lose members too.
    func withMachines(on resources: Set<ResourceID>) -> Set<ResourceID> {
        guard facts.hosts.contains(where: { $0.hypervisor != nil && resources.contains($0.resource) }) else {
            return resources
        }
        let declared = Set(fleet.resources.map(\.id))
        let residency = Residency(facts.hosts, groups: fleet.groups) { declared.contains($0) }
        return resources.reduce(into: resources) { $0.formUnion(residency.houses(of: $1)) }
    }
}
