public import FettleModel

extension PatchHistory {
    /// What one run says of every package that it patched on every host: a pure fold over its journal.
    ///
    /// A host counts as a success when every forward step from its patch on is done or was passed over, its verification done; as
    /// a failure when one of them failed for good or the host was quarantined. Counted neither way: hosts whose patch was never
    /// begun, or was barred before anything changed (a lock, drift, no space), and those that were stopped or taken back
    /// because of another host. A transaction changes its packages together, and which of them made it fail isn't known: each
    /// of them takes the failure.
    ///
    /// - Parameter findings: those that the plan was made from; they say which source a package is of and what class it has.
    public static func trials(plan: Plan, journal: [JournalRecord], findings: FindingSet) -> [Trial] {
        let ends = RunEnds(journal)
        var named: [ResourceID: [String: Finding]] = [:]
        for finding in findings.findings where finding.isOpen {
            for package in finding.packages { named[finding.resource, default: [:]][package] = finding }
        }
        var steps: [ResourceID: [Step]] = [:]
        for step in plan.steps { steps[step.resource, default: []].append(step) }
        var trials: [Trial] = []
        for (resource, steps) in steps.sorted(by: { $0.key < $1.key }) {
            guard let (transaction, failed) = ends.verdict(of: resource, steps: steps) else { continue }
            var kinds: [String: ChangeKind] = [:]
            for change in transaction.changes {
                let finding = named[resource]?[change.name]
                let source = finding?.source ?? change.name
                kinds[source] = ChangeKind(
                    source: source, packages: [change.name], from: change.from, to: change.to,
                    updateClass: finding?.updateClass ?? .unclassified)
            }
            trials += kinds.sorted { $0.key < $1.key }
                .map { Trial(package: $0.key, kind: $0.value, failed: failed) }
        }
        return trials
    }
}

/// How the steps of a run ended: of several attempts the last counts.
private struct RunEnds {
    private enum End {
        case intended, done, skipped
        case failed(StepFailure.Code)
    }

    private var ends: [StepID: End] = [:]
    private var quarantined: Set<ResourceID> = []

    init(_ journal: [JournalRecord]) {
        for record in journal {
            switch record.event {
            case .stepIntended(let step, _, _): ends[step] = .intended
            case .stepDone(let step, _, _): ends[step] = .done
            case .stepFailed(let step, _, let failure): ends[step] = .failed(failure.code)
            case .stepSkipped(let step, _, _): ends[step] = .skipped
            case .quarantined(let entry): quarantined.insert(entry.resource)
            default: break
            }
        }
    }

    /// nil if the run says nothing of it.
    func verdict(of resource: ResourceID, steps: [Step]) -> (PackageTransaction, failed: Bool)? {
        for (position, step) in steps.enumerated() {
            guard case .changePackages(let transaction) = step.action, !transaction.leadsBack else { continue }
            switch ends[step.id] {
            case nil, .skipped: return nil
            case .failed(.locked), .failed(.drift), .failed(.noSpace), .failed(.refused): return nil
            default: break
            }
            var isVerified = false
            for later in steps[position...] {
                if case .failed = ends[later.id] { return (transaction, true) }
                if case .verify = later.action, case .done = ends[later.id] { isVerified = true }
            }
            if quarantined.contains(resource) { return (transaction, true) }
            return isVerified ? (transaction, false) : nil
        }
        return nil
    }
}
