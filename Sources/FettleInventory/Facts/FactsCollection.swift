public import FettleDriverKit
public import FettleModel

/// Collects the facts of many hosts at the same time.
///
/// A host that doesn't answer, or not in time, is a row of its own and never the end of the others' collection.
public struct FactsCollection: Sendable {
    public var inspector: any HostInspector
    /// Hosts that are asked at the same time. An sshd refuses connections beyond about ten that are not through their
    /// handshake, a jump host is one sshd for all: twenty keeps the handshakes of one machine below that.
    public var limit: Int
    /// How long one host may take, connection and all. Past it the host is unreachable, and its inspection is cancelled
    /// and no longer waited for.
    public var hostDeadline: Duration
    private let now: @Sendable () -> Timestamp

    public init(
        inspector: any HostInspector, limit: Int = 20, hostDeadline: Duration = .seconds(120),
        now: @escaping @Sendable () -> Timestamp = { Timestamp.now() }
    ) {
        self.inspector = inspector
        self.limit = max(1, limit)
        self.hostDeadline = hostDeadline
        self.now = now
    }

    /// One host more is done.
    public struct Progress: Sendable, Equatable {
        public var resource: ResourceID
        public var reachability: Reachability
        public var duration: Duration
        public var completed: Int
        public var total: Int
    }

    /// The facts of each resource once, sorted by id, whatever the hosts do. When the surrounding task is cancelled, what is
    /// not yet known comes as unreachable with that reason.
    ///
    /// - Parameter progress: called once for each resource as it is done, one call after the other.
    public func collect(
        _ resources: [Resource], id: String, progress: (@Sendable (Progress) -> Void)? = nil
    ) async -> FactSet {
        let started = now()
        let unique = Dictionary(resources.map { ($0.id, $0) }) { first, _ in first }
        let asked = unique.values.sorted { $0.id < $1.id }
        var completed = 0
        let hosts = await asked.concurrentMap(limit: limit) { resource, answer in
            completed += 1
            progress?(
                Progress(
                    resource: resource.id, reachability: answer.facts.reachability, duration: answer.duration,
                    completed: completed, total: asked.count))
        } _: { resource in
            await timed(resource)
        }
        return FactSet(id: id, observedAt: started, hosts: hosts.map(\.facts))
    }

    private func timed(_ resource: Resource) async -> (facts: HostFacts, duration: Duration) {
        let clock = ContinuousClock()
        let start = clock.now
        let facts = await facts(of: resource)
        return (facts, start.duration(to: clock.now))
    }

    private func facts(of resource: Resource) async -> HostFacts {
        guard resource.address.transport != .none else {
            return nothing(of: resource, "its address is 'none': not reached by Fettle, patched by others")
        }
        guard !Task.isCancelled else { return nothing(of: resource, "the collection was cancelled") }
        let began = now()
        let answer = await Deadline.first(within: hostDeadline) {
            await inspector.inspect(resource.id, at: resource.address)
        }
        switch answer {
        case .value(var facts):
            // Whatever answered, it was this resource that was asked.
            facts.resource = resource.id
            return facts
        case .late:
            return nothing(of: resource, "no answer within \(hostDeadline.components.seconds) s", at: began)
        case .cancelled:
            return nothing(of: resource, "the collection was cancelled", at: began)
        }
    }

    private func nothing(of resource: Resource, _ reason: String, at time: Timestamp? = nil) -> HostFacts {
        .nothingObserved(
            of: resource.id, at: time ?? now(), reachability: .unreachable(reason: reason), reason: reason)
    }
}
