import FettleModel

/// What a plan takes for granted of one host's packages, and how it leaves them.
struct PlannedPackages: Sendable {
    /// As its preflight demands them.
    var before: HostExpectation?
    /// As its look after the change demands them.
    var after: HostExpectation?
    /// One list a transaction, in their order; hosts that are changed alike share them.
    var changes: [[PackageChange]] = []

    /// By host; of those of which the plan says nothing there is no entry.
    static func all(of plan: Plan) -> [ResourceID: PlannedPackages] {
        var result: [ResourceID: PlannedPackages] = [:]
        for step in plan.steps {
            switch step.action {
            case .preflight(let expectation, _): result[step.resource, default: Self()].before = expectation
            case .verify(let expectation): result[step.resource, default: Self()].after = expectation
            case .changePackages(let transaction):
                result[step.resource, default: Self()].changes.append(transaction.changes)
            default: continue
            }
        }
        return result.filter { !$0.value.isEmpty }
    }

    private var isEmpty: Bool {
        changes.allSatisfy(\.isEmpty)
            && [before, after].allSatisfy {
                $0.map { $0.packages.isEmpty && $0.absentPackages.isEmpty } ?? true
            }
    }

    /// Of the packages that it asks about.
    var names: Set<String> {
        [before, after].compactMap { $0 }.reduce(into: Set(changes.joined().map(\.name))) { names, expectation in
            names.formUnion(expectation.packages.map(\.name))
            names.formUnion(expectation.absentPackages)
        }
    }

    /// In what the host is another than the plan saw; empty: in nothing, or it is as the plan is to leave it already.
    ///
    /// - Parameter installed: all packages of those names that it has.
    func drift(of host: ResourceID, at installed: [SeenPackage]) -> [WorldDrift] {
        let seen = Dictionary(grouping: installed, by: \.name)
        let deviations = expected.deviations(from: seen)
        guard !deviations.isEmpty else { return [] }
        let aimed = aimed
        let isDone = !aimed.isEmpty && aimed.deviations(from: seen).isEmpty
        return isDone
            ? []
            : deviations.map {
                WorldDrift(.package, at: host, $0.name, planned: $0.planned, present: $0.present)
            }
    }

    /// Where a preflight asks less than the change rests on, that counts as well.
    private var expected: Wanted {
        var wanted = Wanted(before)
        var known = Set(wanted.packages.map { [$0.name, $0.architecture] })
        for change in changes.joined() {
            guard known.insert([change.name, change.architecture]).inserted, let from = change.from else { continue }
            wanted.packages.append(PackageVersion(name: change.name, architecture: change.architecture, version: from))
        }
        return wanted
    }

    /// What is changed by several transactions is left as the last one leaves it.
    private var aimed: Wanted {
        if let after, !after.packages.isEmpty || !after.absentPackages.isEmpty { return Wanted(after) }
        var last: [[String]: PackageChange] = [:]
        for change in changes.joined() { last[[change.name, change.architecture]] = change }
        var wanted = Wanted(nil)
        for change in last.values {
            if let to = change.to {
                wanted.packages.append(
                    PackageVersion(name: change.name, architecture: change.architecture, version: to))
            } else {
                wanted.absent.append(change.name)
            }
        }
        return wanted
    }

    private struct Wanted {
        var packages: [PackageVersion]
        var absent: [String]

        init(_ expectation: HostExpectation?) {
            packages = expectation?.packages ?? []
            absent = expectation?.absentPackages ?? []
        }

        var isEmpty: Bool { packages.isEmpty && absent.isEmpty }

        /// As a preflight judges them; but of several versions of one package any may be the right one.
        func deviations(
            from seen: [String: [SeenPackage]]
        ) -> [(name: String, planned: String?, present: String?)] {
            var found: [(name: String, planned: String?, present: String?)] = []
            for package in packages {
                let all = seen[package.name] ?? []
                let same = all.filter { $0.architecture == package.architecture }
                let candidates =
                    same.isEmpty ? all.filter { $0.architecture == "all" || package.architecture == "all" } : same
                guard !candidates.contains(where: { $0.version == package.version }) else { continue }
                found.append((package.name, package.version, candidates.first?.version))
            }
            for name in absent {
                if let one = seen[name]?.first { found.append((name, nil, one.version)) }
            }
            return found
        }
    }
}

/// As much of an installed package as drift is told by.
struct SeenPackage: Codable, Sendable, Equatable {
    var name: String
    var architecture: String
    var version: String
}
