import FettleModel
import FettleVersions

/// One host's share of the selecting.
struct HostSelecting {
    private let resource: Resource
    private let facts: HostFacts?
    private let findings: [Finding]
    private let policy: Policy
    private let filter: PatchFilter
    private let judge: BaselineJudge
    private let assessedAt: Timestamp
    private let time: Timestamp
    private(set) var leftOut: [Selection.LeftOut] = []

    private var wanted: [Key: Wish] = [:]

    private struct Key: Hashable {
        var name: String
        var architecture: String
    }

    private struct Wish {
        var version: String
        var isPinned: Bool
        var isInstalled: Bool
    }

    init(
        resource: Resource, facts: HostFacts?, findings: [Finding], policy: Policy, filter: PatchFilter,
        assessedAt: Timestamp, time: Timestamp
    ) {
        judge = BaselineJudge(
            policy: policy, resource: resource, platform: facts?.platform ?? .notObserved(reason: "never looked at"))
        self.assessedAt = assessedAt
        self.time = time
        self.resource = resource
        self.facts = facts
        self.findings = findings
        self.policy = policy
        self.filter = filter
    }

    private mutating func leaveOut(_ subject: String?, _ reason: String) {
        leftOut.append(Selection.LeftOut(resource: resource.id, subject: subject, reason: reason))
    }

    /// nil: nothing is wanted here, or nothing can be done; `leftOut` says what and why.
    mutating func request() -> SelectionRequest? {
        let open = findings.filter { finding in
            finding.state != .running && finding.state != .verified
                && filter.includes(source: finding.source, packages: finding.packages)
                && !(filter.onlySecurity && finding.updateClass != .security)
        }
        let pins = filter.packages.filter { $0.version != nil }
        guard !open.isEmpty || !pins.isEmpty else { return nil }
        guard let observed = observations(reportingFor: open) else { return nil }
        if case .undecided(let reason) = judge.choice {
            leaveOut(nil, reason)
            return nil
        }
        addPins(pins, observed)
        var closed: [FindingID] = []
        for finding in open.sorted(by: { $0.id < $1.id }) where select(finding, observed) { closed.append(finding.id) }
        guard !wanted.isEmpty, !isBrokenOtherwise(observed) else { return nil }
        guard let manager = manager(observed) else { return nil }
        return SelectionRequest(
            resource: resource.id, address: resource.address, manager: manager, findings: closed,
            wanted: versions { !$0.isInstalled }, installed: versions(where: \.isInstalled),
            pinned: Set(wanted.filter(\.value.isPinned).map(\.key.name)).sorted(),
            bounds: judge.bounds(on: observed.packages))
    }

    private func versions(where isMeant: (Wish) -> Bool) -> [PackageVersion] {
        wanted.filter { isMeant($0.value) }.map {
            PackageVersion(name: $0.key.name, architecture: $0.key.architecture, version: $0.value.version)
        }.sorted()
    }

    private struct Observations {
        var packages: [InstalledPackage]
        var updates: [AvailableUpdate]
        var broken: [BrokenPackage]
    }

    private mutating func observations(reportingFor open: [Finding]) -> Observations? {
        let owner = resource.operatingSystemOwner
        if owner != .us {
            let model = resource.serviceModel.rawValue
            let reason = "the \(owner.rawValue)'s job (service model \(model))"
            if open.isEmpty { leaveOut(nil, reason) }
            for finding in open { leaveOut(finding.source, reason) }
            return nil
        }
        if resource.address.transport == .none {
            leaveOut(nil, "not reachable by Fettle: tracked only")
            return nil
        }
        guard let facts else {
            leaveOut(nil, "the facts know nothing of it; scan again")
            return nil
        }
        if case .unreachable(let reason) = facts.reachability {
            leaveOut(nil, "unreachable: \(reason)")
            return nil
        }
        guard case .observed(let packages) = facts.packages, case .observed(let updates) = facts.updates,
            case .observed(let broken) = facts.brokenPackages
        else {
            let reasons = [
                facts.packages.reasonMissing, facts.updates.reasonMissing, facts.brokenPackages.reasonMissing,
            ].compactMap { $0 }
            leaveOut(nil, "packages not observed: \(reasons.first ?? "unknown")")
            return nil
        }
        return Observations(packages: packages, updates: updates, broken: broken)
    }

    /// Whether the finding is closed by what is wanted now.
    private mutating func select(_ finding: Finding, _ observed: Observations) -> Bool {
        let updates = observed.updates.filter { $0.source == finding.source }
        let installed = observed.packages.filter { $0.source == finding.source }
        let names = Set(finding.packages + updates.map(\.name) + installed.map(\.name))
        // A pin on any of them decides for the whole source, and its reasons have been told.
        if filter.packages.contains(where: {
            $0.version != nil && ($0.name == finding.source || names.contains($0.name))
        }) {
            return isClosedByPins(finding, installed)
        }
        if let reason = reasonAgainst(finding, updates: updates, installed: installed, names: names) {
            leaveOut(finding.source, reason)
            return false
        }
        if finding.state == .missing {
            for update in updates {
                wanted[Key(name: update.name, architecture: update.architecture)] = Wish(
                    version: update.candidate, isPinned: false, isInstalled: false)
            }
        } else {
            for package in installed {
                let key = Key(name: package.name, architecture: package.architecture)
                if wanted[key] == nil {
                    wanted[key] = Wish(version: package.version, isPinned: false, isInstalled: true)
                }
            }
        }
        return true
    }

    private func reasonAgainst(
        _ finding: Finding, updates: [AvailableUpdate], installed: [InstalledPackage], names: Set<String>
    ) -> String? {
        if finding.owner != .us { return "the \(finding.owner.rawValue)'s job" }
        if let objection = judge.objectionToClass(finding.updateClass, isExploited: finding.isExploited) {
            return objection.reason
        }
        if let glob = policy.exclude.firstGlob(matchingAnyOf: names.union([finding.source]).sorted()) {
            return "excluded by policy: \(glob)"
        }
        // What is held is not held back from running: only what is denied is left alone there too.
        if let objection = judge.objectionToNames([finding.source] + names.sorted()),
            finding.state == .missing || objection.verdict == .denied
        {
            return objection.reason
        }
        guard finding.state == .missing else { return nil }
        let held = Set(updates.filter(\.isHeld).map(\.name) + installed.filter(\.isHeld).map(\.name)).sorted()
        if finding.isHeld || !held.isEmpty {
            return "held on the host: \((held.isEmpty ? finding.packages : held).joined(separator: ", "))"
        }
        guard !updates.isEmpty else {
            return finding.fixed == nil ? "nothing fixes it yet" : "not offered by the host's sources"
        }
        if let fixed = finding.fixed, let old = updates.first(where: { isOlder($0.sourceVersion, fixed, $0.manager) }) {
            return "not offered: the host's sources have \(old.sourceVersion), the fix is \(fixed)"
        }
        let judgement = judge.judge(
            OfferedPatch(finding, updates: updates, names: names, assessedAt: assessedAt), at: time)
        return judgement.verdict == .taken ? nil : judgement.reason
    }

    private func isOlder(_ left: String, _ right: String, _ manager: PackageManager) -> Bool {
        manager.versionOrder.precedes(left, right)
    }
}

extension HostSelecting {
    /// A pin needs no finding and no class in policy: a person asked for it. What policy excludes and what the host holds stays.
    private mutating func addPins(_ pins: [PackageRequest], _ observed: Observations) {
        for pin in pins {
            guard let version = pin.version else { continue }
            let named = observed.packages.filter { $0.name == pin.name || $0.source == pin.name }
            guard !named.isEmpty else { continue }
            let sources = Set(named.map(\.source))
            let level = Set(named.map(\.version))
            // Binaries of one source mostly share one version; those that do not are left to the resolver.
            let together = observed.packages.filter { sources.contains($0.source) && level.contains($0.version) }
            if let glob = policy.exclude.firstGlob(matchingAnyOf: together.map(\.name) + sources.sorted()) {
                leaveOut(pin.name, "excluded by policy: \(glob)")
                continue
            }
            if let reason = objection(to: version, of: together) {
                leaveOut(pin.name, reason)
                continue
            }
            let held = Set(together.filter(\.isHeld).map(\.name)).sorted()
            guard held.isEmpty else {
                leaveOut(pin.name, "held on the host: \(held.joined(separator: ", "))")
                continue
            }
            let isThere = together.allSatisfy { $0.version == version }
            guard !isThere else { continue }
            for package in together {
                wanted[Key(name: package.name, architecture: package.architecture)] = Wish(
                    version: version, isPinned: true, isInstalled: package.version == version)
            }
        }
    }

    /// What the baseline denies, holds or pins below is not for a person to take by name either: the baseline is altered first, where
    /// others see it.
    private func objection(to version: String, of packages: [InstalledPackage]) -> String? {
        guard let manager = packages.first?.manager else { return nil }
        let names = Set(packages.flatMap { [$0.source, $0.name] }).sorted()
        if let objection = judge.objectionToNames(names) { return objection.reason }
        guard let pin = judge.pin(of: names, manager: manager), isOlder(pin.version, version, manager) else {
            return nil
        }
        return "pinned at \(pin.version) by baseline \(judge.choice.baseline?.name ?? "?"), and \(version) is above it"
    }

    private func isClosedByPins(_ finding: Finding, _ installed: [InstalledPackage]) -> Bool {
        guard let fixed = finding.fixed, !installed.isEmpty else { return false }
        return installed.allSatisfy { package in
            guard let wish = wanted[Key(name: package.name, architecture: package.architecture)] else { return false }
            // Only where source and binary share their versions can it be told; otherwise the next scan tells.
            return package.version == package.sourceVersion && !isOlder(wish.version, fixed, package.manager)
        }
    }

    /// A package manager that stands half way refuses everything else. It is only asked if the wanted versions replace what is
    /// broken, which is what repairs it: a broken host must not block its own fix (kubernetes#67250).
    private mutating func isBrokenOtherwise(_ observed: Observations) -> Bool {
        let names = Set(wanted.keys.map(\.name))
        let open = observed.broken.filter { !$0.state.hasPrefix("triggers-") && !names.contains($0.name) }
        guard !open.isEmpty else { return false }
        let list = open.prefix(3).map { "\($0.name) \($0.version) is \($0.state)" }.joined(separator: ", ")
        leaveOut(nil, "repair first: \(list)\(open.count > 3 ? ", and \(open.count - 3) more" : "")")
        return true
    }

    private mutating func manager(_ observed: Observations) -> PackageManager? {
        let names = Set(wanted.keys.map(\.name))
        let managers = Set(observed.packages.filter { names.contains($0.name) }.map(\.manager))
            .union(observed.updates.filter { names.contains($0.name) }.map(\.manager))
        guard managers.count == 1, let manager = managers.first else {
            let names = managers.map(\.rawValue).sorted().joined(separator: ", ")
            leaveOut(nil, "several package managers at once: \(names)")
            return nil
        }
        return manager
    }
}
