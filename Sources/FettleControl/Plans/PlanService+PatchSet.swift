import FettleAssessment
import FettleModel
import FettlePlanning
import FettleStore

extension ActScope {
    /// All that a plan with this filter may be about.
    init(_ filter: PatchFilter, _ fleet: Fleet) {
        let named = Set(filter.groups)
        let members = Set(fleet.groups.filter { named.contains($0.id) }.flatMap(\.members))
        self.init(
            fleet.resources.filter { resource in
                (filter.environments.isEmpty || filter.environments.contains(resource.environment))
                    && (filter.resources.isEmpty || filter.resources.contains(resource.id))
                    && (filter.groups.isEmpty || members.contains(resource.id))
            }, fleet: fleet)
    }
}

extension PlanService {
    /// A host that wants something of a patch set.
    struct SetWish {
        var resource: ResourceID
        /// Sorted.
        var wanted: [PackageVersion]
        /// Its resolver has answered, and does not bring them: nothing that the host can reach offers them, or offers them all.
        var cannotBeHad: Bool
    }

    /// Makes a plan with exactly the versions of a patch set for the hosts of some environments, and keeps it.
    ///
    /// - Returns: the plan, and who wants something of the set and has answered: if the plan is empty, they do not get it.
    /// - Throws: as `make(filter:…)`; `blocked` if there is no host that may get the set.
    func make(
        from set: PatchSet, _ reference: StageReference, environments: [EnvironmentID], fleet: Fleet, policy: Policy,
        title: String, progress: @escaping @Sendable (ResourceID) -> Void, willAsk: @Sendable (Int) -> Void
    ) async throws(ControlError) -> (result: Result, wishes: [SetWish]) {
        try await gate.require(.plan, on: ActScope(PatchFilter(environments: environments), fleet), saying: .nothing)
        try await gate.requireAccepted(policy, fleet)
        let unknown = environments.filter { name in !fleet.environments.contains { $0.id == name } }
        guard unknown.isEmpty, !environments.isEmpty else {
            throw ControlError(
                .invalid, "the fleet has no environment \(unknown.map(\.rawValue).joined(separator: ", "))",
                hint: "`promotion.stages` in policy.yaml names environments of fleet.yaml")
        }
        let (findings, findingsReference, facts) = try await newestFindings(for: fleet)
        let filter = PatchFilter(environments: environments)
        let patches = SelectionPlanner.selectPatches(
            from: set, findings, facts: facts, fleet: fleet, policy: policy, filter: filter, at: tools.now())
        willAsk(patches.requests.count { !$0.wanted.isEmpty })
        let answers = await ask(patches.requests, progress: progress)
        let time = tools.now()
        let (selection, selectionReference) = try await keeper.keepNext(as: .selection, at: time) {
            id throws(ControlError) in
            SelectionPlanner.assemble(
                patches, answers: answers, policy: policy, id: id, findings: findingsReference, selectedAt: time,
                facts: facts, fleet: fleet, patchSet: reference)
        }
        var result = try await plan(
            selection, selectionReference, facts: facts, filter: filter, fleet: fleet, policy: policy, windows: nil,
            deadlines: PlanDeadlines.of(findings, selected: selection), title: title, superseded: nil)
        result.unread = UnreadHost.all(result.unread, asked: answers)
        return (result, patches.requests.compactMap { Self.wish($0, answers[$0.resource]) })
    }

    /// nil: it wants nothing that it would have to be brought, or was not heard.
    private static func wish(
        _ request: SelectionRequest, _ answer: Swift.Result<Resolution, StepFailure>?
    ) -> SetWish? {
        guard !request.wanted.isEmpty, let answer else { return nil }
        let brought: Set<PackageVersion>
        switch answer {
        case .failure(let failure):
            if UnreadHost.isSilence(failure) { return nil }
            brought = []
        case .success(let resolution):
            brought = Set(
                resolution.changes.compactMap { change in
                    change.to.map {
                        PackageVersion(name: change.name, architecture: change.architecture, version: $0)
                    }
                })
        }
        return SetWish(
            resource: request.resource, wanted: request.wanted,
            cannotBeHad: !brought.isSuperset(of: request.wanted))
    }
}
