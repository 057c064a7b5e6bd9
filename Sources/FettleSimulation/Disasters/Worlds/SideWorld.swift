import FettleExecution
import FettleModel

/// Which members of a group with two sides get its traffic.
struct SideWorld: Sendable {
    /// As they were told apart when the plan was made.
    let blue: Set<ResourceID>
    let green: Set<ResourceID>
    var serving: Set<ResourceID>
    /// The balancer has no switch for all: its servers are turned one by one, those that are to serve first.
    var isTurnedOneByOne = false

    var isWhole: Bool { serving == blue || serving == green }
    /// Somebody can serve everybody.
    var hasWholeSide: Bool { serving.isSuperset(of: blue) || serving.isSuperset(of: green) }
}

extension DisasterWorld {
    func checkSwitch(_ turn: TrafficSwitch, at now: Int64, clock: Timestamp) -> StepAnswer {
        if isAtWork(.balancer(turn.group), at: now) { return .blocked(reason: "traffic is being turned") }
        if sides[turn.group]?.serving == Set(turn.to) { return .done("they serve alone", at: clock) }
        guard !turn.from.isEmpty else { return .ready(prior: nil) }
        if let unwell = turn.to.first(where: { !isWell($0, at: now) }) {
            return .blocked(reason: "\(unwell) is not well")
        }
        return .ready(prior: nil)
    }

    func verifySwitch(_ turn: TrafficSwitch, at now: Int64, clock: Timestamp) -> Result<Observation, StepFailure> {
        guard sides[turn.group]?.serving == Set(turn.to) else {
            let code: StepFailure.Code = turn.from.isEmpty ? .drift : .unhealthy
            return .failure(StepFailure(code: code, message: "other members get traffic"))
        }
        return .seen("they serve alone", at: clock)
    }

    /// - Returns: the invariants that it breaks.
    mutating func applySwitch(_ step: Step, _ turn: TrafficSwitch, part: Int, at now: Int64) -> [String] {
        guard !turn.from.isEmpty, var side = sides[turn.group] else { return [] }
        let areWell = turn.to.allSatisfy { isWell($0, at: now) }
        if !side.isTurnedOneByOne {
            if areWell { side.serving = Set(turn.to) }
        } else if turn.to.indices.contains(part) {
            // Nobody is turned unless all of them are well.
            if areWell || part > 0 && side.serving.contains(turn.to[part - 1]) { side.serving.insert(turn.to[part]) }
        } else if side.serving.isSuperset(of: turn.to), turn.from.indices.contains(part - turn.to.count) {
            side.serving.remove(turn.from[part - turn.to.count])
        }
        sides[turn.group] = side
        return side.hasWholeSide ? [] : ["I1: \(step.id) leaves \(turn.group) without a whole side"]
    }
}
