public import FettleModel

/// One answer of one probe.
public struct ProbeSample: Sendable, Equatable {
    public var verdict: GateVerdict
    /// In a line for people; safe for a terminal.
    public var reason: String
    /// Before the question was sent: the answer is not older.
    public var observedAt: Timestamp
    /// What stays the same as long as what answers is the same: another mark is another process. nil: it cannot be told.
    public var mark: String?
    /// How long the service itself took to answer; nil where its host was asked instead, or where nobody answered.
    public var milliseconds: Double?

    public init(
        verdict: GateVerdict, reason: String, observedAt: Timestamp, mark: String? = nil, milliseconds: Double? = nil
    ) {
        self.verdict = verdict
        self.reason = reason
        self.observedAt = observedAt
        self.mark = mark
        self.milliseconds = milliseconds
    }
}

/// What a probe is asked of.
public struct ProbeTarget: Sendable, Hashable {
    public var resource: ResourceID
    public var address: ResourceAddress

    public init(resource: ResourceID, address: ResourceAddress) {
        self.resource = resource
        self.address = address
    }

    /// The host that connections from here go to; nil if the resource has none.
    var host: String? {
        switch address.transport {
        case .local: "127.0.0.1"
        case .ssh, .none: address.host.isEmpty ? nil : address.host
        }
    }
}

extension Plan {
    /// A resource with its address: one that the plan changes, or a member of a group that it touches.
    func probeTarget(_ resource: ResourceID) -> ProbeTarget? {
        if let target = target(resource) { return ProbeTarget(resource: resource, address: target.address) }
        for group in groups {
            if let address = group.memberAddresses[resource] {
                return ProbeTarget(resource: resource, address: address)
            }
        }
        return nil
    }
}
