/// What an admin has accepted of `policy.yaml` and `fleet.yaml` where users are kept: all by which it is decided who may do what, to
/// which hosts, and when. Whoever acts from a folder that says otherwise is refused. The one with the highest number holds.
///
/// It holds the content and not a digest alone: so it can be said what differs, a plan can be held against it where no folder is at
/// hand, and whoever audits reads by which rules was decided.
public struct TrustPin: Codable, Sendable, Equatable {
    public var id: TrustPinID
    public var content: TrustContent
    public var acceptedBy: Person
    public var acceptedAt: Timestamp

    public init(id: TrustPinID, content: TrustContent, acceptedBy person: Person, acceptedAt time: Timestamp) {
        self.id = id
        self.content = content
        acceptedBy = person
        acceptedAt = time
    }
}

public typealias TrustPinID = Identifier<TrustPin>

/// The part of a folder that has to be accepted.
public struct TrustContent: Codable, Sendable, Equatable {
    public var policy: TrustedPolicy
    public var fleet: TrustedFleet
    /// SHA-256 of the file with the issuer's keys; nil: policy names no file, but nobody or an address.
    public var keys: Digest?
    /// SHA-256 of the programs that test patch sets, by stage; nil: the policy names none.
    public var suites: [StageID: Digest]?

    public init(policy: Policy, fleet: Fleet, keys: Digest?, suites: [StageID: Digest]? = nil) {
        self.policy = TrustedPolicy(policy)
        self.fleet = TrustedFleet(fleet)
        self.keys = keys
        self.suites = suites
    }
}

/// What of the policy decides about people and times. What shapes a plan instead (classes, limits, baselines, risk) is not in it: those who
/// approve see that in the plan.
public struct TrustedPolicy: Codable, Sendable, Equatable {
    public var approvals: [EnvironmentID: ApprovalRule]
    public var defaultApproval: ApprovalRule
    public var changes: ChangePolicy
    public var promotion: PromotionPolicy?
    public var identity: IdentityPolicy?
    public var messages: MessagePolicy?
    public var maximumWaiverDays: Int
    public var windows: [MaintenanceWindow]
    public var withoutWindow: WithoutWindow
    public var freezes: [Freeze]

    public init(_ policy: Policy) {
        approvals = policy.approvals
        defaultApproval = policy.defaultApproval
        changes = policy.changes
        promotion = policy.promotion
        identity = policy.identity
        messages = policy.messages
        maximumWaiverDays = policy.maximumWaiverDays
        windows = policy.windows
        withoutWindow = policy.withoutWindow
        freezes = policy.freezes
    }
}

/// Where each resource is and whose it is, as far as roles and approval rules go by it.
public struct TrustedFleet: Codable, Sendable, Equatable {
    /// In the fleet's order: patch sets go through them where policy names no stages.
    public var environments: [Environment]
    public var places: [ResourceID: Place]

    public struct Place: Codable, Sendable, Equatable {
        public var environment: EnvironmentID
        /// Sorted.
        public var groups: [GroupID]
        public var address: ResourceAddress
        public var owner: String?
        public var criticality: Resource.Criticality

        init(_ resource: Resource, groups: [GroupID]) {
            environment = resource.environment
            self.groups = groups
            address = resource.address
            owner = resource.owner
            criticality = resource.criticality
        }
    }

    public init(_ fleet: Fleet) {
        environments = fleet.environments
        var groups: [ResourceID: [GroupID]] = [:]
        for group in fleet.groups {
            for member in group.members { groups[member, default: []].append(group.id) }
        }
        places = Dictionary(
            fleet.resources.map { ($0.id, Place($0, groups: (groups[$0.id] ?? []).sorted())) }
        ) { first, _ in first }
    }

    /// What a plan says otherwise, in words and in the plan's order; empty: nothing. A plan outlives the folder that it was made from, and may
    /// be older than what was accepted.
    public func differences(in plan: Plan) -> [String] {
        var groups: [ResourceID: [GroupID]] = [:]
        for group in plan.groups {
            for member in group.members { groups[member, default: []].append(group.id) }
        }
        var words: [String] = []
        for target in plan.targets {
            guard let place = places[target.resource] else {
                words.append("\(target.resource) is not in it")
                continue
            }
            if place.environment != target.environment {
                words.append("\(target.resource) is in \(place.environment), not in \(target.environment)")
            }
            words += Self.otherAddress(target.resource, place, target.address)
            let planned = (groups[target.resource] ?? []).sorted()
            if place.groups != planned {
                words.append("\(target.resource) is in \(Self.list(place.groups)), not in \(Self.list(planned))")
            }
            words += target.carries.filter { places[$0] == nil }.map { "\($0) is not in it" }
        }
        for group in plan.groups {
            for (member, address) in group.memberAddresses.sorted(by: { $0.key < $1.key }) {
                words += Self.otherAddress(member, places[member], address)
            }
            guard let traffic = group.traffic else { continue }
            words += Self.otherAddress(traffic.via, places[traffic.via], traffic.address)
        }
        for step in plan.steps + plan.rollback {
            guard let machine = step.action.remadeMachine else { continue }
            words += Self.otherAddress(machine.hypervisor, places[machine.hypervisor], machine.address)
            for other in machine.neighbours { words += Self.otherAddress(other.id, places[other.id], other.address) }
        }
        var seen: Set<String> = []
        return words.filter { seen.insert($0).inserted }
    }

    private static func otherAddress(_ id: ResourceID, _ place: Place?, _ address: ResourceAddress) -> [String] {
        guard let place else { return ["\(id) is not in it"] }
        return place.address == address ? [] : ["\(id) is at \(place.address.words), not at \(address.words)"]
    }

    private static func list(_ groups: [GroupID]) -> String {
        groups.isEmpty ? "no group" : groups.map(\.rawValue).joined(separator: ", ")
    }
}

extension ResourceAddress {
    /// As a sentence says it.
    fileprivate var words: String {
        let name = user.map { "\($0)@\(host)" } ?? host
        return transport == .ssh ? name + (port.map { ":\($0)" } ?? "") : transport.rawValue
    }
}
