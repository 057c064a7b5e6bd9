public import FettleModel
import FettleVersions

extension PackageManager {
    var versionOrder: VersionOrder {
        switch self {
        case .dpkg: VersionOrder(.dpkg)
        case .rpm: VersionOrder(.rpm)
        case .apk: VersionOrder(.apk)
        }
    }
}

extension SelectionPlanner {
    /// Puts the resolvers' answers together. A host whose resolver did not answer, refused, or answered something else than
    /// what was asked, is left out with the reason: a plan rests on answers, not on guesses.
    ///
    /// - Parameters:
    ///   - findings: how the selection names what it was made from.
    ///   - answers: by resource. Requests that want nothing but what is installed need none.
    ///   - patchSet: the set that the requests were made from; nil: none.
    ///   - facts: what the policy's release rules are held against, together with the fleet; nil: they are not.
    public static func assemble(
        _ patches: PatchSelection, answers: [ResourceID: Result<Resolution, StepFailure>], policy: Policy, id: String,
        findings: StageReference, selectedAt: Timestamp, facts: FactSet? = nil, fleet: Fleet? = nil,
        patchSet: StageReference? = nil
    ) -> Selection {
        var hosts: [HostSelection] = []
        var leftOut = patches.leftOut
        func leaveOut(_ request: SelectionRequest, _ reason: String) {
            leftOut.append(Selection.LeftOut(resource: request.resource, subject: nil, reason: reason))
        }
        for request in patches.requests {
            switch answer(to: request, answers, at: selectedAt) {
            case .failure(let failure):
                leaveOut(request, failure.message)
            case .success(let resolution):
                if let reason = objection(to: resolution, request: request, policy: policy) {
                    leaveOut(request, reason)
                } else {
                    hosts.append(
                        HostSelection(
                            resource: request.resource, findings: request.findings,
                            wanted: (request.wanted + request.installed).sorted(), resolution: resolution))
                }
            }
        }
        if let facts, let fleet {
            let settled = ReleaseRules.settle(hosts, facts: facts, fleet: fleet, policy: policy)
            hosts = settled.kept
            leftOut += settled.leftOut
        }
        return Selection(
            id: id, findings: findings, selectedAt: selectedAt, hosts: hosts.sorted { $0.resource < $1.resource },
            leftOut: leftOut.sortedWithoutRepetition(), patchSet: patchSet)
    }

    /// What the resolver would change beyond a patch set: other versions have been tested by nobody. nil: nothing.
    private static func foreign(to request: SelectionRequest, _ resolution: Resolution) -> String? {
        guard let only = request.onlyThese.map(Set.init) else { return nil }
        for change in resolution.changes {
            guard let to = change.to else {
                return "what is wanted also removes \(change.name), which is not in the set"
            }
            let version = PackageVersion(name: change.name, architecture: change.architecture, version: to)
            if !only.contains(version) {
                return "what is wanted also takes \(change.name) to \(to), which is not in the set"
            }
        }
        return nil
    }

    private static func answer(
        to request: SelectionRequest, _ answers: [ResourceID: Result<Resolution, StepFailure>], at time: Timestamp
    ) -> Result<Resolution, StepFailure> {
        guard !request.wanted.isEmpty else {
            return .success(Resolution(manager: request.manager, resolvedAt: time, changes: [], downloadBytes: 0))
        }
        guard let answer = answers[request.resource] else {
            return .failure(StepFailure(code: .internal, message: "its resolver was not asked"))
        }
        return answer.mapError { failure in
            StepFailure(
                code: failure.code, message: "its resolver failed: \(failure.message)", output: failure.output)
        }
    }

    /// Why an answer cannot be planned with; nil if it can.
    private static func objection(
        to resolution: Resolution, request: SelectionRequest, policy: Policy
    ) -> String? {
        guard resolution.manager == request.manager else {
            return "its resolver answered for \(resolution.manager.rawValue) instead of \(request.manager.rawValue)"
        }
        let seen = Dictionary(grouping: resolution.changes) { "\($0.name):\($0.architecture)" }
        if let twice = seen.filter({ $0.value.count > 1 }).keys.min() {
            return "its resolver names \(twice) more than once"
        }
        for wanted in request.wanted {
            guard let change = seen["\(wanted.name):\(wanted.architecture)"]?.first else {
                return "its resolver does not bring \(wanted.name) to \(wanted.version)"
            }
            guard change.to == wanted.version else {
                return "its resolver brings \(wanted.name) to \(change.to ?? "removal") instead of \(wanted.version)"
            }
        }
        if let reason = foreign(to: request, resolution) { return reason }
        if let glob = policy.exclude.firstGlob(matchingAnyOf: resolution.changes.map(\.name)) {
            return "what is wanted also changes packages that policy excludes: \(glob)"
        }
        let order = resolution.manager.versionOrder
        for change in resolution.changes {
            switch request.bounds[change.name] {
            case .untouchable(let reason): return "what is wanted also changes \(change.name): \(reason)"
            case .ceiling(let version, let reason):
                guard let to = change.to, order.precedes(version, to) else { continue }
                return "what is wanted also takes \(change.name) to \(to): \(reason)"
            case nil: continue
            }
        }
        for change in resolution.changes where !request.pinned.contains(change.name) {
            if let from = change.from, let to = change.to, order.precedes(to, from) {
                return "its resolver would take \(change.name) back from \(from) to \(to); pin it to allow that"
            }
        }
        return nil
    }
}
