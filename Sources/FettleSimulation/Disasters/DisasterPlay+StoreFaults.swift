import FettleExecution
import FettleModel

extension DisasterPlay {
    /// What happens to the journal's disk and behind the hosts' package managers, after a line of the journal.
    mutating func disturbStore() {
        if strikes(profile.fullDisk, .diskFull, "") {
            store.fillDisk(
                at: now, until: now.adding(seconds: Int.random(in: 10...1_800, using: &random)),
                reserve: Int.random(in: 4...60, using: &random))
        }
        if strikes(profile.packagesLocked, nil, ""),
            let host = world.names.randomElement(using: &random),
            // What is on its way to it could not know.
            world[host].expected == 0
        {
            let isForGood = Int.random(in: 0..<4, using: &random) == 0
            let until = now.adding(seconds: Int.random(in: 10...1_800, using: &random)).milliseconds
            meet(
                .packagesLocked, "somebody else's package work begins on \(host)\(isForGood ? ", and never ends" : "")")
            world[host].busyUntil = max(world[host].busyUntil, isForGood ? .max : until)
        }
    }

    /// What an observer tells of what there is to see: a gate, or a watch, may have nothing to say, or only what it saw before.
    mutating func toldByGate(
        _ truth: Result<Observation, StepFailure>, of order: StepOrder
    ) -> Result<Observation, StepFailure> {
        switch order.step.action {
        case .gate, .groupGate, .bake, .preflight: break
        default: return truth
        }
        if strikes(profile.silentGate, .silentGate, order.step.id.rawValue) {
            return .success(
                Observation(verdict: .inconclusive, summary: "too few samples", observedAt: order.intendedAt))
        }
        if strikes(profile.staleGate, .staleGate, order.step.id.rawValue) {
            let before = order.intendedAt.adding(seconds: -60)
            return .success(Observation(verdict: .pass, summary: "well a minute ago", observedAt: before))
        }
        return truth
    }
}
