public import FettleModel

/// Members of a group that a plan brings to different versions of the same package, such as where their sources differ.
public enum PlannedLevels {
    /// - Parameter facts: of the hosts; versions are compared among those of the same platform.
    /// - Returns: a line for each package of each group, with who gets what.
    public static func warnings(_ plan: Plan, facts: FactSet) -> [String] {
        let platforms = Dictionary(facts.hosts.map { ($0.resource, $0.platform.value) }) { first, _ in first }
        var targets: [ResourceID: [PackageChange]] = [:]
        for step in plan.steps {
            guard case .changePackages(let transaction) = step.action else { continue }
            targets[step.resource, default: []] += transaction.changes
        }
        return plan.groups.flatMap { group -> [String] in
            var levels: [Key: [String: [ResourceID]]] = [:]
            for member in group.members {
                guard case .some(.some(let platform)) = platforms[member] else { continue }
                for change in targets[member] ?? [] {
                    guard let to = change.to else { continue }
                    let key = Key(
                        name: change.name, architecture: change.architecture,
                        platform: [platform.distribution, platform.version, platform.architecture])
                    levels[key, default: [:]][to, default: []].append(member)
                }
            }
            return levels.filter { $0.value.count > 1 }.map { key, versions in
                let words = versions.sorted { $0.key < $1.key }.map { "\($0.key) on \(Self.words($0.value))" }
                return
                    "group \(group.id): \(key.name) goes to \(words.joined(separator: " and to ")): its members would not be on one "
                    + "level, and the run would not count as succeeded; look at their sources"
            }.sorted()
        }
    }

    private struct Key: Hashable {
        var name: String
        var architecture: String
        /// Distribution, version and architecture.
        var platform: [String]
    }

    private static func words(_ members: [ResourceID]) -> String {
        let shown = members.sorted().prefix(3).map(\.rawValue).joined(separator: ", ")
        return members.count > 3 ? "\(shown) and \(members.count - 3) more" : shown
    }
}
