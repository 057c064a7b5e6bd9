import FettleExecution
import FettleModel

/// What a driver of hypervisors does: it looks at the room of the moment, believes what it sees, and refuses when somebody is there
/// whom the plan does not know.
extension DisasterWorld {
    func checkEvacuation(
        _ hypervisor: ResourceID, _ moves: [MachineMove], _ staying: [String]?, at now: Int64, clock: Timestamp
    ) -> StepAnswer {
        guard isReachable(hypervisor, at: now) else { return .unreachable(hypervisor) }
        if isAtWork(.hypervisor(hypervisor), at: now) { return .blocked(reason: "a machine is being moved") }
        let known = Set(moves.map(\.machine)).union(staying ?? [])
        let there = hypervisors.running(on: hypervisor)
        if let other = there.first(where: { !known.contains($0.name) }) {
            return .unknown(
                StepFailure(code: .drift, message: "\(other.name) runs there, and the plan knows nothing of it"))
        }
        let isEmpty = there.allSatisfy { staying?.contains($0.name) == true }
        return isEmpty && hypervisors.cordoned.contains(hypervisor)
            ? .done("is empty", at: clock) : .ready(prior: nil)
    }

    func verifyEvacuation(
        _ hypervisor: ResourceID, _ moves: [MachineMove], _ staying: [String]?, at now: Int64, clock: Timestamp
    ) -> Result<Observation, StepFailure> {
        guard isReachable(hypervisor, at: now) else { return .unreachable(hypervisor) }
        let left = hypervisors.running(on: hypervisor).filter { staying?.contains($0.name) != true }
        if let stranger = left.first(where: { machine in !moves.contains { $0.machine == machine.name } }) {
            return .failure(
                StepFailure(code: .drift, message: "\(stranger.name) runs there, and the plan knows nothing of it"))
        }
        guard left.isEmpty else {
            return .failure(StepFailure(code: .timeout, message: "\(left[0].name) could not be moved away"))
        }
        // An empty one that takes others in is not done: the task that was to close it may have lied.
        guard hypervisors.cordoned.contains(hypervisor) else {
            return .failure(StepFailure(code: .timeout, message: "\(hypervisor) is not closed to machines"))
        }
        return .seen("is empty", at: clock)
    }

    func checkReturn(_ hypervisor: ResourceID, _ moves: [MachineMove], at now: Int64, clock: Timestamp) -> StepAnswer {
        guard isReachable(hypervisor, at: now) else { return .unreachable(hypervisor) }
        if isAtWork(.hypervisor(hypervisor), at: now) { return .blocked(reason: "a machine is being moved") }
        return areHome(moves) && !hypervisors.cordoned.contains(hypervisor)
            ? .done("all are home", at: clock) : .ready(prior: nil)
    }

    func verifyReturn(
        _ hypervisor: ResourceID, _ moves: [MachineMove], at now: Int64, clock: Timestamp
    ) -> Result<Observation, StepFailure> {
        guard isReachable(hypervisor, at: now) else { return .unreachable(hypervisor) }
        guard areHome(moves), !hypervisors.cordoned.contains(hypervisor) else {
            return .failure(StepFailure(code: .timeout, message: "not all machines are home"))
        }
        return .seen("all are home", at: clock)
    }

    private func areHome(_ moves: [MachineMove]) -> Bool {
        moves.allSatisfy { move in
            hypervisors.number(of: move.machine, home: move.to).map { hypervisors.machines[$0].place == move.to }
                ?? true
        }
    }

    /// One machine's move comes to its end.
    /// - Parameter fails: the migration breaks off: the machine stays where it is, running.
    /// - Returns: the invariants that it breaks.
    mutating func applyMove(_ step: Step, part: Int, fails: Bool, at now: Int64) -> [String] {
        switch step.action {
        case .evacuate(let moves, _):
            guard moves.indices.contains(part) else { return [] }
            let move = moves[part]
            return settle(move.machine, home: move.from, from: move.from, to: move.to, step, fails: fails, at: now)
        case .bringHome(let moves):
            var broken: [String] = []
            if moves.indices.contains(part) {
                let move = moves[part]
                broken = settle(move.machine, home: move.to, from: nil, to: move.to, step, fails: fails, at: now)
            }
            // A hypervisor that has its own back takes others again.
            if part >= moves.count - 1, areHome(moves) { hypervisors.cordoned.remove(step.resource) }
            return broken
        default: return []
        }
    }

    private mutating func settle(
        _ name: String, home: ResourceID, from: ResourceID?, to: ResourceID, _ step: Step, fails: Bool, at now: Int64
    ) -> [String] {
        guard let number = hypervisors.number(of: name, home: home) else { return [] }
        let machine = hypervisors.machines[number]
        guard machine.place != to, from == nil || machine.place == from, !fails else { return [] }
        guard isReachable(machine.place, at: now), isReachable(to, at: now) else { return [] }
        let isAsPlanned = hypervisors.strangers == 0 && hypervisors.kept.isEmpty
        if to != home, hypervisors.cordoned.contains(to) || self[to].isReserved {
            return hypervisors.kept.contains(to)
                ? [] : ["I1: \(step.id) sends \(name) to \(to), which is out itself (cubecos#583)"]
        }
        guard hypervisors.hasRoom(for: machine, on: to) else {
            return isAsPlanned ? ["I1: \(step.id) finds no room for \(name) on \(to)"] : []
        }
        if let other = hypervisors.clash(of: machine, on: to), isAsPlanned {
            return ["I1: \(step.id) puts \(name) beside \(other) on \(to)"]
        }
        hypervisors.put(number, on: to)
        return []
    }

    /// What is broken by a change of a hypervisor: machines are on it that it takes down and nobody said so.
    func residentsHurt(by step: Step, at now: Int64) -> [String] {
        guard hypervisors.capacities[step.resource] != nil else { return [] }
        let isEmptied = emptied.contains(step.resource)
        var broken: [String] = []
        for machine in hypervisors.running(on: step.resource) {
            let isTold = interrupted[step.resource]?.contains(machine.name) == true
            // Where it is not emptied nobody looks at who is there: see the README.
            if isEmptied, !isTold { broken.append("I9: \(step.id) while \(machine.name) runs on it") }
            guard let resource = machine.resource, changed.contains(resource) else { continue }
            // Of a machine that goes down with it nobody asks whether somebody else is at work there.
            if self[resource].patchedUntil > now {
                broken.append("I9: \(step.id) while the package manager is at work on \(resource)")
            }
        }
        return broken
    }
}

extension StepAnswer {
    static func unreachable(_ resource: ResourceID) -> StepAnswer {
        .unknown(StepFailure(code: .unreachable, message: "\(resource) does not answer"))
    }

    static func done(_ words: String, at clock: Timestamp) -> StepAnswer {
        .alreadyDone(Observation(verdict: .pass, summary: words, observedAt: clock))
    }
}

extension Result<Observation, StepFailure> {
    static func unreachable(_ resource: ResourceID) -> Self {
        .failure(StepFailure(code: .unreachable, message: "\(resource) does not answer"))
    }

    static func seen(_ words: String, at clock: Timestamp) -> Self {
        .success(Observation(verdict: .pass, summary: words, observedAt: clock))
    }
}
