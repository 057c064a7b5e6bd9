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
    let folder: FleetFolder
    let environment: [String: String]
    let person: Person
    /// How they have shown who they are.
    let access: Access
    let store: any Store
    let keeper: StageKeeper
    let connections: HostConnections
    let tools: Tools
    /// Known from this process's environment, and from where the policy says that they are, so that none of them is written down.
    let secrets: SecretMask

    init(_ options: GlobalOptions) throws {
        self.options = options
        var environment = ProcessInfo.processInfo.environment
        let shown = try SignIn.read(&environment)
        self.environment = environment
        folder = FleetFolder(options)
        secrets = (shown.map { [$0] } ?? []).reduce(SecretMask(environment: environment, and: .ofThisProcess)) {
            $0.knowing($1, as: SignIn.variable)
        }
        if let shown { KnownSecrets.ofThisProcess.add(shown, as: SignIn.variable) }
        KnownSecrets.ofThisProcess.searchFirst(inFolder: folder.directory, environment)
        if let shown {
            let (known, way) = try SignIn.access(shown, options, folder.directory)
            (person, access) = (known, way.acting(as: known, keepingOut: secrets))
        } else {
            person = try Self.person(options, environment)
            access = Access.local.acting(as: person, keepingOut: secrets)
        }
        store = try StoreChoice.open(options.store, environment, directory: folder.directory)
        keeper = StageKeeper(store: store)
        connections = Self.connections(options)
        tools = BuiltInTools.make(
            channels: connections, parallel: options.parallel, secrets: secrets,
            reader: SecretReader(environment: environment, directory: folder.directory))
    }

    /// How hosts are reached; hung up when the process ends.
    static func connections(_ options: GlobalOptions) -> HostConnections {
        var ssh = SSHConfiguration()
        ssh.configurationFile = options.sshConfig ?? ProcessInfo.processInfo.environment["FETTLE_SSH_CONFIG"]
        let connections = HostConnections(ssh)
        Interruption.closesAtEnd(connections)
        return connections
    }

    var directory: URL { folder.directory }

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
    var log: LogService { LogService(store: store, access: access) }
    var bundles: BundleService { BundleService(store: store, access: access) }
    var trust: TrustService { TrustService(store: store, access: access) }
    var users: UserService { UserService(store: store, access: access) }
    var tokens: TokenService { TokenService(store: store, access: access) }
    var reports: ReportService { ReportService(store: store, tools: tools) }
    var evidence: EvidenceService { EvidenceService(store: store, tools: tools, access: access) }

    var fleet: Fleet { get throws { try folder.fleet } }
    var fleetIfAny: Fleet? { get throws { try folder.fleetIfAny } }
    var policy: Policy { get throws { try folder.policy } }
    /// The policy's rules of order, for whoever only looks: a policy that cannot be read has none.
    var orderRules: [OrderRule] { (try? policy.order) ?? [] }
    /// The keys that policy.yaml writes; the others only have their defaults.
    var declaredPolicy: Set<String> { get throws { try folder.policyReading.get().declared } }
    var calendar: RunCalendar { folder.calendar }

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
    func feeds(_ source: AdvisorySource) throws -> AdvisoryFeeds {
        try source.fleetFeeds(directory: options.directory)
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
        if options.output == .table { Output.next(commands) }
    }

    func note(_ text: String) { Output.note(text) }
}
