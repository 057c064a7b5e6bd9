public import FettleModel
public import FettleStore

/// A step that lowers availability, with what the guard has to know beside the plan.
public struct CapacityOrder: Sendable, Equatable {
    public var step: Step
    /// Belongs to the way back.
    public var isRollback: Bool
    /// The step's resource is out by this run already and was seen so, or is changed in part.
    public var isOut: Bool
    /// What goes out with the step's resource.
    public var carries: [ResourceID]
    /// Every group of the step's resource and of what it carries.
    public var groups: [PlannedGroup]
    /// Further groups whose members' health the guard has to know: those from which a controller takes members by its own choice.
    public var lentGroups: [PlannedGroup]
    /// Resources that this run keeps out for good, with what they carry: they count against the minimum, not against the plan's `maximumOut`.
    public var quarantined: Set<ResourceID>

    public init(
        step: Step, isRollback: Bool, isOut: Bool = false, carries: [ResourceID] = [], groups: [PlannedGroup],
        lentGroups: [PlannedGroup] = [], quarantined: Set<ResourceID>
    ) {
        self.step = step
        self.isRollback = isRollback
        self.isOut = isOut
        self.carries = carries
        self.groups = groups
        self.lentGroups = lentGroups
        self.quarantined = quarantined
    }

    /// What to ask of the store.
    /// - Parameter health: of each of `groups`, as just observed; a member that is not in it is unknown, and
    ///   unknown is not available (I6).
    public func request(
        run: RunID, health: [GroupID: [ResourceID: MemberHealth]], at time: Timestamp
    ) -> ReservationRequest {
        ReservationRequest(
            run: run, resource: step.resource, carries: carries, at: time,
            demands: groups.map { demand(of: $0, health: health[$0.id] ?? [:]) })
    }

    private func demand(
        of group: PlannedGroup, health: [ResourceID: MemberHealth]
    ) -> ReservationRequest.GroupDemand {
        // What is kept out for good is no choice of the plan's: it counts against the minimum, not against the maximum.
        let kept = quarantined.subtracting(taken).intersection(group.members).count
        return ReservationRequest.GroupDemand(
            group: group.id, members: group.members,
            minimumAvailable: lowersNothing(of: group, health) ? 0 : group.minimumAvailable,
            unavailable: Set(group.members.filter { !(health[$0]?.isHealthy ?? false) }),
            maximumOut: group.maximumOut + kept)
    }

    /// Whether granting it can lower anybody's availability. Otherwise nothing but the store has to be asked.
    /// - Parameter health: of each of `groups`, as just observed.
    public func lowersAvailability(_ health: [GroupID: [ResourceID: MemberHealth]]) -> Bool {
        groups.isEmpty || !lentGroups.isEmpty || groups.contains { !lowersNothing(of: $0, health[$0.id] ?? [:]) }
    }

    private var taken: Set<ResourceID> { Set([step.resource] + carries) }

    /// A member that is seen to be broken is taken back without lowering anything: it must not block its own repair
    /// (kubernetes#67250). Only on the way back: on the way forward a broken member has no place in the plan. Of what is carried
    /// all has to be broken.
    private func lowersNothing(of group: PlannedGroup, _ health: [ResourceID: MemberHealth]) -> Bool {
        guard isRollback else { return false }
        let taken = taken
        return group.members.allSatisfy { member in
            guard taken.contains(member) else { return true }
            if case .unhealthy? = health[member] { return true }
            return false
        }
    }
}
