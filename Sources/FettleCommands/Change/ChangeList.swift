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
        let kept = try await session.changes.changes(limit: limit)
        if options.output != .table {
            var lines: [(change: Change, phase: ChangePhase)] = []
            for result in kept {
                switch result {
                case .success(let change):
                    lines.append((change: change, phase: try await session.changes.phase(of: change)))
                case .failure(let unread): session.note(unread.words.printable)
                }
            }
            guard options.output.isLines else { return try session.printJSON(lines.map(\.change)) }
            return try Output.writeLines(ListAnswer.changes(lines), as: options.output)
        }
        var table = Table([
            .init(title: "CHANGE"), .init(title: "STATE"), .init(title: "PLAN"), .init(title: "DIGEST"),
            .init(title: "ASKED BY"), .init(title: "REASON", shrinks: 1),
        ])
        for result in kept {
            let change: Change
            switch result {
            case .success(let legible): change = legible
            case .failure(let unread):
                table.add(
                    .init(unread.change.rawValue, .bold), .init("cannot be read", .red), .init("?"), .init("?"),
                    .init("?"), .init(unread.reason))
                continue
            }
            let phase = try await session.changes.phase(of: change)
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
