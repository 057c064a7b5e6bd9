import FettleModel

/// The truth about a fleet on which things go wrong, apart from what any executor believes of it. All times are true ones.
struct DisasterWorld: Sendable {
    enum Version: Sendable { case before, after }

    struct Host: Sendable {
        var installed = Version.before
        /// A script failed in the middle: neither version.
        var isHalfConfigured = false
        /// What the services run.
        var running = Version.before
        var needsReboot = false
        var boots = 1
        /// By its own doing or ours.
        var isWell = true
        /// Without our doing, until this time.
        var unwellUntil = Int64.min
        var awayUntil = Int64.min
        /// The package manager is at work until then.
        var busyUntil = Int64.min
        /// The last time at which something was done to it that a gate has to look at.
        var disturbedAt = Int64.min
        /// The last time at which a gate passed.
        var passedAt = Int64.min
        /// Groups that send it nothing, because of this run.
        var drained: Set<GroupID> = []
        /// And because of somebody else.
        var foreign: Set<GroupID> = []
        /// This run has taken it out and not brought it back, whatever a balancer may have forgotten since.
        var isOut = false
        /// This run holds its reservation.
        var isReserved = false
        /// When a drain of this run was last lost without its doing.
        var lostDrainAt = Int64.min
        /// The same for one that was not somebody else's as well: who performs something takes it again at once.
        var lostOwnDrainAt = Int64.min
        /// How often the patch was put on and taken off.
        var patches = 0
        var returns = 0
        /// What is on its way to it: checks, steps, their effects.
        var expected = 0
    }

    var hosts: [ResourceID: Host] = [:]
    let groups: [GroupID: PlannedGroup]
    let groupsOf: [ResourceID: [GroupID]]
    /// Of each group, each once.
    private let members: [GroupID: Set<ResourceID>]
    /// Those whose health the plan asks for before they serve again: on its way forward, and on its way back.
    let gated: (forward: Set<ResourceID>, back: Set<ResourceID>)
    /// Those whose packages the plan changes.
    let changed: Set<ResourceID>
    /// Those whose packages the way back changes.
    let undone: Set<ResourceID>
    /// The steps of the way back.
    let back: Set<StepID>

    init(_ plan: Plan) {
        var groupsOf: [ResourceID: [GroupID]] = [:]
        for target in plan.targets { hosts[target.resource] = Host() }
        var members: [GroupID: Set<ResourceID>] = [:]
        for group in plan.groups {
            members[group.id] = members[group.id] ?? Set(group.members)
            for member in Set(group.members) {
                hosts[member] = Host()
                groupsOf[member, default: []].append(group.id)
            }
        }
        groups = Dictionary(plan.groups.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.groupsOf = groupsOf
        self.members = members
        func gates(_ steps: [Step]) -> Set<ResourceID> {
            Set(steps.filter { if case .gate = $0.action { true } else { false } }.map(\.resource))
        }
        back = Set(plan.rollback.map(\.id))
        gated = (gates(plan.steps), gates(plan.rollback))
        // What only has to be restarted runs the earlier code of packages that are right already.
        var changed: Set<ResourceID> = []
        var restarted: Set<ResourceID> = []
        for step in plan.steps {
            if case .changePackages = step.action { changed.insert(step.resource) }
            if case .restartServices = step.action { restarted.insert(step.resource) }
            if case .reboot = step.action { hosts[step.resource]?.needsReboot = false }
        }
        self.changed = changed
        undone = Set(
            plan.rollback.filter { if case .changePackages = $0.action { true } else { false } }.map(\.resource))
        for host in restarted.subtracting(changed) { hosts[host]?.installed = .after }
    }

    subscript(_ resource: ResourceID) -> Host {
        get { hosts[resource] ?? Host() }
        // In its place, and not as a copy that is put back.
        _modify { yield &hosts[resource, default: Host()] }
    }

    func isReachable(_ resource: ResourceID, at now: Int64) -> Bool { self[resource].awayUntil <= now }

    func isWell(_ resource: ResourceID, at now: Int64) -> Bool {
        let host = self[resource]
        return host.awayUntil <= now && host.isWell && !host.isHalfConfigured && host.unwellUntil <= now
    }

    /// What an observer sees who asks the balancer and the host.
    func health(of member: ResourceID, in group: GroupID, at now: Int64) -> MemberHealth {
        let host = self[member]
        guard host.awayUntil <= now else { return .unknown(reason: "does not answer") }
        guard isWell(member, at: now) else { return .unhealthy(reason: "its probe fails") }
        return isTakenOut(host, of: group) ? .unhealthy(reason: "is drained") : .healthy
    }

    /// Where no balancer sends requests, being worked on is all there is of being out.
    private func isTakenOut(_ host: Host, of group: GroupID) -> Bool {
        guard groups[group]?.traffic != nil else { return host.isReserved }
        return host.drained.contains(group) || host.foreign.contains(group)
    }

    /// How many members of a group serve.
    func serving(_ group: PlannedGroup, at now: Int64) -> Int {
        (members[group.id] ?? []).count { health(of: $0, in: group.id, at: now).isHealthy }
    }

    /// The groups whose traffic a drain or a restore is about.
    func groups(of step: Step) -> [GroupID] {
        guard let traffic = Self.traffic(of: step) else { return [] }
        return (groupsOf[step.resource] ?? []).filter { groups[$0]?.traffic == traffic }
    }

    /// nil if it is not about traffic.
    static func traffic(of step: Step) -> TrafficBinding? {
        switch step.action {
        case .drain(let traffic), .restore(let traffic): traffic
        default: nil
        }
    }

    /// Whether some group still sends it work.
    func getsTraffic(_ resource: ResourceID) -> Bool {
        let host = self[resource]
        return (groupsOf[resource] ?? []).contains { !isTakenOut(host, of: $0) }
    }
}
