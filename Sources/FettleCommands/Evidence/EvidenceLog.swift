import ArgumentParser
import FettleControl
import FettleModel
import FettleStore

struct EvidenceLog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "The log of every decision and effect, oldest first.",
        discussion: "It holds names and digests; the words stand in what it tells of.")

    @OptionGroup var options: GlobalOptions
    @Option(help: "Only entries after this one.") var after = 0
    @Option(help: "How many at most.") var limit = 200

    func validate() throws {
        guard (1...100_000).contains(limit), after >= 0 else {
            throw ValidationError("--limit takes 1 to 100000, --after a number from 0 on")
        }
    }

    func run() async throws {
        let session = try Session(options)
        let entries = try await session.log.entries(after: after, limit: limit)
        if options.output == .json { return try session.printJSON(entries) }
        guard !entries.isEmpty else { return session.print("The log has no entry there.") }
        var table = Table([
            .init(title: "ENTRY"), .init(title: "AT"), .init(title: "WHAT"), .init(title: "BY", shrinks: 2),
            .init(title: "OF", shrinks: 1), .init(title: "DIGEST", shrinks: 3),
        ])
        for placed in entries {
            let entry = placed.entry
            let of = [
                entry.subject?.description, entry.change?.rawValue, entry.run?.rawValue, entry.resource?.rawValue,
                entry.step?.rawValue, entry.word,
            ].compactMap { $0 }
            table.add(
                .init("\(placed.sequence)", .bold), .init(entry.at?.description ?? ""), .init(entry.what.rawValue),
                .init(entry.by?.rawValue ?? ""), .init(of.joined(separator: " ")), .init(entry.digest?.short ?? ""))
        }
        session.print(table)
    }
}
