import ArgumentParser
import FettleControl
import FettleModel
import FettleStore

struct ChangeList: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Changes, newest first.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "How many.") var limit = 20

    func run() async throws {
        let session = try Session(options)
        var changes: [Change] = []
        var phases: [ChangePhase] = []
        for summary in try await session.keeper.list(.change, limit: limit) {
            let change = try await session.changes.change(ChangeID(summary.id))
            changes.append(change)
            phases.append(try await session.changes.phase(of: change))
        }
        if options.output == .json { return try session.printJSON(changes) }
        if options.output.isLines {
            let lines = zip(changes, phases).map { (change: $0, phase: $1) }
            return try Output.writeLines(ListAnswer.changes(lines), as: options.output)
        }
        var table = Table([
            .init(title: "CHANGE"), .init(title: "STATE"), .init(title: "PLAN"), .init(title: "DIGEST"),
            .init(title: "ASKED BY"), .init(title: "REASON", shrinks: 1),
        ])
        for (change, phase) in zip(changes, phases) {
            table.add(
                .init(change.id.rawValue, .bold), .init(change.words(phase), phase.style),
                .init(change.plan.id), .init(change.plan.digest.short, .dim), .init(change.requestedBy.rawValue),
                .init(change.reason))
        }
        session.print(table)
    }
}

struct ChangeShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A change with its plan: what a voter has to see.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The change, such as change-1.") var change: String

    func run() async throws {
        let session = try Session(options)
        let change = try await session.changes.change(ChangeID(change))
        let fleet = try? session.fleet
        if options.output == .json {
            return try session.printJSON(try await ChangeAnswer(change, session.changes, fleet: fleet))
        }
        let plan = try await session.changes.plan(of: change)
        var risks: [String] = []
        if let fleet, (try? session.policy) != nil { risks = try await PlanRisks.of(plan, session, fleet: fleet) }
        let page = ChangePage(
            change: change, phase: try await session.changes.phase(of: change), radius: BlastRadius(plan),
            conflicts: try await session.changes.calendar(fleet: fleet).conflicts(of: change.id), risks: risks,
            drift: try await session.changes.drift(of: change, fleet: fleet))
        for line in page.lines().flatMap({ $0.folded(in: .standard) }) { session.print(line) }
        session.print("")
        session.print(PlanView(plan: plan, digest: change.plan.digest).lines())
    }
}

extension Change {
    var approvalLine: String {
        let who = rule.requesterMayApprove ? "the requester may be one of them" : "not by the requester"
        let given = approvers.count
        return "\(given) of \(rule.approvals) approval\(rule.approvals == 1 ? "" : "s") given, \(who)"
    }
}
