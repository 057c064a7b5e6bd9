public import FettleModel

extension ReservationRequest {
    /// The rule of I1, in the one place where every store takes it from: granted if, in each group, the members that are
    /// neither unavailable, nor reserved by any run, nor this resource, still make up the minimum. For whoever holds it
    /// already the same is asked of the groups in which the resource still serves: they may have got worse since.
    ///
    /// To be called inside the transaction that writes the reservation.
    ///
    /// - Parameter holders: every reservation there is: the resource and the run that holds it.
    public func decision(holders: [ResourceID: RunID]) -> ReservationDecision {
        if let holder = holders[resource], holder != run {
            return .refused(reason: "\(resource) is already taken out by run \(holder)")
        }
        for demand in demands where holders[resource] == nil || !demand.unavailable.contains(resource) {
            let away = demand.members.filter {
                $0 == resource || demand.unavailable.contains($0) || holders[$0] != nil
            }
            let left = demand.members.count - away.count
            guard left >= demand.minimumAvailable else {
                return .refused(
                    reason: "group \(demand.group) would have \(left) of \(demand.members.count) members available, "
                        + "needs \(demand.minimumAvailable) (away: \(away.map(\.rawValue).joined(separator: ", ")))")
            }
            let ownOut = demand.members.filter { $0 != resource && holders[$0] == run }.count
            guard ownOut < demand.maximumOut else {
                return .refused(
                    reason: "group \(demand.group) already has \(ownOut) members out by this run, "
                        + "the plan allows \(demand.maximumOut)")
            }
        }
        return .granted
    }
}
