public import FettleModel

/// A fleet with what was observed, found and selected in it: one value from which a test can take any stage of the flow.
/// Every host runs openssl and libssl3 of one source at 3.0.20, and 3.0.22 closes a finding.
public struct FleetSample: Sendable {
    public var fleet: Fleet
    public var facts: FactSet
    public var findings: FindingSet
    public var selection: Selection
    public var policy: Policy

    public static let oldVersion = "3.0.20-1~deb12u1"
    public static let newVersion = "3.0.22-1~deb12u1"

    /// - Parameter selected: the hosts with something to do; nil: all that Fettle can reach.
    public init(fleet: Fleet, selected: Set<ResourceID>? = nil, policy: Policy = Policy()) {
        let reachable = fleet.resources.filter { $0.address.transport != .none }
        let hosts = reachable.filter { selected?.contains($0.id) ?? true }
        let outdated = Set(hosts.map(\.id))
        self.fleet = fleet
        self.policy = policy
        facts = FactSet(
            id: "facts-1", observedAt: FactSample.now,
            hosts: reachable.map { resource in
                outdated.contains(resource.id) ? Self.outdatedHost(resource.id) : Self.patchedHost(resource.id)
            })
        findings = FindingSet(
            id: "findings-1", facts: Self.reference("facts-1"), assessedAt: FactSample.now, feeds: .none,
            findings: hosts.map { Self.finding(on: $0.id) }, notJudged: [])
        selection = Selection(
            id: "selection-1", findings: Self.reference("findings-1"), selectedAt: FactSample.now,
            hosts: hosts.map { Self.selected($0.id) }, leftOut: [])
    }

    /// What a scan would see if everything selected had been done and were running.
    public var factsAfterSuccess: FactSet {
        var result = facts
        result.id = "facts-2"
        for place in result.hosts.indices {
            guard let selected = selection.hosts.first(where: { $0.resource == result.hosts[place].resource }) else {
                continue
            }
            var packages = result.hosts[place].packages.value ?? []
            for change in selected.resolution.changes {
                let earlier = packages.firstIndex {
                    $0.name == change.name && $0.architecture == change.architecture
                }
                let source = earlier.map { packages.remove(at: $0).source }
                guard let to = change.to else { continue }
                packages.append(FactSample.package(change.name, to, source: source))
            }
            result.hosts[place].packages = .observed(packages)
            result.hosts[place].updates = .observed([])
            result.hosts[place].staleServices = .observed([])
            result.hosts[place].rebootRequired = .observed(RebootRequirement(isRequired: false))
        }
        return result
    }

    /// Makes a host one whose packages are right already and whose web server still runs the earlier code.
    public mutating func leaveOnlyRestarts(on resource: ResourceID) {
        guard let place = facts.hosts.firstIndex(where: { $0.resource == resource }) else { return }
        facts.hosts[place] = Self.patchedHost(resource)
        facts.hosts[place].staleServices = .observed([
            StaleService(unit: "nginx.service", processIDs: [7], files: ["/usr/lib/x86_64-linux-gnu/libssl.so.3"])
        ])
    }

    /// A digest that stands for the real one: the same for the same id.
    public static func reference(_ id: String) -> StageReference {
        let hexadecimal = Array("0123456789abcdef")
        let digits = id.utf8.map { hexadecimal[Int($0 & 15)] }
        let text = String(repeating: String(digits), count: 64 / max(1, digits.count) + 1).prefix(64)
        return StageReference(id: id, digest: Digest(rawValue: String(text)))
    }

    public static func outdatedHost(_ id: ResourceID) -> HostFacts {
        FactSample.host(
            id, packages: packages(at: oldVersion),
            updates: ["libssl3", "openssl"].map {
                FactSample.update($0, from: oldVersion, to: newVersion, source: "openssl")
            })
    }

    public static func patchedHost(_ id: ResourceID) -> HostFacts {
        FactSample.host(id, packages: packages(at: newVersion))
    }

    private static func packages(at version: String) -> [InstalledPackage] {
        ["libssl3", "openssl"].map { FactSample.package($0, version, source: "openssl") }
    }

    public static func finding(on resource: ResourceID) -> Finding {
        Finding(
            id: FindingID("\(resource)/openssl/\(newVersion)"), resource: resource, source: "openssl",
            packages: ["libssl3", "openssl"], installed: oldVersion, fixed: newVersion, updateClass: .security,
            advisories: [], state: .missing, owner: .us, outcome: .scheduled, dueAt: nil,
            explanation: ["offered by stable-security"], isOffered: true, isHeld: false)
    }

    public static func selected(_ resource: ResourceID) -> HostSelection {
        HostSelection(
            resource: resource, findings: [finding(on: resource).id],
            wanted: ["libssl3", "openssl"].map {
                PackageVersion(name: $0, architecture: "amd64", version: newVersion)
            }, resolution: resolution)
    }

    /// What a resolver answers for `selected`.
    public static let resolution = Resolution(
        manager: .dpkg, resolvedAt: FactSample.now,
        changes: ["libssl3", "openssl"].map {
            PackageChange(name: $0, architecture: "amd64", from: oldVersion, to: newVersion)
        }, downloadBytes: 3_456_789)
}
