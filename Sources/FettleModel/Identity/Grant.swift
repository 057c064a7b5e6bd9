/// A role, and where it holds.
public struct Grant: Codable, Sendable, Hashable {
    public var role: Role
    /// Globs over environments; empty: in all.
    public var environments: [String]
    /// Globs over groups; empty: whatever groups. Otherwise every group of a host has to be among them, and a host of no group never is.
    public var groups: [String]

    public init(_ role: Role, environments: [String] = [], groups: [String] = []) {
        self.role = role
        self.environments = environments
        self.groups = groups
    }

    /// It holds everywhere.
    public var isUnlimited: Bool {
        [environments, groups].allSatisfy { $0.isEmpty || $0.contains("*") }
    }

    func covers(_ place: ActPlace) -> Bool {
        Self.covers(place.environment.map { [$0.rawValue] } ?? [], by: environments)
            && Self.covers(place.groups.map(\.rawValue), by: groups)
    }

    /// Whether it holds nowhere where none of the others does; one without a place holds wherever they do.
    func isCovered(by grants: [Grant]) -> Bool {
        guard !environments.isEmpty || !groups.isEmpty else { return true }
        let places = environments.isEmpty ? [[]] : environments.map { [$0] }
        return places.allSatisfy { place in
            grants.contains { Self.covers(place, by: $0.environments) && Self.covers(groups, by: $0.groups) }
        }
    }

    /// Every name by one of the globs, and at least one name, unless there is no limit.
    private static func covers(_ names: [String], by globs: [String]) -> Bool {
        if globs.isEmpty || globs.contains("*") { return true }
        return !names.isEmpty && names.allSatisfy { name in globs.contains { covers(name, by: $0) } }
    }

    /// A name that is a pattern itself stands for names that nobody knows: the same pattern covers it, and no cleverer one.
    private static func covers(_ name: String, by glob: String) -> Bool {
        Glob.isPattern(name) ? name == glob : Glob(glob).matches(name)
    }
}

extension Grant: CustomStringConvertible {
    /// As `--role` takes it: `operator`, `operator:dev,qa`, `approver:production/web*,db`.
    public var description: String {
        if environments.isEmpty && groups.isEmpty { return role.rawValue }
        let first = environments.isEmpty ? "*" : environments.joined(separator: ",")
        return "\(role.rawValue):\(first)\(groups.isEmpty ? "" : "/\(groups.joined(separator: ","))")"
    }

    /// Reads what `description` writes; nil for any other text.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let role = Role(rawValue: String(parts[0])) else { return nil }
        self.init(role)
        guard parts.count == 2 else { return }
        let lists = parts[1].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map { list in
            list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard lists.allSatisfy({ $0.allSatisfy(Self.isGlob) }) else { return nil }
        environments = lists[0] == ["*"] ? [] : lists[0]
        groups = lists.count == 2 ? lists[1] : []
    }

    private static func isGlob(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || "._-*?".utf8.contains(byte)
            }
    }
}

/// A part of the fleet that something is done to.
public struct ActPlace: Sendable, Hashable {
    /// nil: it is not known, so that only who may act in all environments may act here.
    public var environment: EnvironmentID?
    /// Of which groups; sorted.
    public var groups: [GroupID]

    public init(environment: EnvironmentID?, groups: [GroupID] = []) {
        self.environment = environment
        self.groups = groups
    }

    /// As a sentence says it.
    public var words: String {
        let first = environment?.rawValue ?? "an unknown environment"
        return groups.isEmpty ? first : "\(first) (\(groups.map(\.rawValue).joined(separator: ", ")))"
    }
}

/// What something is done to.
public enum ActScope: Sendable, Hashable {
    /// To nothing that belongs to an environment: the role is enough, wherever it holds.
    case nowhere
    /// To all of these. A role may hold in one by one grant and in another by another.
    case places([ActPlace])
    /// To the whole fleet, whatever it consists of.
    case everywhere
}

extension ActScope {
    /// The hosts of a plan and what goes down with them.
    ///
    /// - Parameters:
    ///   - plan: what is done.
    ///   - fleet: tells the environments of what goes down with a host; nil, or not in it: they are not known.
    public init(_ plan: Plan, fleet: Fleet? = nil) {
        self.init(plan, only: nil, fleet: fleet)
    }

    /// - Parameters:
    ///   - plan: what is done.
    ///   - resources: only these; nil: all.
    ///   - fleet: as above.
    public init(_ plan: Plan, only resources: Set<ResourceID>?, fleet: Fleet? = nil) {
        let known = Dictionary((fleet?.resources ?? []).map { ($0.id, $0.environment) }) { first, _ in first }
        var environments: [ResourceID: EnvironmentID?] = [:]
        for target in plan.targets {
            for carried in target.carries where environments[carried] == nil {
                environments.updateValue(known[carried], forKey: carried)
            }
        }
        for target in plan.targets { environments.updateValue(target.environment, forKey: target.resource) }
        var groups: [ResourceID: Set<GroupID>] = [:]
        for group in plan.groups {
            for member in group.members { groups[member, default: []].insert(group.id) }
        }
        var places: Set<ActPlace> = []
        for (resource, environment) in environments where resources?.contains(resource) ?? true {
            places.insert(ActPlace(environment: environment, groups: (groups[resource] ?? []).sorted()))
        }
        self = .places(places.sorted())
    }

    public init(_ resources: [Resource], fleet: Fleet) {
        var groups: [ResourceID: [GroupID]] = [:]
        for group in fleet.groups {
            for member in group.members { groups[member, default: []].append(group.id) }
        }
        let places = Set(
            resources.map { ActPlace(environment: $0.environment, groups: (groups[$0.id] ?? []).sorted()) })
        self = .places(places.sorted())
    }

    /// What a waiver may hold for.
    public init(_ scope: WaiverScope) {
        guard !scope.environments.isEmpty else {
            self = .everywhere
            return
        }
        let groups = scope.groups.map { GroupID($0) }.sorted()
        self = .places(
            Set(scope.environments).sorted().map { ActPlace(environment: EnvironmentID($0), groups: groups) })
    }
}

extension ActPlace: Comparable {
    public static func < (left: Self, right: Self) -> Bool {
        let (first, second) = (left.environment?.rawValue ?? "", right.environment?.rawValue ?? "")
        return first == second ? left.groups.lexicographicallyPrecedes(right.groups) : first < second
    }
}
