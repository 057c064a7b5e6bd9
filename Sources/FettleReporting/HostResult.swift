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
        /// The versions are there, but old code still runs or a reboot is pending.
        case pending
        /// Every package is at the version it had before: nothing was changed.
        case unchanged
        /// ... because the run put it back there.
        case takenBack
        /// Some are at other versions than before and than planned.
        case mixed
        case unreachable
        case notObserved
    }

    public static func all(of evidence: Evidence) -> [HostResult] {
        evidence.plan.targets.map { result(of: $0, in: evidence) }
    }

    private static func result(of target: PlanTarget, in evidence: Evidence) -> HostResult {
        let planned = plannedChanges(of: target.resource, in: evidence.plan)
        let before = versions(of: target.resource, in: evidence.before)
        let after = evidence.after.flatMap { versions(of: target.resource, in: $0) }
        let changes = planned.map { change in
            let key = "\(change.name):\(change.architecture)"
            return Change(name: change.name, planned: change, before: before?[key], after: after?[key])
        }
        let hostBefore = evidence.before.host(target.resource)
        let hostAfter = evidence.after?.host(target.resource)
        let exceptions = evidence.plan.steps.flatMap { step -> [String] in
            guard step.resource == target.resource, case .verify(let expectation) = step.action else { return [] }
            return expectation.noStaleServicesExcept ?? []
        }
        let bootIDs = [hostBefore?.boot.value?.bootID, hostAfter?.boot.value?.bootID].compactMap { $0 }
        func open(_ set: FindingSet) -> Int {
            set.findings.count { $0.resource == target.resource && $0.state != .running }
        }
        return HostResult(
            resource: target.resource, environment: target.environment, changes: changes,
            findingsBefore: open(evidence.findingsBefore), findingsAfter: evidence.findingsAfter.map(open),
            bootIDChanged: bootIDs.count == 2 ? bootIDs[0] != bootIDs[1] : nil,
            leftRunning: staleUnits(hostAfter).filter { exceptions.firstGlob(matchingAnyOf: [$0]) != nil },
            verdict: verdict(
                changes, after: after, facts: hostAfter, except: exceptions,
                wasReturned: wasReturned(target.resource, in: evidence)))
    }

    /// Whether a step of the way back changed packages there.
    private static func wasReturned(_ resource: ResourceID, in evidence: Evidence) -> Bool {
        let returns = evidence.plan.rollback.filter { step in
            guard step.resource == resource, case .changePackages = step.action else { return false }
            return true
        }
        let ids = Set(returns.map(\.id))
        return evidence.journal.contains { record in
            guard case .stepDone(let step, _, _) = record.event else { return false }
            return ids.contains(step)
        }
    }

    private static func plannedChanges(of resource: ResourceID, in plan: Plan) -> [PackageChange] {
        plan.steps.flatMap { step -> [PackageChange] in
            guard step.resource == resource, case .changePackages(let transaction) = step.action else { return [] }
            return transaction.changes
        }
    }

    private static func versions(of resource: ResourceID, in facts: FactSet) -> [String: String]? {
        facts.host(resource)?.packages.value.map { packages in
            Dictionary(
                packages.map { ("\($0.name):\($0.architecture)", $0.version) }, uniquingKeysWith: { _, last in last })
        }
    }

    private static func staleUnits(_ facts: HostFacts?) -> [String] {
        (facts?.staleServices.value ?? []).map(\.unit).sorted()
    }

    private static func verdict(
        _ changes: [Change], after: [String: String]?, facts: HostFacts?, except exceptions: [String],
        wasReturned: Bool
    ) -> Verdict {
        guard let facts else { return .notObserved }
        if case .unreachable = facts.reachability { return .unreachable }
        guard after != nil else { return .notObserved }
        if changes.allSatisfy({ $0.after == $0.planned.to }) {
            let isOldRunning = staleUnits(facts).contains { exceptions.firstGlob(matchingAnyOf: [$0]) == nil }
            let isPending = isOldRunning || facts.rebootRequired.value?.isRequired == true
            return isPending ? .pending : .patched
        }
        guard changes.allSatisfy({ $0.after == $0.before }) else { return .mixed }
        return wasReturned ? .takenBack : .unchanged
    }
}
