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
    /// How old an answer may be at the moment at which it counts, in seconds: an older one is `inconclusive`. For samples in a row
    /// it is the first one's age at the end; for Prometheus also that of the newest sample. nil: no further limit.
    public var maximumAgeSeconds: Int?

    /// - Parameters:
    ///   - name: what messages call it.
    ///   - check: what is asked.
    ///   - timeoutSeconds: for one answer.
    ///   - samples: how many in a row must pass; for a Prometheus range how many values each series must have.
    ///   - intervalSeconds: between two samples.
    ///   - deadlineSeconds: for the whole gate.
    ///   - maximumAgeSeconds: see the property.
    public init(
        name: String, check: Check, timeoutSeconds: Int = 5, samples: Int = 2, intervalSeconds: Int = 1,
        deadlineSeconds: Int = 60, maximumAgeSeconds: Int? = nil
    ) {
        self.name = name
        self.check = check
        self.timeoutSeconds = timeoutSeconds
        self.samples = samples
        self.intervalSeconds = intervalSeconds
        self.deadlineSeconds = deadlineSeconds
        self.maximumAgeSeconds = maximumAgeSeconds
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
        /// A handshake from the controller with `host` (absent: the resource's): the certificate holds for `serverName` (absent: the
        /// host), by the system's trust or that of the authorities in a file, today and `leastDays` days from now.
        case tls(host: String?, port: Int, serverName: String?, leastDays: Int, authorities: String?)
        /// On the resource: of the lines since the act that is judged, at most so many match an extended regular expression.
        case log(source: LogSource, pattern: String, atMost: Int)
        /// Asked by the controller: every series holds the condition.
        case prometheus(question: PrometheusQuestion)
        /// The load balancer's own view of the resource, through the traffic of its groups. A check that began since the act has
        /// passed: they are this far apart at most.
        case balancer(checkIntervalSeconds: Int)
        /// The cluster's own view of all its members.
        case cluster(view: ClusterView)
        /// A person answers.
        case manual(question: String)
    }

    /// Whether a person is asked, and no machine.
    public var isManual: Bool {
        if case .manual = check { true } else { false }
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
