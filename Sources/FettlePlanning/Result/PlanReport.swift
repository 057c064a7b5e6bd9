public import FettleModel

/// What a person wants to know of a plan before approving it: how long, in which order and why so, what is left out and
/// why, and from where on there is no whole way back.
public struct PlanReport: Codable, Sendable, Equatable {
    public var plan: PlanID
    /// From when on seconds are counted: when the first window opens, or when the plan was made.
    public var startsAt: Timestamp
    /// The whole plan under its limits. The 95% figure takes every step at its own 95%: longer than 95% of runs.
    public var duration: DurationEstimate
    /// In the order in which they are taken.
    public var hosts: [Host]
    /// Sorted by id.
    public var groups: [Group]
    /// What the selection and the planner left out, sorted by resource, subject and reason.
    public var leftOut: [Selection.LeftOut]
    public var pointOfNoReturn: PointOfNoReturn?
    /// What can be done, but should be known. In the order found.
    public var warnings: [String]
    /// Reboots that are expected, sorted by resource.
    public var reboots: [Reboot]
    /// Resources that are not back by their deadline if every step takes its 95% estimate, sorted.
    public var missedDeadlines: [MissedDeadline]
    /// Machines that are not moved away and go down with their hypervisor, by hypervisor and name.
    public var interrupted: [Interruption]

    public init(
        plan: PlanID, startsAt: Timestamp, duration: DurationEstimate, hosts: [Host], groups: [Group],
        leftOut: [Selection.LeftOut],
        pointOfNoReturn: PointOfNoReturn?, warnings: [String], reboots: [Reboot],
        missedDeadlines: [MissedDeadline] = [], interrupted: [Interruption] = []
    ) {
        self.plan = plan
        self.startsAt = startsAt
        self.missedDeadlines = missedDeadlines
        self.duration = duration
        self.hosts = hosts
        self.groups = groups
        self.leftOut = leftOut
        self.pointOfNoReturn = pointOfNoReturn
        self.warnings = warnings
        self.reboots = reboots
        self.interrupted = interrupted
    }

    public struct Host: Codable, Sendable, Equatable {
        public var resource: ResourceID
        public var environment: EnvironmentID
        public var groups: [GroupID]
        public var wave: Int
        public var changes: [PackageChange]
        public var findings: [FindingID]
        public var downloadBytes: Int64
        public var rollback: RollbackClass
        /// Seconds after the start, if every step takes its median, until it is taken out.
        public var outAfterSeconds: Int
        /// Seconds after the start, if every step takes its median, until it is back.
        public var backAfterSeconds: Int
        /// The 95% figure of going back with this host alone.
        public var rollbackP95Seconds: Int
        public var role: Role

        public init(
            resource: ResourceID, environment: EnvironmentID, groups: [GroupID], wave: Int, changes: [PackageChange],
            findings: [FindingID], downloadBytes: Int64, rollback: RollbackClass, outAfterSeconds: Int,
            backAfterSeconds: Int, rollbackP95Seconds: Int, role: Role = .patched
        ) {
            self.resource = resource
            self.environment = environment
            self.groups = groups
            self.wave = wave
            self.changes = changes
            self.findings = findings
            self.downloadBytes = downloadBytes
            self.rollback = rollback
            self.outAfterSeconds = outAfterSeconds
            self.backAfterSeconds = backAfterSeconds
            self.rollbackP95Seconds = rollbackP95Seconds
            self.role = role
        }
    }

    /// What happens to a host.
    public enum Role: String, Codable, Sendable, CaseIterable {
        /// Patched where it is.
        case patched
        /// Started anew from an image that has the patch in it.
        case replaced
        /// Its cluster's controller takes it through the patch.
        case throughController
        /// Takes members of clusters through a patch.
        case controller
        /// Shut down for good.
        case retired
    }

    /// What it costs to have a side that serves nobody beside the one that serves.
    public struct Double: Codable, Sendable, Equatable {
        /// Members that serve nobody, at most: of the standby, and after the switch of the other side.
        public var idleMembers: Int
        /// How long so many are up in this plan, if every step takes its median.
        public var seconds: Int
        /// For all members that serve nobody, the time added up.
        public var memberSeconds: Int
        /// Whether they still are when the plan is over.
        public var goesOn: Bool
        /// What that time comes to at the policy's price, in its unit; nil: policy names none.
        public var price: Swift.Double?
        public var unit: String?

        public init(
            idleMembers: Int, seconds: Int, memberSeconds: Int, goesOn: Bool, price: Policy.MachinePrice? = nil
        ) {
            self.idleMembers = idleMembers
            self.seconds = seconds
            self.memberSeconds = memberSeconds
            self.goesOn = goesOn
            self.price = price.map { $0.perHour * Swift.Double(memberSeconds) / 3_600 }
            unit = price?.unit
        }
    }

    public struct Group: Codable, Sendable, Equatable {
        public var id: GroupID
        public var strategy: Strategy
        /// Why this strategy and this many at once, in words.
        public var reason: String
        public var members: Int
        public var minimumAvailable: Int
        public var maximumOut: Int
        /// Members of which the facts know nothing or nothing good, sorted.
        public var unavailable: [ResourceID]
        /// In no state that the plan can reach are fewer members available, unless something fails.
        public var lowestAvailable: Int
        /// Available members over time, if every step takes its median. Starts at second 0.
        public var capacity: [CapacityPoint]
        /// nil: every member serves.
        public var double: Double?

        public init(
            id: GroupID, strategy: Strategy, reason: String, members: Int, minimumAvailable: Int, maximumOut: Int,
            unavailable: [ResourceID], lowestAvailable: Int, capacity: [CapacityPoint], double: Double? = nil
        ) {
            self.id = id
            self.strategy = strategy
            self.reason = reason
            self.members = members
            self.minimumAvailable = minimumAvailable
            self.maximumOut = maximumOut
            self.unavailable = unavailable
            self.lowestAvailable = lowestAvailable
            self.capacity = capacity
            self.double = double
        }
    }

    public struct MissedDeadline: Codable, Sendable, Equatable {
        public var resource: ResourceID
        public var deadline: Timestamp
        public var because: String
        /// When it is back instead.
        public var expectedAt: Timestamp

        public init(resource: ResourceID, deadline: Timestamp, because: String, expectedAt: Timestamp) {
            self.resource = resource
            self.deadline = deadline
            self.because = because
            self.expectedAt = expectedAt
        }
    }

    public struct CapacityPoint: Codable, Sendable, Equatable {
        public var afterSeconds: Int
        public var available: Int

        public init(afterSeconds: Int, available: Int) {
            self.afterSeconds = afterSeconds
            self.available = available
        }
    }

    /// From this step on, not everything can be brought back to the versions it had.
    public struct PointOfNoReturn: Codable, Sendable, Equatable {
        public var step: StepID
        /// What is lost with it: every resource of the plan with the earlier versions nobody offers any more.
        public var lost: [Lost]

        public init(step: StepID, lost: [Lost]) {
            self.step = step
            self.lost = lost
        }

        public struct Lost: Codable, Sendable, Equatable {
            public var resource: ResourceID
            public var versions: [PackageVersion]

            public init(resource: ResourceID, versions: [PackageVersion]) {
                self.resource = resource
                self.versions = versions
            }
        }
    }

    public struct Reboot: Codable, Sendable, Equatable {
        public var resource: ResourceID
        /// Packages that ask for it, or that one was pending, or the policy; sorted.
        public var because: [String]
        /// false: policy forbids reboots, so it stays pending after the plan.
        public var isPlanned: Bool

        public init(resource: ResourceID, because: [String], isPlanned: Bool) {
            self.resource = resource
            self.because = because
            self.isPlanned = isPlanned
        }
    }

    /// A machine that stays on a hypervisor of the plan and goes down with it.
    public struct Interruption: Codable, Sendable, Equatable {
        /// As its hypervisor names it.
        public var machine: String
        /// The resource that it is in the fleet; nil if the fleet does not declare it.
        public var resource: ResourceID?
        public var hypervisor: ResourceID
        /// Why it is not moved.
        public var because: String
        /// From the hypervisor's restart until it is proven well; the machine's own start comes on top. 0 s: no restart
        /// is planned, and it runs on, but nothing promises that it does.
        public var duration: DurationEstimate

        public init(
            machine: String, resource: ResourceID?, hypervisor: ResourceID, because: String, duration: DurationEstimate
        ) {
            self.machine = machine
            self.resource = resource
            self.hypervisor = hypervisor
            self.because = because
            self.duration = duration
        }
    }
}
