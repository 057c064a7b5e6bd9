public import FettleDriverKit
public import FettleModel

/// What the use cases need of the outer world, wired by the composition root.
public struct Tools: Sendable {
    public var inspector: any HostInspector
    public var resolver: any UpdateResolver
    /// Has a host fetch its package lists anew; nil where nobody here can.
    public var refreshLists: (@Sendable (ResourceID, ResourceAddress) async throws(StepFailure) -> Void)?
    /// Asks what manages a pool of hypervisors what runs on those of its members that are named last. Empty where the hosts themselves
    /// tell; nil where nobody here can ask.
    public var machines:
        (
            @Sendable (ResourceGroup, [ResourceID: ResourceAddress], Set<ResourceID>) async
                -> [ResourceID: Observed<HypervisorFacts>]
        )?
    /// Asks a cluster who leads it and who could. Empty where it is not known how, or nobody answers; nil where nobody here can ask.
    public var roles: (@Sendable (ResourceGroup, [ResourceID: ResourceAddress]) async -> [ResourceID: ClusterRole])?
    /// Opens the way to somewhere beforehand. What goes wrong is told by whoever goes there; nil where there are no ways.
    public var reach: (@Sendable (ResourceAddress) async -> Void)?
    /// Asks a host beforehand for what takes it longest to tell, so that the next look at all of it takes less; nil where no look
    /// knows of another.
    public var foresee: (@Sendable (ResourceID, ResourceAddress) async -> Void)?
    /// Their words are masked before anybody writes them down (`SecretMask`), as are the observer's.
    public private(set) var drivers: any StepDriverRegistry
    public private(set) var observer: any HealthObserver
    public var now: @Sendable () -> Timestamp
    /// How many hosts are asked at the same time.
    public var parallel: Int

    public init(
        inspector: any HostInspector, resolver: any UpdateResolver,
        refreshLists: (@Sendable (ResourceID, ResourceAddress) async throws(StepFailure) -> Void)? = nil,
        machines: (
            @Sendable (ResourceGroup, [ResourceID: ResourceAddress], Set<ResourceID>) async
                -> [ResourceID: Observed<HypervisorFacts>]
        )? = nil,
        roles: (@Sendable (ResourceGroup, [ResourceID: ResourceAddress]) async -> [ResourceID: ClusterRole])? = nil,
        reach: (@Sendable (ResourceAddress) async -> Void)? = nil,
        foresee: (@Sendable (ResourceID, ResourceAddress) async -> Void)? = nil,
        drivers: any StepDriverRegistry,
        observer: any HealthObserver, secrets: SecretMask = SecretMask(),
        now: @escaping @Sendable () -> Timestamp = Timestamp.now, parallel: Int = 20
    ) {
        self.inspector = inspector
        self.resolver = resolver
        self.refreshLists = refreshLists
        self.machines = machines
        self.roles = roles
        self.reach = reach
        self.foresee = foresee
        self.drivers = MaskedDrivers(inner: drivers, mask: secrets)
        self.observer = MaskedObserver(inner: observer, mask: secrets)
        self.now = now
        self.parallel = parallel
    }
}
