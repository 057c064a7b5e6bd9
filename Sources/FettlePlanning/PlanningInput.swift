public import FettleModel

/// Everything that planning depends on. The same input gives the same plan to the byte: there is no clock, no randomness and
/// no I/O behind it.
public struct PlanningInput: Sendable {
    /// Given by the caller, who derives it from the selection and the time; the planner invents no names.
    public var id: PlanID
    /// nil: the planner writes one, such as "Patch 4 hosts in production".
    public var title: String?
    public var selection: Selection
    /// The selection's id and digest, as the plan will name it.
    public var selectionReference: StageReference
    /// The newest facts: a host that is already as the selection wants it gets no steps.
    public var facts: FactSet
    public var fleet: Fleet
    public var policy: Policy
    public var createdAt: Timestamp
    /// Only hosts in these environments are planned; empty: every environment of the selection.
    public var environments: [EnvironmentID]
    /// Resources that the user named one by one. A load balancer that nothing stands in for is planned only if it is named.
    public var named: Set<ResourceID>
    /// In which windows its disruptive steps may be taken (I4).
    public var windows: WindowOffer
    public var priors: DurationPriors
    /// By when a resource has to be patched, such as for a vulnerability that is exploited. A plan that comes later is made all the
    /// same, and its report says so.
    public var deadlines: [ResourceID: Deadline]
    /// The catalogue of images, for groups whose machines are made anew from one of them.
    public var images: [ImageStanding] = []

    public struct Deadline: Codable, Sendable, Equatable {
        public var at: Timestamp
        /// Such as `CVE-2024-3094 is exploited (KEV)`.
        public var because: String

        public init(at: Timestamp, because: String) {
            self.at = at
            self.because = because
        }
    }

    public init(
        id: PlanID, title: String? = nil, selection: Selection, selectionReference: StageReference, facts: FactSet,
        fleet: Fleet, policy: Policy, createdAt: Timestamp, environments: [EnvironmentID] = [],
        named: Set<ResourceID> = [], windows: WindowOffer = .anyTime, priors: DurationPriors = .documented,
        deadlines: [ResourceID: Deadline] = [:]
    ) {
        self.id = id
        self.title = title
        self.selection = selection
        self.selectionReference = selectionReference
        self.facts = facts
        self.fleet = fleet
        self.policy = policy
        self.createdAt = createdAt
        self.environments = environments
        self.named = named
        self.windows = windows
        self.priors = priors
        self.deadlines = deadlines
    }
}
