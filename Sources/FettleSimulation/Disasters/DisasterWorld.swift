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
        /// Of the units that a step names.
        var starts = 1
        /// By its own doing or ours.
        var isWell = true
        /// Without our doing, until this time.
        var unwellUntil = Int64.min
        var awayUntil = Int64.min
        /// The package manager is at work until then.
        var busyUntil = Int64.min
        /// The same for this run's own work.
        var patchedUntil = Int64.min
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
        /// It has begun to take it out, and to change it, since then.
        var hasBegun = false
        var hasBeenChanged = false
        /// When a drain of this run was last lost without its doing.
        var lostDrainAt = Int64.min
        /// The same for one that was not somebody else's as well: who performs something takes it again at once.
        var lostOwnDrainAt = Int64.min
        /// How often the patch was put on and taken off.
        var patches = 0
        var returns = 0
        /// What is on its way to it: checks, steps, their effects.
        var expected = 0
        /// Its cluster's controller has it down.
        var isTakenThrough = false
        /// Shut down for good.
        var isRetired = false
        /// It is well and unwell by turns.
        var flaps: Flapping?
    }

    struct Flapping: Sendable {
        var from: Int64
        var until: Int64
        var period: Int64

        func isUnwell(at now: Int64) -> Bool { from <= now && now < until && (now - from) / period % 2 == 0 }
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
    /// Bakes that compare with members that are not patched.
    let comparing: Set<StepID>
    /// Members that somebody has taken out of a group for good, or for a while.
    var removed: [GroupID: Set<ResourceID>] = [:]
    /// This run keeps them out for good.
    var keptOut: Set<ResourceID> = []
    var hypervisors: HypervisorWorld
    var clusters: [GroupID: ClusterWorld] = [:]
    var sides: [GroupID: SideWorld] = [:]
    /// By group, the members of each of its redundant paths.
    let paths: [GroupID: [[ResourceID]]]
    /// By name and version.
    var images: Set<String> = []
    var underWay: [PartUnderWay] = []
    /// Hypervisors that the plan empties, and the machines that it says each takes down.
    let emptied: Set<ResourceID>
    let interrupted: [ResourceID: Set<String>]
    /// What takes a resource down with it, by the plan.
    let carriers: [ResourceID: [ResourceID]]

    init(_ plan: Plan, _ surroundings: DisasterSurroundings = .none) {
        hypervisors = HypervisorWorld(surroundings.hypervisors, plan)
        paths = surroundings.sides
        var emptied: Set<ResourceID> = []
        var interrupted: [ResourceID: Set<String>] = [:]
        var carriers: [ResourceID: [ResourceID]] = [:]
        for target in plan.targets {
            for carried in target.carries { carriers[carried, default: []].append(target.resource) }
            for machine in target.interrupts ?? [] { interrupted[target.resource, default: []].insert(machine.machine) }
        }
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
        comparing = Set(
            plan.steps.filter { step in
                if case .bake(_, _, _, let judgement?) = step.action { !judgement.controls.isEmpty } else { false }
            }.map(\.id))
        gated = (gates(plan.steps), gates(plan.rollback))
        // What only has to be restarted runs the earlier code of packages that are right already.
        var changed: Set<ResourceID> = []
        var restarted: Set<ResourceID> = []
        for step in plan.steps {
            switch step.action {
            case .changePackages, .replaceImage: changed.insert(step.resource)
            case .restartServices: restarted.insert(step.resource)
            case .reboot:
                hosts[step.resource]?.needsReboot = false
                restarted.insert(step.resource)
            case .upgradeThroughController(let upgrade): changed.formUnion(upgrade.members)
            case .evacuate(_, let staying):
                emptied.insert(step.resource)
                interrupted[step.resource, default: []].formUnion(staying ?? [])
            default: break
            }
        }
        self.changed = changed
        undone = Set(
            plan.rollback.filter { if case .changePackages = $0.action { true } else { false } }.map(\.resource))
        self.emptied = emptied
        self.interrupted = interrupted
        self.carriers = carriers
        addGroupsOfTheirOwnKind(plan, surroundings)
        for host in restarted.subtracting(changed) { hosts[host]?.installed = .after }
    }

    private mutating func addGroupsOfTheirOwnKind(_ plan: Plan, _ surroundings: DisasterSurroundings) {
        for group in plan.groups where surroundings.clusters.contains(group.id) {
            clusters[group.id] = ClusterWorld(members: group.members, leader: surroundings.leaders[group.id])
        }
        for step in plan.steps {
            switch step.action {
            case .handOver(let handover) where clusters[handover.cluster] == nil:
                guard let group = groups[handover.cluster] else { continue }
                clusters[handover.cluster] = ClusterWorld(
                    members: group.members, leader: surroundings.leaders[handover.cluster] ?? group.members.last)
            case .switchTraffic(let turn) where !turn.from.isEmpty:
                sides[turn.group] = SideWorld(blue: Set(turn.from), green: Set(turn.to), serving: Set(turn.from))
            default: break
            }
        }
    }

    subscript(_ resource: ResourceID) -> Host {
        get { hosts[resource] ?? Host() }
        // In its place, and not as a copy that is put back.
        _modify { yield &hosts[resource, default: Host()] }
    }

    /// - Parameter depth: a machine may run on a machine, but not without end.
    func isReachable(_ resource: ResourceID, at now: Int64, depth: Int = 0) -> Bool {
        let host = self[resource]
        guard host.awayUntil <= now, !host.isTakenThrough else { return false }
        guard !hypervisors.isEmpty, depth < 4, let carrier = hypervisors.carrier(of: resource) else { return true }
        return isReachable(carrier, at: now, depth: depth + 1)
    }

    func isWell(_ resource: ResourceID, at now: Int64) -> Bool {
        let host = self[resource]
        guard host.isWell, !host.isHalfConfigured, host.unwellUntil <= now, isReachable(resource, at: now) else {
            return false
        }
        return host.flaps?.isUnwell(at: now) != true
    }

    /// What an observer sees who asks the balancer and the host.
    func health(of member: ResourceID, in group: GroupID, at now: Int64) -> MemberHealth {
        let host = self[member]
        if removed[group]?.contains(member) == true { return .unknown(reason: "is no member any more") }
        guard isReachable(member, at: now) else { return .unknown(reason: "does not answer") }
        guard isWell(member, at: now) else { return .unhealthy(reason: "its probe fails") }
        if carriers[member]?.contains(where: { self[$0].isReserved }) == true {
            return .unhealthy(reason: "goes down with its host")
        }
        return isTakenOut(host, of: group) ? .unhealthy(reason: "is drained") : .healthy
    }

    /// Where no balancer sends requests, being worked on is all there is of being out.
    private func isTakenOut(_ host: Host, of group: GroupID) -> Bool {
        guard groups[group]?.traffic != nil, sides[group] == nil else { return host.isReserved }
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
        return (groupsOf[resource] ?? []).contains { group in
            if removed[group]?.contains(resource) == true { return false }
            if let side = sides[group] { return side.serving.contains(resource) }
            return !isTakenOut(host, of: group)
        }
    }

    /// Groups that lose a member by the step: of its resource and of all that goes down with it; of a controller, those of the
    /// batch that it takes next.
    func groupsTouched(by step: Step, part: Int = 0) -> [GroupID] {
        var resources = [step.resource]
        switch step.action {
        case .upgradeThroughController(let upgrade):
            resources = upgrade.batches.indices.contains(part / 2) ? upgrade.batches[part / 2] : []
        case .switchTraffic(let turn): return [turn.group]
        default: break
        }
        let carried = carriers.filter { $0.value.contains(step.resource) }.map(\.key)
        return Set((resources + carried).flatMap { groupsOf[$0] ?? [] }).sorted()
    }
}
