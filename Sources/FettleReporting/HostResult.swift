public import FettleModel

/// What became of one host: before, after, and whether the two are as the plan promised.
public struct HostResult: Codable, Sendable, Equatable {
    public var resource: ResourceID
    public var environment: EnvironmentID
    public var changes: [Change]
    public var findingsBefore: Int
    /// nil: facts were not collected afterwards, so nothing is claimed.
    public var findingsAfter: Int?
    public var bootIDChanged: Bool?
    /// Services that still run replaced code because policy forbids to restart them, sorted: the next reboot ends that.
    public var leftRunning: [String]
    public var verdict: Verdict

    public struct Change: Codable, Sendable, Equatable {
        public var name: String
        public var planned: PackageChange
        /// The version seen before and after; nil where the package or the facts were absent.
        public var before: String?
        public var after: String?
    }

    public enum Verdict: String, Codable, Sendable, CaseIterable {
        /// Every package is at the planned version, no reboot is pending, and nothing old runs but what the approved plan left
        /// alone (see `leftRunning`).
        case patched
        /// The same, and this run did nothing to bring it about: somebody else did.
        case already
        /// The versions are there, but old code still runs or a reboot is pending.
        case pending
        /// Every package is at the version it had before: nothing was changed.
        case unchanged
        /// ... because the run put it back there.
        case takenBack
        /// Some are at other versions than before and than planned.
        case mixed
        /// It was shut down for good, and gives no sign.
        case retired
        /// It was shut down for good, and answers again.
        case returned
        case unreachable
        case notObserved
    }

    public static func all(of evidence: Evidence) -> [HostResult] {
        let index = EvidenceIndex(evidence)
        return evidence.plan.targets.map { result(of: $0, in: index) }
    }

    private static func result(of target: PlanTarget, in index: EvidenceIndex) -> HostResult {
        let steps = index.steps[target.resource] ?? []
        let hostBefore = index.before[target.resource]
        let hostAfter = index.after?[target.resource]
        let before = hostBefore.flatMap(versions)
        let after = hostAfter.flatMap(versions)
        let changes = plannedChanges(of: steps, before: before ?? [:]).map { change in
            let key = "\(change.name):\(change.architecture)"
            return Change(name: change.name, planned: change, before: before?[key], after: after?[key])
        }
        let exceptions = steps.flatMap { step -> [String] in
            guard case .verify(let expectation) = step.action else { return [] }
            return expectation.noStaleServicesExcept ?? []
        }
        let bootIDs = [hostBefore?.boot.value?.bootID, hostAfter?.boot.value?.bootID].compactMap { $0 }
        return HostResult(
            resource: target.resource, environment: target.environment, changes: changes,
            findingsBefore: index.findingsBefore[target.resource] ?? 0,
            // Of a host that did not tell its packages or updates nothing was found, and nothing is claimed.
            findingsAfter: after == nil || hostAfter?.updates.value == nil
                ? nil : index.findingsAfter.map { $0[target.resource] ?? 0 },
            bootIDChanged: bootIDs.count == 2 ? bootIDs[0] != bootIDs[1] : nil,
            leftRunning: staleUnits(hostAfter).filter { exceptions.firstGlob(matchingAnyOf: [$0]) != nil },
            verdict: index.retired.contains(target.resource)
                ? retirement(hostAfter)
                : verdict(
                    changes, after: after, facts: hostAfter, except: exceptions,
                    isToRetire: steps.contains { $0.action == .retire },
                    wasReturned: index.returned.contains(target.resource),
                    wasChanged: index.changed.contains(target.resource)))
    }

    /// What an image brings is not changed there by any step: it is what the plan asks of the host afterwards.
    private static func plannedChanges(of steps: [Step], before: [String: String]) -> [PackageChange] {
        let isReplaced = steps.contains { if case .replaceImage = $0.action { true } else { false } }
        return steps.flatMap { step -> [PackageChange] in
            switch step.action {
            case .changePackages(let transaction): return transaction.changes
            case .verify(let expectation) where isReplaced:
                return expectation.packages.compactMap { package in
                    let earlier = before["\(package.name):\(package.architecture)"]
                    guard earlier != package.version else { return nil }
                    return PackageChange(
                        name: package.name, architecture: package.architecture, from: earlier, to: package.version)
                }
            default: return []
            }
        }
    }

    private static func versions(_ host: HostFacts) -> [String: String]? {
        host.packages.value.map { packages in
            Dictionary(
                packages.map { ("\($0.name):\($0.architecture)", $0.version) }, uniquingKeysWith: { _, last in last })
        }
    }

    private static func staleUnits(_ facts: HostFacts?) -> [String] {
        (facts?.staleServices.value ?? []).map(\.unit).sorted()
    }

    private static func retirement(_ facts: HostFacts?) -> Verdict {
        guard let facts else { return .notObserved }
        return facts.reachability == .reachable ? .returned : .retired
    }

    private static func verdict(
        _ changes: [Change], after: [String: String]?, facts: HostFacts?, except exceptions: [String], isToRetire: Bool,
        wasReturned: Bool, wasChanged: Bool
    ) -> Verdict {
        guard let facts else { return .notObserved }
        if case .unreachable = facts.reachability { return .unreachable }
        guard after != nil else { return .notObserved }
        if isToRetire { return .unchanged }
        if changes.allSatisfy({ $0.after == $0.planned.to }) {
            let isOldRunning = staleUnits(facts).contains { exceptions.firstGlob(matchingAnyOf: [$0]) == nil }
            let isPending = isOldRunning || facts.rebootRequired.value?.isRequired == true
            return isPending ? .pending : wasChanged || changes.isEmpty ? .patched : .already
        }
        guard changes.allSatisfy({ $0.after == $0.before }) else { return .mixed }
        return wasReturned ? .takenBack : .unchanged
    }
}

/// Evidence by host, gone through once: a run of many hosts has many more steps, and each host is asked for its own.
private struct EvidenceIndex {
    var before: [ResourceID: HostFacts]
    /// nil: nobody has looked.
    var after: [ResourceID: HostFacts]?
    /// Those of the way forward.
    var steps: [ResourceID: [Step]]
    /// Hosts on which a step of the way back changed packages, or put the disks back.
    var returned: Set<ResourceID>
    /// Whose change was carried out to its end by the run's own step.
    var changed: Set<ResourceID>
    /// Who was shut down for good.
    var retired: Set<ResourceID>
    var findingsBefore: [ResourceID: Int]
    var findingsAfter: [ResourceID: Int]?

    init(_ evidence: Evidence) {
        before = Self.hosts(evidence.before)
        after = evidence.after.map(Self.hosts)
        steps = Dictionary(grouping: evidence.plan.steps, by: \.resource)
        findingsBefore = Self.open(evidence.findingsBefore)
        findingsAfter = evidence.findingsAfter.map(Self.open)
        var returns: [StepID: ResourceID] = [:]
        for step in evidence.plan.rollback {
            switch step.action {
            case .changePackages, .replaceImage, .revert: returns[step.id] = step.resource
            default: break
            }
        }
        var changes: [StepID: Set<ResourceID>] = [:]
        var retirements: [StepID: ResourceID] = [:]
        for step in evidence.plan.steps {
            switch step.action {
            case .changePackages, .replaceImage: changes[step.id] = [step.resource]
            case .retire: retirements[step.id] = step.resource
            case .upgradeThroughController(let upgrade): changes[step.id] = Set(upgrade.members)
            default: break
            }
        }
        (returned, changed, retired) = ([], [], [])
        for record in evidence.journal {
            guard case .stepDone(let step, _, _) = record.event else { continue }
            if let resource = returns[step] { returned.insert(resource) }
            changed.formUnion(changes[step] ?? [])
            if let resource = retirements[step] { retired.insert(resource) }
        }
    }

    private static func hosts(_ facts: FactSet) -> [ResourceID: HostFacts] {
        Dictionary(facts.hosts.map { ($0.resource, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func open(_ set: FindingSet) -> [ResourceID: Int] {
        set.findings.reduce(into: [:]) { counts, finding in
            if finding.state != .running { counts[finding.resource, default: 0] += 1 }
        }
    }
}
