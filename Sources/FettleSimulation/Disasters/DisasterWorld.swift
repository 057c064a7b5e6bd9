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
        /// What its disks have in a snapshot that is there.
        var snapshot: Version?
        /// Shut down for good.
        var isRetired = false
        /// It is well and unwell by turns.
        var flaps: Flapping?

        func isAway(at now: Int64) -> Bool { awayUntil > now || isTakenThrough }

        /// Wholly, by a run that has not taken it back.
        var isPatched: Bool { installed == .after && patches > returns && !isHalfConfigured }

        /// If it can be reached.
        func isWell(at now: Int64) -> Bool {
            isWell && !isHalfConfigured && unwellUntil <= now && flaps?.isUnwell(at: now) != true
        }

        /// Something that passes kept it from being well at that time or since.
        func wasUnwell(since time: Int64) -> Bool { max(unwellUntil, awayUntil, flaps?.until ?? .min) > time }
    }

    struct Flapping: Sendable {
        var from: Int64
        var until: Int64
        var period: Int64

        func isUnwell(at now: Int64) -> Bool { from <= now && now < until && (now - from) / period % 2 == 0 }
    }

    /// By number: looked at again and again.
    private(set) var hosts: [Host]
    private(set) var numbers = HostNumbers()
    let groups: [GroupID: PlannedGroup]
    let groupsOf: [ResourceID: [GroupID]]
    /// Of each group, each once, by number.
    private let members: [GroupID: [Int]]
    /// By number, what takes a host down with it by the plan.
    private var carriersOf: [[Int]]
    /// By number, whether the plan changes the packages of the host.
    private(set) var isChanged: [Bool]
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
    /// Those that a run has taken over from another as they were.
    var takenOver: Set<ResourceID> = []
    /// Of which a person has had a step skipped.
    var skipped: Set<ResourceID> = []
    /// This run keeps them out for good.
    var keptOut: Set<ResourceID> = []
    var hypervisors: HypervisorWorld
    var clusters: [GroupID: ClusterWorld] = [:]
    var sides: [GroupID: SideWorld] = [:]
    /// By group, the members of each of its redundant paths.
    let paths: [GroupID: [[ResourceID]]]
    /// By name and version.
    var images: Set<String> = []
    /// Machines that were kept when others took their place, and are removed.
    var discarded: Set<String> = []
    /// Machines whose snapshots cannot be removed.
    var unmergeable: Set<ResourceID> = []
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
        for target in plan.targets { _ = numbers.number(adding: target.resource) }
        var members: [GroupID: [Int]] = [:]
        for group in plan.groups {
            let own = Set(group.members).sorted()
            var places: [Int] = []
            for member in own { places.append(numbers.number(adding: member)) }
            members[group.id] = members[group.id] ?? places
            for member in own { groupsOf[member, default: []].append(group.id) }
        }
        hosts = numbers.ids.map { _ in Host() }
        carriersOf = numbers.ids.map { _ in [] }
        for (carried, places) in carriers {
            guard let place = numbers[carried] else { continue }
            for carrier in places { if let number = numbers[carrier] { carriersOf[place].append(number) } }
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
            case .reboot: restarted.insert(step.resource)
            case .upgradeThroughController(let upgrade): changed.formUnion(upgrade.members)
            case .evacuate(_, let staying):
                emptied.insert(step.resource)
                interrupted[step.resource, default: []].formUnion(staying ?? [])
            default: break
            }
        }
        self.changed = changed
        isChanged = numbers.ids.map { _ in false }
        undone = Set(
            plan.rollback.filter { step in
                switch step.action {
                case .changePackages, .revert: true
                default: false
                }
            }.map(\.resource))
        self.emptied = emptied
        self.interrupted = interrupted
        self.carriers = carriers
        addGroupsOfTheirOwnKind(plan, surroundings)
        for host in restarted.subtracting(changed) {
            if let place = numbers[host] { hosts[place].installed = .after }
        }
        for host in changed { if let place = numbers[host] { isChanged[place] = true } }
    }

    /// All hosts, sorted.
    var names: [ResourceID] { numbers.names }

    private mutating func number(adding resource: ResourceID) -> Int {
        let number = numbers.number(adding: resource)
        if number == hosts.count {
            hosts.append(Host())
            isChanged.append(changed.contains(resource))
            carriersOf.append((carriers[resource] ?? []).compactMap { numbers[$0] })
        }
        return number
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
        // In its place, and not as a copy that is put back.
        _read {
            if let number = numbers[resource] { yield hosts[number] } else { yield Host() }
        }
        _modify {
            let number = number(adding: resource)
            yield &hosts[number]
        }
    }

    /// - Parameter depth: a machine may run on a machine, but not without end.
    func isReachable(_ resource: ResourceID, at now: Int64, depth: Int = 0) -> Bool {
        if let number = numbers[resource], hosts[number].isAway(at: now) { return false }
        guard !hypervisors.isEmpty, depth < 4, let carrier = hypervisors.carrier(of: resource) else { return true }
        return isReachable(carrier, at: now, depth: depth + 1)
    }

    private func isReachable(_ number: Int, at now: Int64) -> Bool {
        if hosts[number].isAway(at: now) { return false }
        return hypervisors.isEmpty || isReachable(numbers.ids[number], at: now)
    }

    func isWell(_ resource: ResourceID, at now: Int64) -> Bool {
        if let number = numbers[resource] { return isWell(number, at: now) }
        return isReachable(resource, at: now)
    }

    private func isWell(_ number: Int, at now: Int64) -> Bool {
        hosts[number].isWell(at: now) && isReachable(number, at: now)
    }

    /// What an observer sees who asks the balancer and the host.
    func health(of member: ResourceID, in group: GroupID, at now: Int64) -> MemberHealth {
        if !removed.isEmpty, removed[group]?.contains(member) == true {
            return .unknown(reason: "is no member any more")
        }
        guard let number = numbers[member] else {
            return isReachable(member, at: now) ? .healthy : .unknown(reason: "does not answer")
        }
        guard isReachable(number, at: now) else { return .unknown(reason: "does not answer") }
        guard isWell(number, at: now) else { return .unhealthy(reason: "its probe fails") }
        if carriersOf[number].contains(where: { hosts[$0].isReserved }) {
            return .unhealthy(reason: "goes down with its host")
        }
        return isTakenOut(number, of: group, isDriven: isDriven(group)) ? .unhealthy(reason: "is drained") : .healthy
    }

    /// Whether a balancer sends its members requests, one by one.
    private func isDriven(_ group: GroupID) -> Bool {
        groups[group]?.traffic != nil && (sides.isEmpty || sides[group] == nil)
    }

    /// Where no balancer sends requests, being worked on is all there is of being out.
    private func isTakenOut(_ number: Int, of group: GroupID, isDriven: Bool) -> Bool {
        guard isDriven else { return hosts[number].isReserved }
        return hosts[number].drained.contains(group) || hosts[number].foreign.contains(group)
    }

    /// How many members of a group serve: those whose `health` is so.
    func serving(_ group: PlannedGroup, at now: Int64) -> Int {
        let isDriven = isDriven(group.id)
        let removed = removed[group.id] ?? []
        return (members[group.id] ?? []).count { number in
            isWell(number, at: now) && !isTakenOut(number, of: group.id, isDriven: isDriven)
                && !carriersOf[number].contains { hosts[$0].isReserved }
                && (removed.isEmpty || !removed.contains(numbers.ids[number]))
        }
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
        guard let number = numbers[resource] else { return false }
        return (groupsOf[resource] ?? []).contains { group in
            if !removed.isEmpty, removed[group]?.contains(resource) == true { return false }
            if !sides.isEmpty, let side = sides[group] { return side.serving.contains(resource) }
            return !isTakenOut(number, of: group, isDriven: isDriven(group))
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
