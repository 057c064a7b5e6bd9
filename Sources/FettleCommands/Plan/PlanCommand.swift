public import ArgumentParser
import FettleChecking
import FettleControl
import FettleDrivers
import FettleModel
public import FettlePlanning
import FettleStore
import Foundation

struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Work out what would be done, and prove it safe.",
        subcommands: [PlanMake.self, PlanShow.self, PlanList.self, PlanCheck.self], defaultSubcommand: PlanMake.self)
}

struct PlanMake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "A plan from the last scan. Changes nothing on any host.",
        discussion: "Each host's own package manager is asked what exactly would happen; the plan pins its answer.")

    @OptionGroup var options: GlobalOptions
    @OptionGroup var scope: ScopeArguments
    @Option(
        name: .customLong("only"), help: "Only this package or source, `name` or `name=version`; may be given again.")
    var packages: [PackageRequest] = []
    @Flag(help: "Only security updates, whatever policy says.") var security = false
    @Option(help: "What the plan is for, in a line.") var title: String?

    func run() async throws {
        let session = try Session(options)
        let fleet = try session.fleet
        _ = try scope.resources(of: fleet)
        let filter = PatchFilter(
            environments: scope.environments.map { EnvironmentID($0) }, groups: scope.groups.map { GroupID($0) },
            resources: scope.hosts.map { ResourceID($0) }, packages: packages,
            onlySecurity: security)
        let bar = ProgressHolder()
        let result = try await session.plans.make(
            filter: filter, fleet: fleet, policy: session.policy, title: title, progress: { bar.advance($0.rawValue) },
            willAsk: { bar.start("asking resolvers", total: $0) })
        bar.finish()
        await session.close()
        if options.output == .json { return try session.printJSON(result.plan) }
        show(result, session)
    }

    private func show(_ result: PlanService.Result, _ session: Session) {
        guard !result.plan.steps.isEmpty else {
            session.print("Nothing to do: no step is needed.")
            showLeftOut(result, session)
            return
        }
        session.print(PlanView(plan: result.plan, digest: result.reference.digest).lines())
        for group in result.report.groups {
            session.print(
                "\(group.id): \(group.reason); never fewer than \(group.lowestAvailable) of \(group.members) in service"
            )
        }
        for warning in result.report.warnings { session.note(warning) }
        showLeftOut(result, session)
        let how =
            result.check.method == .exact ? "every reachable state was judged" : "by a bound over all reachable states"
        session.print(TextStyle.green.apply("Proven safe: \(how).", in: .standard))
        session.next("fettle change submit \(result.plan.id) --reason '…'")
    }

    private func showLeftOut(_ result: PlanService.Result, _ session: Session) {
        guard !result.report.leftOut.isEmpty else { return }
        var reasons: [(reason: String, subjects: [String])] = []
        for entry in result.report.leftOut {
            let subject = entry.subject.map { "\(entry.resource) \($0)" } ?? entry.resource.rawValue
            if let known = reasons.firstIndex(where: { $0.reason == entry.reason }) {
                reasons[known].subjects.append(subject)
            } else {
                reasons.append((entry.reason, [subject]))
            }
        }
        session.print("")
        session.print("Left out:")
        for (reason, subjects) in reasons.prefix(15) {
            let shown = subjects.prefix(3).joined(separator: ", ")
            let more = subjects.count > 3 ? " and \(subjects.count - 3) more" : ""
            session.print("  \(shown.printable)\(more): \(reason.printable)")
        }
        if reasons.count > 15 { session.print("  … and \(reasons.count - 15) more reasons (`-o json` has all)") }
    }
}

struct PlanShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "A plan that was made.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The plan, such as plan-1.") var plan: String

    func run() async throws {
        let session = try Session(options)
        let (plan, reference) = try await session.plans.plan(PlanID(plan))
        if options.output == .json { return try session.printJSON(plan) }
        session.print(PlanView(plan: plan, digest: reference.digest).lines())
    }
}

struct PlanList: AsyncParsableCommand {
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
        var plans: [Plan] = []
        for summary in try await session.keeper.list(.plan, limit: limit) {
            let (plan, reference) = try await session.plans.plan(PlanID(summary.id))
            plans.append(plan)
            table.add(
                .init(plan.id.rawValue, .bold), .init(plan.createdAt.description), .init(reference.digest.short, .dim),
                .init("\(plan.targets.count)"), .init(plan.title))
        }
        if options.output == .json { return try session.printJSON(plans) }
        session.print(table)
    }
}

struct PlanCheck: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Prove a plan safe, or tell how it can break an invariant.",
        discussion: "Takes a plan's JSON from a file, or from standard input for `-`. Ends with 3 if it is not safe.")

    @OptionGroup var form: OutputOptions
    @Argument(help: "A file with a plan as JSON.") var file: String

    private struct Answer: Encodable {
        var plan: PlanID
        var isProven: Bool
        var method: CheckReport.Method
        var violations: [Violation]
    }

    func run() async throws {
        let data: Data
        do {
            data =
                file == "-"
                ? FileHandle.standardInput.readDataToEndOfFile() : try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            throw CommandFailure(
                .usage,
                "cannot read the plan: \(FettleCommand.words(for: error))\n  `fettle plan show PLAN -o json` writes one"
            )
        }
        let plan: Plan
        do {
            plan = try CanonicalJSON.decode(Plan.self, from: data)
        } catch {
            throw CommandFailure(
                .usage, "\(file) is no plan: \(DecodingWords.of(error))\n  `fettle plan show PLAN -o json` writes one")
        }
        let report = PlanChecker.check(plan)
        if form.output == .json {
            try Output.writeJSON(
                Answer(
                    plan: plan.id, isProven: report.isProven, method: report.method, violations: report.violations))
        } else if report.isProven {
            Output.writeLine(
                "\(plan.id) is safe: \(plan.steps.count) steps, \(plan.rollback.count) on the way back "
                    + "(\(report.method.rawValue))".printable)
        } else {
            for violation in report.violations { Output.writeLine(violation.description.printable) }
        }
        if !report.isProven { throw ExitStatus.blocked.code }
    }
}

extension PackageRequest: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
