public import ArgumentParser
public import FettleAssessment
import FettleControl
import FettleModel

struct EvidenceAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Record what a provider or vendor has shown; kept and never altered.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The obligation, such as mail/provider/statement.") var obligation: String
    @Option(help: "providerStatement, vendorAdvisory or versionReportedByAPI.") var kind: EvidenceKind
    @Option(name: .shortAndLong, help: "What was said, or where it can be read; up to 1000 characters.")
    var note: String

    func validate() throws {
        guard !note.isEmpty, note.utf8.count <= 1_000 else {
            throw ValidationError("--note takes 1 to 1000 characters")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let evidence = try await session.governance.add(
            kind, for: obligation, note: note, by: session.person, fleet: try session.fleet, policy: try session.policy)
        if options.output == .json { return try session.printJSON(evidence) }
        session.print("\(evidence.id): \(kind.words) for \(evidence.obligation.printable), by \(evidence.by)")
    }
}

struct EvidenceList: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What was shown, newest first.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        let evidence = try await session.governance.evidence()
        if options.output == .json { return try session.printJSON(evidence) }
        if options.output.isLines { return try Output.writeLines(ListAnswer.evidence(evidence), as: options.output) }
        guard !evidence.isEmpty else { return session.print("Nothing was shown yet.") }
        var table = Table([
            .init(title: "EVIDENCE"), .init(title: "AT"), .init(title: "FOR", shrinks: 2), .init(title: "KIND"),
            .init(title: "BY", shrinks: 3), .init(title: "NOTE", shrinks: 1),
        ])
        for entry in evidence {
            table.add(
                .init(entry.id, .bold), .init(String(entry.at.description.prefix(10))), .init(entry.obligation),
                .init(entry.kind.words), .init(entry.by.rawValue), .init(entry.note))
        }
        session.print(table)
    }
}

extension EvidenceKind: ExpressibleByArgument {}
