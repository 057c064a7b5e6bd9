import FettleModel

/// A target that takes members of a group down with it, beside itself.
struct Carrier {
    var hypervisor: ResourceID
    /// Sorted; never empty.
    var members: [ResourceID]
}

extension GroupWork {
    /// Everyone whose outage takes a member of the group out, once for each member.
    var takers: [ResourceID] {
        targets + carriers.flatMap { Array(repeating: $0.hypervisor, count: $0.members.count) }
    }

    /// How many members are out whenever the resource is.
    func weight(of resource: ResourceID) -> Int {
        (group.members.contains(resource) ? 1 : 0)
            + (carriers.first { $0.hypervisor == resource }?.members.count ?? 0)
    }

    /// So many at once, or as many as one carrier takes down if that is more.
    mutating func setPace(_ pace: Int) {
        self.pace = pace
        maximumOut = max(pace, carriers.map { weight(of: $0.hypervisor) }.max() ?? 0)
    }
}

extension StrategyPass {
    /// By group, sorted by hypervisor.
    static func carriers(among hosts: [HostWork], _ index: PlanningIndex) -> [GroupID: [Carrier]] {
        var result: [GroupID: [Carrier]] = [:]
        for host in hosts.sorted(by: { $0.id < $1.id }) {
            for member in host.residence?.carries ?? [] {
                for group in index.groups(of: member) {
                    if let last = result[group.id]?.indices.last, result[group.id]?[last].hypervisor == host.id {
                        result[group.id]?[last].members.append(member)
                    } else {
                        result[group.id, default: []].append(Carrier(hypervisor: host.id, members: [member]))
                    }
                }
            }
        }
        return result
    }

    /// A hypervisor that takes several members down at once needs room for all of them, whatever pace the group's strategy sets.
    static func add(
        _ carriers: [Carrier], to work: inout GroupWork, allowed: Int, _ index: PlanningIndex, notes: inout PlanNotes
    ) {
        guard !carriers.isEmpty else { return }
        work.carriers = carriers
        let weights = carriers.map { work.weight(of: $0.hypervisor) }
        work.setPace(work.maximumOut)
        let names = carriers.map { "\($0.hypervisor) (\(list($0.members)))" }.joined(separator: ", ")
        if work.targets.isEmpty {
            work.reason = "none of its members is patched; some go down with what carries them: \(names)"
        } else {
            work.reason += "; some go down with what carries them: \(names)"
        }
        for (carrier, weight) in zip(carriers, weights) where weight > allowed {
            refuse(carrier, weight: weight, work, allowed: allowed, notes: &notes)
        }
        for carrier in carriers {
            for member in carrier.members where index.facts(of: member)?.clusterRoles?[work.group.id] == .leader {
                notes.warn(
                    "\(carrier.hypervisor): takes \(member) down with it, which leads group \(work.group.id) by the "
                        + "facts; hand the lead over before")
            }
        }
    }

    private static func refuse(
        _ carrier: Carrier, weight: Int, _ work: GroupWork, allowed: Int, notes: inout PlanNotes
    ) {
        let size = work.group.members.count
        let cause = work.unavailable.isEmpty ? "" : " while \(list(work.unavailable)) is not available"
        let lower = size - work.unavailable.count - weight
        let advice =
            (weight > 1 ? "spread them over hypervisors, " : "")
            + (lower >= 0 ? "lower minimumAvailable to \(lower), " : "")
        notes.refuse(
            .capacity, at: .group(work.group.id),
            "group \(work.group.id): \(carrier.hypervisor) takes \(list(carrier.members)) down with it, \(weight) of "
                + "\(size) members at once, but minimum \(work.minimumAvailable) of \(size)\(cause) allows "
                + "\(max(0, allowed)); make them movable, \(advice)or leave \(carrier.hypervisor) out")
    }
}
