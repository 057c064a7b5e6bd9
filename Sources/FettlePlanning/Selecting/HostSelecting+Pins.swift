import FettleModel

/// Versions that a person asks for by name: `name=version`.
extension HostSelecting {
    /// A pin needs no finding and no class in policy: a person asked for it. What policy excludes and what the host holds stays.
    mutating func addPins(_ pins: [PackageRequest], _ observed: Observations) {
        var byPackage: [Key: [(request: PackageRequest, version: String)]] = [:]
        var groups: [(request: PackageRequest, version: String, packages: [InstalledPackage])] = []
        for pin in Set(pins).sorted(by: { $0.description < $1.description }) {
            guard let text = pin.version else { continue }
            let packages = together(pin, observed)
            guard let first = packages.first else { continue }
            let version = exact(text, packages, first.manager, observed)
            groups.append((pin, version, packages))
            for package in packages {
                byPackage[Key(name: package.name, architecture: package.architecture), default: []].append(
                    (pin, version))
            }
        }
        for group in groups {
            let others = group.packages.flatMap {
                byPackage[Key(name: $0.name, architecture: $0.architecture)] ?? []
            }.filter { $0.version != group.version }.map(\.request.description)
            if let other = others.min() {
                leaveOut(
                    group.request.name,
                    "asked for twice: \(group.request) and \(other) go together; ask for one version")
            } else {
                add(group.request, group.version, group.packages)
            }
        }
    }

    /// The package, or those of the source, with their siblings: binaries of one source mostly share one version; those that do not are
    /// left to the resolver.
    private func together(_ pin: PackageRequest, _ observed: Observations) -> [InstalledPackage] {
        let named = observed.packages.filter { $0.name == pin.name || $0.source == pin.name }
        let sources = Set(named.map(\.source))
        let level = Set(named.map(\.version))
        return observed.packages.filter { sources.contains($0.source) && level.contains($0.version) }
    }

    /// The version in the words of the package manager: a person leaves an epoch out, `4.1-1` for `1:4.1-1`. Only where the host knows
    /// one such version, installed or on offer, and none that is written as asked.
    private func exact(
        _ text: String, _ packages: [InstalledPackage], _ manager: PackageManager, _ observed: Observations
    ) -> String {
        let names = Set(packages.map(\.name))
        let known = Set(
            packages.map(\.version) + observed.updates.filter { names.contains($0.name) }.map(\.candidate))
        guard manager.epoch(of: text) == nil, !known.contains(text) else { return text }
        let meant = known.filter { manager.withoutEpoch($0) == text }
        return meant.count == 1 ? meant.first ?? text : text
    }

    private mutating func add(_ pin: PackageRequest, _ version: String, _ packages: [InstalledPackage]) {
        let sources = Set(packages.map(\.source)).sorted()
        if let glob = policy.exclude.firstGlob(matchingAnyOf: packages.map(\.name) + sources) {
            return leaveOut(pin.name, "excluded by policy: \(glob)")
        }
        if let reason = objection(to: version, of: packages) { return leaveOut(pin.name, reason) }
        let held = Set(packages.filter(\.isHeld).map(\.name)).sorted()
        guard held.isEmpty else {
            return leaveOut(pin.name, "held on the host: \(held.joined(separator: ", "))")
        }
        let isThere = packages.allSatisfy { $0.version == version }
        guard !isThere else { return }
        for package in packages {
            wanted[Key(name: package.name, architecture: package.architecture)] = Wish(
                version: version, isPinned: true, isInstalled: package.version == version)
        }
    }

    /// What the baseline denies, holds or pins below is not for a person to take by name either: the baseline is altered first, where
    /// others see it.
    func objection(to version: String, of packages: [InstalledPackage]) -> String? {
        guard let manager = packages.first?.manager else { return nil }
        let names = Set(packages.flatMap { [$0.source, $0.name] }).sorted()
        if let objection = judge.objectionToNames(names) { return objection.reason }
        guard let pin = judge.pin(of: names, manager: manager), isOlder(pin.version, version, manager) else {
            return nil
        }
        return "pinned at \(pin.version) by baseline \(judge.choice.baseline?.name ?? "?"), and \(version) is above it"
    }

    /// Those of the findings that the pinned versions close. Of the others it is told where a version was asked for that is too old.
    mutating func closedByPins(_ findings: [Finding], _ state: SourceState) -> [FindingID] {
        findings.filter { finding in
            guard let fixed = finding.fixed, !state.installed.isEmpty else { return false }
            for package in state.installed {
                guard let wish = wanted[Key(name: package.name, architecture: package.architecture)] else {
                    return false
                }
                // Only where source and binary share their versions can it be told; otherwise the next scan tells.
                guard package.version == package.sourceVersion else { return false }
                guard !isOlder(wish.version, fixed, package.manager) else {
                    leaveOut(state.source, "asked for at \(wish.version), and the fix is \(fixed)")
                    return false
                }
            }
            return true
        }.map(\.id)
    }
}
