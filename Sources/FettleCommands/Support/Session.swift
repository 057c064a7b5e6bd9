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
    /// How they have shown who they are.
    let access: Access
    let store: any Store
    let keeper: StageKeeper
    let connections: HostConnections
    let tools: Tools
    /// Known from this process's environment, so that none of them is written down.
    let secrets: SecretMask

    init(_ options: GlobalOptions) throws {
        self.options = options
        var environment = ProcessInfo.processInfo.environment
        let shown = try SignIn.read(&environment)
        self.environment = environment
        directory = Self.directory(options)
        secrets = (shown.map { [$0] } ?? []).reduce(SecretMask(environment: environment)) {
            $0.knowing($1, as: SignIn.variable)
        }
        if let shown {
            (person, access) = try SignIn.access(shown, options, directory)
        } else {
            (person, access) = (try Self.person(options, environment), .local)
        }
        store = try StoreChoice.open(options.store, environment, directory: directory)
        keeper = StageKeeper(store: store)
        var ssh = SSHConfiguration()
        ssh.configurationFile = options.sshConfig ?? environment["FETTLE_SSH_CONFIG"]
        connections = HostConnections(ssh)
        Interruption.closesAtEnd(connections)
        tools = BuiltInTools.make(channels: connections, parallel: options.parallel, secrets: secrets)
    }

    /// The fleet's folder.
    static func directory(_ options: GlobalOptions) -> URL {
        URL(
            fileURLWithPath: options.directory ?? ProcessInfo.processInfo.environment["FETTLE_DIR"]
                ?? FileManager.default.currentDirectoryPath)
    }

    var changes: ChangeService { ChangeService(store: store, access: access) }
    var promotions: PromotionService { PromotionService(store: store, tools: tools, access: access) }
    var scans: ScanService { ScanService(store: store, tools: tools, access: access) }
    var plans: PlanService { PlanService(store: store, tools: tools, access: access) }
    var risks: RiskService { RiskService(store: store, tools: tools) }
    var judgements: JudgementService { JudgementService(store: store, tools: tools) }
    var runs: RunService { RunService(store: store, tools: tools, access: access) }
    var obligations: ObligationService {
        ObligationService(store: store, tools: tools, isGone: ExecutorName.isGone)
    }
    var quarantine: QuarantineService { QuarantineService(store: store, tools: tools, access: access) }
    var governance: GovernanceService { GovernanceService(store: store, tools: tools, access: access) }
    var log: LogService { LogService(store: store) }
    var bundles: BundleService { BundleService(store: store, access: access) }
    var trust: TrustService { TrustService(store: store, access: access) }
    var users: UserService { UserService(store: store, access: access) }
    var tokens: TokenService { TokenService(store: store, access: access) }
    var reports: ReportService { ReportService(store: store, tools: tools) }
    var evidence: EvidenceService { EvidenceService(store: store, tools: tools, access: access) }

    /// The declared fleet. Warnings go to standard error. Where it is wrong, what is wrong with the policy is told as well: nobody
    /// should mend one file only to hear of the other.
    lazy var fleetReading: Result<Fleet, any Error> = readFleet().flatMapError { error in
        guard case .failure(let other) = readPolicy(nil) else { return .failure(error) }
        return .failure(
            CommandFailure(
                .usage, "\(FettleCommand.words(for: error))\n\(FettleCommand.words(for: other))"))
    }

    private func readFleet() -> Result<Fleet, any Error> {
        Result {
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
    }

    var fleet: Fleet { get throws { try fleetReading.get() } }

    /// The policy; its defaults where there is no policy.yaml.
    lazy var policyReading: Result<PolicyReading, any Error> = {
        // A fleet file with mistakes is told where the fleet is asked for, or here if the policy has some too.
        let reading = readPolicy(try? fleetReading.get())
        guard case .success(let policy) = reading else {
            if case .failure(let both) = fleetReading { return .failure(both) }
            return reading
        }
        for warning in policy.warnings { note(warning.description) }
        return reading
    }()

    private func readPolicy(_ fleet: Fleet?) -> Result<PolicyReading, any Error> {
        Result {
            let file = directory.appendingPathComponent("policy.yaml")
            guard FileManager.default.fileExists(atPath: file.path) else {
                return PolicyReading(policy: Policy(), warnings: [])
            }
            return try PolicyFile.read(path: file.path, fleet: fleet, now: .now())
        }
    }

    var policy: Policy { get throws { try policyReading.get().policy } }

    /// Windows and freezes as the files say them at the moment of asking. The fleet is only read where there are any.
    var calendar: RunCalendar {
        let policyFile = directory.appendingPathComponent("policy.yaml").path
        let fleetFile = directory.appendingPathComponent("fleet.yaml").path
        return RunCalendar {
            let nobody = Fleet(environments: [], resources: [], groups: [])
            guard FileManager.default.fileExists(atPath: policyFile) else { return (Policy(), nobody) }
            let policy = try PolicyFile.read(path: policyFile, fleet: nil).policy
            let bindsNobody = policy.windows.isEmpty && policy.freezes.isEmpty && policy.withoutWindow == .anyTime
            if bindsNobody { return (policy, nobody) }
            return (policy, try FleetFile.read(path: fleetFile).fleet)
        }
    }

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
