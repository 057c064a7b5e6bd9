import FettleModel

/// Pass 2: how each group is worn down without going below its minimum (I1).
enum StrategyPass {
    /// How long a canary is watched where nobody says otherwise. Thirty seconds let a service that falls over after its
    /// start fall over, and let two probes in a row see it; more belongs to the group, which knows its traffic.
    static let defaultBakeSeconds = 30

    /// Where nobody says otherwise, a tenth of a pool goes at once, at least one: small pools go one by one.
    static let defaultMaximumUnavailable = Quantity.percent(10)

    static func choose(
        for hosts: [HostWork], _ index: PlanningIndex, notes: inout PlanNotes
    ) -> [GroupWork] {
        let targets = Set(hosts.lazy.filter(\.isTakenOut).map(\.id))
        let others = Set(hosts.lazy.filter { !$0.isTakenOut }.map(\.id))
        let retired = Set(hosts.lazy.filter { $0.role == .retired }.map(\.id))
        let carriers = carriers(among: hosts, index)
        var groups = index.groups.compactMap { group -> GroupWork? in
            let touched = group.members.filter(targets.contains).sorted()
            let moved = others.isEmpty ? [] : group.members.filter(others.contains).sorted()
            let carrying = carriers[group.id] ?? []
            guard !touched.isEmpty || !moved.isEmpty || !carrying.isEmpty else { return nil }
            var work = choose(for: group, targets: touched, others: moved, carrying, index, notes: &notes)
            work.retired = moved.filter(retired.contains)
            return work
        }
        if !others.isEmpty { ThroughController.settle(&groups, hosts, notes: &notes) }
        return groups
    }

    private static func choose(
        for group: ResourceGroup, targets: [ResourceID], others: [ResourceID], _ carriers: [Carrier],
        _ index: PlanningIndex,
        notes: inout PlanNotes
    ) -> GroupWork {
        let size = group.members.count
        let minimum = Self.minimum(of: group)
        let unavailable = unavailableMembers(of: group, targets: targets + others, index)
        var (strategy, reason) = strategyWithReason(for: group)
        let allowed = max(0, size - minimum - unavailable.count)
        let wished: Int
        switch strategy {
        case .rolling(let maximum, let surge):
            wished = maximum.asMaximum(of: group.regularCount) + surging(group, surge, unavailable, &reason)
        case .replace(_, let maximum, let surge, _):
            wished = maximum.asMaximum(of: group.regularCount) + surging(group, surge, unavailable, &reason)
        case .canary(_, _, let maximum, _, _), .replicasFirst(let maximum), .evacuate(let maximum),
            .throughController(_, let maximum):
            wished = maximum.asMaximum(of: size)
        case .allAtOnce: wished = size
        case .oneSideAtATime, .blueGreen: wished = sides(of: group, targets: targets, index).map(\.count).max() ?? 0
        }
        let maximumOut = max(0, min(wished, allowed))
        // A controller's outage is its members'.
        var taken = targets
        if case .throughController = strategy { taken += others }
        refuseIfStuck(
            group, targets: taken, strategy: strategy, wished: wished, allowed: allowed, minimum: minimum,
            unavailable: unavailable, index, notes: &notes)
        if wished > allowed, allowed > 0, strategy != .allAtOnce {
            reason +=
                "; \(wished) at once reduced to \(allowed) by the minimum of \(minimum) of \(size)"
                + (unavailable.isEmpty ? "" : " with \(list(unavailable)) not available")
        }
        if minimum <= 0, size > 0 {
            notes.warn("group \(group.id): a minimum of 0 of \(size) allows that nobody serves")
        }
        let canary = canary(of: strategy, group: group, targets: targets.count, reason: &reason, notes: &notes)
        var work = GroupWork(
            group: group, targets: targets, others: others, strategy: strategy, reason: reason,
            minimumAvailable: minimum,
            maximumOut: maximumOut, unavailable: unavailable, canaries: canary.count, bakeSeconds: canary.bakeSeconds,
            growth: canary.count > 0 ? strategy.growth : 1)
        judge(&work, thresholds: index.thresholds)
        add(carriers, to: &work, allowed: allowed, index, notes: &notes)
        if !targets.isEmpty { arrange(&work, index, notes: &notes) }
        return work
    }

    /// How many more may be out at once because spares serve: no more than there are.
    private static func surging(
        _ group: ResourceGroup, _ surge: Quantity?, _ unavailable: [ResourceID], _ reason: inout String
    ) -> Int {
        let spares = (group.spares ?? []).filter { !unavailable.contains($0) }
        let count = min(surge?.asSurge(of: group.regularCount) ?? 0, spares.count)
        guard count > 0 else { return 0 }
        reason +=
            "; \(list(spares)) \(spares.count == 1 ? "serves" : "serve") beside the \(group.regularCount) that the group is "
            + "sized for, so that \(count) more may be out"
        return count
    }

    /// A cluster keeps its quorum, whatever its file says: more than half of its members.
    static func minimum(of group: ResourceGroup) -> Int {
        let size = group.members.count
        let declared = group.minimum
        return group.kind == .cluster && size > 2 ? max(declared, size / 2 + 1) : declared
    }

    static func strategyWithReason(for group: ResourceGroup) -> (Strategy, String) {
        if let declared = group.strategy { return (declared, "declared in the fleet") }
        switch group.kind {
        case .cluster:
            return (
                .replicasFirst(maxUnavailable: .count(1)),
                "none declared: one member at a time, the leader last, because a cluster must keep its quorum"
            )
        case .hypervisorPool:
            return (
                .evacuate(maxUnavailable: .count(1)),
                "none declared: one hypervisor at a time, its machines moved away first and home again"
            )
        case .fabricPair, .controllerPair:
            return (
                .oneSideAtATime(bakeSeconds: defaultBakeSeconds),
                "none declared: one side at a time, because the other carries everything meanwhile"
            )
        case .pool, .environmentPair: break
        }
        guard group.kind == .pool, group.members.count >= 3 else {
            return (
                .rolling(maxUnavailable: .count(1)),
                "none declared: one member at a time, because a \(group.kind.rawValue) of \(group.members.count) "
                    + "has none to spare for a canary"
            )
        }
        guard !group.probes.isEmpty else {
            return (
                .rolling(maxUnavailable: .count(1)),
                "none declared: one member at a time, because without probes nothing could judge a canary"
            )
        }
        return (
            .canary(
                first: .count(1), bakeSeconds: defaultBakeSeconds, maxUnavailable: defaultMaximumUnavailable),
            "none declared: a pool of \(group.members.count) with probes gets a canary of 1, watched for "
                + "\(defaultBakeSeconds) s, then "
                + "\(defaultMaximumUnavailable.asMaximum(of: group.members.count)) at a time"
        )
    }

    /// Of those that stay as they are.
    private static func unavailableMembers(
        of group: ResourceGroup, targets: [ResourceID], _ index: PlanningIndex
    ) -> [ResourceID] {
        let targets = Set(targets)
        return group.members.filter { !targets.contains($0) && !index.isAvailable($0, in: group) }.sorted()
    }

    private static func refuseIfStuck(
        _ group: ResourceGroup, targets: [ResourceID], strategy: Strategy, wished: Int, allowed: Int, minimum: Int,
        unavailable: [ResourceID], _ index: PlanningIndex, notes: inout PlanNotes
    ) {
        guard !targets.isEmpty else { return }
        let size = group.members.count
        let place = PlanningRefusal.Place.group(group.id)
        if allowed == 0 {
            let without = size - unavailable.count
            let lower = without > 0 ? "lower minimumAvailable to \(without - 1) or " : ""
            let cause = unavailable.isEmpty ? "" : " while \(list(unavailable)) is not available"
            let unwatched = unavailable.filter(index.isBeyondReach)
            let remedy =
                if unavailable.isEmpty {
                    "add a member"
                } else if unwatched.isEmpty {
                    "bring the missing back"
                } else {
                    "have \(list(unwatched)) judged, which Fettle does not reach: by probes of the group that are asked from "
                        + "outside (http, tcp)"
                }
            notes.refuse(
                .capacity, at: place,
                "group \(group.id): minimum \(minimum) of \(size)\(cause) leaves no member to take out; \(lower)\(remedy)"
            )
        } else if wished <= 0 {
            notes.refuse(
                .invalidLimit, at: place, "group \(group.id): its strategy allows 0 members out; allow at least 1")
        } else if strategy == .allAtOnce, targets.count > allowed {
            notes.refuse(
                .capacity, at: place,
                "group \(group.id): all \(targets.count) members at once, but minimum \(minimum) of \(size) allows "
                    + "\(allowed); choose a rolling strategy or lower minimumAvailable to \(size - targets.count)")
        }
    }

    private static func canary(
        of strategy: Strategy, group: ResourceGroup, targets: Int, reason: inout String, notes: inout PlanNotes
    ) -> (count: Int, bakeSeconds: Int?) {
        if case .replace(_, _, _, let machines?) = strategy {
            return machines.bakeSeconds > 0 && targets > 1 && !group.probes.isEmpty
                ? (1, machines.bakeSeconds) : (0, nil)
        }
        guard case .canary(let first, let bakeSeconds, _, _, let judging) = strategy else { return (0, nil) }
        let count = min(max(1, first.asMaximum(of: group.members.count)), targets)
        guard count < targets else {
            reason += "; only \(targets) to change, so nobody waits for a canary"
            let watches = judging?.watchesRest == true && !group.probes.isEmpty
            return (0, watches ? max(0, bakeSeconds) : nil)
        }
        guard !group.probes.isEmpty else {
            notes.warn(
                "group \(group.id): a canary without probes is only judged by what is installed and running on it; "
                    + "declare probes to have it watched for \(bakeSeconds) s")
            return (count, nil)
        }
        return (count, max(0, bakeSeconds))
    }

    static func list(_ members: [ResourceID]) -> String {
        members.map(\.rawValue).joined(separator: ", ")
    }
}
