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
    /// Names that stay installed in an architecture that is not among the changes.
    let untouchedNames: Set<String>
    /// Why a reboot is expected, sorted; empty if none is.
    let rebootReasons: [String]
    /// Groups whose traffic it carries, sorted. Not empty for a load balancer.
    let serves: [GroupID]
    /// Every probe of its groups, each once, in the order of the groups.
    let probes: [Probe]
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
        probes = groups.count == 1 ? groups[0].probes.withoutRepetition() : groups.flatMap(\.probes).withoutRepetition()
    }

    var id: ResourceID { resource.id }
    var isBalancer: Bool { !serves.isEmpty }
    /// The machine that Fettle runs on (I12), or one that takes it down.
    var isOwn: Bool { resource.address.transport == .local || residence?.carriesOwn == true }
    /// An image's earlier version is there as long as the template is.
    var isReversible: Bool {
        if case .replaced = role { return true }
        return resolution.unavailableEarlier.isEmpty
    }

    /// - Parameters:
    ///   - rank: nil: its own.
    ///   - serves: nil: its own.
    func playing(_ role: HostRole, environmentRank rank: Int? = nil, serves: [GroupID]? = nil) -> HostWork {
        var isEmptiedByPlan = true
        switch role {
        case .passenger, .retired: isEmptiedByPlan = false
        case .patched, .replaced, .controller: break
        }
        return HostWork(
            resource: resource, environmentRank: rank ?? environmentRank, groups: groups, findings: findings,
            resolution: resolution, changes: changes, present: present, untouchedNames: untouchedNames,
            rebootReasons: rebootReasons, serves: serves ?? self.serves, residence: isEmptiedByPlan ? residence : nil,
            home: home, role: role)
    }

    /// How the host must look before (`\.from`) or after (`\.to`) the change.
    func expectation(
        _ side: KeyPath<PackageChange, String?>, noStaleServicesExcept: [String]? = nil, noRebootPending: Bool = false
    ) -> HostExpectation {
        let changed = changes.compactMap { change in
            change[keyPath: side].map {
                PackageVersion(name: change.name, architecture: change.architecture, version: $0)
            }
        }
        // An expectation of absence names no architecture: it only holds if the package is absent in all of them.
        let elsewhere = Set(changed.map(\.name)).union(untouchedNames)
        let absent = Set(changes.filter { $0[keyPath: side] == nil }.map(\.name)).subtracting(elsewhere)
        return HostExpectation(
            packages: (changed + present).sorted(), absentPackages: absent.sorted(),
            noStaleServicesExcept: noStaleServicesExcept, noRebootPending: noRebootPending)
    }
}

extension [Probe] {
    /// The array itself where nothing is there twice, so that a pool's hosts share it.
    fileprivate func withoutRepetition() -> [Probe] {
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
        var result: [HostWork] = []
        let ranks = Dictionary(
            input.fleet.environments.enumerated().map { ($0.element.id, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        for entry in input.selection.leftOut {
            notes.leaveOut(entry.resource, subject: entry.subject, because: entry.reason)
        }
        for selected in input.selection.hosts.sorted(by: { $0.resource < $1.resource }) {
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
            guard
                let work = work(
                    on: resource, rank: rank, selected: selected, input, index, notes: &notes)
            else { continue }
            result.append(work)
        }
        return result.sorted { $0.id < $1.id }
    }

    private static func work(
        on resource: Resource, rank: Int, selected: HostSelection, _ input: PlanningInput, _ index: PlanningIndex,
        notes: inout PlanNotes
    ) -> HostWork? {
        guard let facts = index.facts(of: resource.id) else {
            notes.leaveOut(resource.id, because: "the facts know nothing of it; scan again")
            return nil
        }
        if case .unreachable(let reason) = facts.reachability {
            notes.leaveOut(resource.id, because: "unreachable: \(reason)")
            return nil
        }
        guard case .observed(let packages) = facts.packages else {
            notes.leaveOut(
                resource.id, because: "installed packages not observed: \(facts.packages.reasonMissing ?? "unknown")")
            return nil
        }
        let broken = facts.brokenPackages.value ?? []
        let manager = selected.resolution.manager
        let installed = InstalledVersions(packages.filter { $0.manager == manager }, broken: broken)
        guard let changes = remaining(selected.resolution.changes, on: resource, installed: installed, notes: &notes)
        else { return nil }
        let rebootReasons = rebootReasons(selected.resolution, facts: facts, policy: input.policy, changes: changes)
        guard !changes.isEmpty || needsRestart(facts, input.policy) || needsReboot(facts, input.policy) else {
            return nil
        }
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
        return changes.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }

    static func needsRestart(_ facts: HostFacts, _ policy: Policy) -> Bool {
        (facts.staleServices.value ?? []).contains { service in
            !service.unit.isEmpty && policy.neverRestart.firstGlob(matchingAnyOf: [service.unit]) == nil
        }
    }

    static func needsReboot(_ facts: HostFacts, _ policy: Policy) -> Bool {
        policy.reboot != .never && facts.rebootRequired.value?.isRequired == true
    }

    private static func rebootReasons(
        _ resolution: Resolution, facts: HostFacts, policy: Policy, changes: [PackageChange]
    ) -> [String] {
        var reasons: Set<String> = []
        if case .expected(let because) = resolution.reboot, !changes.isEmpty {
            reasons.formUnion(because.isEmpty ? ["the resolver expects it"] : because)
        }
        if let required = facts.rebootRequired.value, required.isRequired {
            reasons.formUnion(required.packages.isEmpty ? ["already pending"] : required.packages)
        }
        if policy.reboot == .always { reasons.insert("policy: always") }
        return reasons.sorted()
    }
}

/// What is installed on a host, broken packages at the version they broke at.
private struct InstalledVersions {
    private var versions: [Key: Set<String>] = [:]
    private var broken: Set<Key> = []

    private struct Key: Hashable {
        var name: String
        var architecture: String
    }

    init(_ packages: [InstalledPackage], broken: [BrokenPackage]) {
        for package in packages {
            versions[Key(name: package.name, architecture: package.architecture), default: []].insert(package.version)
        }
        for package in broken {
            let key = Key(name: package.name, architecture: package.architecture)
            versions[key] = [package.version]
            self.broken.insert(key)
        }
    }

    /// Those of the wanted versions that are installed and that the changes leave alone, sorted.
    func present(_ wanted: [PackageVersion], butFor changes: [PackageChange]) -> [PackageVersion] {
        let touched = Set(changes.map { Key(name: $0.name, architecture: $0.architecture) })
        return Set(wanted).filter { package in
            let key = Key(name: package.name, architecture: package.architecture)
            return !touched.contains(key) && versions[key]?.contains(package.version) == true
        }.sorted()
    }

    func names(untouchedBy changes: [PackageChange]) -> Set<String> {
        let touched = Set(changes.map { Key(name: $0.name, architecture: $0.architecture) })
        return Set(versions.keys.filter { !touched.contains($0) }.map(\.name))
    }

    func isBroken(_ change: PackageChange) -> Bool {
        broken.contains(Key(name: change.name, architecture: change.architecture))
    }

    /// Several versions of one package (kernels under rpm) count as the one that the change speaks of.
    func version(of change: PackageChange) -> String? {
        let installed = versions[Key(name: change.name, architecture: change.architecture)] ?? []
        if let to = change.to, installed.contains(to) { return to }
        if let from = change.from, installed.contains(from) { return from }
        return installed.min()
    }
}
