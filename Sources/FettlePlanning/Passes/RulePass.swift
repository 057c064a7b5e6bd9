import FettleModel

/// What rules ask of the planned hosts: orders among them, and changes that need a reboot in between.
struct RulePass {
    var orders: [TurnOrder] = []
    var splits: [ResourceID: [HostPart]] = [:]

    init(_ hosts: [HostWork], _ input: PlanningInput, notes: inout PlanNotes) {
        let hosts = hosts.filter { $0.role != .retired }
        let changes = hosts.map {
            HostChanges(resource: $0.id, manager: $0.resolution.manager, changes: $0.changes)
        }
        let judgement = ReleaseRules.judge(changes, facts: input.facts, fleet: input.fleet, policy: input.policy)
        for problem in judgement.problems { notes.refuse(problem.code, at: problem.place, problem.message) }
        let (orders, problems) = RuleOrders.turnOrders(
            for: hosts.map(\.resource), fleet: input.fleet, policy: input.policy, besides: judgement.orders,
            isBack: input.selection.undoes != nil)
        for problem in problems { notes.refuse(problem.code, at: problem.place, problem.message) }
        self.orders = ThroughController.moved(orders + judgement.orders, hosts, notes: &notes).map { order in
            // Fettle's own host goes last in any case (I12).
            var order = order
            let own = Set(hosts.filter(\.isOwn).map(\.id))
            order.turns = order.turns.map { $0.filter { !own.contains($0) } }.filter { !$0.isEmpty }
            return order
        }.filter { $0.turns.count > 1 }
        splits = judgement.splits
        if input.selection.undoes != nil { splits = splits.mapValues(\.turnedRound) }
        for host in hosts where !host.isPatchedInPlace && splits[host.id] != nil {
            notes.refuse(
                .strategy, at: .resource(host.id),
                "\(host.id): a rule of releases wants a reboot between its changes, and its strategy makes them in one go; "
                    + "choose rolling")
        }
    }
}

extension [HostPart] {
    /// What was changed last is taken back first, with the reboots between the same parts. One that is pending comes before all.
    fileprivate var turnedRound: [HostPart] {
        indices.map { place in
            var part = self[count - 1 - place]
            let boundary = self[place == 0 ? 0 : count - place]
            (part.rebootBefore, part.because) = (boundary.rebootBefore, boundary.because)
            return part
        }
    }
}
