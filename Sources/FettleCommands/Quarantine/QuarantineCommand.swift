import ArgumentParser
import FettleControl
import FettleDrivers
import FettleModel

struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine", abstract: "Hosts that are kept out of traffic until somebody settles them.",
        subcommands: [QuarantineList.self, QuarantineSettle.self], defaultSubcommand: QuarantineList.self)
}

struct QuarantineList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "What is in quarantine.")

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        let entries = try await session.runs.quarantined()
        if options.output == .json { return try session.printJSON(entries) }
        guard !entries.isEmpty else { return session.print("Nothing is in quarantine.") }
        var table = Table([
            .init(title: "HOST"), .init(title: "RUN"), .init(title: "OWNER"), .init(title: "SETTLE BY"),
            .init(title: "REASON", shrinks: 1),
        ])
        let now = Timestamp.now()
        for entry in entries {
            table.add(
                .init(entry.resource.rawValue, .bold), .init(entry.run.rawValue), .init(entry.owner.rawValue),
                .init(entry.deadline.description, entry.deadline < now ? .red : .plain), .init(entry.reason))
        }
        session.print(table)
        session.next("fettle quarantine settle HOST --note '…' (when it is well and back in traffic)")
    }
}

struct QuarantineSettle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settle",
        abstract: "Say that a host is well, or gone: put it back into traffic and close its entry.",
        discussion: "Its probes must pass first, unless --removed says that the host no longer serves.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The host.") var host: String
    @Option(name: .shortAndLong, help: "What was done; kept with the entry.") var note: String
    @Flag(help: "The host was taken out of service for good: it is not put back.") var removed = false

    func run() async throws {
        let session = try Session(options)
        let entry = try await session.quarantine.settle(
            ResourceID(host), by: session.person, note: note, isRemoved: removed)
        session.print("\(entry.resource) is settled\(removed ? "; it stays out of traffic" : " and back in traffic")")
        await session.close()
    }
}
