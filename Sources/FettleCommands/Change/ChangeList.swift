import ArgumentParser
import FettleControl
import FettleModel
import FettleStore

struct ChangeList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Changes, newest first.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "How many.") var limit = 20

    func run() async throws {
        let session = try Session(options)
        var changes: [Change] = []
        for summary in try await session.keeper.list(.change, limit: limit) {
            changes.append(try await session.changes.change(ChangeID(summary.id)))
        }
        if options.output == .json { return try session.printJSON(changes) }
        var table = Table([
            .init(title: "CHANGE"), .init(title: "STATE"), .init(title: "PLAN"), .init(title: "DIGEST"),
            .init(title: "ASKED BY"), .init(title: "REASON", shrinks: 1),
        ])
        for change in changes {
            table.add(
                .init(change.id.rawValue, .bold), .init(change.state.words, change.state.style),
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
        if options.output == .json { return try session.printJSON(change) }
        session.print("\(change.id): \(change.reason.printable)")
        session.print("  \(change.kind.rawValue), asked by \(change.requestedBy) at \(change.requestedAt)")
        session.print("  \(change.state.words); \(change.approvalLine)")
        for vote in change.votes {
            let own = vote.isOwnChange ? " (own change, allowed by policy)" : ""
            session.print(
                "  \(vote.person) \(vote.approves ? "approved" : "rejected") at \(vote.at)\(own) "
                    + vote.note.printable)
        }
        session.print("")
        let plan = try await session.changes.plan(of: change)
        session.print(PlanView(plan: plan, digest: change.plan.digest).lines())
    }
}

extension Change {
    var approvalLine: String {
        let who = rule.requesterMayApprove ? "the requester may be one of them" : "not by the requester"
        let given = votes.count { $0.approves }
        return "\(given) of \(rule.approvals) approval\(rule.approvals == 1 ? "" : "s") given, \(who)"
    }
}

extension Change.State {
    var style: TextStyle {
        switch self {
        case .awaitingApproval: .yellow
        case .approved: .green
        case .rejected, .withdrawn: .dim
        }
    }
}
