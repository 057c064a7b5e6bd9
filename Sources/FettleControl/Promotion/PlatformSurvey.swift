import FettleModel
import FettleStore

/// Which hosts of a plan are of which platform, and what of its set comes to them: what was tried on one platform says nothing of
/// another.
struct PlatformSurvey {
    let keeper: StageKeeper

    /// As the facts tell that the plan goes back to, by platform.
    ///
    /// - Throws: `drift` if a stage is not what its child was made from.
    func hosts(of plan: Plan, _ set: PatchSet) async throws(ControlError) -> [PlatformHosts] {
        let selection = try await stage(Selection.self, .selection, plan.selection, of: plan.id.rawValue)
        let findings = try await stage(FindingSet.self, .findings, selection.findings, of: selection.id)
        let facts = try await stage(FactSet.self, .facts, findings.facts, of: findings.id)
        let targets = Set(plan.targets.map(\.resource))
        var hosts: [String: [ResourceID]] = [:]
        var present: [String: Set<PackageVersion>] = [:]
        let look = LaterLook(facts: facts, findings: nil)
        for host in facts.hosts where targets.contains(host.resource) {
            guard let platform = host.platform.value else { continue }
            hosts[platform.setName, default: []].append(host.resource)
            let held = Set(set.part(for: platform)?.packages ?? [])
            let installed = (host.packages.value ?? []).map {
                PackageVersion(name: $0.name, architecture: $0.architecture, version: $0.version)
            }
            present[platform.setName, default: []].formUnion(held.intersection(installed))
        }
        return hosts.sorted { $0.key < $1.key }.map { platform, hosts in
            PlatformHosts(
                platform: platform, hosts: hosts.sorted(), present: (present[platform] ?? []).sorted(),
                services: look.services(on: hosts))
        }
    }

    /// A stage as its child names it.
    func stage<Value: Decodable>(
        _ type: Value.Type, _ kind: DocumentKind, _ reference: StageReference, of child: String
    ) async throws(ControlError) -> Value {
        let (value, kept) = try await keeper.load(type, kind, id: reference.id)
        guard kept == reference else {
            throw ControlError(.drift, "\(reference.id) is not what \(child) was made from")
        }
        return value
    }

    /// What a plan brings to its hosts, by platform. A host whose platform nobody knows is none of any.
    static func brought(by plan: Plan, _ platforms: [PlatformHosts]) -> [PlatformVersions] {
        versions(of: plan, platforms) { _ in true }.map { part in
            var part = part
            part.services = platforms.first { $0.platform == part.platform }?.services
            return part
        }
    }

    /// What a run of the plan has shown on the hosts that succeeded: what it brought them, and what of the set was there already.
    static func tried(by plan: Plan, on succeeded: [ResourceID], _ platforms: [PlatformHosts]) -> [PlatformVersions] {
        let succeeded = Set(succeeded)
        let brought = versions(of: plan, platforms, where: succeeded.contains)
        let present = platforms.filter { !succeeded.isDisjoint(with: $0.hosts) }
        return brought.map { part in
            let beside = present.first { $0.platform == part.platform }?.present ?? []
            return PlatformVersions(platform: part.platform, packages: Set(part.packages + beside).sorted())
        }
    }

    private static func versions(
        of plan: Plan, _ platforms: [PlatformHosts], where isMeant: (ResourceID) -> Bool
    ) -> [PlatformVersions] {
        let names = Dictionary(platforms.flatMap { part in part.hosts.map { ($0, part.platform) } }) { first, _ in first
        }
        var versions: [String: Set<PackageVersion>] = [:]
        for step in plan.steps where isMeant(step.resource) {
            guard case .changePackages(let transaction) = step.action else { continue }
            let brought = transaction.changes.compactMap { change in
                change.to.map { PackageVersion(name: change.name, architecture: change.architecture, version: $0) }
            }
            versions[names[step.resource] ?? "an unknown platform", default: []].formUnion(brought)
        }
        return versions.sorted { $0.key < $1.key }.map {
            PlatformVersions(platform: $0.key, packages: $0.value.sorted())
        }
    }
}
