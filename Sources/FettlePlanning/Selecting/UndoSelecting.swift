public import FettleModel

/// What an ended run did, as far as going back from it is concerned.
public struct UndoneRun: Sendable {
    public var run: RunID
    public var plan: Plan
    /// Steps of the plan that were begun; what was never begun changed nothing.
    public var begun: Set<StepID>
    /// Facts that are older than this tell how hosts were before, or in the middle of it.
    public var endedAt: Timestamp
    /// What the run's own selection knew of reboots.
    public var reboots: [ResourceID: RebootExpectation]

    public init(
        run: RunID, plan: Plan, begun: Set<StepID>, endedAt: Timestamp, reboots: [ResourceID: RebootExpectation] = [:]
    ) {
        self.run = run
        self.plan = plan
        self.begun = begun
        self.endedAt = endedAt
        self.reboots = reboots
    }
}

/// Going back to the versions that hosts had before a run which has ended.
///
/// No resolver is asked for a new way: what leads back is the run's own transaction the other way round, with what it removed brought
/// back and what it brought in removed. Whether the package manager agrees is rehearsed when the earlier versions are staged, before
/// anybody is taken out of traffic.
extension SelectionPlanner {
    /// - Parameter findings: the newest ones; they name the state that the selection goes by.
    public static func selectUndo(
        of undone: UndoneRun, findings: StageReference, facts: FactSet, fleet: Fleet, policy: Policy,
        filter: PatchFilter, id: String, at time: Timestamp
    ) -> Selection {
        var notes = PlanNotes()
        var hosts: [HostSelection] = []
        let observed = Dictionary(facts.hosts.map { ($0.resource, $0) }) { first, _ in first }
        let declared = Dictionary(fleet.resources.map { ($0.id, $0) }) { first, _ in first }
        let (changed, otherwise) = changes(of: undone)
        for (resource, way) in otherwise.sorted(by: { $0.key < $1.key }) {
            guard let known = declared[resource], filter.includes(known, in: fleet) else { continue }
            notes.leaveOut(resource, because: "\(undone.run) changed it \(way): it goes back there")
        }
        for (resource, transactions) in changed.sorted(by: { $0.key < $1.key }) {
            guard let known = declared[resource] else {
                notes.leaveOut(resource, because: "no longer in the fleet")
                continue
            }
            guard filter.includes(known, in: fleet) else { continue }
            var host = HostSelecting(
                resource: known, facts: observed[resource], findings: [], policy: policy, filter: filter,
                assessedAt: time, time: time)
            if let selection = host.selection(undoing: transactions, of: undone) { hosts.append(selection) }
            for entry in host.leftOut { notes.leaveOut(entry.resource, subject: entry.subject, because: entry.reason) }
        }
        return Selection(
            id: id, findings: findings, selectedAt: time, hosts: hosts,
            leftOut: notes.leftOut.sortedWithoutRepetition(), undoes: undone.run)
    }

    /// By host, what was begun, in the plan's order; and who was changed by other ways than its package manager.
    private static func changes(
        of undone: UndoneRun
    ) -> (changed: [ResourceID: [PackageTransaction]], otherwise: [ResourceID: String]) {
        var changed: [ResourceID: [PackageTransaction]] = [:]
        var otherwise: [ResourceID: String] = [:]
        for step in undone.plan.steps where undone.begun.contains(step.id) {
            switch step.action {
            case .changePackages(let transaction): changed[step.resource, default: []].append(transaction)
            case .upgradeThroughController(let upgrade):
                for member in upgrade.members { otherwise[member] = "through its controller" }
            case .replaceImage: otherwise[step.resource] = "by another image"
            default: continue
            }
        }
        return (changed, otherwise)
    }
}

extension HostSelecting {
    /// nil: it is as it was, or cannot go back; `leftOut` says what and why.
    fileprivate mutating func selection(
        undoing transactions: [PackageTransaction], of undone: UndoneRun
    ) -> HostSelection? {
        guard let observed = observations(reportingFor: []), let facts, let first = transactions.first else {
            return nil
        }
        guard facts.observedAt >= undone.endedAt else {
            leaveOut(nil, "not looked at since \(undone.run) ended; scan again")
            return nil
        }
        guard transactions.allSatisfy({ $0.manager == first.manager }) else {
            leaveOut(nil, "\(undone.run) changed packages of several package managers on it")
            return nil
        }
        let back = wayBack(transactions.flatMap(\.changes), first.manager, observed, undone.run)
        guard !back.isEmpty, !isBrokenOtherwise(observed) else { return nil }
        let size = transactions.reduce(Int64(0)) { sum, transaction in
            let (total, overflow) = sum.addingReportingOverflow(transaction.downloadBytes)
            return overflow ? .max : total
        }
        return HostSelection(
            resource: resource.id, findings: [],
            wanted: back.compactMap { change in
                change.to.map {
                    PackageVersion(name: change.name, architecture: change.architecture, version: $0)
                }
            }.sorted(),
            resolution: Resolution(
                manager: first.manager, resolvedAt: facts.observedAt,
                changes: back.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }, downloadBytes: size,
                reboot: undone.reboots[resource.id] ?? .notExpected))
    }

    /// The changes the other way round, of what is still as the run left it.
    private mutating func wayBack(
        _ changes: [PackageChange], _ manager: PackageManager, _ observed: Observations, _ run: RunID
    ) -> [PackageChange] {
        let installed = Dictionary(grouping: observed.packages.filter { $0.manager == manager }) {
            Key(name: $0.name, architecture: $0.architecture)
        }
        let broken = Dictionary(grouping: observed.broken) { Key(name: $0.name, architecture: $0.architecture) }
        var back: [PackageChange] = []
        for change in changes {
            let key = Key(name: change.name, architecture: change.architecture)
            let packages = installed[key] ?? []
            let present = Set(packages.map(\.version) + (broken[key] ?? []).map(\.version))
            let isAsAfter = change.to.map(present.contains) ?? present.isEmpty
            let isAsBefore = change.from.map { present == [$0] } ?? present.isEmpty
            // What stands half way at the version that it had is set right with the rest.
            if isAsBefore, broken[key] == nil { continue }
            guard isAsAfter || isAsBefore else {
                leaveOut(
                    change.name,
                    "is at \(present.sorted().joined(separator: " and ")), which is neither what \(run) brought nor what was "
                        + "there before it: something else has changed it since")
                continue
            }
            if packages.contains(where: \.isHeld) {
                leaveOut(change.name, "held on the host: \(change.name)")
                continue
            }
            if let version = change.from, let reason = objection(to: version, of: packages) {
                leaveOut(change.name, reason)
                continue
            }
            wanted[key] = Wish(version: change.from ?? "", isPinned: true, isInstalled: false)
            back.append(isAsAfter ? change.reversed : PackageChange(change, standingAt: present.first))
        }
        return back
    }
}

extension PackageChange {
    /// To the version that it had before this change, from one that is there in part.
    fileprivate init(_ change: PackageChange, standingAt version: String?) {
        self.init(name: change.name, architecture: change.architecture, from: version, to: change.from)
    }
}
