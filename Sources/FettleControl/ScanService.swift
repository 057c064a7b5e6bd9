public import FettleAssessment
import FettleDriverKit
import FettleIndex
import FettleInventory
public import FettleModel
public import FettleStore

/// Looks at the fleet and judges what it sees.
public struct ScanService: Sendable {
    let keeper: StageKeeper
    let governance: Governance
    let gate: Gate
    let tools: Tools

    public init(store: any Store, tools: Tools, access: Access = .local) {
        keeper = StageKeeper(store: store)
        governance = Governance(store: store)
        gate = Gate(keeper, access, now: tools.now)
        self.tools = tools
    }

    public struct Scan: Sendable {
        public var facts: FactSet
        public var findings: FindingSet
        public var reference: StageReference

        func limited(to resources: Set<ResourceID>) -> Scan {
            var part = self
            part.facts.hosts.removeAll { !resources.contains($0.resource) }
            part.findings.findings.removeAll { !resources.contains($0.resource) }
            part.findings.notJudged.removeAll { !resources.contains($0.resource) }
            part.findings.undecided?.removeAll { !resources.contains($0.resource) }
            return part
        }
    }

    /// Collects the facts of the resources, judges them, and keeps both. A host that cannot be reached is part of the result.
    ///
    /// What is kept speaks of the whole fleet: resources that were not asked this time keep the facts they had, each with its own
    /// date. Otherwise the rest of the fleet would look as if it needed nothing after a look at a part of it.
    ///
    /// - Returns: what was asked for only.
    /// - Parameter progress: called once for each resource, in the order in which they answer.
    public func scan(
        _ resources: [Resource], fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds,
        progress: @escaping @Sendable (ResourceID) -> Void = { _ in }
    ) async throws(ControlError) -> Scan {
        try await gate.require(.scan, on: ActScope(resources, fleet: fleet), saying: .nothing)
        try await gate.requireAccepted(policy, fleet)
        let collection = FactsCollection(inspector: tools.inspector, limit: tools.parallel, now: tools.now)
        let collected = await withMachines(
            await collection.collect(resources, id: "") { progress($0.resource) }, of: fleet)
        let asked = Set(collected.hosts.map(\.resource))
        let roles = await roles(ofThoseWith: asked, fleet)
        // Only of somebody who was not asked is anything needed from before; to read it takes as long as to look at some hosts.
        let others =
            fleet.resources.allSatisfy { asked.contains($0.id) }
            ? []
            : try await earlierHosts().filter {
                !asked.contains($0.resource) && fleet.resource($0.resource) != nil
            }
        // Kept at the time when it was complete: a long look that began before a short one is the newer of the two.
        let (facts, factsReference) = try await keeper.keepNext(as: .facts, at: tools.now()) {
            id throws(ControlError) in
            FactSet(
                id: id, observedAt: collected.observedAt,
                hosts: Self.told(roles, to: collected.hosts + others).sorted { $0.resource < $1.resource })
        }
        let (findings, reference) = try await assess(facts, factsReference, fleet: fleet, policy: policy, feeds: feeds)
        return Scan(facts: facts, findings: findings, reference: reference).limited(to: asked)
    }

    /// What runs on hypervisors whose management tells it, and not they themselves.
    private func withMachines(_ collected: FactSet, of fleet: Fleet) async -> FactSet {
        guard let machines = tools.machines else { return collected }
        var facts = collected
        let asked = Set(facts.hosts.map(\.resource))
        // Of several pools the first says how its machines are moved, for the plan too.
        var known: [ResourceID: Observed<HypervisorFacts>] = [:]
        for group in fleet.groups.sorted(by: { $0.id < $1.id }) where group.machines != nil {
            guard !asked.isDisjoint(with: group.members) else { continue }
            known.merge(await machines(group, Self.addresses(of: group, fleet), asked)) { first, _ in first }
        }
        for place in facts.hosts.indices {
            guard let observed = known[facts.hosts[place].resource] else { continue }
            facts.hosts[place].hypervisor = observed
        }
        return facts
    }

    /// Of clusters of which a member was looked at. Who leads is of one moment: it is asked each time, and of all members at once.
    private func roles(
        ofThoseWith asked: Set<ResourceID>, _ fleet: Fleet
    ) async -> [GroupID: [ResourceID: ClusterRole]] {
        guard let ask = tools.roles else { return [:] }
        let clusters = fleet.groups.filter { $0.kind == .cluster && !asked.isDisjoint(with: $0.members) }
        let roles = await clusters.concurrentMap(limit: tools.parallel) { group in
            await ask(group, Self.addresses(of: group, fleet))
        }
        return zip(clusters, roles).reduce(into: [:]) { if !$1.1.isEmpty { $0[$1.0.id] = $1.1 } }
    }

    /// Members that were not looked at this time, too: a leader of before would be one of two.
    private static func told(
        _ roles: [GroupID: [ResourceID: ClusterRole]], to hosts: [HostFacts]
    ) -> [HostFacts] {
        guard !roles.isEmpty else { return hosts }
        return hosts.map { host in
            var host = host
            var own = host.clusterRoles ?? [:]
            for (group, members) in roles { own[group] = members[host.resource] }
            host.clusterRoles = own.isEmpty ? nil : own
            return host
        }
    }

    private static func addresses(of group: ResourceGroup, _ fleet: Fleet) -> [ResourceID: ResourceAddress] {
        group.members.reduce(into: [:]) { $0[$1] = fleet.resource($1)?.address }
    }

    /// What was known before. A set that cannot be read any more is no reason not to look: who is missing then was never looked at.
    private func earlierHosts() async throws(ControlError) -> [HostFacts] {
        do throws(ControlError) {
            return try await keeper.newest(FactSet.self, .facts)?.value.hosts ?? []
        } catch {
            guard error.code == .drift || error.code == .internal else { throw error }
            return []
        }
    }

    /// Has every host fetch its package lists anew, so that the next scan knows what is on offer today.
    ///
    /// - Returns: the hosts on which it failed; they keep the lists they had.
    public func refreshLists(
        _ resources: [Resource], fleet: Fleet, progress: @escaping @Sendable (ResourceID) -> Void = { _ in }
    ) async -> [ResourceID: StepFailure] {
        guard let refresh = tools.refreshLists else { return [:] }
        do throws(ControlError) {
            try await gate.require(.scan, on: ActScope(resources, fleet: fleet), saying: .nothing)
            try await gate.requireAccepted(nil, fleet)
        } catch {
            let refused = StepFailure(code: .refused, message: error.message)
            return resources.reduce(into: [:]) { $0[$1.id] = refused }
        }
        let asked = resources.filter { $0.address.transport != .none }
        let failures = await asked.concurrentMap(limit: tools.parallel) { resource, _ in
            progress(resource.id)
        } _: { resource -> StepFailure? in
            do throws(StepFailure) {
                try await refresh(resource.id, resource.address)
                return nil
            } catch {
                return error
            }
        }
        return zip(asked, failures).reduce(into: [:]) { $0[$1.0.id] = $1.1 }
    }

    /// What the last scan saw; nil if nothing is known yet.
    public func newestFacts() async throws(ControlError) -> FactSet? {
        try await keeper.newest(FactSet.self, .facts)?.value
    }

    /// Judges the newest facts again, such as with newer feeds.
    public func assessNewest(
        fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds
    ) async throws(ControlError) -> Scan {
        // What it says of every host is what all go by from then on.
        try await gate.require(.scan, on: .everywhere, saying: .nothing)
        try await gate.requireAccepted(policy, fleet)
        guard let (facts, factsReference) = try await keeper.newest(FactSet.self, .facts) else {
            throw ControlError.neverLookedAt
        }
        let (findings, reference) = try await assess(facts, factsReference, fleet: fleet, policy: policy, feeds: feeds)
        return Scan(facts: facts, findings: findings, reference: reference)
    }

    private func assess(
        _ facts: FactSet, _ reference: StageReference, fleet: Fleet, policy: Policy, feeds: AdvisoryFeeds
    ) async throws(ControlError) -> (FindingSet, StageReference) {
        let assessor = Assessor(fleet: fleet, policy: policy, feeds: feeds)
        let time = tools.now()
        let earlier = try await earlierFindings()
        let known = try await governance.state()
        let before = EarlierLook(
            findings: earlier, facts: try await factsOf(earlier, ifNeededFor: facts), sightings: known.sightings)
        let kept = try await keeper.keepNext(as: .findings, at: time) { id throws(ControlError) in
            let judged: FindingSet
            do throws(IndexError) {
                judged = try assessor.assess(facts, reference: reference, id: id, at: time, after: before)
                    .continuing(earlier, facts: facts)
            } catch {
                throw ControlError(.internal, "\(error)")
            }
            return known.applied(to: judged, facts: facts, fleet: fleet, policy: policy, at: time)
        }
        try await governance.record(kept.value, facts: facts)
        return kept
    }

    /// The facts of the findings before, where what they saw matters. Those that cannot be read any more tell nothing.
    private func factsOf(_ earlier: FindingSet?, ifNeededFor facts: FactSet) async throws(ControlError) -> FactSet? {
        guard let earlier, EarlierLook.needsFacts(of: earlier, for: facts) else { return nil }
        if earlier.facts.id == facts.id { return facts }
        do throws(ControlError) {
            return try await keeper.load(FactSet.self, .facts, id: earlier.facts.id).value
        } catch {
            guard [.drift, .internal, .notFound].contains(error.code) else { throw error }
            return nil
        }
    }

    /// Since when things have been known. Findings that cannot be read any more are no reason not to judge anew.
    private func earlierFindings() async throws(ControlError) -> FindingSet? {
        do throws(ControlError) {
            return try await keeper.newest(FindingSet.self, .findings)?.value
        } catch {
            guard error.code == .drift || error.code == .internal else { throw error }
            return nil
        }
    }
}
