import ArgumentParser
import FettleControl
import FettleModel
import FettleReporting
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

extension Change {
    var approvalLine: String { ApprovalWords.rule(self) }
}
