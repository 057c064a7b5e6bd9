import FettleModel

/// The truth about a simulated fleet, apart from what the run believes of it.
struct SimulatedWorld: Sendable {
    struct Host: Sendable {
        /// Packages at the planned versions.
        var isPatched = false
        var isHealthy = true
        var isReachable = true
        /// Groups whose traffic it gets.
        var inTraffic: Set<GroupID>
        /// By which it is out, of its own doing; nil stands for what no driver does.
        var outBy: Set<TrafficBinding?> = []
    }

    private(set) var hosts: [ResourceID: Host]
    private let groups: [ResourceID: [PlannedGroup]]
    /// What goes down with a host.
    private let carries: [ResourceID: [ResourceID]]
    /// How many hosts that are out carry a resource.
    private var carriersOut: [ResourceID: Int] = [:]
    /// Kept up to date host by host: a group may have thousands.
    private var serving: [GroupID: Int] = [:]
    let faults: FaultProfile

    init(_ plan: Plan, faults: FaultProfile) {
        self.faults = faults
        var groups: [ResourceID: [PlannedGroup]] = [:]
        var hosts: [ResourceID: Host] = [:]
        for target in plan.targets { hosts[target.resource] = Host(inTraffic: []) }
        for group in plan.groups {
            for member in group.members {
                guard hosts[member, default: Host(inTraffic: [])].inTraffic.insert(group.id).inserted else { continue }
                groups[member, default: []].append(group)
            }
        }
        var carries: [ResourceID: [ResourceID]] = [:]
        for target in plan.targets where !target.carries.isEmpty {
            carries[target.resource] = Set(target.carries).subtracting([target.resource]).sorted()
        }
        self.hosts = hosts
        self.groups = groups
        self.carries = carries
        for group in plan.groups {
            serving[group.id] = Set(group.members).count { health(of: $0, in: group.id).isHealthy }
        }
    }

    func groups(of resource: ResourceID) -> [PlannedGroup] { groups[resource] ?? [] }

    /// Those that a host takes members from when it goes out: its own, and those of what goes down with it.
    func groups(touchedBy resource: ResourceID) -> [PlannedGroup] {
        guard let carried = carries[resource] else { return groups(of: resource) }
        var seen: Set<GroupID> = []
        return ([resource] + carried).flatMap(groups(of:)).filter { seen.insert($0.id).inserted }
    }

    func health(of member: ResourceID, in group: GroupID) -> MemberHealth {
        guard let host = hosts[member], host.isReachable else { return .unknown(reason: "does not answer") }
        guard host.isHealthy else { return .unhealthy(reason: "its probe fails") }
        if let carriers = carriersOut[member], carriers > 0 { return .unhealthy(reason: "is down with its host") }
        return host.inTraffic.contains(group) ? .healthy : .unhealthy(reason: "is drained")
    }

    /// Members that serve: reachable, well and in traffic.
    func serving(_ group: PlannedGroup) -> Int { serving[group.id] ?? 0 }

    /// Groups of which the host gets no traffic though it should.
    func drained(_ resource: ResourceID) -> [GroupID] {
        groups(of: resource).filter { hosts[resource]?.inTraffic.contains($0.id) == false }.map(\.id)
    }

    /// Does what the step is for, or fails as the dice say. Performing a step that is done changes nothing more.
    mutating func perform(_ step: Step, random: inout some RandomNumberGenerator) throws(StepFailure) {
        guard var host = hosts[step.resource] else { return }
        let carried = carries[step.resource] ?? []
        let places = ([step.resource] + carried).flatMap { member in
            groups(of: member).map { (member: member, group: $0.id) }
        }
        let before = places.map { health(of: $0.member, in: $0.group).isHealthy }
        defer {
            let wasOut = hosts[step.resource]?.outBy.isEmpty == false
            hosts[step.resource] = host
            if wasOut == host.outBy.isEmpty {
                for resource in carried { carriersOut[resource, default: 0] += wasOut ? -1 : 1 }
            }
            for (place, served) in zip(places, before) {
                let serves = health(of: place.member, in: place.group).isHealthy
                if serves != served { serving[place.group, default: 0] += serves ? 1 : -1 }
            }
        }
        if faults.strikes(faults.lostHost, &random), step.availability == .requiresOut { host.isReachable = false }
        guard host.isReachable else {
            throw StepFailure(code: .unreachable, message: "\(step.resource) does not answer")
        }
        switch step.action {
        case .drain(let traffic):
            host.inTraffic.subtract(groupsOf(step.resource, traffic))
            host.outBy.insert(traffic)
        case .takeOut:
            host.inTraffic.subtract(groupsWithoutTraffic(step.resource))
            host.outBy.insert(nil)
        case .restore(let traffic):
            host.inTraffic.formUnion(groupsOf(step.resource, traffic))
            host.outBy.remove(traffic)
        case .bringBack:
            host.inTraffic.formUnion(groupsWithoutTraffic(step.resource))
            host.outBy.remove(nil)
        case .changePackages(let transaction):
            let isPatch = transaction.purpose == .patch
            if isPatch, faults.strikes(faults.packageFailure, &random) {
                throw StepFailure(code: .packageManager, message: "a script of the package failed")
            }
            host.isPatched = isPatch
            host.isHealthy = !(isPatch && faults.strikes(faults.badPatch, &random))
        case .gate:
            guard host.isHealthy else { throw StepFailure(code: .unhealthy, message: "its probe fails") }
        case .restartServices:
            if faults.strikes(faults.badRestart, &random) { host.isHealthy = false }
        case .replaceImage, .upgradeThroughController:
            let isPatch = step.compensates == nil
            host.isPatched = isPatch
            host.isHealthy = !(isPatch && faults.strikes(faults.badPatch, &random))
        case .revert:
            host.isPatched = false
            host.isHealthy = true
        case .preflight, .stage, .reboot, .bake, .groupGate, .verify, .evacuate, .bringHome, .handOver, .switchTraffic,
            .buildImage, .discardKept, .snapshot, .discardSnapshot, .retire:
            break
        }
    }

    private func groupsOf(_ resource: ResourceID, _ traffic: TrafficBinding) -> [GroupID] {
        groups(of: resource).filter { $0.traffic == traffic }.map(\.id)
    }

    private func groupsWithoutTraffic(_ resource: ResourceID) -> [GroupID] {
        groups(of: resource).filter { $0.traffic == nil }.map(\.id)
    }
}

/// How often things fail, in each 1,000 chances.
public struct FaultProfile: Sendable, Equatable {
    /// A package change whose scripts fail.
    public var packageFailure: Int
    /// A patch that installs and leaves the host unhealthy.
    public var badPatch: Int
    /// A restart after which the services are not well.
    public var badRestart: Int
    /// A host that stops answering in the middle of its change.
    public var lostHost: Int

    public init(packageFailure: Int = 0, badPatch: Int = 0, badRestart: Int = 0, lostHost: Int = 0) {
        self.packageFailure = packageFailure
        self.badPatch = badPatch
        self.badRestart = badRestart
        self.lostHost = lostHost
    }

    public static let none = FaultProfile()

    func strikes(_ chances: Int, _ random: inout some RandomNumberGenerator) -> Bool {
        chances > 0 && Int.random(in: 0..<1_000, using: &random) < chances
    }
}
