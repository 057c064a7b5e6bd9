public import FettleDriverKit
public import FettleModel

/// What the use cases need of the outer world, wired by the composition root.
public struct Tools: Sendable {
    public var inspector: any HostInspector
    public var resolver: any UpdateResolver
    public var drivers: any StepDriverRegistry
    public var observer: any HealthObserver
    public var now: @Sendable () -> Timestamp
    /// How many hosts are asked at the same time.
    public var parallel: Int

    public init(
        inspector: any HostInspector, resolver: any UpdateResolver, drivers: any StepDriverRegistry,
        observer: any HealthObserver, now: @escaping @Sendable () -> Timestamp = Timestamp.now, parallel: Int = 20
    ) {
        self.inspector = inspector
        self.resolver = resolver
        self.drivers = drivers
        self.observer = observer
        self.now = now
        self.parallel = parallel
    }
}
