import FettleExecution
import FettleModel
import FettleStore

/// What people ask of a part of a run, or of its executor.
extension DisasterPlay {
    /// - Parameter kind: drawn, from 10 to 19.
    mutating func interfereInPart(_ kind: Int, _ number: Int) {
        let request: (RunRequest, Encounter)? =
            switch kind {
            case 10...13: partToTakeBack(number)
            case 14...16: failedToTryAgain(number)
            case 17, 18: (handOver(number), .handedToAnother)
            default: supersede(number)
            }
        guard let request else { return }
        // As in a session: when all that came before has been journaled.
        agenda.insert(.person(executor: number, request.0, request.1), at: now)
    }

    /// A host, a wave or a group: mostly with whatever needs it, sometimes without, which is refused if there is any.
    private mutating func partToTakeBack(_ number: Int) -> (RunRequest, Encounter)? {
        var chosen: Set<ResourceID> = []
        let encounter: Encounter
        let any = plan.steps.randomElement(using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            encounter = .hostTakenBack
            if let any { chosen = [any.resource] }
        case 1:
            encounter = .waveTakenBack
            // A step of a whole group bears the wave after which it comes, and the name of a host of any.
            chosen = Set(plan.steps.filter { $0.wave == any?.wave && $0.action.judged == nil }.map(\.resource))
        default:
            encounter = .groupTakenBack
            let stepped = Set(plan.steps.map(\.resource))
            chosen = stepped.intersection(plan.groups.randomElement(using: &random)?.members ?? [])
        }
        var resources = chosen.sorted()
        if Int.random(in: 0..<4, using: &random) > 0 {
            resources = RunState(executors[number].machine).partRollback(of: resources).resources
        }
        guard !resources.isEmpty else { return nil }
        return (.rollbackPart(resources: resources, by: "bob", reason: "a part"), encounter)
    }

    /// All that failed, or some host, whether it has failed or not.
    private mutating func failedToTryAgain(_ number: Int) -> (RunRequest, Encounter)? {
        var resources: [ResourceID] = []
        if Int.random(in: 0..<4, using: &random) == 0, let step = plan.steps.randomElement(using: &random) {
            resources = [step.resource]
        }
        return (.retryFailed(resources: resources, by: "bob"), .failedTriedAgain)
    }

    /// Mostly meant for the executor that has the run.
    private mutating func handOver(_ number: Int) -> RunRequest {
        let isLate = Int.random(in: 0..<4, using: &random) == 0
        let epoch = executors[number].epoch - (isLate ? 1 : 0)
        return .handOver(by: "bob", reason: "elsewhere", epoch: epoch)
    }

    /// What its executor did not live to see is read by the next one.
    mutating func passOn(_ request: RunRequest, _ encounter: Encounter, from number: Int) {
        guard case .handOver = request, executors[number].run == run, let last = executors.last, !last.hasStopped
        else { return }
        guard last.number != number, last.isAlive, last.leftAt == nil, (last.stalledUntil ?? now) <= now else {
            // Nobody carries it out for now. One that hands over has read it already.
            if executors[number].leftAt != nil || last.leftAt != nil { return }
            return agenda.insert(.person(executor: number, request, encounter), at: now.adding(seconds: 20))
        }
        if executors[last.number].machine.request(request) == nil {
            oracle.broken("I2: executor-\(last.number) hands the run over, as executor-\(number) was asked to")
        } else {
            meet(.handOverMissed)
        }
    }
}
