public import FettleModel
public import FettleStore

/// A step that lowers availability, with what the guard has to know beside the plan.
public struct CapacityOrder: Sendable, Equatable {
    public var step: Step
    /// Belongs to the way back.
    public var isRollback: Bool
    /// Every group of the step's resource.
    public var groups: [PlannedGroup]
    /// Resources that this run keeps out for good: they count against the minimum, not against the plan's `maximumOut`.
    public var quarantined: Set<ResourceID>

    public init(step: Step, isRollback: Bool, groups: [PlannedGroup], quarantined: Set<ResourceID>) {
        self.step = step
        self.isRollback = isRollback
        self.groups = groups
        self.quarantined = quarantined
    }

    /// What to ask of the store.
    /// - Parameter health: of every group of the resource, as just observed; a member that is not in it is unknown, and
    ///   unknown is not available (I6).
    public func request(
        run: RunID, health: [GroupID: [ResourceID: MemberHealth]], at time: Timestamp
    ) -> ReservationRequest {
        ReservationRequest(
            run: run, resource: step.resource, at: time,
            demands: groups.map { demand(of: $0, health: health[$0.id] ?? [:]) })
    }

    private func demand(
        of group: PlannedGroup, health: [ResourceID: MemberHealth]
    ) -> ReservationRequest.GroupDemand {
        // What is kept out for good is no choice of the plan's: it counts against the minimum, not against the maximum.
        let kept = quarantined.intersection(group.members).subtracting([step.resource]).count
        return ReservationRequest.GroupDemand(
            group: group.id, members: group.members,
            minimumAvailable: lowersNothing(in: health) ? 0 : group.minimumAvailable,
            unavailable: Set(group.members.filter { !(health[$0]?.isHealthy ?? false) }),
            maximumOut: group.maximumOut + kept)
    }

    /// A member that is seen to be broken is taken back without lowering anything: it must not block its own repair
    /// (kubernetes#67250). Only on the way back: on the way forward a broken member has no place in the plan.
    func lowersNothing(in health: [ResourceID: MemberHealth]) -> Bool {
        guard isRollback, case .unhealthy? = health[step.resource] else { return false }
        return true
    }
}
