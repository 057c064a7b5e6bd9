public import FettleModel

extension ReservationRequest {
    /// The rule of I1, in the one place where every store takes it from: granted if, in each group, the members that are
    /// neither unavailable, nor out by a reservation of any run, nor taken out by this one, still make up the minimum. For whoever
    /// holds it already the same is asked of the groups in which it still serves: they may have got worse since.
    ///
    /// What another run works on is not carried out under its hands, and what another run's hypervisor can restart at any moment is
    /// not worked on. Within one run the plan's orders see to that.
    ///
    /// To be called inside the transaction that writes the reservation.
    ///
    /// - Parameter held: every reservation there is; of several that clash the first is told.
    public func decision(held: some Collection<Reservation>) -> ReservationDecision {
        let known = held.first { $0.resource == resource }
        if let known, known.run != run {
            return .refused(reason: "\(resource) is already taken out by run \(known.run)")
        }
        let taken = Set(out)
        var away = taken
        var ownAway = taken
        for reservation in held {
            away.formUnion(reservation.out)
            if reservation.run == run {
                ownAway.formUnion(reservation.out)
            } else if let clash = clash(with: reservation, taken) {
                return .refused(reason: clash)
            }
        }
        for demand in demands {
            if known != nil, demand.unavailable.isSuperset(of: taken.intersection(demand.members)) { continue }
            let gone = demand.members.filter { away.contains($0) || demand.unavailable.contains($0) }
            let left = demand.members.count - gone.count
            guard left >= demand.minimumAvailable else {
                return .refused(
                    reason: "group \(demand.group) would have \(left) of \(demand.members.count) members available, "
                        + "needs \(demand.minimumAvailable) (away: \(gone.map(\.rawValue).joined(separator: ", ")))")
            }
            let ownOut = demand.members.count(where: ownAway.contains)
            guard ownOut <= demand.maximumOut else {
                let more = demand.members.count(where: taken.contains)
                return .refused(
                    reason: "group \(demand.group) already has \(ownOut - more) members out by this run, "
                        + "the plan allows \(demand.maximumOut)")
            }
        }
        return .granted
    }

    /// What is out if it is granted.
    public var out: [ResourceID] { [resource] + carries }

    /// Made of a request that was granted.
    public var reservation: Reservation { Reservation(run: run, resource: resource, carries: carries, since: at) }

    private func clash(with other: Reservation, _ taken: Set<ResourceID>) -> String? {
        if taken.contains(other.resource) {
            return "\(other.resource), which goes out with \(resource), is taken out by run \(other.run)"
        }
        if other.carries.contains(resource) {
            return "\(resource) is out with \(other.resource), which is taken out by run \(other.run)"
        }
        return nil
    }
}
