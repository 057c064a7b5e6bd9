import FettleModel

/// A look at hosts, held against what a patch set's runs did before it. Pure.
struct LaterLook {
    private let hosts: [ResourceID: HostFacts]
    /// nil: nobody judged them with feeds.
    private let findings: FindingSet?

    /// - Parameter findings: what was judged of these facts; nil: nothing.
    init(facts: FactSet, findings: FindingSet?) {
        hosts = Dictionary(facts.hosts.map { ($0.resource, $0) }) { first, _ in first }
        self.findings = findings?.feeds.advisoriesChecked == true ? findings : nil
    }

    // MARK: What a set is for

    /// - Parameter time: when the run had done its last step; what was seen before tells nothing of it.
    func closing(of set: PatchSet, on succeeded: [ResourceID], since time: Timestamp) -> PatchSetTrial.Closing {
        let notJudged = Set(findings?.notJudged.map(\.resource) ?? [])
        let unseen = succeeded.filter { host in
            guard findings != nil, !notJudged.contains(host), let facts = hosts[host] else { return true }
            return facts.observedAt < time || facts.platform.value == nil
        }
        let seen = Set(succeeded).subtracting(unseen)
        let advisories = Set(set.advisories)
        func isMeant(_ resource: ResourceID, _ packages: [String]) -> Bool {
            guard seen.contains(resource), let platform = hosts[resource]?.platform.value else { return false }
            // The same weakness may be in another package, for which the set was not made.
            return set.part(for: platform)?.packages.contains { packages.contains($0.name) } == true
        }
        var open: [PatchSetTrial.Closing.Open] = []
        for finding in findings?.findings ?? [] where isMeant(finding.resource, finding.packages) {
            for advisory in finding.advisories where advisories.contains(advisory.id) {
                open.append(.init(resource: finding.resource, advisory: advisory.id, state: finding.state.words))
            }
        }
        for left in findings?.undecided ?? [] where isMeant(left.resource, left.packages) {
            for advisory in left.advisories where advisories.contains(advisory) {
                open.append(
                    .init(resource: left.resource, advisory: advisory, state: "not decided: \(left.reason)"))
            }
        }
        return PatchSetTrial.Closing(advisories: set.advisories, unseen: unseen.sorted(), open: open)
    }

    // MARK: What runs beside it

    /// Services that run on one of these hosts, sorted; nil: of one of them it is not known.
    ///
    /// - Parameter time: hosts that were seen before it show nothing.
    func services(on wanted: [ResourceID], since time: Timestamp? = nil) -> [String]? {
        var names: Set<String> = []
        for host in wanted {
            guard let facts = hosts[host], let units = facts.units.value, time.map({ $0 <= facts.observedAt }) != false
            else {
                if time == nil { return nil }
                continue
            }
            names.formUnion(units.filter(Self.isService).map(\.name))
        }
        return names.sorted()
    }

    /// One that goes on, of the site's or of a package's: not of a session, a terminal, or of systemd's own.
    private static func isService(_ unit: UnitFacts) -> Bool {
        guard unit.name.hasSuffix(".service"), unit.activeState == "active", unit.subState == "running" else {
            return false
        }
        let passing = ["systemd-", "user@", "getty@", "serial-getty@", "console-getty", "container-getty@", "fettle-"]
        return !passing.contains { unit.name.hasPrefix($0) }
    }
}

extension InstallState {
    fileprivate var words: String {
        switch self {
        case .missing: "still missing"
        case .installedPendingRestart: "installed, and a service still runs the old code"
        case .installedPendingReboot: "installed, and the old kernel still runs"
        case .running, .verified: "still told"
        }
    }
}
