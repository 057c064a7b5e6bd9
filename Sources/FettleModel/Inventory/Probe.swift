/// A question whose answer says whether a resource is healthy.
public struct Probe: Codable, Sendable, Hashable {
    public var name: String
    public var check: Check
    /// How long one sample may take.
    public var timeoutSeconds: Int
    /// How many samples in a row must pass.
    public var samples: Int
    public var intervalSeconds: Int
    /// How long a resource may take to become healthy before the gate fails.
    public var deadlineSeconds: Int

    public init(
        name: String, check: Check, timeoutSeconds: Int = 5, samples: Int = 2, intervalSeconds: Int = 1,
        deadlineSeconds: Int = 60
    ) {
        self.name = name
        self.check = check
        self.timeoutSeconds = timeoutSeconds
        self.samples = samples
        self.intervalSeconds = intervalSeconds
        self.deadlineSeconds = deadlineSeconds
    }

    public enum Check: Codable, Sendable, Hashable {
        /// Asked by the controller. `{host}` in the address stands for the resource's host.
        case http(url: String, status: Int, contains: String?)
        /// A connection from the controller to the resource's host.
        case tcp(port: Int)
        /// On the resource: active, and not restarted since the act that is judged.
        case systemdUnit(name: String)
        /// On the resource: exits with 0.
        case command(argv: [String])
    }
}

/// What a gate says. Only `pass` advances; a timer never turns the others into it (I6).
public enum GateVerdict: String, Codable, Sendable, CaseIterable {
    case pass, fail, inconclusive, error
}

/// What is known of a member's health at one moment. Unknown is not healthy (I6).
public enum MemberHealth: Codable, Sendable, Equatable {
    case healthy
    case unhealthy(reason: String)
    case unknown(reason: String)

    public var isHealthy: Bool { self == .healthy }
}
