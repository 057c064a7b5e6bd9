import ArgumentParser
import FettleControl
import FettleDatabase
import FettleDrivers
import FettleModel
import FettlePlanning
import FettleStore
import Foundation

struct Quickstart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quickstart",
        abstract: "Look at this machine, say what it needs, change nothing.",
        discussion:
            "Reads only, as the user you are; as root it sees more. Nothing is written anywhere.")

    @OptionGroup var advisories: AdvisoryOptions
    @Flag(help: "Show every finding.") var all = false
    @OptionGroup var form: OutputOptions

    private struct Answer: Encodable {
        var facts: FactSet
        var findings: FindingSet
        /// nil: nothing is to be done, or no plan can be made; then `noPlan` says why.
        var plan: Plan?
        var noPlan: String?
    }

    func run() async throws {
        let store = InMemoryStore()
        let connections = HostConnections()
        Interruption.closesAtEnd(connections)
        let tools = BuiltInTools.make(
            channels: connections, parallel: 1, secrets: SecretMask(),
            reader: SecretReader(environment: [:], directory: URL(fileURLWithPath: "/")))
        let fleet = Self.thisMachine
        let feeds = try advisories.source.fleetFeeds()
        let bar = ProgressBar("looking at this machine", total: 1)
        let scan = try await ScanService(store: store, tools: tools).scan(
            fleet.resources, fleet: fleet, policy: Policy(), feeds: feeds)
        bar.finish()
        let plan = await makePlan(store: store, tools: tools, fleet: fleet, facts: scan.facts)
        await connections.shutDown()
        if form.output == .json {
            return try Output.writeJSON(
                Answer(facts: scan.facts, findings: scan.findings, plan: plan.made?.plan, noPlan: plan.reason))
        }
        Output.writeLine(HostsView(facts: scan.facts, fleet: fleet, findings: scan.findings).lines() + "\n")
        let findings = FindingsView(
            findings: scan.findings, limit: all ? nil : 20, whole: "fettle quickstart --all", columns: nil)
        Output.writeLine(findings.lines() + "\n")
        show(plan)
        Output.writeLine("Nothing was changed. For your own fleet: `fettle init`, then `fettle scan`.")
    }

    private func makePlan(
        store: InMemoryStore, tools: Tools, fleet: Fleet, facts: FactSet
    ) async -> (made: PlanService.Result?, reason: String?) {
        do throws(ControlError) {
            let result = try await PlanService(store: store, tools: tools).make(
                filter: .init(), fleet: fleet, policy: Policy())
            guard !result.plan.steps.isEmpty else {
                let unread = facts.hosts.lazy.compactMap { $0.packages.reasonMissing ?? $0.updates.reasonMissing }.first
                guard let unread else { return (nil, "no security update is waiting here") }
                return (nil, "which updates are waiting here could not be read: \(unread.printable)")
            }
            return (result, nil)
        } catch {
            return (nil, error.message.printable)
        }
    }

    private func show(_ plan: (made: PlanService.Result?, reason: String?)) {
        if let made = plan.made {
            Output.writeLine("What Fettle would do about the security updates:")
            Output.writeLine(PlanView(plan: made.plan, digest: made.reference.digest).lines() + "\n")
        } else if let reason = plan.reason {
            Output.writeLine("No plan: \(reason).\n")
        }
    }

    private static var thisMachine: Fleet {
        let name = ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init) ?? "localhost"
        return Fleet(
            environments: [Environment(id: "local", isProtected: false)],
            resources: [Resource(id: ResourceID(name), address: .local, environment: "local")], groups: [])
    }
}
