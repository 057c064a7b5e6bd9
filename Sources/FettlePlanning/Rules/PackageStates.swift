import FettleModel
import FettleVersions

/// What is installed on hosts now, and what is after the plan.
struct PackageStates {
    let changes: [ResourceID: HostChanges]
    private let facts: [ResourceID: HostFacts]
    /// By name of a package that changes, its source.
    private let sources: [ResourceID: [String: String]]

    struct State: Equatable {
        var name: String
        var manager: PackageManager
        /// nil: not installed now.
        var now: String?
        /// nil: not installed after the plan.
        var then: String?
    }

    private struct Key: Hashable, Comparable {
        var name: String
        var architecture: String

        static func < (left: Self, right: Self) -> Bool {
            (left.name, left.architecture) < (right.name, right.architecture)
        }
    }

    init(facts: [HostFacts], changes: [HostChanges]) {
        self.facts = Dictionary(facts.map { ($0.resource, $0) }) { first, _ in first }
        self.changes = Dictionary(changes.map { ($0.resource, $0) }) { first, _ in first }
        var sources: [ResourceID: [String: String]] = [:]
        for host in facts {
            guard let changed = self.changes[host.resource] else { continue }
            let names = Set(changed.changes.map(\.name))
            let named = (host.packages.value ?? []).filter { names.contains($0.name) }.map { ($0.name, $0.source) }
            sources[host.resource] = Dictionary(named) { first, _ in first }
        }
        self.sources = sources
    }

    func facts(of resource: ResourceID) -> HostFacts? { facts[resource] }

    /// The source of a package on a host that changes; of one that is new there it is not known.
    func source(of package: String, on resource: ResourceID) -> String? { sources[resource]?[package] }

    func matches(_ glob: Glob, _ package: String, on resource: ResourceID) -> Bool {
        glob.matches(package) || source(of: package, on: resource).map { glob.matches($0) } ?? false
    }

    /// By name and architecture, those that are installed now or after the plan; of several versions of one the newest counts. nil:
    /// what is installed was not observed.
    func packages(matching glob: Glob, on resource: ResourceID) -> [State]? {
        guard let packages = facts[resource]?.packages.value else { return nil }
        var found: [Key: State] = [:]
        for package in packages where glob.matches(package.name) || glob.matches(package.source) {
            let key = Key(name: package.name, architecture: package.architecture)
            let order = package.manager.versionOrder
            if let known = found[key]?.now, !order.precedes(known, package.version) { continue }
            found[key] = State(
                name: package.name, manager: package.manager, now: package.version, then: package.version)
        }
        guard let host = changes[resource] else { return sorted(found) }
        for change in host.changes where matches(glob, change.name, on: resource) {
            let key = Key(name: change.name, architecture: change.architecture)
            found[key] = State(
                name: change.name, manager: host.manager, now: found[key]?.now ?? change.from, then: change.to)
        }
        return sorted(found)
    }

    private func sorted(_ found: [Key: State]) -> [State] { found.sorted { $0.key < $1.key }.map(\.value) }
}

/// Versions held against those of a rule, in the order of the host's package manager.
///
/// Release notes speak of upstream's versions. Where a rule's version names no epoch, the package's is not looked at: otherwise
/// `1:5.0` would be above every version that a person takes from release notes.
struct RuleVersions {
    let manager: PackageManager

    func isBelow(_ version: String, _ bound: String) -> Bool {
        let compared = manager.epoch(of: bound) == nil ? manager.withoutEpoch(version) : version
        return manager.versionOrder.precedes(compared, bound)
    }
}

extension PackageManager {
    /// `1` of `1:5.0-2`; nil where there is none, as in all of apk's versions.
    func epoch(of version: String) -> Substring? {
        guard self != .apk, let colon = version.firstIndex(of: ":") else { return nil }
        let digits = version[..<colon]
        return !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? digits : nil
    }

    func withoutEpoch(_ version: String) -> String {
        epoch(of: version).map { String(version.dropFirst($0.count + 1)) } ?? version
    }
}

/// The resources that requirements speak of, each selector looked up once.
struct RequirementReach {
    private var byFleet: [ResourceSelector: [ResourceID]] = [:]
    private var byEnvironment: [ResourceSelector: [EnvironmentID: [ResourceID]]] = [:]
    private var byGroup: [ResourceSelector: [GroupID: [ResourceID]]] = [:]
    private var groups: [ResourceID: [GroupID]] = [:]

    init(_ requirements: [ReleaseRule.Requirement], fleet: Fleet) {
        let selectors = Set(requirements.compactMap(\.on))
        guard !selectors.isEmpty else { return }
        for group in fleet.groups {
            for member in group.members { groups[member, default: []].append(group.id) }
        }
        for selector in selectors {
            let matcher = selector.matcher
            for resource in fleet.resources.sorted(by: { $0.id < $1.id })
            where matcher.matches(resource, memberOf: groups[resource.id] ?? []) {
                byFleet[selector, default: []].append(resource.id)
                byEnvironment[selector, default: [:]][resource.environment, default: []].append(resource.id)
                for group in groups[resource.id] ?? [] {
                    byGroup[selector, default: [:]][group, default: []].append(resource.id)
                }
            }
        }
    }

    /// Those of the selector that are within the scope of the resource, without itself. Sorted.
    func resources(_ selector: ResourceSelector, within scope: OrderRule.Scope, of resource: Resource) -> [ResourceID] {
        let found: [ResourceID]
        switch scope {
        case .fleet: found = byFleet[selector] ?? []
        case .environment: found = byEnvironment[selector]?[resource.environment] ?? []
        case .group:
            let members = (groups[resource.id] ?? []).flatMap { byGroup[selector]?[$0] ?? [] }
            found = Set(members).sorted()
        }
        return found.filter { $0 != resource.id }
    }
}
