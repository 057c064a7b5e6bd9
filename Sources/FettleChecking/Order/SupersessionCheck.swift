import FettleModel

/// I1, I7: hosts that a plan takes over from another run are out from the first moment on. Each is brought back on both ways, where it
/// was drained; and nobody else is taken out before all of them are finished, so that no state has them out beside those that the
/// plan's orders allow.
struct SupersessionCheck {
    let tables: PlanTables
    let outages: Outages
    let turns: TurnIndex

    func judge(_ found: inout ViolationList) {
        guard let supersession = tables.plan.supersedes else { return }
        let taken = supersession.taken
        var places: Set<Int> = []
        for host in taken {
            guard let place = tables.targets.place(of: host.resource), outages.forward[place] != nil,
                outages.back[place] != nil
            else {
                found.add(
                    .ownership,
                    "\(host.resource) is taken over from run \(supersession.run), and the plan does not bring it back on "
                        + "both ways")
                continue
            }
            if !places.insert(place).inserted { found.add(.form, "\(host.resource) is taken over twice") }
            if let restart = outages.control[place] {
                found.add(
                    .ownership,
                    "\(host.resource) is taken over from run \(supersession.run) while it is out, and is to be restarted for a "
                        + "comparison first", steps: [tables.forward.id(Int(restart.begin))])
            }
            judgeReturns(of: host, &found)
        }
        judgeOrder(places, supersession.run, &found)
    }

    /// What is owed is put back where it was taken away, whichever way the host goes.
    private func judgeReturns(of host: TakenHost, _ found: inout ViolationList) {
        for obligation in host.obligations {
            guard obligation.resource == host.resource else {
                found.add(.ownership, "what is owed for \(obligation.resource) stands at \(host.resource)")
                continue
            }
            for (way, steps) in [("forward", tables.plan.steps), ("back", tables.plan.rollback)] {
                let isRestored = steps.contains { step in
                    step.resource == host.resource && step.action == .restore(traffic: obligation.traffic)
                }
                if isRestored { continue }
                found.add(
                    .ownership,
                    "\(host.resource) was drained from backend \(obligation.traffic.backend) by \(obligation.run), and on "
                        + "the way \(way) no step restores it there")
            }
        }
    }

    /// All that are taken over stand before everybody else in one order.
    private func judgeOrder(_ taken: Set<Int>, _ run: RunID, _ found: inout ViolationList) {
        let others = (0..<tables.targets.count).filter { outages.has($0) && !taken.contains($0) }
        guard !others.isEmpty, !taken.isEmpty else { return }
        let isKept = (0..<turns.orderCount).contains { order in
            guard turns.turnCount(of: order) > 1, Set(turns.targets(order, 0).map(Int.init)) == taken else {
                return false
            }
            var later: Set<Int> = []
            for turn in 1..<turns.turnCount(of: order) { later.formUnion(turns.targets(order, turn).map(Int.init)) }
            return later.isSuperset(of: others)
        }
        if isKept { return }
        found.add(
            .capacity,
            "others can be taken out while hosts of run \(run) are still out: no order of the plan has exactly those first"
        )
    }
}
