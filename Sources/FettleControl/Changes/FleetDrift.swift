import FettleModel
import FettlePlanning

extension WorldDrift {
    /// What of a fleet, as it is declared now, a plan that was made before does not keep. A limit that was loosened is none: the plan
    /// keeps the stricter one.
    static func of(_ plan: Plan, against fleet: Fleet) -> [WorldDrift] {
        let declared = Dictionary(fleet.resources.map { ($0.id, $0) }) { first, _ in first }
        let groups = Dictionary(fleet.groups.map { ($0.id, $0) }) { first, _ in first }
        var found = plan.targets.flatMap { target in of(target, declared[target.resource]) }
        let carriesOf = Set(plan.targets.flatMap(\.carries))
        let isThroughController = plan.steps.contains {
            if case .upgradeThroughController = $0.action { true } else { false }
        }
        for planned in plan.groups {
            guard let group = groups[planned.id] else {
                found.append(WorldDrift(.group, of: planned.id, planned: "declared", present: nil))
                continue
            }
            // What carries several members, or a controller, takes out more at once than the strategy says of single ones.
            let isSized = isThroughController || !carriesOf.isDisjoint(with: planned.members)
            found += of(planned, against: group, countsOut: !isSized)
        }
        return found + unknownGroups(plan, fleet)
    }

    private static func of(_ target: PlanTarget, _ resource: Resource?) -> [WorldDrift] {
        let id = target.resource
        guard let resource else { return [WorldDrift(.host, at: id, planned: "declared", present: nil)] }
        var found: [WorldDrift] = []
        if resource.address != target.address {
            found.append(
                WorldDrift(
                    .host, at: id, "address", planned: target.address.place, present: resource.address.place))
        }
        if resource.environment != target.environment {
            found.append(
                WorldDrift(
                    .host, at: id, "environment", planned: target.environment.rawValue,
                    present: resource.environment.rawValue))
        }
        return found
    }

    private static func of(
        _ planned: PlannedGroup, against group: ResourceGroup, countsOut: Bool
    ) -> [WorldDrift] {
        let id = planned.id
        var found: [WorldDrift] = []
        let (before, after) = (Set(planned.members), Set(group.members))
        found += before.subtracting(after).sorted().map {
            WorldDrift(.member, at: $0, of: id, planned: "member", present: nil)
        }
        found += after.subtracting(before).sorted().map {
            WorldDrift(.member, at: $0, of: id, planned: nil, present: "member")
        }
        let limits = GroupLimits(group)
        if limits.minimumAvailable > planned.minimumAvailable {
            found.append(
                WorldDrift(
                    .minimumAvailable, of: id, planned: "\(planned.minimumAvailable)",
                    present: "\(limits.minimumAvailable)"))
        }
        if countsOut, let maximum = limits.maximumOut, maximum < planned.maximumOut {
            found.append(
                WorldDrift(.maximumOut, of: id, planned: "\(planned.maximumOut)", present: "\(maximum)"))
        }
        found += traffic(planned.traffic, group.traffic).map {
            WorldDrift(.traffic, of: id, $0.subject, planned: $0.before, present: $0.after)
        }
        found += probes(planned.probes, group.probes).map {
            WorldDrift(.probes, of: id, $0.subject, planned: $0.before, present: $0.after)
        }
        if planned.machines != group.machines {
            found.append(WorldDrift(.machines, of: id, planned: "as planned", present: "otherwise"))
        }
        return found
    }

    private typealias Difference = (subject: String, before: String?, after: String?)

    private static func traffic(_ planned: TrafficBinding?, _ present: TrafficBinding?) -> [Difference] {
        guard planned != present else { return [] }
        guard let planned, let present else {
            func words(_ binding: TrafficBinding?) -> String? { binding.map { "\($0.driver) on \($0.via)" } }
            return [("its load balancer", words(planned), words(present))]
        }
        let all: [Difference] = [
            ("driver", planned.driver, present.driver),
            ("the load balancer's host", planned.via.rawValue, present.via.rawValue),
            ("the load balancer's address", planned.address.place, present.address.place),
            ("endpoint", planned.endpoint, present.endpoint), ("backend", planned.backend, present.backend),
            ("the server's name", planned.serverName, present.serverName),
            (
                "the wait for sessions to end", "\(planned.drainTimeoutSeconds) s",
                "\(present.drainTimeoutSeconds) s"
            ),
        ]
        let told = all.filter { $0.before != $0.after }
        return told.isEmpty ? [("what it is turned by", "another", "otherwise")] : told
    }

    private static func probes(_ planned: [Probe], _ present: [Probe]) -> [Difference] {
        guard planned != present else { return [] }
        let (before, after) = (Set(planned), Set(present))
        let (gone, come) = (before.subtracting(after), after.subtracting(before))
        let (goneNames, comeNames) = (Set(gone.map(\.name)), Set(come.map(\.name)))
        let both = goneNames.intersection(comeNames)
        return both.sorted().map { ($0, "asked", "asked") }
            + goneNames.subtracting(both).sorted().map { ($0, "asked", nil) }
            + comeNames.subtracting(both).sorted().map { ($0, nil, "asked") }
    }

    /// Groups that hold a host of the plan now, and of whose minimum it knows nothing.
    private static func unknownGroups(_ plan: Plan, _ fleet: Fleet) -> [WorldDrift] {
        let known = Set(plan.groups.map(\.id))
        let touched = Set(plan.targets.map(\.resource)).union(plan.targets.flatMap(\.carries))
        return fleet.groups.filter { !known.contains($0.id) }.flatMap { group in
            group.members.filter(touched.contains).map {
                WorldDrift(.group, at: $0, of: group.id, planned: nil, present: "member")
            }
        }
    }
}

extension ResourceAddress {
    fileprivate var place: String {
        let name = user.map { "\($0)@\(host)" } ?? host
        return transport == .ssh ? name + (port.map { ":\($0)" } ?? "") : transport.rawValue
    }
}
