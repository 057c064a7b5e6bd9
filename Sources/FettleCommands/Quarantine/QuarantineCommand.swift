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
        session.next("fettle quarantine settle HOST --note '…' (proves that it is well, then puts it back)")
    }
}

struct QuarantineSettle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settle",
        abstract: "Say that a host is well, or gone: put it back into traffic and close its entry.",
        discussion: """
            It is proven first: its probes pass, its packages are at the planned versions or at the earlier ones, and no older code
            runs. With --removed nothing is asked: the host no longer serves. Ends with 3 if it is not put back.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The host.") var host: String
    @Option(name: .shortAndLong, help: "What was done; kept with the entry.") var note: String
    @Flag(help: "The host was taken out of service for good: it is not put back.") var removed = false

    func run() async throws {
        let session = try Session(options)
        let settlement = try await session.quarantine.settle(
            ResourceID(host), by: session.person, note: note, isRemoved: removed)
        await session.close()
        if options.output == .json { return try session.printJSON(settlement) }
        for proof in settlement.proof {
            session.print("\(TextStyle.green.apply("✓", in: .standard)) \(proof.step)  \(proof.summary.printable)")
        }
        let words = removed ? "it stays out of traffic, and nothing was asked of it" : "proven, and back in traffic"
        session.print("\(settlement.entry.resource) is settled: \(words)")
    }
}
