/// A change of the fleet, worked out to the last step. Its digest over canonical JSON is what people approve, and what they
/// approve is what is executed (I5). The fifth stage of the flow.
public struct Plan: Codable, Sendable, Equatable {
    public static let currentSchema = 2

    public var schema: Int
    public var id: PlanID
    /// What it is for, in a line for people.
    public var title: String
    public var selection: StageReference
    public var createdAt: Timestamp
    /// Every environment that it touches, in the fleet's order.
    public var environments: [EnvironmentID]
    /// Every resource that it changes, and where it is.
    public var targets: [PlanTarget]
    /// Every group whose capacity it can touch, sorted by id.
    public var groups: [PlannedGroup]
    /// Each step stands after all the steps it depends on.
    public var steps: [Step]
    /// The way back: steps that are taken only for resources whose change has begun. Approved together with `steps` (I8).
    public var rollback: [Step]
    /// In which order resources are taken out, and who is never out together with whom; for both ways.
    public var order: [TurnOrder]
    /// What hypervisors have to spare for the machines that the plan moves to them, by id.
    public var rooms: [HypervisorRoom]
    /// Running machines that may not run beside others, where any of them is moved, and those that they may not run beside; by
    /// home, then by name. Left out where no rule is touched.
    public var apart: [ApartMachine]?
    public var limits: PlanLimits
    /// The first step after which the way back is no longer whole; nil if every step can be undone.
    public var pointOfNoReturn: StepID?
    /// In which the targets are worked on, by the time at which they open; each target names its own.
    public var windows: [TimeWindow]
    /// The run that it replaces, and the hosts that it takes over from it; nil: none.
    public var supersedes: Supersession?

    public init(
        schema: Int = Plan.currentSchema, id: PlanID, title: String, selection: StageReference, createdAt: Timestamp,
        environments: [EnvironmentID], targets: [PlanTarget], groups: [PlannedGroup], steps: [Step],
        rollback: [Step], order: [TurnOrder] = [], rooms: [HypervisorRoom] = [], apart: [ApartMachine]? = nil,
        limits: PlanLimits, pointOfNoReturn: StepID? = nil, windows: [TimeWindow] = [],
        supersedes: Supersession? = nil
    ) {
        self.schema = schema
        self.id = id
        self.title = title
        self.selection = selection
        self.createdAt = createdAt
        self.environments = environments
        self.targets = targets
        self.groups = groups
        self.steps = steps
        self.rollback = rollback
        self.order = order
        self.rooms = rooms
        self.apart = apart
        self.limits = limits
        self.pointOfNoReturn = pointOfNoReturn
        self.windows = windows
        self.supersedes = supersedes
    }

    public func group(_ id: GroupID) -> PlannedGroup? { groups.first { $0.id == id } }
    public func target(_ id: ResourceID) -> PlanTarget? { targets.first { $0.resource == id } }
    public func groups(of resource: ResourceID) -> [PlannedGroup] { groups.filter { $0.members.contains(resource) } }

    /// When the resource's disruptive steps may be taken; nil: at any time.
    public func window(of resource: ResourceID) -> TimeWindow? {
        guard let window = target(resource)?.window, windows.indices.contains(window) else { return nil }
        return windows[window]
    }
}

/// A resource that a plan changes, with the address it had when the plan was made.
public struct PlanTarget: Codable, Sendable, Equatable {
    public var resource: ResourceID
    public var address: ResourceAddress
    public var environment: EnvironmentID
    /// The place in the plan's `windows` of the one in which its disruptive steps are taken (I4); nil: at any time.
    public var window: Int?
    /// Resources that are out whenever this one is, such as the machines that a hypervisor takes down with it. Sorted.
    public var carries: [ResourceID]
    /// The machines behind `carries`, with those that the fleet does not declare: each stays where it is, and goes down when this
    /// one does. By name. Left out where nothing is known to.
    public var interrupts: [InterruptedMachine]?

    public init(
        resource: ResourceID, address: ResourceAddress, environment: EnvironmentID, window: Int? = nil,
        carries: [ResourceID] = [], interrupts: [InterruptedMachine]? = nil
    ) {
        self.resource = resource
        self.address = address
        self.environment = environment
        self.window = window
        self.carries = carries
        self.interrupts = interrupts
    }
}

/// A group as the plan has to keep it: the minimum worked out to a number.
public struct PlannedGroup: Codable, Sendable, Equatable {
    public var id: GroupID
    /// Sorted.
    public var members: [ResourceID]
    /// How many members must stay available.
    public var minimumAvailable: Int
    /// How many members this plan takes out at the same time at most.
    public var maximumOut: Int
    public var traffic: TrafficBinding?
    /// Of hypervisors: how machines are moved. Left out where the fleet says nothing of it.
    public var machines: MachineRules?
    public var probes: [Probe]
    /// Where the members are, those that the plan doesn't change as well: their health is asked too.
    public var memberAddresses: [ResourceID: ResourceAddress]

    public init(
        id: GroupID, members: [ResourceID], minimumAvailable: Int, maximumOut: Int, traffic: TrafficBinding?,
        probes: [Probe], memberAddresses: [ResourceID: ResourceAddress] = [:], machines: MachineRules? = nil
    ) {
        self.id = id
        self.members = members
        self.minimumAvailable = minimumAvailable
        self.maximumOut = maximumOut
        self.traffic = traffic
        self.machines = machines
        self.probes = probes
        self.memberAddresses = memberAddresses
    }
}

public struct PlanLimits: Codable, Sendable, Equatable {
    /// Steps performed at the same time, over the whole run.
    public var parallelSteps: Int
    /// Resources that may fail before the run stops and goes back (I10): with 0 the first failure stops it.
    public var failureBudget: Int
    /// How often a step that failed in a way worth retrying is tried, at most; at least 1.
    public var attempts: Int
    /// How long a person has to settle a resource that had to be kept out of traffic.
    public var quarantineDeadlineSeconds: Int

    public init(
        parallelSteps: Int = 20, failureBudget: Int = 0, attempts: Int = 3,
        quarantineDeadlineSeconds: Int = 86_400
    ) {
        self.parallelSteps = parallelSteps
        self.failureBudget = failureBudget
        self.attempts = attempts
        self.quarantineDeadlineSeconds = quarantineDeadlineSeconds
    }
}

/// When a plan's disruptive steps may start and must have ended (I4).
public struct TimeWindow: Codable, Sendable, Hashable {
    public var opensAt: Timestamp
    public var closesAt: Timestamp

    public init(opensAt: Timestamp, closesAt: Timestamp) {
        self.opensAt = opensAt
        self.closesAt = closesAt
    }
}
