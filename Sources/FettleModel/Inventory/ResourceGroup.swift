/// Resources that serve together and must not all be away at once.
public struct ResourceGroup: Codable, Sendable, Equatable {
    public var id: GroupID
    public var kind: Kind
    /// Sorted, without repetition; the spares among them.
    public var members: [ResourceID]
    /// Members that serve beyond those that the group is sized for, so that as many more of all may be out at once. Sorted, without
    /// repetition; nil if there are none.
    public var spares: [ResourceID]?
    /// A share of the members without the spares.
    public var minimumAvailable: Quantity
    /// nil: the planner chooses and says why.
    public var strategy: Strategy?
    /// What takes a member out of traffic and back; nil if nothing does.
    public var traffic: TrafficBinding?
    /// Of hypervisors: how machines are moved, and which need not be; nil: nothing is said.
    public var machines: MachineRules?
    /// Of virtual machines: their disks are kept as they are while a member is patched; nil: they are not.
    public var snapshot: SnapshotRules?
    /// What must pass before a member counts as healthy.
    public var probes: [Probe]
    /// What is asked once for the group as a whole, such as at its public address, behind each of its waves; nil: nothing.
    public var groupProbes: [Probe]?
    /// Groups that must be finished before this one starts.
    public var after: [GroupID]

    public init(
        id: GroupID, kind: Kind = .pool, members: [ResourceID], spares: [ResourceID]? = nil,
        minimumAvailable: Quantity, strategy: Strategy? = nil, traffic: TrafficBinding? = nil, probes: [Probe] = [],
        groupProbes: [Probe]? = nil, after: [GroupID] = [], machines: MachineRules? = nil,
        snapshot: SnapshotRules? = nil
    ) {
        self.id = id
        self.kind = kind
        self.members = members
        self.spares = spares
        self.minimumAvailable = minimumAvailable
        self.strategy = strategy
        self.traffic = traffic
        self.machines = machines
        self.snapshot = snapshot
        self.probes = probes
        self.groupProbes = groupProbes
        self.after = after
    }

    /// How many members the group is sized for: all but the spares. What is given as a share is a share of these.
    public var regularCount: Int { members.count - (spares?.count ?? 0) }

    /// How many members must stay available.
    public var minimum: Int { minimumAvailable.asMinimum(of: regularCount) }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        case pool, cluster, hypervisorPool, fabricPair, controllerPair, environmentPair
    }
}

/// A number of members, given as a count or as a share of the group.
public enum Quantity: Sendable, Hashable {
    case count(Int)
    case percent(Int)

    /// As a minimum: rounded up, so that "at least 50% of 5" is 3.
    public func asMinimum(of size: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): (size * percent + 99) / 100
        }
    }

    /// As a surge: rounded up, so that "10% of 4" is 1, as Kubernetes rounds `maxSurge`
    /// (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#max-surge).
    public func asSurge(of size: Int) -> Int { max(0, asMinimum(of: size)) }

    /// As a maximum: rounded down, so that "at most 50% of 5" is 2, but never to nothing unless nothing was asked for.
    public func asMaximum(of size: Int) -> Int {
        switch self {
        case .count(let count): count
        case .percent(let percent): percent <= 0 || size == 0 ? 0 : max(1, size * percent / 100)
        }
    }
}

/// As fleet.yaml writes it: `2`, or `"75%"`.
extension Quantity: Codable {
    /// Reads the form of before too, in which documents may be kept: `{"count": {"_0": 2}}`.
    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: Case.self) {
            self =
                container.contains(.count)
                ? .count(try Self.earlier(.count, in: container)) : .percent(try Self.earlier(.percent, in: container))
            return
        }
        let container = try decoder.singleValueContainer()
        if let count = try? container.decode(Int.self) {
            self = .count(count)
            return
        }
        let text = try container.decode(String.self)
        guard text.hasSuffix("%"), let percent = Int(text.dropLast()) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "neither a count nor a share such as 75%")
        }
        self = .percent(percent)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .count(let count): try container.encode(count)
        case .percent(let percent): try container.encode("\(percent)%")
        }
    }

    private enum Case: String, CodingKey { case count, percent }
    private enum Value: String, CodingKey { case number = "_0" }

    private static func earlier(_ name: Case, in container: KeyedDecodingContainer<Case>) throws -> Int {
        try container.nestedContainer(keyedBy: Value.self, forKey: name).decode(Int.self, forKey: .number)
    }
}

/// How members of a group are taken out of traffic and brought back.
public struct TrafficBinding: Codable, Sendable, Hashable {
    /// The name of the driver, such as `haproxy`.
    public var driver: String
    /// The resource on which the load balancer runs.
    public var via: ResourceID
    /// How `via` is reached. The inventory fills it in, because a plan gives addresses only for what it changes.
    public var address: ResourceAddress
    /// Where the driver finds the load balancer there, such as the path of HAProxy's admin socket.
    public var endpoint: String
    /// The load balancer's name for the pool; where there are `sides`, the key of their map.
    public var backend: String
    /// The member's name at the load balancer; `{id}` stands for the resource's id.
    public var serverName: String
    /// How long to wait for sessions to end, in seconds.
    public var drainTimeoutSeconds: Int
    /// Where the traffic of two sides is turned at once; nil: server by server. Left out where there is none.
    public var sides: TrafficSides?

    public init(
        driver: String, via: ResourceID, address: ResourceAddress = .local, endpoint: String, backend: String,
        serverName: String = "{id}", drainTimeoutSeconds: Int = 60, sides: TrafficSides? = nil
    ) {
        self.driver = driver
        self.via = via
        self.address = address
        self.endpoint = endpoint
        self.backend = backend
        self.serverName = serverName
        self.drainTimeoutSeconds = drainTimeoutSeconds
        self.sides = sides
    }

    /// Where the member's server stands: its side's backend where there are sides.
    public func backend(of resource: ResourceID) -> String { sides?.backend(of: resource) ?? backend }

    public func serverName(of resource: ResourceID) -> String {
        var result = ""
        var rest = Substring(serverName)
        while let range = rest.firstRange(of: "{id}") {
            result += rest[..<range.lowerBound] + resource.rawValue
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}
