/// The smallest thing that is intended, performed and observed as one.
public struct Step: Codable, Sendable, Equatable {
    /// Readable and stable, such as `web-1/drain` or `web-1/rollback/drain`.
    public var id: StepID
    public var resource: ResourceID
    /// The group on whose behalf it is taken; nil if it concerns the resource alone.
    public var group: GroupID?
    /// Counted from 0; wave 0 is the canary where there is one.
    public var wave: Int
    public var action: StepAction
    /// Steps whose postconditions must be observed before this one starts (I3). Sorted. A rollback step names rollback steps only.
    /// The order of whole resources is not told here but in the plan's `order`: no promise about capacity rests on a name here.
    public private(set) var awaited: AwaitedSteps
    /// The same as a list. Whoever goes through a million steps takes `awaited`, which makes no list of each.
    public var after: [StepID] {
        get { awaited.list }
        set { awaited = AwaitedSteps(newValue) }
    }
    public var availability: AvailabilityEffect
    public var rollbackClass: RollbackClass
    /// For a rollback step: the forward step that it takes back, if it takes back one in particular.
    public var compensates: StepID?
    public var estimate: DurationEstimate
    /// How long one attempt may take before it counts as failed, in seconds.
    public var timeoutSeconds: Int
    /// To which outage of its resource on the way forward it belongs, where there is one before the change; nil: to the change.
    public var leg: StepLeg?

    public init(
        id: StepID, resource: ResourceID, group: GroupID? = nil, wave: Int, action: StepAction, after: [StepID],
        availability: AvailabilityEffect, rollbackClass: RollbackClass, compensates: StepID? = nil,
        estimate: DurationEstimate, timeoutSeconds: Int, leg: StepLeg? = nil
    ) {
        self.init(
            id: id, resource: resource, group: group, wave: wave, action: action, awaited: AwaitedSteps(after),
            availability: availability, rollbackClass: rollbackClass, compensates: compensates, estimate: estimate,
            timeoutSeconds: timeoutSeconds, leg: leg)
    }

    /// The same with `awaited` for what `after` would be, without a list.
    public init(
        id: StepID, resource: ResourceID, group: GroupID? = nil, wave: Int, action: StepAction, awaited: AwaitedSteps,
        availability: AvailabilityEffect, rollbackClass: RollbackClass, compensates: StepID? = nil,
        estimate: DurationEstimate, timeoutSeconds: Int, leg: StepLeg? = nil
    ) {
        self.id = id
        self.resource = resource
        self.group = group
        self.wave = wave
        self.action = action
        self.awaited = awaited
        self.availability = availability
        self.rollbackClass = rollbackClass
        self.compensates = compensates
        self.estimate = estimate
        self.timeoutSeconds = timeoutSeconds
        self.leg = leg
    }

    private enum CodingKeys: String, CodingKey {
        case id, resource, group, wave, action
        case awaited = "after"
        case availability, rollbackClass, compensates, estimate, timeoutSeconds, leg
    }
}

/// An outage of a resource before that of its change.
public enum StepLeg: String, Codable, Sendable, CaseIterable {
    /// The resource is restarted as it is, before a bake compares others with it. What fails in here is not the patch's doing.
    case control
}

/// What a step does to its resource's place in its groups (I1).
///
/// A resource is *out* from the moment when a `takesOut` step is intended until a `bringsBack` step of the same resource is
/// observed done; `requiresOut` steps are taken only in between.
public enum AvailabilityEffect: String, Codable, Sendable, CaseIterable {
    /// Leaves availability alone: may be taken at any time.
    case none
    case takesOut
    case requiresOut
    case bringsBack
}

/// How a step can be taken back (I8).
public enum RollbackClass: String, Codable, Sendable, CaseIterable {
    /// Changes nothing that would have to be taken back.
    case nothingToUndo
    case snapshot, exactVersions, imageSwap
    case irreversible
}

public struct DurationEstimate: Codable, Sendable, Equatable {
    public var medianSeconds: Int
    /// 95% of such steps take no longer.
    public var p95Seconds: Int

    public init(medianSeconds: Int, p95Seconds: Int) {
        self.medianSeconds = medianSeconds
        self.p95Seconds = p95Seconds
    }
}
