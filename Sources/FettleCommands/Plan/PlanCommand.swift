public import ArgumentParser
import FettleControl
import FettleModel
public import FettlePlanning
import FettleStore

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Work out what would be done, and prove it safe.",
        subcommands: [PlanMake.self, PlanShow.self, PlanList.self, PlanCheck.self, PlanDiff.self],
        defaultSubcommand: PlanMake.self)
}

struct PlanMake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "A plan from the last scan. Changes nothing on any host.",
        discussion: """
            Each host's own package manager is asked what exactly would happen; the plan pins its answer.

            With --undo it leads the hosts of a run that has ended back to the versions which they had before it; what it would do is \
            the run's own change the other way round, staged and rehearsed before anybody is taken out of traffic.

            Ends with 4 if nothing is to be done on the hosts that could be read, and others could not be: which, it tells.

            With --facts and --findings or --selection it is planned from files alone: no host is asked, nothing is kept, and the same \
            files and --now give the same plan to the byte (docs/plans.md).
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @OptionGroup var files: PlanFiles
    @Option(
        name: .customLong("only"), help: "Only this package or source, `name` or `name=version`; may be given again.")
    var packages: [PackageRequest] = []
    @Flag(help: "Only security updates, whatever policy says.") var security = false
    @Option(help: "What the plan is for, in a line.") var title: String?
    @Option(help: "A run that stands still or left hosts in quarantine: its hosts are taken over as they are.")
    var supersedes: String?
    @Option(help: "A run that has ended: its hosts go back to the versions that they had before it.")
    var undo: String?

    func validate() throws {
        if undo != nil, !packages.isEmpty || security || supersedes != nil {
            throw ValidationError(
                "--undo takes back all that the run did on a host: leave --only, --security and --supersedes out "
                    + "(hosts in quarantine are taken over anyway)")
        }
    }

    func run() async throws {
        if files.areUsed {
            guard supersedes == nil, undo == nil else {
                throw CommandFailure(
                    .usage,
                    "\(undo == nil ? "--supersedes" : "--undo") needs the run's journal, and files alone do not hold it\n"
                        + "  leave --facts out")
            }
            return try makeFromFiles()
        }
        let session = try Session(options)
        let fleet = try session.fleet
        _ = try scope.resources(of: fleet)
        let result = try await plan(session, fleet)
        await session.close()
        var view = PlanResultView(result: result)
        if options.output == .json { return try view.writeJSON() }
        view.risks = try await PlanRisks.of(result.plan, session, fleet: fleet)
        view.show()
        if view.status != .ok { throw view.status.code }
        if !result.plan.steps.isEmpty { session.next("fettle change submit \(result.plan.id) --reason '…'") }
    }

    private func plan(_ session: Session, _ fleet: Fleet) async throws -> PlanService.Result {
        if let undo {
            return try await session.plans.make(
                undoing: RunID(undo), filter: filter, fleet: fleet, policy: session.policy, title: title)
        }
        let bar = ProgressHolder()
        defer { bar.finish() }
        return try await session.plans.make(
            filter: filter, fleet: fleet, policy: session.policy, title: title,
            superseding: supersedes.map { RunID($0) }, progress: { bar.advance($0.rawValue) },
            willAsk: { bar.start("asking resolvers", total: $0) })
    }

    private var filter: PatchFilter {
        PatchFilter(
            environments: scope.environments.map { EnvironmentID($0) }, groups: scope.groups.map { GroupID($0) },
            resources: scope.hosts.map { ResourceID($0) }, packages: packages, onlySecurity: security)
    }

    private func makeFromFiles() throws {
        let read = try files.read(directory: options.directory)
        _ = try scope.resources(of: read.fleet)
        let planner = FilePlanner(
            fleet: read.fleet, policy: read.policy, facts: read.facts, basis: read.basis, filter: filter, title: title)
        let result = try planner.plan(at: read.now)
        if options.output == .json { return try PlanResultView(result: result).writeJSON() }
        let risks = try PlanRisks.of(result.plan, read, directory: options.directory)
        let view = PlanResultView(result: result, risks: risks)
        view.show()
        if view.status != .ok { throw view.status.code }
    }
}

struct PlanList: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Plans, newest first.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "How many.") var limit = 20

    func run() async throws {
        let session = try Session(options)
        var table = Table([
            .init(title: "PLAN"), .init(title: "MADE AT"), .init(title: "DIGEST"),
            .init(title: "HOSTS", alignsRight: true),
            .init(title: "TITLE", shrinks: 1),
        ])
        var plans: [(plan: Plan, digest: Digest)] = []
        for stage in try await session.keeper.stages(Plan.self, .plan, limit: limit) {
            switch stage {
            case .success(let kept):
                let (plan, digest) = (kept.value, kept.reference.digest)
                plans.append((plan, digest))
                table.add(
                    .init(plan.id.rawValue, .bold), .init(plan.createdAt.description), .init(digest.short, .dim),
                    .init("\(plan.targets.count)"), .init(plan.title))
            case .failure(let unread):
                if options.output != .table { session.note(unread.words.printable) }
                table.add(
                    .init(unread.id, .bold), .init("?"), .init("?"), .init("?"),
                    .init("cannot be read: \(unread.reason)", .red))
            }
        }
        if options.output == .json { return try session.printJSON(plans.map(\.plan)) }
        if options.output.isLines { return try Output.writeLines(ListAnswer.plans(plans), as: options.output) }
        session.print(table)
    }
}

extension PackageRequest: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
