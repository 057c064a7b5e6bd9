/// Something that is patched, or whose patching somebody owes: a host, an appliance, a service.
public struct Resource: Codable, Sendable, Equatable {
    public var id: ResourceID
    public var kind: Kind
    public var address: ResourceAddress
    public var environment: EnvironmentID
    public var serviceModel: ServiceModel
    public var criticality: Criticality
    public var exposure: Exposure
    public var labels: [String: String]
    /// What fails together with this resource, such as a rack or a zone; nil if not declared.
    public var failureDomain: String?
    /// The person or team that answers for it; nil if not declared.
    public var owner: String?
    /// Who patches its layers, where the fleet file says so; nil: as its service model says.
    public var responsibility: Responsibility?
    /// Resources that must be finished before this one is taken out. Sorted, without repetition and without itself.
    public var after: [ResourceID]
    /// Its tier: one of the names in the fleet's `tiers`, or a whole number; nil: in none.
    public var tier: String?

    public init(
        id: ResourceID, kind: Kind = .host, address: ResourceAddress, environment: EnvironmentID,
        serviceModel: ServiceModel = .onPremises, criticality: Criticality = .medium, exposure: Exposure = .internal,
        labels: [String: String] = [:], failureDomain: String? = nil, owner: String? = nil,
        responsibility: Responsibility? = nil, after: [ResourceID] = [], tier: String? = nil
    ) {
        self.id = id
        self.kind = kind
        self.address = address
        self.environment = environment
        self.serviceModel = serviceModel
        self.criticality = criticality
        self.exposure = exposure
        self.labels = labels
        self.failureDomain = failureDomain
        self.owner = owner
        self.responsibility = responsibility
        self.after = after
        self.tier = tier
    }

    public enum Kind: String, Codable, Sendable, CaseIterable {
        case host, virtualMachine, hypervisor, appliance, application, database, loadBalancer, storage, networkSwitch
        case cloudService
    }

    public enum Criticality: String, Codable, Sendable, CaseIterable, Comparable {
        case low, medium, high, critical
        public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// Who can reach it: nobody from outside, the own network, or the Internet.
    public enum Exposure: String, Codable, Sendable, CaseIterable {
        case isolated, `internal`, internet
    }
}

/// Who runs which layers, and so who must patch them (the shared responsibility model).
public enum ServiceModel: String, Codable, Sendable, CaseIterable {
    case onPremises, bareMetal, iaas, paas, saas, vendorAppliance

    /// Who patches the operating system's packages under this model.
    public var operatingSystemOwner: PatchOwner {
        switch self {
        case .onPremises, .bareMetal, .iaas: .us
        case .paas, .saas: .provider
        case .vendorAppliance: .vendor
        }
    }
}

/// Whose job a patch is.
public enum PatchOwner: String, Codable, Sendable, CaseIterable {
    case us, provider, vendor
}

/// How a resource is reached.
public struct ResourceAddress: Codable, Sendable, Hashable {
    public var transport: Transport
    /// Host name or address as OpenSSH takes it: the user's `ssh_config` may know it as an alias. Empty for `local` and `none`.
    public var host: String
    public var port: Int?
    public var user: String?

    public init(transport: Transport, host: String = "", port: Int? = nil, user: String? = nil) {
        self.transport = transport
        self.host = host
        self.port = port
        self.user = user
    }

    public enum Transport: String, Codable, Sendable, CaseIterable {
        /// The system's OpenSSH client.
        case ssh
        /// This machine, without a network.
        case local
        /// Not reachable by Fettle: tracked only, patched by somebody else.
        case none
    }

    public static let local = ResourceAddress(transport: .local)
    public static func ssh(_ host: String, port: Int? = nil, user: String? = nil) -> ResourceAddress {
        ResourceAddress(transport: .ssh, host: host, port: port, user: user)
    }
}

extension Resource.Kind {
    /// Whether a resource of this kind is a machine, and not something of which several may run on one.
    public var isMachine: Bool {
        switch self {
        case .host, .virtualMachine, .hypervisor, .appliance: true
        case .application, .database, .loadBalancer, .storage, .networkSwitch, .cloudService: false
        }
    }
}
