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
            "Reads only, as the user you are; as root it sees more. Nothing is written but a temporary database.")

    @Option(help: "A file or folder with advisory feeds (or FETTLE_FEEDS).") var feeds: String?

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fettle-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = InMemoryStore()
        let connections = HostConnections()
        let tools = BuiltInTools.make(channels: connections, parallel: 1)
        let fleet = Self.thisMachine
        let feeds = try FeedFolder.read(feeds ?? ProcessInfo.processInfo.environment["FETTLE_FEEDS"]) { _ in }
        let bar = ProgressBar("looking at this machine", total: 1)
        let scan = try await ScanService(store: store, tools: tools).scan(
            fleet.resources, fleet: fleet, policy: Policy(), feeds: feeds)
        bar.finish()
        print(HostsView(facts: scan.facts, fleet: fleet, findings: scan.findings).lines())
        print("")
        print(FindingsView(findings: scan.findings, limit: 20).lines())
        print("")
        await describePlan(store: store, tools: tools, fleet: fleet)
        await connections.shutDown()
        print("Nothing was changed. For your own fleet: `fettle init`, then `fettle scan`.")
    }

    private func describePlan(store: InMemoryStore, tools: Tools, fleet: Fleet) async {
        do {
            let result = try await PlanService(store: store, tools: tools).make(
                filter: .init(), fleet: fleet, policy: Policy())
            guard !result.plan.steps.isEmpty else { return print("No security update is waiting here.") }
            print("What Fettle would do about the security updates:")
            print(PlanView(plan: result.plan, digest: result.reference.digest).lines())
        } catch {
            print("No plan: \(error.message.printable)")
        }
        print("")
    }

    private static var thisMachine: Fleet {
        let name = ProcessInfo.processInfo.hostName.split(separator: ".").first.map(String.init) ?? "localhost"
        return Fleet(
            environments: [Environment(id: "local", isProtected: false)],
            resources: [Resource(id: ResourceID(name), address: .local, environment: "local")], groups: [])
    }
}
