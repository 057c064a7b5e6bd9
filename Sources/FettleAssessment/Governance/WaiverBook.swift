public import FettleModel

/// Applies waivers to findings. Synchronous and pure: waivers, fleet and time are given.
///
/// A waived finding stays in the answer, marked; it comes back by itself when its waiver ends, because marks are set anew from the
/// waivers that hold at the time.
public struct WaiverBook: Sendable {
    /// All of them, those that have ended too.
    public let waivers: [Waiver]
    private let reaches: [Reach]
    private let byAdvisory: [String: [Int]]
    private let bySource: [String: [Int]]
    private let byFinding: [FindingID: [Int]]
    private let systems: [ResourceID: System]
    /// By name in lower case: the other names that feeds know.
    private let aliases: [String: [String]]

    /// How many days before its end a waiver is told to be ending.
    public static let warningDays = 14

    /// What is known of a resource's system; a scope that names a package matches by it.
    public struct System: Sendable, Equatable {
        public var platform: Platform?
        public var manager: PackageManager?

        public init(platform: Platform?, manager: PackageManager?) {
            self.platform = platform
            self.manager = manager
        }
    }

    /// A waiver with its scope resolved.
    private struct Reach {
        var waiver: Waiver
        /// nil: everywhere.
        var resources: Set<ResourceID>?
        var packages: [PackageScope]
    }

    /// - Parameters:
    ///   - systems: where nothing is known of a resource, a scope that names packages does not reach it.
    ///   - aliases: other names of the advisories in the findings, such as the CVE of a distribution's own advisory.
    public init(
        _ waivers: [Waiver], fleet: Fleet, systems: [ResourceID: System] = [:],
        aliases: [AdvisoryID: [AdvisoryID]] = [:]
    ) {
        self.waivers = waivers
        self.systems = systems
        self.aliases = Dictionary(
            aliases.map { ($0.key.rawValue.lowercased(), $0.value.map { $0.rawValue.lowercased() }) }
        ) { $0 + $1 }
        var (byAdvisory, bySource, byFinding): ([String: [Int]], [String: [Int]], [FindingID: [Int]]) = ([:], [:], [:])
        let places = Places(fleet)
        reaches = waivers.map { waiver in
            Reach(
                waiver: waiver, resources: places.resources(in: waiver.scope),
                packages: waiver.scope.packages.map(PackageScope.init))
        }
        for (index, waiver) in waivers.enumerated() {
            switch waiver.scope.subject {
            case .advisory(let id, let others):
                for name in Set(([id] + others).map { $0.rawValue.lowercased() }) {
                    byAdvisory[name, default: []].append(index)
                }
            case .source(let source): bySource[source, default: []].append(index)
            case .finding(let id): byFinding[id, default: []].append(index)
            }
        }
        (self.byAdvisory, self.bySource, self.byFinding) = (byAdvisory, bySource, byFinding)
    }

    public static func systems(of facts: FactSet) -> [ResourceID: System] {
        Dictionary(
            facts.hosts.map { host in
                (
                    host.resource,
                    System(platform: host.platform.value, manager: host.packages.value?.first?.manager)
                )
            }
        ) { first, _ in first }
    }

    /// The same findings, each with the marks of the waivers that hold at that time and no others.
    public func applied(to findings: FindingSet, at time: Timestamp) -> FindingSet {
        var result = findings
        for index in result.findings.indices { mark(&result.findings[index], at: time) }
        return result
    }

    public func applied(to finding: Finding, at time: Timestamp) -> Finding {
        var finding = finding
        mark(&finding, at: time)
        return finding
    }

    private func mark(_ finding: inout Finding, at time: Timestamp) {
        var marks: [Int: Set<AdvisoryID>?] = [:]
        for index in byFinding[finding.id, default: []] + bySource[finding.source, default: []]
        where reaches(index, finding, at: time) {
            marks[index] = .some(nil)
        }
        if !byAdvisory.isEmpty {
            for advisory in finding.advisories {
                for index in waivers(naming: advisory.id) where reaches(index, finding, at: time) {
                    marks[index] = .some((marks[index] ?? []).map { $0.union([advisory.id]) })
                }
            }
        }
        guard !marks.isEmpty else {
            finding.waivers = nil
            return
        }
        finding.waivers = marks.sorted { $0.key < $1.key }.map { index, advisories in
            let waiver = waivers[index]
            return AppliedWaiver(
                waiver: waiver.id, kind: waiver.kind, advisories: advisories?.sorted(), expiresAt: waiver.expiresAt)
        }
    }

    private func waivers(naming advisory: AdvisoryID) -> Set<Int> {
        let name = advisory.rawValue.lowercased()
        var found = Set(byAdvisory[name, default: []])
        for alias in aliases[name, default: []] { found.formUnion(byAdvisory[alias, default: []]) }
        return found
    }

    private func reaches(_ index: Int, _ finding: Finding, at time: Timestamp) -> Bool {
        let reach = reaches[index]
        guard reach.waiver.state(at: time) == .active else { return false }
        if let resources = reach.resources, !resources.contains(finding.resource) { return false }
        guard !reach.packages.isEmpty else { return true }
        return PackageScope.cover(reach.packages, finding, on: systems[finding.resource])
    }

    // MARK: What is soon over

    /// Active waivers that end within so many days, the first to end first.
    public func endingSoon(at time: Timestamp, withinDays days: Int = WaiverBook.warningDays) -> [Waiver] {
        let limit = time.adding(seconds: days * 86_400)
        return waivers.filter { $0.state(at: time) == .active && $0.expiresAt <= limit }
            .sorted { ($0.expiresAt, $0.id) < ($1.expiresAt, $1.id) }
    }

    /// Takes the marks of waivers that do not hold any more off findings that were kept earlier.
    public static func withoutEnded(_ findings: FindingSet, waivers: [Waiver], at time: Timestamp) -> FindingSet {
        let active = Set(waivers.filter { $0.state(at: time) == .active }.map(\.id))
        var result = findings
        for index in result.findings.indices {
            guard let marks = result.findings[index].waivers else { continue }
            let left = marks.filter { active.contains($0.waiver) }
            result.findings[index].waivers = left.isEmpty ? nil : left
        }
        return result
    }
}
