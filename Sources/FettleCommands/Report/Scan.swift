import ArgumentParser
import FettleControl
import FettleDrivers
import FettleModel
import FettlePlanning

struct Scan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Look at the fleet and judge it. Changes nothing on any host, but its package lists with --refresh.",
        discussion:
            "Ends with 0 (nothing to do), 100 (updates), 101 (security updates), 102 (reboot needed), 4 (some hosts did not answer, or "
            + "not with their packages and updates). Hosts whose package lists are older than packageListAge of policy.yaml (7 days) are "
            + "told: --refresh fetches them."
    )

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var advisories: AdvisoryOptions

    @Flag(help: "First have every host fetch its package lists anew (needs root there, or the printed sudo rules).")
    var refresh = false

    func run() async throws {
        let session = try Session(options)
        let fleet = try session.fleet
        let resources = try scope.resources(of: fleet)
        let feeds = try session.feeds(advisories.source)
        if refresh {
            let progress = ProgressBar("fetching package lists", total: resources.count)
            let failures = await session.scans.refreshLists(
                resources, fleet: fleet, progress: { progress.advance($0.rawValue) })
            progress.finish()
            for (resource, failure) in failures.sorted(by: { $0.key < $1.key }) {
                session.note("\(resource) keeps the package lists it has: \(failure.message)")
            }
        }
        let progress = ProgressBar("scanning", total: resources.count)
        let scan = try await session.scans.scan(
            resources, fleet: fleet, policy: session.policy, feeds: feeds, progress: { progress.advance($0.rawValue) })
        progress.finish()
        FleetPackages(directory: session.directory).update(with: scan.facts, fleet: fleet)
        if options.output == .json {
            try session.printJSON(scan.facts)
        } else {
            session.print(HostsView(facts: scan.facts, fleet: fleet, findings: scan.findings).lines())
            session.print("")
            session.print(FindingsView(findings: scan.findings, limit: 12).lines())
        }
        StaleListLines(scan.facts, try session.policy).tell(options.output)
        session.next(
            "fettle assess --all",
            "fettle plan make --environment \(fleet.environments.last?.id.rawValue ?? "production")")
        await session.close()
        throw ScanStatus.of(scan.findings, facts: scan.facts).code
    }
}

enum ScanStatus {
    /// The most pressing of the documented codes.
    static func of(_ findings: FindingSet, facts: FactSet) -> ExitStatus {
        // Where packages or updates could not be read, no finding is no good news.
        if facts.hosts.contains(where: { $0.unread != nil }) { return .partial }
        let open = findings.findings.filter { $0.state == .missing && $0.isOffered && !$0.isWaived }
        if open.contains(where: { $0.updateClass == .security }) { return .securityUpdatesNeeded }
        if findings.findings.contains(where: { $0.state == .installedPendingReboot && !$0.isWaived }) {
            return .rebootNeeded
        }
        return open.isEmpty ? .ok : .updatesNeeded
    }
}

/// Which part of the fleet a command is about.
struct ScopeArguments: ParsableArguments {
    @Option(name: [.customShort("e"), .customLong("environment")], help: "Only this environment; may be given again.")
    var environments: [String] = []
    @Option(name: [.customShort("g"), .customLong("group")], help: "Only members of this group; may be given again.")
    var groups: [String] = []
    @Option(name: .customLong("host"), help: "Only this resource; may be given again.")
    var hosts: [String] = []

    /// - Throws: a usage failure that names every name which the fleet does not know.
    func resources(of fleet: Fleet) throws -> [Resource] {
        try UnknownNames.refuse([
            ("environment", environments.filter { name in !fleet.environments.contains { $0.id.rawValue == name } }),
            ("group", groups.filter { fleet.group(GroupID($0)) == nil }),
            ("host", hosts.filter { fleet.resource(ResourceID($0)) == nil }),
        ])
        let filter = PatchFilter(
            environments: environments.map { EnvironmentID($0) }, groups: groups.map { GroupID($0) },
            resources: hosts.map { ResourceID($0) })
        try filter.requireSomebody(in: fleet)
        return fleet.resources.filter { filter.includes($0, in: fleet) }
    }
}
