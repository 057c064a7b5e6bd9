public import FettleIndex
public import FettleModel

/// Hosts of which it cannot be told whether they still run a version that an advisory is about: what lies on disk has the fix, something
/// maps replaced files or waits for a reboot, and nothing tells what was there before. Such a host is not clean.
public struct UnknownRunning {
    private let hosts: [HostFacts]
    private let settled: [SightingKey: Timestamp]
    private let waiting: EarlierLook
    private let index: AdvisoryIndex
    private var judges: [String: SoftwareJudge] = [:]

    public init(facts: FactSet, sightings: [Sighting], index: AdvisoryIndex) {
        hosts = facts.hosts.filter { host in
            !(host.staleServices.value ?? []).isEmpty || host.rebootRequired.value?.isRequired == true
        }
        settled = sightings.reduce(into: [:]) { known, sighting in
            if sighting.key.kind == .advisory, let gone = sighting.goneAt { known[sighting.key] = gone }
        }
        waiting = EarlierLook(findings: nil, facts: nil, sightings: sightings)
        self.index = index
    }

    /// - Parameter advisories: by their numbers in the index.
    /// - Returns: sorted by resource and source.
    public mutating func undecided(by advisories: Set<UInt32>) throws(IndexError) -> [FindingSet.Undecided] {
        var found: [FindingSet.Undecided] = []
        guard !hosts.isEmpty else { return [] }
        for advisory in advisories.sorted() {
            let id = try index.advisory(advisory).record.id
            let said = try index.packages(of: advisory).compactMap { AdvisoryOfPackage(advisory, $0) }
            for host in hosts { try take(id, said, on: host, into: &found) }
        }
        return found.sorted { ($0.resource, $0.source, $0.reason) < ($1.resource, $1.source, $1.reason) }
    }

    private mutating func take(
        _ id: String, _ said: [AdvisoryOfPackage], on host: HostFacts, into found: inout [FindingSet.Undecided]
    ) throws(IndexError) {
        let judge = HostAdvisories.judge(of: host, index, &judges)
        for package in host.packages.value ?? [] {
            let listed = ListedPackage(package)
            guard let reason = reason(package, id, on: host) else { continue }
            for word in said where try judge.status(of: listed, to: word) == .fixed {
                add(id, package, host.resource, reason, to: &found)
            }
        }
    }

    private func add(
        _ id: String, _ package: InstalledPackage, _ host: ResourceID, _ reason: String,
        to found: inout [FindingSet.Undecided]
    ) {
        let place = found.firstIndex {
            $0.resource == host && $0.source == package.source && $0.installed == package.sourceVersion
                && $0.reason == reason
        }
        guard let place else {
            found.append(
                .init(
                    resource: host, source: package.source, packages: [package.name], installed: package.sourceVersion,
                    advisories: [AdvisoryID(id)], reason: reason))
            return
        }
        found[place].packages = Set(found[place].packages + [package.name]).sorted()
        let names = Set(found[place].advisories + [AdvisoryID(id)])
        found[place].advisories = names.sorted { $0.rawValue < $1.rawValue }
    }

    /// What may run an older version of a package; nil: nothing can.
    private func reason(_ package: InstalledPackage, _ id: String, on host: HostFacts) -> String? {
        if let reboot = host.rebootRequired.value, reboot.isRequired {
            let isNamed = reboot.packages.contains(package.name)
            let isKernel = KernelPackages.isSource(package.source)
            // A running kernel whose package asks for a boot was replaced in place: what was booted is older.
            let runs = !isKernel || isOfRunningKernel(package, host)
            if runs, isNamed || reboot.packages.isEmpty {
                return "\(isNamed ? package.name : "a package") asked for a reboot; what runs until then is not known"
            }
            if isKernel { return nil }
        }
        guard !KernelPackages.isSource(package.source) else { return nil }
        let key = SightingKey(resource: host.resource, source: package.source, kind: .advisory, name: id)
        let units = (host.staleServices.value ?? []).map(\.findingSource).filter { unit in
            // The fix was seen to run before the service was on replaced code: what it maps is younger.
            let since = waiting.waitingSince(host.resource, unit, .installedPendingRestart)
            guard let gone = settled[key], let since else { return true }
            return gone >= since
        }.sorted()
        guard let first = units.first else { return nil }
        let more = units.count > 1 ? " and \(units.count - 1) more" : ""
        return "\(first)\(more) still \(units.count == 1 ? "maps" : "map") a replaced file; what runs is not known"
    }

    private func isOfRunningKernel(_ package: InstalledPackage, _ host: HostFacts) -> Bool {
        KernelPackages.release(of: package) != nil && RunningKernel(host).isExposed(package)
    }
}
