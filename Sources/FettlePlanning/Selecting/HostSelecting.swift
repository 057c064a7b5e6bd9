import FettleModel
import FettleVersions

/// One host's share of the selecting.
struct HostSelecting {
    let resource: Resource
    let facts: HostFacts?
    let findings: [Finding]
    let policy: Policy
    let filter: PatchFilter
    let judge: BaselineJudge
    let assessedAt: Timestamp
    let time: Timestamp
    private(set) var leftOut: [Selection.LeftOut] = []

    var wanted: [Key: Wish] = [:]

    struct Key: Hashable, Comparable {
        var name: String
        var architecture: String

        static func < (left: Self, right: Self) -> Bool {
            (left.name, left.architecture) < (right.name, right.architecture)
        }
    }

    struct Wish {
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

    mutating func leaveOut(_ subject: String?, _ reason: String) {
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
        for (source, findings) in Dictionary(grouping: open, by: \.source).sorted(by: { $0.key < $1.key }) {
            closed += select(findings.sorted { $0.id < $1.id }, of: source, observed)
        }
        guard !wanted.isEmpty, !isBrokenOtherwise(observed) else { return nil }
        guard let manager = manager(observed) else { return nil }
        return SelectionRequest(
            resource: resource.id, address: resource.address, manager: manager, findings: closed.sorted(),
            wanted: versions { !$0.isInstalled }, installed: versions(where: \.isInstalled),
            pinned: Set(wanted.filter(\.value.isPinned).map(\.key.name)).sorted(),
            bounds: judge.bounds(on: observed.packages))
    }

    func versions(where isMeant: (Wish) -> Bool) -> [PackageVersion] {
        wanted.filter { isMeant($0.value) }.map {
            PackageVersion(name: $0.key.name, architecture: $0.key.architecture, version: $0.value.version)
        }.sorted()
    }

    func isOlder(_ left: String, _ right: String, _ manager: PackageManager) -> Bool {
        manager.versionOrder.precedes(left, right)
    }
}

// MARK: What is known of the host

extension HostSelecting {
    struct Observations {
        var packages: [InstalledPackage]
        var updates: [AvailableUpdate]
        var broken: [BrokenPackage]
    }

    mutating func observations(reportingFor open: [Finding]) -> Observations? {
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

    /// A package manager that stands half way refuses everything else. It is only asked if the wanted versions replace what is
    /// broken, which is what repairs it: a broken host must not block its own fix (kubernetes#67250).
    mutating func isBrokenOtherwise(_ observed: Observations) -> Bool {
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
