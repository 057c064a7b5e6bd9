import FettleModel

extension RunMachine {
    /// Hosts that are taken over are out from the first line on, and owed: their drain is looked at like one after a crash, and what
    /// was there before the other run's drain is put back in the end (I7).
    mutating func foldSupersession() {
        for (resource, host) in index.taken {
            let drains = (index.forward[resource] ?? []).filter { $0.availability == .takesOut }
            guard !drains.isEmpty else { continue }
            fold.out[resource] = Set(drains.map(\.id))
            for obligation in host.obligations {
                guard let drain = drains.first(where: { $0.traffic == obligation.traffic }) else { continue }
                let key = JournalFold.TrafficKey(resource: resource, traffic: obligation.traffic)
                fold.obligations[key] = Obligation(
                    run: run, step: drain.id, resource: resource, traffic: obligation.traffic, prior: obligation.prior,
                    since: obligation.since)
            }
        }
    }

    /// Whoever is out and not in quarantine is among those that are taken over: nothing is lost with this run.
    func illegalityOfSupersession(_ hosts: [ResourceID]) -> String? {
        if let stranger = hosts.first(where: { index.steps[$0] == nil }) { return "\(stranger) is not in the plan" }
        let left = fold.out.keys.filter { fold.isOut($0) && fold.quarantined[$0] == nil && !hosts.contains($0) }.min()
        return left.map { "\($0) is still out, and nobody takes it over" }
    }

    mutating func foldEnd(supersededBy other: RunID, _ hosts: [ResourceID], _ person: Person) {
        for host in hosts {
            fold.out[host] = nil
            fold.quarantined[host] = nil
        }
        fold.obligations = fold.obligations.filter { !hosts.contains($0.key.resource) }
        for step in fold.open { fold[step].open = nil }
        fold.awaiting = nil
        fold.pause = nil
        fold.outcome = .failed(reason: "superseded by \(other), started by \(person)")
    }
}
