public import FettleModel

/// Selecting from a patch set: its exact versions, whatever else is on offer by now, and nothing that it does not hold.
extension HostSelecting {
    /// nil: nothing of the set is wanted here, or nothing can be done; `leftOut` says what and why.
    mutating func request(from set: PatchSet) -> SelectionRequest? {
        let open = findings.filter { $0.state != .running && $0.state != .verified }
        guard let observed = observations(reportingFor: []) else { return nil }
        guard let platform = facts?.platform.value else {
            leaveOut(nil, "its platform is not observed, and \(set.id) goes by platform")
            return nil
        }
        guard let part = set.part(for: platform) else {
            leaveOut(nil, "\(set.id) holds nothing for \(platform.setName)")
            return nil
        }
        if case .undecided(let reason) = judge.choice {
            leaveOut(nil, reason)
            return nil
        }
        want(part, of: set, observed, open)
        let closed = closedBySet(open, set, observed)
        guard !wanted.isEmpty, !isBrokenOtherwise(observed) else { return nil }
        return SelectionRequest(
            resource: resource.id, address: resource.address, manager: part.manager, findings: closed,
            wanted: versions { !$0.isInstalled }, installed: versions(where: \.isInstalled), pinned: [],
            bounds: judge.bounds(on: observed.packages), onlyThese: part.packages)
    }

    private mutating func want(
        _ part: PatchSet.Part, of set: PatchSet, _ observed: Observations, _ open: [Finding]
    ) {
        let installed = Dictionary(grouping: observed.packages.filter { $0.manager == part.manager }) {
            Key(name: $0.name, architecture: $0.architecture)
        }
        let waiting = Set(open.filter { $0.state != .missing }.flatMap(\.packages))
        for pinned in part.packages {
            let key = Key(name: pinned.name, architecture: pinned.architecture)
            // What is not installed comes only with what needs it; of several versions, such as kernels, the newest counts.
            guard let package = installed[key]?.max(by: { isOlder($0.version, $1.version, part.manager) }) else {
                continue
            }
            if package.version == pinned.version {
                if waiting.contains(pinned.name) {
                    wanted[key] = Wish(version: pinned.version, isPinned: false, isInstalled: true)
                }
            } else if isOlder(pinned.version, package.version, part.manager) {
                leaveOut(
                    pinned.name,
                    "has \(package.version), newer than the \(pinned.version) of \(set.id): not taken back")
            } else if let reason = objection(to: pinned, package) {
                leaveOut(pinned.name, reason)
            } else {
                wanted[key] = Wish(version: pinned.version, isPinned: false, isInstalled: false)
            }
        }
    }

    /// What policy, baseline or the host itself says against it: a set does not go past them.
    private func objection(to pinned: PackageVersion, _ package: InstalledPackage) -> String? {
        if let glob = policy.exclude.firstGlob(matchingAnyOf: [package.name, package.source]) {
            return "excluded by policy: \(glob)"
        }
        if package.isHeld { return "held on the host: \(package.name)" }
        return objection(to: pinned.version, of: [package])
    }

    /// Findings that the set's versions close. Of those that it leaves open it is told.
    private mutating func closedBySet(_ open: [Finding], _ set: PatchSet, _ observed: Observations) -> [FindingID] {
        var closed: [FindingID] = []
        for (source, findings) in Dictionary(grouping: open, by: \.source).sorted(by: { $0.key < $1.key }) {
            let findings = findings.sorted { $0.id < $1.id }
            let state = SourceState(source, findings, observed)
            let isTouched = state.installed.contains { package in
                wanted[Key(name: package.name, architecture: package.architecture)] != nil
            }
            guard isTouched else {
                if findings.contains(where: { $0.state == .missing }) {
                    leaveOut(source, "its fix is not in \(set.id)")
                }
                continue
            }
            closed += closedByPins(findings.filter { $0.state == .missing }, state)
            closed += findings.filter { $0.state != .missing }.map(\.id)
        }
        return closed.sorted()
    }
}

extension SelectionPlanner {
    /// What each host is to be asked for so that it gets the set's versions and nothing else.
    ///
    /// - Parameter filter: which hosts; packages in it say nothing, the set does.
    public static func selectPatches(
        from set: PatchSet, _ findings: FindingSet, facts: FactSet, fleet: Fleet, policy: Policy, filter: PatchFilter,
        at time: Timestamp
    ) -> PatchSelection {
        var notes = PlanNotes()
        var requests: [SelectionRequest] = []
        let observed = Dictionary(facts.hosts.map { ($0.resource, $0) }) { first, _ in first }
        let byResource = Dictionary(grouping: findings.findings, by: \.resource)
        for resource in fleet.resources.sorted(by: { $0.id < $1.id }) where filter.includes(resource, in: fleet) {
            var host = HostSelecting(
                resource: resource, facts: observed[resource.id], findings: byResource[resource.id] ?? [],
                policy: policy, filter: filter, assessedAt: findings.assessedAt, time: time)
            if let request = host.request(from: set) { requests.append(request) }
            for entry in host.leftOut { notes.leaveOut(entry.resource, subject: entry.subject, because: entry.reason) }
        }
        return PatchSelection(
            requests: requests, leftOut: notes.leftOut.sortedWithoutRepetition(), unmatched: [])
    }
}
