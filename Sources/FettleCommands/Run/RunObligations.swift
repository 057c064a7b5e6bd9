import ArgumentParser
import FettleControl
import FettleExecution
import FettleModel

struct RunObligations: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "obligations",
        abstract: "What is owed: temporary changes that are not taken back yet, and what takes each back.",
        discussion: """
            Drains, hosts that are out otherwise, moved and kept machines, switched traffic and reservations; of runs that go on, of those \
            that nobody carries out, and of hosts in quarantine. Ends with 4 if the journal of a run cannot be read.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "A run, such as run-1; without one: of all runs.") var run: String?

    func run() async throws {
        let session = try Session(options)
        let ledger = try await session.obligations.ledger(of: run.map { RunID($0) })
        if options.output == .json {
            try session.printJSON(ledger)
        } else {
            tell(ledger, session)
        }
        for entry in ledger.unreadable { session.note("what \(entry.run) owes is not known: \(entry.reason)") }
        if !ledger.unreadable.isEmpty { throw ExitStatus.partial.code }
    }

    private func tell(_ ledger: ObligationService.Ledger, _ session: Session) {
        guard !ledger.owed.isEmpty else {
            return session.print("\(run.map { "\($0.printable) owes nothing" } ?? "Nothing is owed").")
        }
        var table = Table([
            .init(title: "RUN"), .init(title: "HOST"), .init(title: "WHAT", shrinks: 2), .init(title: "SINCE"),
            .init(title: "OWNER"), .init(title: "BEFORE", shrinks: 3), .init(title: "TAKEN BACK BY", shrinks: 1),
        ])
        for change in ledger.owed {
            let before = (change.prior?.details ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            table.add(
                .init(change.run.rawValue), .init(change.resource.rawValue, .bold), .init(change.what),
                .init(change.since.description), .init(change.owner.rawValue),
                .init(before.joined(separator: " ")),
                .init([change.compensation?.rawValue, change.remedy].compactMap { $0 }.joined(separator: ": ")))
        }
        session.print(table)
    }
}
