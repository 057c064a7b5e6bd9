public import FettleModel

/// Puts a fleet together for a test in a few lines.
public struct FleetBuilder: Sendable {
    public private(set) var environments: [Environment]
    public private(set) var resources: [Resource] = []
    public private(set) var groups: [ResourceGroup] = []

    /// - Parameter environments: in the order of promotion; the last one is protected.
    public init(environments: [EnvironmentID] = ["production"]) {
        self.environments = environments.map { Environment(id: $0, isProtected: $0 == environments.last) }
    }

    public var fleet: Fleet {
        Fleet(
            environments: environments, resources: resources.sorted { $0.id < $1.id },
            groups: groups.sorted { $0.id < $1.id })
    }

    public static let probe = Probe(
        name: "answers", check: .http(url: "http://{host}/health", status: 200, contains: nil))

    public static func traffic(_ backend: String, via balancer: ResourceID = "lb-1") -> TrafficBinding {
        TrafficBinding(
            driver: "haproxy", via: balancer, address: .ssh(balancer.rawValue), endpoint: "/run/haproxy/admin.sock",
            backend: backend, drainTimeoutSeconds: 30)
    }

    @discardableResult
    public mutating func host(
        _ id: ResourceID, in environment: EnvironmentID? = nil, domain: String? = nil,
        address: ResourceAddress? = nil, serviceModel: ServiceModel = .onPremises, kind: Resource.Kind = .host
    ) -> ResourceID {
        resources.append(
            Resource(
                id: id, kind: kind, address: address ?? .ssh(id.rawValue),
                environment: environment ?? environments[0].id,
                serviceModel: serviceModel, failureDomain: domain))
        return id
    }

    /// Hosts `name-1` ... and a group of them called `name`.
    public mutating func pool(
        _ name: String, size: Int, in environment: EnvironmentID? = nil, minimum: Quantity,
        strategy: Strategy? = nil, traffic: TrafficBinding? = nil, probes: [Probe] = [probe],
        after: [GroupID] = [], domains: [String] = []
    ) {
        guard size > 0 else { return }
        let members = (1...size).map { number in
            host(
                ResourceID("\(name)-\(number)"), in: environment,
                domain: domains.isEmpty ? nil : domains[(number - 1) % domains.count])
        }
        group(
            GroupID(name), members, minimum: minimum, strategy: strategy, traffic: traffic, probes: probes, after: after
        )
    }

    public mutating func group(
        _ id: GroupID, _ members: [ResourceID], minimum: Quantity, strategy: Strategy? = nil,
        traffic: TrafficBinding? = nil, probes: [Probe] = [probe], after: [GroupID] = [],
        kind: ResourceGroup.Kind = .pool
    ) {
        groups.append(
            ResourceGroup(
                id: id, kind: kind, members: Set(members).sorted(), minimumAvailable: minimum, strategy: strategy,
                traffic: traffic, probes: probes, after: after))
    }
}
