public import FettleModel
import FettleVersions

/// What was known when the fleet was judged before. Which version of replaced code still runs no host can tell: only what was
/// installed before it was replaced can.
public struct EarlierLook: Sendable {
    let findings: [ResourceID: [Finding]]
    /// The boot of each host at that time; only of those that could be asked.
    let boots: [ResourceID: String]
    /// Since when services and packages wait for a restart or a reboot.
    private let waiting: [SightingKey: Timestamp]

    public static let none = EarlierLook(findings: nil, facts: nil, sightings: [])

    /// - Parameters:
    ///   - facts: those that the findings rest on; needed where `needsFacts` says so.
    public init(findings: FindingSet?, facts: FactSet?, sightings: [Sighting]) {
        self.findings = Dictionary(
            grouping: (findings?.findings ?? []) + (findings?.remembered ?? []), by: \.resource)
        boots = (facts?.hosts ?? []).reduce(into: [:]) { boots, host in
            if let boot = host.boot.value?.bootID, !boot.isEmpty { boots[host.resource] = boot }
        }
        waiting = sightings.reduce(into: [:]) { known, sighting in
            if sighting.key.kind == .state, sighting.goneAt == nil { known[sighting.key] = sighting.firstSeenAt }
        }
    }

    /// nil: it was not waiting at the look before.
    func waitingSince(_ resource: ResourceID, _ source: String, _ state: InstallState) -> Timestamp? {
        waiting[SightingKey(resource: resource, source: source, kind: .state, name: state.rawValue)]
    }

    /// Whether a host still is in the boot it was in; nil: one of the two is not known.
    func isSameBoot(_ host: HostFacts) -> Bool? {
        guard let before = boots[host.resource], let now = host.boot.value?.bootID, !now.isEmpty else { return nil }
        return before == now
    }

    /// Whether the facts before matter: only what waits for a boot, or a kernel that was replaced, asks whether there was one. To read
    /// a fleet's facts takes as long as to look at some hosts.
    public static func needsFacts(of findings: FindingSet?, for facts: FactSet) -> Bool {
        guard let findings else { return false }
        let hosts = Dictionary(facts.hosts.map { ($0.resource, $0) }) { first, _ in first }
        return findings.findings.contains { finding in
            guard finding.isOpen, !finding.advisories.isEmpty, let host = hosts[finding.resource] else { return false }
            if finding.state != .missing { return true }
            guard KernelPackages.isSource(finding.source), let packages = host.packages.value else { return false }
            return !packages.contains { $0.source == finding.source && $0.sourceVersion == finding.installed }
        }
    }
}

/// What a host may still run of a source of which a newer version lies on disk.
struct ReplacedCode {
    var source: String
    /// The version that was installed before, as findings told it.
    var running: String
    /// With the version that was installed before.
    var packages: [InstalledPackage]
    /// The version on disk; nil: the package is gone.
    var onDisk: String?
    var state: InstallState
    /// What still runs it, in words.
    var because: String
    /// As they were found before it was replaced.
    var advisories: [Advisory]

    /// Sorted by source.
    static func of(_ host: HostFacts, after earlier: EarlierLook, at time: Timestamp) -> [ReplacedCode] {
        guard let installed = host.packages.value else { return [] }
        let bySource = Dictionary(grouping: installed, by: \.source)
        var found: [String: ReplacedCode] = [:]
        for finding in earlier.findings[host.resource] ?? [] where finding.isOpen && !finding.advisories.isEmpty {
            // A boot ended what ran the old version when it lay there no more before the boot.
            let isSameBoot = earlier.isSameBoot(host)
            if finding.state != .missing, isSameBoot == false { continue }
            let own = bySource[finding.source] ?? []
            let code =
                KernelPackages.isSource(finding.source)
                ? kernel(finding, own, host, isSameBoot)
                : library(finding, own, host, earlier, time)
            guard let code else { continue }
            guard var known = found[code.source] else {
                found[code.source] = code
                continue
            }
            let names = Set(known.advisories.map(\.id))
            known.advisories += code.advisories.filter { !names.contains($0.id) }
            found[code.source] = known
        }
        return found.values.sorted { $0.source < $1.source }
    }

    /// A kernel that was replaced in place, or taken away, runs until the next boot.
    private static func kernel(
        _ finding: Finding, _ installed: [InstalledPackage], _ host: HostFacts, _ isSameBoot: Bool?
    ) -> ReplacedCode? {
        guard isSameBoot ?? (host.rebootRequired.value?.isRequired ?? false) else { return nil }
        // While its own package is there it is judged as what runs.
        let isThere = installed.contains {
            $0.sourceVersion == finding.installed && KernelPackages.release(of: $0) != nil
        }
        guard !isThere, let manager = host.packages.value?.first?.manager else { return nil }
        let own = installed.filter { finding.packages.contains($0.name) }
        let release = host.kernels.value?.running ?? "the running kernel"
        return ReplacedCode(
            source: finding.source, running: finding.installed,
            packages: own.isEmpty
                ? finding.packages.map { gone($0, finding, manager) } : own.map { $0.at(finding.installed) },
            onDisk: newest(own.isEmpty ? installed : own), state: .installedPendingReboot,
            because: "\(release) was booted as \(finding.installed), and runs until a reboot",
            advisories: finding.advisories)
    }

    private static func gone(_ name: String, _ finding: Finding, _ manager: PackageManager) -> InstalledPackage {
        InstalledPackage(
            manager: manager, name: name, architecture: "", version: finding.installed, source: finding.source,
            sourceVersion: finding.installed)
    }

    private static func library(
        _ finding: Finding, _ installed: [InstalledPackage], _ host: HostFacts, _ earlier: EarlierLook,
        _ time: Timestamp
    ) -> ReplacedCode? {
        let own = installed.filter { finding.packages.contains($0.name) }
        guard let first = own.first else { return nil }
        let scheme = first.manager.scheme
        // While one of its packages lags, it is missing there, and told so.
        guard own.allSatisfy({ scheme.compare(finding.installed, $0.sourceVersion) == .less }) else { return nil }
        guard let (state, because) = holder(of: finding, own, host, earlier, time) else { return nil }
        return ReplacedCode(
            source: finding.source, running: finding.installed, packages: own.map { $0.at(finding.installed) },
            onDisk: newest(own), state: state, because: because, advisories: finding.advisories)
    }

    /// Who may still run it: whatever waits for the boot that it asked for, or a service that was on replaced code no later than
    /// it was replaced. Of which package a replaced file was no host can tell, so every such service counts.
    private static func holder(
        of finding: Finding, _ own: [InstalledPackage], _ host: HostFacts, _ earlier: EarlierLook, _ time: Timestamp
    ) -> (InstallState, String)? {
        if let reboot = host.rebootRequired.value, reboot.isRequired,
            let package = own.first(where: { reboot.packages.contains($0.name) })
        {
            return (
                .installedPendingReboot, "\(package.name) asked for a reboot: what was there before runs until then"
            )
        }
        let since = earlier.waitingSince(host.resource, finding.source, .installedPendingRestart) ?? time
        let units = (host.staleServices.value ?? []).filter {
            earlier.waitingSince(host.resource, $0.findingSource, .installedPendingRestart) ?? time <= since
        }
        if !units.isEmpty {
            let names = units.map(\.findingSource).sorted()
            let more = names.count > 3 ? " and \(names.count - 3) more" : ""
            let words = names.prefix(3).joined(separator: ", ") + more
            return (
                .installedPendingRestart,
                "\(words) still \(names.count == 1 ? "maps" : "map") replaced files, which may be of "
                    + finding.installed
            )
        }
        if let reboot = host.rebootRequired.value, reboot.isRequired, reboot.packages.isEmpty {
            return (.installedPendingReboot, "a package asked for a reboot, and it is not known which")
        }
        return nil
    }

    /// While one of its packages lags, so does the source.
    private static func newest(_ packages: [InstalledPackage]) -> String? {
        packages.map(\.sourceVersion).max { packages[0].manager.scheme.compare($0, $1) == .less }
    }
}

extension StaleService {
    /// By what its findings are known.
    var findingSource: String { unit.isEmpty ? "processes outside units" : unit }
}

extension InstalledPackage {
    /// As it was in another version. What the binary package was called then is not known where it differs from its source's version.
    fileprivate func at(_ version: String) -> InstalledPackage {
        var package = self
        package.version = version
        package.sourceVersion = version
        return package
    }
}
