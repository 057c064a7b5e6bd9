public import FettleModel
import FettleVersions

/// Holds a list against facts. Synchronous and pure.
public struct ListJudge: Sendable {
    private let resources: [Resource]
    private let facts: [ResourceID: HostFacts]
    private let names: Names

    /// - Parameter resources: those that the list should speak of.
    public init(_ resources: [Resource], facts: FactSet) {
        self.resources = resources
        self.facts = facts.hosts.reduce(into: [:]) { $0[$1.resource] = $1 }
        names = Names(resources)
    }

    public func compare(_ list: SystemList) -> ListComparison {
        var comparison = ListComparison(lines: [], notInFleet: [], notInList: [], found: 0)
        var found: Set<ResourceID> = []
        var strangers: Set<String> = []
        let known = resources.reduce(into: [ResourceID: Resource]()) { $0[$1.id] = $1 }
        var lookups: [ResourceID: Lookup] = [:]
        for row in list.rows {
            let candidates = names.candidates(row.system)
            guard candidates.count == 1, let id = candidates.first, let resource = known[id] else {
                if strangers.insert(row.system.lowercased()).inserted {
                    comparison.notInFleet.append(.init(system: row.system, line: row.line, candidates: candidates))
                }
                continue
            }
            found.insert(id)
            let lookup = lookups[id] ?? Lookup(resource, facts[id])
            lookups[id] = lookup
            comparison.lines += row.claims.map { line(row.line, lookup, $0) }
        }
        comparison.found = found.count
        comparison.notInList = resources.map(\.id).filter { !found.contains($0) }
        return comparison
    }

    private func line(_ line: Int, _ lookup: Lookup, _ claim: SystemList.Claim) -> ListComparison.Line {
        let answer = lookup.answer(claim)
        return ListComparison.Line(
            line: line, resource: lookup.resource.id, subject: claim.subject, listed: claim.value,
            observed: answer.observed, verdict: answer.verdict, reason: answer.reason)
    }

    /// How a list may call a resource: by its name, by the address, by the first part of either, in any case of letters.
    private struct Names: Sendable {
        private var exact: [String: [ResourceID]] = [:]
        private var short: [String: [ResourceID]] = [:]

        init(_ resources: [Resource]) {
            for resource in resources {
                let names = Set([resource.id.rawValue, resource.address.host].map { $0.lowercased() }).subtracting([""])
                for name in names { exact[name, default: []].append(resource.id) }
                for name in Set(names.map(Self.firstPart)) { short[name, default: []].append(resource.id) }
            }
        }

        func candidates(_ system: String) -> [ResourceID] {
            let name = system.lowercased()
            return exact[name] ?? short[Self.firstPart(name)] ?? []
        }

        /// Of an address in digits all of it: `10.0.0.1` and `10.0.0.2` are not one.
        private static func firstPart(_ name: String) -> String {
            let isAddress =
                name.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") } || name.contains(":")
            return isAddress ? name : String(name.prefix { $0 != "." })
        }
    }
}

/// What is known of one resource, found by what a list may ask for.
private struct Lookup: Sendable {
    let resource: Resource
    private let facts: HostFacts?
    private let packages: [String: [InstalledPackage]]

    typealias Answer = (observed: String?, verdict: ListComparison.Verdict, reason: String?)

    init(_ resource: Resource, _ facts: HostFacts?) {
        self.resource = resource
        self.facts = facts
        var packages: [String: [InstalledPackage]] = [:]
        for package in facts?.packages.value ?? [] {
            packages[package.name.lowercased(), default: []].append(package)
        }
        // A source's name means its packages where no package is called so.
        for package in facts?.packages.value ?? [] where packages[package.source.lowercased()] == nil {
            var source = package
            source.version = package.sourceVersion
            packages[package.source.lowercased()] = [source]
        }
        self.packages = packages
    }

    func answer(_ claim: SystemList.Claim) -> Answer {
        switch claim.subject {
        case .environment: text(claim.value, resource.environment.rawValue, "no environment is declared")
        case .owner: text(claim.value, resource.owner ?? resource.responsibility?.owner, "no owner is declared")
        case .kernel: kernel(claim.value)
        case .platform: platform(claim.value)
        case .package(let name): package(name, claim.value)
        }
    }

    private func text(_ listed: String, _ observed: String?, _ reason: String) -> Answer {
        guard let observed, !observed.isEmpty else { return (nil, .notKnown, reason) }
        return (observed, observed.lowercased() == listed.lowercased() ? .agrees : .differs, nil)
    }

    private func missing(_ reason: String?) -> Answer {
        guard let facts else { return (nil, .notKnown, "never looked at") }
        if case .unreachable(let why) = facts.reachability { return (nil, .notKnown, "did not answer: \(why)") }
        return (nil, .notKnown, reason ?? "not observed")
    }

    private func kernel(_ listed: String) -> Answer {
        guard let running = facts?.kernels.value?.running else { return missing(facts?.kernels.reasonMissing) }
        return (running, Self.says(listed, of: running) ? .agrees : .differs, nil)
    }

    /// `Debian 12` agrees with `Debian GNU/Linux 12 (bookworm)`: every word of it is there.
    private func platform(_ listed: String) -> Answer {
        guard let platform = facts?.platform.value else { return missing(facts?.platform.reasonMissing) }
        let known = Self.words(
            "\(platform.prettyName) \(platform.distribution) \(platform.version) \(platform.codename) \(platform.architecture)"
        )
        let agrees = Self.words(listed).isSubset(of: known)
        return (
            platform.prettyName.isEmpty ? platform.distribution : platform.prettyName, agrees ? .agrees : .differs, nil
        )
    }

    private static func words(_ text: String) -> Set<String> {
        Set(text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == ".") }.map(String.init))
    }

    private func package(_ name: String, _ listed: String) -> Answer {
        guard facts?.packages.value != nil else { return missing(facts?.packages.reasonMissing) }
        guard let installed = packages[name.lowercased()], let first = installed.first else {
            return (nil, .notInstalled, nil)
        }
        let order = VersionOrder(first.manager.scheme)
        let versions = installed.map(\.version)
        // Of several, such as kernels, one that agrees is enough.
        if let match = versions.first(where: { order.areEqual($0, listed) || Self.says(listed, of: $0) }) {
            return (match, .agrees, nil)
        }
        let newest = order.newest(of: versions) ?? first.version
        // Without an epoch in the list none is compared: people leave it out.
        let comparable = listed.contains(":") ? newest : Self.withoutEpoch(newest)
        return (newest, order.precedes(comparable, listed) ? .systemIsBehind : .listIsBehind, nil)
    }

    private static func withoutEpoch(_ version: String) -> String {
        guard let colon = version.firstIndex(of: ":") else { return version }
        return String(version[version.index(after: colon)...])
    }

    /// Whether a version is said as far as the list goes: it begins so, and goes on with another part. A `~` begins what comes
    /// before, such as a release candidate, and is no such part.
    private static func says(_ listed: String, of version: String) -> Bool {
        for whole in [version, withoutEpoch(version)] {
            if whole == listed { return true }
            guard !listed.isEmpty, whole.hasPrefix(listed) else { continue }
            if let next = whole.dropFirst(listed.count).first, ".-+_".contains(next) { return true }
        }
        return false
    }
}
