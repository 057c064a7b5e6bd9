import FettleAssessment
import FettleControl
import FettleDriverKit
import FettleDrivers
import FettleInventory
import FettleModel
import FettleStore
import Foundation

/// One command's view of the world: the composition root. Files are read when they are first asked for.
final class Session {
    let options: GlobalOptions
    let directory: URL
    let environment: [String: String]
    let person: Person
    let store: any Store
    let keeper: StageKeeper
    let connections: HostConnections
    let tools: Tools

    init(_ options: GlobalOptions) throws {
        self.options = options
        environment = ProcessInfo.processInfo.environment
        directory = URL(
            fileURLWithPath: options.directory ?? environment["FETTLE_DIR"] ?? FileManager.default.currentDirectoryPath)
        person = try Self.person(options, environment)
        store = try StoreChoice.open(options.store, environment, directory: directory)
        keeper = StageKeeper(store: store)
        var ssh = SSHConfiguration()
        ssh.configurationFile = options.sshConfig ?? environment["FETTLE_SSH_CONFIG"]
        connections = HostConnections(ssh)
        Interruption.closesAtEnd(connections)
        tools = BuiltInTools.make(channels: connections, parallel: options.parallel)
    }

    var changes: ChangeService { ChangeService(store: store) }
    var scans: ScanService { ScanService(store: store, tools: tools) }
    var plans: PlanService { PlanService(store: store, tools: tools) }
    var risks: RiskService { RiskService(store: store, tools: tools) }
    var judgements: JudgementService { JudgementService(store: store, tools: tools) }
    var runs: RunService { RunService(store: store, tools: tools) }
    var quarantine: QuarantineService { QuarantineService(store: store, tools: tools) }
    var governance: GovernanceService { GovernanceService(store: store, tools: tools) }
    var evidence: EvidenceService { EvidenceService(store: store, tools: tools) }

    /// The declared fleet. Warnings go to standard error.
    lazy var fleetReading: Result<Fleet, any Error> = Result {
        let file = directory.appendingPathComponent("fleet.yaml")
        guard FileManager.default.fileExists(atPath: file.path) else {
            throw CommandFailure(
                .usage,
                "there is no fleet.yaml in \(directory.path)\n  `fettle init` writes a commented one to start from; "
                    + "`--dir DIR` or FETTLE_DIR names another folder")
        }
        let reading = try FleetFile.read(path: file.path)
        for warning in reading.warnings { note(warning.description) }
        return reading.fleet
    }

    var fleet: Fleet { get throws { try fleetReading.get() } }

    /// The policy; its defaults where there is no policy.yaml.
    lazy var policyReading: Result<PolicyReading, any Error> = Result {
        let file = directory.appendingPathComponent("policy.yaml")
        guard FileManager.default.fileExists(atPath: file.path) else {
            return PolicyReading(policy: Policy(), warnings: [])
        }
        // A fleet file with mistakes is told where the fleet is asked for.
        let reading = try PolicyFile.read(path: file.path, fleet: try? fleetReading.get())
        for warning in reading.warnings { note(warning.description) }
        return reading
    }

    var policy: Policy { get throws { try policyReading.get().policy } }

    /// The keys that policy.yaml writes; the others only have their defaults.
    var declaredPolicy: Set<String> { get throws { try policyReading.get().declared } }

    /// Who acts: the login name, or the name given with `--as` together with the login name that gave it.
    private static func person(_ options: GlobalOptions, _ environment: [String: String]) throws -> Person {
        let login = NSUserName()
        guard let name = options.identity ?? environment["FETTLE_PERSON"], !name.isEmpty, name != login else {
            return Person(login)
        }
        guard GlobalOptions.isName(name) else {
            throw CommandFailure(
                .usage, "FETTLE_PERSON takes a name of letters, digits, '.', '-', '_' and '@', up to 64 of them")
        }
        return Person("\(name) (signed in as \(login))")
    }

    /// The feeds that were named, or none.
    func feeds(_ path: String?) throws -> AdvisoryFeeds {
        try AdvisoryOptions.feeds(path, directory: options.directory)
    }

    /// Hangs up everywhere: the last thing a command does.
    func close() async { await connections.shutDown() }

    // MARK: Output

    /// Written at once, not held in a buffer: a run's live lines and these come in the order in which they were said.
    func print(_ text: String) { Output.writeLine(text) }
    func print(_ table: Table) { print(table.render()) }

    func printJSON(_ value: some Encodable) throws { try Output.writeJSON(value) }

    /// What to type next; only where a person reads.
    func next(_ commands: String...) {
        guard options.output == .table else { return }
        guard Terminal.standard.isInteractive || environment["FETTLE_HINTS"] == "always" else { return }
        for (index, command) in commands.enumerated() {
            print(TextStyle.dim.apply("\(index == 0 ? "next:" : "     ") \(command)", in: .standard))
        }
    }

    func note(_ text: String) { Output.note(text) }
}
