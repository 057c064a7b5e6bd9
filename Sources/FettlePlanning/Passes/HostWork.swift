import FettleModel

/// What is to be done on one host: the first pass's result. A class, because every pass hands it on.
final class HostWork: Sendable {
    let resource: Resource
    /// The place of its environment in the fleet's order of promotion.
    let environmentRank: Int
    /// Sorted by id.
    let groups: [ResourceGroup]
    let findings: [FindingID]
    let resolution: Resolution
    /// What is still to be changed, sorted by name and architecture. Empty where only a restart or a reboot is missing.
    let changes: [PackageChange]
    /// What was asked for and is already there: proves a host on which only a restart or a reboot is missing. Sorted.
    let present: [PackageVersion]
    /// Names among the changes that stay installed in an architecture that is not among them.
    let untouchedNames: Set<String>
    /// Why a reboot is expected, sorted; empty if none is.
    let rebootReasons: [String]
    /// Groups whose traffic it carries, sorted. Not empty for a load balancer.
    let serves: [GroupID]
    /// Every probe of its groups, each once, in the order of the groups; but for what a person is asked.
    let probes: [Probe]
    /// What a person is asked of it.
    let questions: [Probe]
    /// What runs on it; nil for all but hypervisors.
    let residence: Residence?
    /// The hypervisor that it runs on, as far as the facts know.
    let home: ResourceID?
    let role: HostRole

    init(
        resource: Resource, environmentRank: Int, groups: [ResourceGroup], findings: [FindingID],
        resolution: Resolution, changes: [PackageChange], present: [PackageVersion], untouchedNames: Set<String>,
        rebootReasons: [String], serves: [GroupID], residence: Residence? = nil, home: ResourceID? = nil,
        role: HostRole = .patched
    ) {
        self.resource = resource
        self.environmentRank = environmentRank
        self.groups = groups
        self.findings = findings
        self.resolution = resolution
        self.changes = changes
        self.present = present
        self.untouchedNames = untouchedNames
        self.rebootReasons = rebootReasons
        self.serves = serves
        self.residence = residence
        self.home = home
        self.role = role
        let all =
            groups.count == 1 ? groups[0].probes.withoutRepetition() : groups.flatMap(\.probes).withoutRepetition()
        questions = all.filter(\.isManual)
        probes = questions.isEmpty ? all : all.filter { !$0.isManual }
    }

    var id: ResourceID { resource.id }
    var isBalancer: Bool { !serves.isEmpty }
    /// The machine that Fettle runs on (I12), or one that takes it down.
    var isOwn: Bool { resource.address.transport == .local || residence?.carriesOwn == true }
    /// An image's earlier version is there as long as the template is; in a snapshot all is.
    var isReversible: Bool {
        switch role {
        case .replaced, .snapshotted: return true
        default: break
        }
        return resolution.unavailableEarlier.isEmpty
    }

    /// - Parameters:
    ///   - rank: nil: its own.
    ///   - serves: nil: its own.
    func playing(_ role: HostRole, environmentRank rank: Int? = nil, serves: [GroupID]? = nil) -> HostWork {
        var isEmptiedByPlan = true
        switch role {
        case .passenger, .retired: isEmptiedByPlan = false
        case .patched, .replaced, .snapshotted, .controller: break
        }
        return HostWork(
            resource: resource, environmentRank: rank ?? environmentRank, groups: groups, findings: findings,
            resolution: resolution, changes: changes, present: present, untouchedNames: untouchedNames,
            rebootReasons: rebootReasons, serves: serves ?? self.serves, residence: isEmptiedByPlan ? residence : nil,
            home: home, role: role)
    }

    /// Whether the changes of both are the same, and so what is expected before and after them.
    func isChanged(like other: HostWork) -> Bool {
        changes == other.changes && present == other.present && untouchedNames == other.untouchedNames
    }

    /// How the host must look on this side of the change.
    func expectation(
        _ side: ChangeSide, noStaleServicesExcept: [String]? = nil, noRebootPending: Bool = false
    ) -> HostExpectation {
        let changed = changes.compactMap { change in
            side.version(change).map {
                PackageVersion(name: change.name, architecture: change.architecture, version: $0)
            }
        }
        // An expectation of absence names no architecture: it only holds if the package is absent in all of them.
        let elsewhere = Set(changed.map(\.name)).union(untouchedNames)
        let absent = Set(changes.filter { side.version($0) == nil }.map(\.name)).subtracting(elsewhere)
        return HostExpectation(
            packages: (changed + present).sorted(), absentPackages: absent.sorted(),
            noStaleServicesExcept: noStaleServicesExcept, noRebootPending: noRebootPending)
    }
}

/// Before a change, or after it.
enum ChangeSide {
    case from, to

    func version(_ change: PackageChange) -> String? {
        switch self {
        case .from: change.from
        case .to: change.to
        }
    }
}

extension [Probe] {
    /// The array itself where nothing is there twice, so that a pool's hosts share it.
    fileprivate func withoutRepetition() -> [Probe] {
        if count < 2 { return self }
        var seen: Set<Probe> = []
        return allSatisfy { seen.insert($0).inserted }
            ? self
            : reduce(into: []) { result, probe in
                if !result.contains(probe) { result.append(probe) }
            }
    }
}

/// Pass 1: which hosts get steps, and what is left out.
enum WorkPass {
    static func collect(_ input: PlanningInput, _ index: PlanningIndex, notes: inout PlanNotes) -> [HostWork] {
        let ranks = Dictionary(
            input.fleet.environments.enumerated().map { ($0.element.id, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        for entry in input.selection.leftOut {
            notes.leaveOut(entry.resource, subject: entry.subject, because: entry.reason)
        }
        let selected = input.selection.hosts.sortedUnlessSorted { $0.resource < $1.resource }
        // Who is looked at has nothing to do with anybody else: two halves, each with notes of its own.
        let middle = selected.count / 2
        let (first, second) = both(
            of: selected.count, { half(selected[..<middle], ranks, input, index) },
            { half(selected[middle...], ranks, input, index) })
        notes.add(first.notes)
        notes.add(second.notes)
        return (first.hosts + second.hosts).sortedUnlessSorted { $0.id < $1.id }
    }

    private static func half(
        _ selected: ArraySlice<HostSelection>, _ ranks: [EnvironmentID: Int], _ input: PlanningInput,
        _ index: PlanningIndex
    ) -> (hosts: [HostWork], notes: PlanNotes) {
        var hosts: [HostWork] = []
        var notes = PlanNotes()
        for selected in selected {
            guard let resource = index.resource(selected.resource) else {
                notes.refuse(
                    .unknownName, at: .resource(selected.resource),
                    "\(selected.resource): selected, but the fleet does not declare it; select again")
                continue
            }
            guard input.environments.isEmpty || input.environments.contains(resource.environment) else { continue }
            guard let rank = ranks[resource.environment] else {
                notes.refuse(
                    .unknownName, at: .resource(resource.id),
                    "\(resource.id): its environment \(resource.environment) is not declared in the fleet")
                continue
            }
            guard let work = work(on: resource, rank: rank, selected: selected, input, index, notes: &notes)
            else { continue }
            hosts.append(work)
        }
        return (hosts, notes)
    }

    private static func work(
        on resource: Resource, rank: Int, selected: HostSelection, _ input: PlanningInput, _ index: PlanningIndex,
        notes: inout PlanNotes
    ) -> HostWork? {
        guard let place = index.placeOfFacts(of: resource.id) else {
            notes.leaveOut(resource.id, because: "the facts know nothing of it; scan again")
            return nil
        }
        if case .unreachable(let reason) = index.facts[place].reachability {
            notes.leaveOut(resource.id, because: "unreachable: \(reason)")
            return nil
        }
        guard case .observed(let packages) = index.facts[place].packages else {
            let reason = index.facts[place].packages.reasonMissing ?? "unknown"
            notes.leaveOut(resource.id, because: "installed packages not observed: \(reason)")
            return nil
        }
        let broken = index.facts[place].brokenPackages.value ?? []
        let manager = selected.resolution.manager
        let installed = InstalledVersions(
            packages, of: manager, broken: broken, changes: selected.resolution.changes, wanted: selected.wanted)
        guard let changes = remaining(selected.resolution.changes, on: resource, installed: installed, notes: &notes)
        else { return nil }
        let required = index.facts[place].rebootRequired.value
        let rebootReasons = rebootReasons(selected.resolution, required, policy: input.policy, changes: changes)
        let stale = index.facts[place].staleServices.value ?? []
        let needsReboot = input.policy.reboot != .never && required?.isRequired == true
        guard !changes.isEmpty || needsRestart(stale, input.policy) || needsReboot else { return nil }
        let groups = index.groups(of: resource.id)
        let serves = index.served[resource.id] ?? []
        let residence = Residence(of: resource.id, in: groups, index, input.policy)
        guard mayBeInterrupted(resource, serves: serves, groups: groups, input: input, notes: &notes),
            mayGoDown(resource, residence, in: groups, input, index, notes: &notes)
        else { return nil }
        return HostWork(
            resource: resource, environmentRank: rank, groups: groups, findings: selected.findings,
            resolution: selected.resolution, changes: changes,
            present: installed.present(selected.wanted, butFor: changes),
            untouchedNames: installed.names(untouchedBy: changes), rebootReasons: rebootReasons,
            serves: index.served(by: resource.id, residence), residence: residence,
            home: index.residency.homes[resource.id])
    }

    /// The changes, if the host is still as the resolver saw it; none if it already is as wanted; nil if it is neither.
    private static func remaining(
        _ changes: [PackageChange], on resource: Resource, installed: InstalledVersions, notes: inout PlanNotes
    ) -> [PackageChange]? {
        if changes.allSatisfy({ installed.version(of: $0) == $0.to && !installed.isBroken($0) }) { return [] }
        let moved = changes.filter { installed.version(of: $0) != $0.from }
        guard moved.isEmpty else {
            let names = moved.prefix(3).map { change in
                "\(change.name) is \(installed.version(of: change) ?? "not installed")"
                    + " instead of \(change.from ?? "not installed")"
            }
            notes.refuse(
                .selectionOutdated, at: .resource(resource.id),
                "\(resource.id): changed since its resolver answered (\(names.joined(separator: ", "))"
                    + "\(moved.count > 3 ? ", and \(moved.count - 3) more" : "")); select again")
            return nil
        }
        return changes.sortedUnlessSorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }

    private static func needsRestart(_ stale: [StaleService], _ policy: Policy) -> Bool {
        stale.contains { service in
            !service.unit.isEmpty && policy.neverRestart.firstGlob(matchingAnyOf: [service.unit]) == nil
        }
    }

    private static func rebootReasons(
        _ resolution: Resolution, _ required: RebootRequirement?, policy: Policy, changes: [PackageChange]
    ) -> [String] {
        var reasons: Set<String> = []
        if case .expected(let because) = resolution.reboot, !changes.isEmpty {
            reasons.formUnion(because.isEmpty ? ["the resolver expects it"] : because)
        }
        if let required, required.isRequired {
            reasons.formUnion(required.packages.isEmpty ? ["already pending"] : required.packages)
        }
        if policy.reboot == .always { reasons.insert("policy: always") }
        return reasons.sorted()
    }
}
