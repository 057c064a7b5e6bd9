/// Where the lines of a log are.
public enum LogSource: Codable, Sendable, Hashable {
    /// The journal of a systemd unit.
    case unit(name: String)
    /// A file, by its absolute path. What was rotated away since the act is read too while it is not compressed.
    case file(path: String)
}

/// What is asked of a Prometheus server, or of one that speaks its API
/// ([HTTP API](https://prometheus.io/docs/prometheus/latest/querying/api/)).
public struct PrometheusQuestion: Codable, Sendable, Hashable {
    /// Up to `/api/v1`, without it. `{host}` stands for the resource's host, `{id}` for its id; so in `query`.
    public var url: String
    /// PromQL.
    public var query: String
    /// How far back a range reaches, in seconds, and never to before the act; nil: asked for this moment.
    public var overSeconds: Int?
    /// Between two values of a range, in seconds: best the interval of the scrapes.
    public var stepSeconds: Int
    public var condition: Condition
    /// A file on the controller with a bearer token; nil: none is sent.
    public var tokenFile: String?

    /// - Parameters: see the properties.
    public init(
        url: String, query: String, overSeconds: Int? = nil, stepSeconds: Int = 15, condition: Condition,
        tokenFile: String? = nil
    ) {
        self.url = url
        self.query = query
        self.overSeconds = overSeconds
        self.stepSeconds = stepSeconds
        self.condition = condition
        self.tokenFile = tokenFile
    }

    /// What every value must hold.
    public enum Condition: Codable, Sendable, Hashable {
        case below(value: Double)
        case above(value: Double)
        case atMost(value: Double)
        case atLeast(value: Double)

        public func holds(for value: Double) -> Bool {
            switch self {
            case .below(let limit): value < limit
            case .above(let limit): value > limit
            case .atMost(let limit): value <= limit
            case .atLeast(let limit): value >= limit
            }
        }

        /// The key that says it in `fleet.yaml`, and the limit.
        public var words: (name: String, limit: Double) {
            switch self {
            case .below(let limit): ("below", limit)
            case .above(let limit): ("above", limit)
            case .atMost(let limit): ("atMost", limit)
            case .atLeast(let limit): ("atLeast", limit)
            }
        }
    }
}

/// Who tells of a cluster.
public enum ClusterView: Codable, Sendable, Hashable {
    /// `GET /cluster` of Patroni's REST API at `url`: at least so many members, all running, one leader, none behind by more bytes
    /// of the log ([REST API](https://patroni.readthedocs.io/en/latest/rest_api.html)).
    case patroni(url: String, members: Int, maximumLagBytes: Int64)
    /// On the resource: a command that exits with 0 if the whole cluster is well.
    case command(argv: [String])
}
