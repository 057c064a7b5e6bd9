public import FettleModel
import FettleVersions

/// Compares hosts by their newest facts. Synchronous and pure.
public struct DriftJudge: Sendable {
    private let facts: FactSet
    private let policy: Policy

    public init(facts: FactSet, policy: Policy) {
        self.facts = facts
        self.policy = policy
    }

    /// - Parameter pairs: whether every two hosts are compared too, which of a large fleet takes long and is much to read.
    public func compare(_ resources: [Resource], pairs: Bool = true) -> DriftReport {
        var report = DriftReport(platforms: [], notCompared: [], fromBaselines: [])
        var byPlatform: [String: [Host]] = [:]
        let known = facts.hosts.reduce(into: [ResourceID: HostFacts]()) { $0[$1.resource] = $1 }
        for resource in resources.sorted(by: { $0.id < $1.id }) {
            guard let host = known[resource.id] else {
                report.notCompared.append(.init(resource: resource.id, reason: "never looked at"))
                continue
            }
            guard let platform = host.platform.value, let packages = host.packages.value else {
                let reason = host.platform.reasonMissing ?? host.packages.reasonMissing ?? "unknown"
                report.notCompared.append(.init(resource: resource.id, reason: "not observed: \(reason)"))
                continue
            }
            let name = "\(platform.baselineNames[0]) \(platform.architecture)"
            byPlatform[name, default: []].append(Host(id: resource.id, packages: Self.versions(packages)))
            report.fromBaselines += fromBaseline(resource, platform: host.platform, packages: packages)
        }
        report.platforms = byPlatform.sorted { $0.key < $1.key }.map {
            Self.drift($0.key, $0.value, comparesPairs: pairs)
        }
        return report
    }

    private struct Host {
        var id: ResourceID
        var packages: [Key: Installed]
    }

    private struct Key: Hashable, Comparable {
        var name: String
        var architecture: String
        var manager: PackageManager

        static func < (left: Key, right: Key) -> Bool {
            (left.name, left.architecture, left.manager.rawValue) < (
                right.name, right.architecture, right.manager.rawValue
            )
        }
    }

    private struct Installed {
        var version: String
        var source: String
    }

    /// Of packages that are installed several times, such as rpm's kernels, the newest counts.
    private static func versions(_ packages: [InstalledPackage]) -> [Key: Installed] {
        packages.reduce(into: [:]) { versions, package in
            let key = Key(name: package.name, architecture: package.architecture, manager: package.manager)
            if let other = versions[key], package.manager.scheme.compare(package.version, other.version) != .greater {
                return
            }
            versions[key] = Installed(version: package.version, source: package.source)
        }
    }

    private static func drift(
        _ platform: String, _ hosts: [Host], comparesPairs: Bool
    ) -> DriftReport.PlatformDrift {
        var holders: [Key: [(host: Int, installed: Installed)]] = [:]
        for (place, host) in hosts.enumerated() {
            for (key, installed) in host.packages { holders[key, default: []].append((place, installed)) }
        }
        var packages: [DriftReport.PackageDrift] = []
        var ranks: [[Int: Int]] = []
        for (key, found) in holders.sorted(by: { $0.key < $1.key }) {
            let texts = found.map(\.installed.version)
            guard let first = texts.first, texts.contains(where: { $0 != first }) else { continue }
            let rank = VersionOrder(key.manager.scheme).ranks(of: texts)
            // Written differently and the same to the package manager is no drift.
            guard rank.contains(where: { $0 != rank[0] }) else { continue }
            var byRank: [Int: DriftReport.Holders] = [:]
            for (position, entry) in found.enumerated() {
                byRank[rank[position], default: .init(version: texts[position], hosts: [])].hosts.append(
                    hosts[entry.host].id)
            }
            let versions = byRank.sorted { $0.key < $1.key }.map { holders in
                DriftReport.Holders(version: holders.value.version, hosts: holders.value.hosts.sorted())
            }
            packages.append(
                DriftReport.PackageDrift(
                    name: key.name, architecture: key.architecture, source: found[0].installed.source,
                    newest: versions.last?.version ?? first, versions: versions))
            ranks.append(
                found.enumerated().reduce(into: [:]) { $0[$1.element.host] = rank[$1.offset] })
        }
        let (pairs, leftOut) = comparesPairs ? pairs(hosts, ranks) : ([], hosts.count * (hosts.count - 1) / 2)
        return DriftReport.PlatformDrift(
            platform: platform, hosts: hosts.map(\.id), packages: packages, pairs: pairs, pairsLeftOut: leftOut,
            onlyOnSome: holders.values.count { $0.count < hosts.count })
    }

    /// All pairs of a group that a person can read; of a larger one only those that differ, and only so many of them.
    private static func pairs(_ hosts: [Host], _ ranks: [[Int: Int]]) -> ([DriftReport.Pair], leftOut: Int) {
        let all = hosts.count * (hosts.count - 1) / 2
        let showsAll = all <= DriftReport.maximumPairs
        var pairs: [DriftReport.Pair] = []
        for first in hosts.indices {
            for second in hosts.indices.dropFirst(first + 1) {
                guard pairs.count < DriftReport.maximumPairs else { return (pairs, all - pairs.count) }
                var pair = DriftReport.Pair(first: hosts[first].id, second: hosts[second].id, ahead: 0, behind: 0)
                for rank in ranks {
                    guard let one = rank[first], let other = rank[second], one != other else { continue }
                    if one > other { pair.ahead += 1 } else { pair.behind += 1 }
                }
                if showsAll || !pair.isSameLevel { pairs.append(pair) }
            }
            // A large group without drift has nothing to tell of its pairs.
            if ranks.isEmpty, !showsAll { return ([], 0) }
        }
        return (pairs, showsAll ? 0 : all - pairs.count)
    }

    // MARK: Against the baseline

    private func fromBaseline(
        _ resource: Resource, platform: Observed<Platform>, packages: [InstalledPackage]
    ) -> [DriftReport.BaselineDrift] {
        guard let baseline = policy.baseline(for: resource, platform: platform).baseline else { return [] }
        var found: [DriftReport.BaselineDrift] = []
        func tell(_ source: String, _ words: String) {
            found.append(.init(resource: resource.id, baseline: baseline.name, source: source, words: words))
        }
        for (source, packages) in Dictionary(grouping: packages, by: \.source).sorted(by: { $0.key < $1.key }) {
            guard let scheme = packages.first?.manager.scheme else { continue }
            let names = Set([source] + packages.map(\.name)).sorted()
            let order = VersionOrder(scheme)
            let newest = order.newest(of: packages.map(\.sourceVersion)) ?? ""
            if let pin = baseline.pins.first(where: { [$0.name].firstGlob(matchingAnyOf: names) != nil }),
                !order.areEqual(newest, pin.version)
            {
                let side = order.precedes(newest, pin.version) ? "below" : "above"
                tell(source, "\(newest) is \(side) its pin \(pin.version)")
            }
            let held = Set(packages.filter(\.isHeld).map(\.name)).sorted()
            let isToBeHeld = baseline.hold.firstGlob(matchingAnyOf: names) != nil
            if isToBeHeld, held.isEmpty {
                tell(source, "to be held, but the host's package manager does not hold it")
            } else if !isToBeHeld, !held.isEmpty {
                tell(source, "held on the host (\(held.joined(separator: ", "))), but not by the baseline")
            }
        }
        return found
    }
}
