import FettleModel

/// A cluster's own controller takes its members through the patch: the plan takes the controller out, so that nothing
/// else is done to it, and lets it have so many members out at once as the cluster may spare.
enum ThroughController {
    // MARK: Roles

    static func cast(
        _ group: ResourceGroup, _ controller: ResourceID, _ cast: inout RoleCast, _ notes: inout PlanNotes
    ) {
        let passengers = group.members.filter { cast.hosts[$0].map { !$0.changes.isEmpty } ?? false }.sorted()
        guard let first = passengers.first else { return }
        func refuse(_ code: PlanningRefusal.Code, _ message: String) {
            notes.refuse(code, at: .group(group.id), "group \(group.id): \(message)")
        }
        guard let resource = cast.index.resource(controller) else {
            return refuse(.unknownName, "its controller \(controller) is not declared in the fleet")
        }
        if group.members.contains(controller) {
            refuse(.strategy, "\(controller) cannot be a member of the group that it takes through; name it apart")
        }
        if resource.address.transport == .none {
            refuse(.strategy, "its controller \(controller) cannot be reached: its address is 'none'")
        } else if cast.index.facts(of: controller)?.reachability != .reachable {
            refuse(.strategy, "its controller \(controller) is not known to be reachable; scan again")
        }
        for member in passengers where cast.hosts[member]?.isOwn == true {
            refuse(.strategy, "\(member) is Fettle's own host, and would be taken out before all others are done")
        }
        if let conflict = conflict(in: passengers.compactMap { cast.hosts[$0] }) { refuse(.strategy, conflict) }
        for member in passengers {
            guard let residence = cast.hosts[member]?.residence else { continue }
            if let carried = residence.carries.first {
                refuse(
                    .strategy,
                    "\(carried) goes down with \(member), whenever its controller \(controller) takes that out; make "
                        + "it movable, or choose evacuate")
            }
            notes.warn(
                "\(member): its controller \(controller) is trusted to move its machines away first; this plan does "
                    + "not prove that they fit elsewhere")
        }
        for member in passengers { cast.claim(.passenger(of: controller), for: member, by: group.id) }
        for member in group.members where cast.isTarget(member) && !passengers.contains(member) {
            let reason = "\(controller) takes group \(group.id) through a patch, and is not asked for a restart alone"
            cast.claim(.kept(because: reason), for: member, by: group.id)
        }
        cast.add(resource, like: cast.hosts[first])
    }

    /// Members that one upgrade takes to one version must agree on it, and on the way back.
    private static func conflict(in hosts: [HostWork]) -> String? {
        var changes: [String: (change: PackageChange, host: ResourceID)] = [:]
        for host in hosts {
            if host.resolution.manager != hosts[0].resolution.manager {
                return "\(hosts[0].id) and \(host.id) have different package managers; their controller gets one patch"
            }
            for change in host.changes {
                let name = "\(change.name):\(change.architecture)"
                if let known = changes[name], known.change != change {
                    return
                        "\(known.host) and \(host.id) need different changes of \(name); their controller gets one "
                        + "patch"
                }
                changes[name] = (change, host.id)
            }
        }
        return nil
    }

    /// Gives the controllers of all passengers their role.
    static func addControllers(to hosts: inout [ResourceID: HostWork], _ cast: RoleCast, notes: inout PlanNotes) {
        var clusters: [ResourceID: Set<GroupID>] = [:]
        var touched: [ResourceID: Set<GroupID>] = [:]
        var serves: [ResourceID: Set<GroupID>] = [:]
        var ranks: [ResourceID: Int] = [:]
        for host in hosts.values {
            guard case .passenger(let controller, let group) = host.role else { continue }
            clusters[controller, default: []].insert(group)
            touched[controller, default: []].formUnion(host.groups.map(\.id))
            serves[controller, default: []].formUnion(host.serves)
            ranks[controller] = max(ranks[controller] ?? 0, host.environmentRank)
        }
        for (controller, groups) in clusters.sorted(by: { $0.key < $1.key }) {
            guard let host = hosts[controller] else { continue }
            guard host.role == .patched else {
                notes.refuse(
                    .strategy, at: .resource(controller),
                    "\(controller) takes others through a patch and is itself patched in another way than where it is")
                continue
            }
            let role = HostRole.controller(
                of: groups, touching: touched[controller] ?? [], isPatched: !host.changes.isEmpty)
            hosts[controller] = host.playing(
                role, environmentRank: max(host.environmentRank, ranks[controller] ?? 0),
                serves: (serves[controller] ?? []).union(host.serves).sorted())
        }
    }

    /// What rules say of members holds for the controller that takes them through.
    static func moved(_ orders: [TurnOrder], _ hosts: [HostWork], notes: inout PlanNotes) -> [TurnOrder] {
        var controllers: [ResourceID: ResourceID] = [:]
        for host in hosts { if case .passenger(let controller, _) = host.role { controllers[host.id] = controller } }
        guard !controllers.isEmpty else { return orders }
        return orders.map { order in
            var order = order
            var seen: [ResourceID: Int] = [:]
            order.turns = order.turns.enumerated().map { turn, names in
                names.map { controllers[$0] ?? $0 }.filter { name in
                    guard let known = seen[name] else {
                        seen[name] = turn
                        return true
                    }
                    if known != turn {
                        notes.refuse(
                            .strategy, at: .resource(name),
                            "\(name) takes members through together that are to go one after the other: \(order.reason)"
                        )
                    }
                    return false
                }
            }
            return order
        }
    }

    /// By name the place in the line of whoever takes a host out: of one that is moved, its controller.
    static func places(in line: [HostWork]) -> [ResourceID: Int] {
        var places = Dictionary(
            line.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        for host in line {
            switch host.role {
            case .passenger(let controller, _): places[host.id] = places[controller]
            case .retired: places[host.id] = nil
            case .patched, .replaced, .snapshotted, .controller: break
            }
        }
        return places
    }

    // MARK: Capacity

    /// While a controller works, so many members of every group of theirs can be out as it may have out at once; the
    /// controller itself counts in its own groups.
    static func settle(_ groups: inout [GroupWork], _ hosts: [HostWork], notes: inout PlanNotes) {
        var atOnce: [GroupID: Int] = [:]
        for group in groups { atOnce[group.group.id] = group.maximumOut }
        var passengers: [ResourceID: (controller: ResourceID, atOnce: Int)] = [:]
        for host in hosts {
            guard case .passenger(let controller, let group) = host.role else { continue }
            passengers[host.id] = (controller, atOnce[group] ?? 0)
        }
        guard !passengers.isEmpty else { return }
        for place in groups.indices {
            let group = groups[place]
            var counts: [ResourceID: (members: Int, atOnce: Int)] = [:]
            for member in group.others {
                guard let passenger = passengers[member] else { continue }
                let known = counts[passenger.controller]
                counts[passenger.controller] = ((known?.members ?? 0) + 1, max(known?.atOnce ?? 0, passenger.atOnce))
            }
            for (controller, count) in counts.sorted(by: { $0.key < $1.key }) {
                let most = min(count.members, count.atOnce) + (group.targets.contains(controller) ? 1 : 0)
                groups[place].mostThroughController = max(groups[place].mostThroughController, most)
                let allowed = group.group.members.count - group.minimumAvailable - group.unavailable.count
                if most > allowed {
                    notes.refuse(
                        .capacity, at: .group(group.group.id),
                        "group \(group.group.id): \(controller) may have \(most) of its members out at once, its "
                            + "minimum allows \(max(0, allowed)); lower atOnce")
                }
                groups[place].maximumOut = max(groups[place].maximumOut, most)
            }
        }
    }

    // MARK: Steps

    static func addSteps(
        of group: GroupWork, _ layout: WaveLayout, _ index: PlanningIndex, policy: Policy, _ priors: DurationPriors,
        to result: inout [ResourceID: ChainExtras]
    ) {
        guard case .throughController(let controller, _) = group.strategy else { return }
        let id = group.group.id
        let passengers = layout.hosts.filter { $0.role == .passenger(of: controller, in: id) }.sorted { $0.id < $1.id }
        guard !passengers.isEmpty, let host = layout.hosts.first(where: { $0.id == controller }) else { return }
        let patch = transaction(passengers, .patch, policy)
        let upgrade = ControllerUpgrade(
            cluster: id, members: passengers.map(\.id), atOnce: group.maximumOut, transaction: patch,
            stallSeconds: priors.upgradeMember.p95Seconds)
        var back = upgrade
        back.transaction = transaction(passengers, .rollback, policy)
        let estimate = priors.upgrade(members: passengers.count, atOnce: upgrade.atOnce)
        let isReversible = passengers.allSatisfy(\.isReversible)
        let names = Names(controller: host, of: id)
        var extras = result[controller] ?? ChainExtras()
        extras.forward.preparation.append(
            ExtraStep(
                name: names.stage, action: .stage(transaction: patch), availability: .none,
                estimate: priors.stage(patch), group: id))
        extras.forward.afterChange.append(
            ExtraStep(
                name: names.upgrade, action: .upgradeThroughController(upgrade: upgrade), availability: .requiresOut,
                estimate: estimate, group: id, rollbackClass: isReversible ? .exactVersions : .irreversible,
                after: passengers.map { StepID("\($0.id)/preflight") }))
        if isReversible {
            extras.back.afterOut.insert(
                ExtraStep(
                    name: names.upgrade, action: .upgradeThroughController(upgrade: back), availability: .requiresOut,
                    estimate: estimate, group: id, compensates: StepID("\(controller)/\(names.upgrade)")), at: 0)
        }
        result[controller] = extras
        for passenger in passengers {
            var extras = result[passenger.id] ?? ChainExtras()
            extras.forward.awaited.append(StepID("\(controller)/\(names.upgrade)"))
            if isReversible { extras.back.awaited.append(StepID("\(controller)/rollback/\(names.upgrade)")) }
            result[passenger.id] = extras
        }
    }

    /// What the steps are called, after the controller's name.
    struct Names {
        var stage = "stage-upgrade"
        var upgrade = "upgrade"

        init(controller: HostWork, of group: GroupID) {
            guard case .controller(let clusters, _, _) = controller.role, clusters.count > 1 else { return }
            stage += "-\(group)"
            upgrade += "-\(group)"
        }
    }

    private static func transaction(
        _ hosts: [HostWork], _ purpose: PackageTransaction.Purpose, _ policy: Policy
    ) -> PackageTransaction {
        let changes = Set(hosts.flatMap(\.changes)).sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
        let isPatch = purpose == .patch
        return PackageTransaction(
            manager: hosts[0].resolution.manager, purpose: purpose,
            changes: isPatch ? changes : changes.map(\.reversed), conffiles: policy.conffiles,
            downloadBytes: isPatch ? hosts.map(\.resolution.downloadBytes).max() ?? 0 : 0)
    }
}

extension ThroughController {
    /// All members are proven and watched before the controller counts as back, and with it the cluster.
    static func addBake(
        of group: GroupWork, _ places: [Int], _ layout: WaveLayout, _ priors: DurationPriors,
        _ forward: inout [GroupStep]
    ) {
        guard case .throughController(let controller, _) = group.strategy,
            let host = layout.hosts.firstIndex(where: { $0.id == controller })
        else { return }
        let passengers = places.filter { layout.hosts[$0].role == .passenger(of: controller, in: group.group.id) }
        guard !passengers.isEmpty else { return }
        let seconds = group.group.probes.isEmpty ? 0 : StrategyPass.defaultBakeSeconds
        var bake = Bakes.step(group, name: "bake", seconds: seconds, passengers, holds: [], layout, priors)
        bake.host = host
        bake.holdsReturn = host
        forward.append(bake)
    }
}
