import FettleModel

/// Puts the exact versions of plans together as a patch set. Pure.
enum PatchSetMaking {
    /// One plan with what tells its hosts' platforms and what its versions close.
    struct Source {
        var plan: Plan
        var reference: StageReference
        var selection: Selection
        var findings: FindingSet
        var facts: FactSet
    }

    /// Everything that stands against it is told at once.
    ///
    /// - Throws: `invalid` if two hosts of one platform are to get different versions of a package, if a package is to be removed, if a
    ///   platform is not known, or if there is nothing in it.
    static func parts(of sources: [Source]) throws(ControlError) -> [PatchSet.Part] {
        var parts: [String: Gathered] = [:]
        var problems: Set<String> = []
        for source in sources {
            let facts = Dictionary(source.facts.hosts.map { ($0.resource, $0) }) { first, _ in first }
            for step in source.plan.steps {
                guard case .changePackages(let transaction) = step.action else { continue }
                guard let platform = facts[step.resource]?.platform.value else {
                    problems.insert("the platform of \(step.resource) is not observed")
                    continue
                }
                parts[platform.setName, default: Gathered(manager: transaction.manager)]
                    .add(transaction, of: step.resource, on: platform.setName, &problems)
            }
        }
        guard problems.isEmpty else {
            throw ControlError(
                .invalid, "no patch set can be made:\n  " + problems.sorted().prefix(20).joined(separator: "\n  "),
                hint: "plan so that each package has one version on a platform: `fettle plan make --only NAME=VERSION`")
        }
        let made = parts.filter { !$0.value.versions.isEmpty }.sorted { $0.key < $1.key }.map { name, gathered in
            PatchSet.Part(platform: name, manager: gathered.manager, packages: gathered.packages)
        }
        guard !made.isEmpty else {
            throw ControlError(
                .invalid, "no package is changed: a patch set would be empty",
                hint: "`fettle plan make` plans what is to be changed")
        }
        return made
    }

    private struct Gathered {
        struct Key: Hashable {
            var name: String
            var architecture: String
        }

        var manager: PackageManager
        var versions: [Key: (version: String, by: ResourceID)] = [:]

        mutating func add(
            _ transaction: PackageTransaction, of resource: ResourceID, on platform: String,
            _ problems: inout Set<String>
        ) {
            if transaction.manager != manager {
                problems.insert(
                    "\(platform) has several package managers: \(manager.rawValue), \(transaction.manager.rawValue)")
            }
            for change in transaction.changes {
                guard let version = change.to else {
                    problems.insert("\(change.name) is to be removed from \(resource): a set holds versions only")
                    continue
                }
                let key = Key(name: change.name, architecture: change.architecture)
                guard let known = versions[key] else {
                    versions[key] = (version, resource)
                    continue
                }
                if known.version != version {
                    problems.insert(
                        "\(change.name) on \(platform) is to become \(known.version) on \(known.by) and \(version) on "
                            + "\(resource)")
                }
            }
        }

        var packages: [PackageVersion] {
            versions.map {
                PackageVersion(name: $0.key.name, architecture: $0.key.architecture, version: $0.value.version)
            }
            .sorted()
        }
    }

    /// What the versions close on the hosts of the plans: all weaknesses, and those that are actively exploited.
    static func advisories(of sources: [Source]) -> (all: [AdvisoryID], exploited: [AdvisoryID]) {
        var all: Set<AdvisoryID> = []
        var exploited: Set<AdvisoryID> = []
        for source in sources {
            let targets = Set(source.plan.targets.map(\.resource))
            let closed = Set(source.selection.hosts.filter { targets.contains($0.resource) }.flatMap(\.findings))
            for finding in source.findings.findings where closed.contains(finding.id) {
                all.formUnion(finding.advisories.map(\.id))
                exploited.formUnion(finding.advisories.filter { $0.exploitedSince != nil }.map(\.id))
            }
        }
        return (all.sorted(), exploited.sorted())
    }
}
