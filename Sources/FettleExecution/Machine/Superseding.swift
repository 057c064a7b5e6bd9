import FettleModel

extension RunMachine {
    /// Hosts that are taken over are out from the first line on, and owed: their drain is looked at like one after a crash, and what
    /// was there before the other run's drain is put back in the end (I7).
    mutating func foldSupersession() {
        for (resource, host) in index.taken {
            for drain in index.forward(resource) where drain.availability == .takesOut && !drain.isControl {
                fold.takeOut(drain)
                let step = index.planned(drain.number)
                guard let key = trafficKey(of: drain),
                    let obligation = host.obligations.first(where: { $0.traffic == step.traffic })
                else { continue }
                fold.obligations[key] = Obligation(
                    run: run, step: step.id, resource: step.resource, traffic: obligation.traffic,
                    prior: obligation.prior, since: obligation.since)
            }
        }
    }

    /// Whoever is out and not in quarantine is among those that are taken over: nothing is lost with this run.
    func illegalityOfSupersession(_ hosts: [ResourceID]) -> String? {
        let numbers = hosts.compactMap(index.number)
        if let stranger = hosts.first(where: { !(index.number(of: $0).map(index.hasSteps) ?? false) }) {
            return "\(stranger) is not in the plan"
        }
        let left = fold.out.filter { !fold.isQuarantined($0) && !numbers.contains($0) }.map(index.name).min()
        return left.map { "\($0) is still out, and nobody takes it over" }
    }

    mutating func foldEnd(supersededBy other: RunID, _ hosts: [ResourceID], _ person: Person) {
        for resource in hosts.compactMap(index.number) {
            for step in index.steps[resource] { fold.bringBack(step) }
            fold.forgetQuarantine(of: resource)
            fold.obligations = fold.obligations.filter { $0.key.resource != resource }
        }
        for step in Array(fold.open) { fold.change(step) { record, _ in record.open = nil } }
        fold.awaiting = nil
        fold.pause = nil
        fold.outcome = .failed(reason: "superseded by \(other), started by \(person)")
    }
}
