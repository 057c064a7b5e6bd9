public import FettleModel

extension RunState {
    /// Another run can take this one's place: it has ended, or it is paused or waits for a person and nobody is worked on.
    ///
    /// A watch touches nothing: one that is open, as when its executor died, ends with the run.
    public var standsStill: Bool {
        if outcome != nil { return true }
        guard pause != nil || awaitingHuman != nil else { return false }
        let steps = resources.flatMap { $0.steps + $0.rollback }
        return !steps.contains { $0.status == .underWay }
    }

    /// Whom a run in this one's place takes over, by id: who is out by this run, with what is owed for them (I7).
    ///
    /// Who is out by the journal and in quarantine by it, and has no open entry, was settled since: back in traffic, or gone.
    /// - Parameter entries: this run's open entries in the quarantine ledger.
    public func takenHosts(inQuarantine entries: [QuarantineEntry]) -> [TakenHost] {
        let open = Dictionary(entries.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
        let kept = Set(quarantined.map(\.resource))
        let away = out.filter { open[$0] != nil || !kept.contains($0) }
        let owed = obligations
        return Set(away + entries.map(\.resource)).sorted().map { host in
            TakenHost(
                resource: host, obligations: open[host]?.obligations ?? owed.filter { $0.resource == host },
                isQuarantined: open[host] != nil)
        }
    }
}

extension Plan {
    /// The same plan in another run's place: the hosts go first, and what they were before is not asked of them, for they may be
    /// unhealthy. Whoever comes back is proven all the same.
    ///
    /// A host in quarantine that the plan does not touch stays there as it is.
    /// - Parameters:
    ///   - hosts: that are out by the run (`RunState.takenHosts`).
    ///   - run: which is replaced.
    ///   - sequence: of the last line of its journal.
    /// - Returns: the plan; and hosts that are out, not in quarantine, and not brought back by it: they would be lost, so that it may
    ///   not be carried out unless there are none.
    public func takingOver(
        _ hosts: [TakenHost], from run: RunID, at sequence: Int
    ) -> (plan: Plan, lost: [ResourceID]) {
        let going = Set(steps.lazy.filter { $0.availability == .takesOut }.map(\.resource))
        let lost = hosts.filter { !$0.isQuarantined && !going.contains($0.resource) }.map(\.resource)
        let taken = hosts.filter { going.contains($0.resource) }
        let names = Set(taken.map(\.resource))
        var plan = self
        plan.supersedes = Supersession(run: run, sequence: sequence, taken: taken)
        for place in plan.steps.indices where names.contains(plan.steps[place].resource) {
            if case .preflight(let expectation, _) = plan.steps[place].action {
                plan.steps[place].action = .preflight(expectation: expectation, probes: [])
            }
        }
        let others = going.subtracting(names)
        if !names.isEmpty, !others.isEmpty {
            plan.order.insert(
                TurnOrder(reason: "taken over from \(run): first", turns: [names.sorted(), others.sorted()]), at: 0)
        }
        return (plan, lost)
    }
}
