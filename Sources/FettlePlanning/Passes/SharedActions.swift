import FettleModel

/// What steps of hosts that follow each other have in common, kept once: hosts of a pool stand behind the same load balancer, and
/// mostly the same is changed on them.
struct SharedActions {
    /// Of the newest few.
    private var places: [(traffic: TrafficBinding, drain: StepAction, restore: StepAction)] = []
    /// Of hosts that are changed like this one.
    private var host: HostWork?
    private var expectations: [(side: ChangeSide, expectation: HostExpectation)] = []

    private static let mostPlaces = 8

    mutating func traffic(_ traffic: TrafficBinding) -> (drain: StepAction, restore: StepAction) {
        if let known = places.last(where: { $0.traffic == traffic }) { return (known.drain, known.restore) }
        if places.count == Self.mostPlaces { places.removeFirst() }
        let made = (drain: StepAction.drain(traffic: traffic), restore: StepAction.restore(traffic: traffic))
        places.append((traffic, made.drain, made.restore))
        return made
    }

    mutating func expectation(
        of host: HostWork, _ side: ChangeSide, noStaleServicesExcept: [String]?, noRebootPending: Bool
    ) -> HostExpectation {
        if self.host.map({ !$0.isChanged(like: host) }) ?? true {
            self.host = host
            expectations = []
        }
        let known = expectations.first {
            $0.side == side && $0.expectation.noStaleServicesExcept == noStaleServicesExcept
                && $0.expectation.noRebootPending == noRebootPending
        }
        if let known { return known.expectation }
        let made = host.expectation(
            side, noStaleServicesExcept: noStaleServicesExcept, noRebootPending: noRebootPending)
        expectations.append((side, made))
        return made
    }
}
