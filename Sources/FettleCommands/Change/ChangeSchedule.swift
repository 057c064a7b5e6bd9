import ArgumentParser
import FettleControl
import FettleModel
import FettleReporting

struct ChangeScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Say when a change that you asked for is to be carried out.",
        discussion: """
            It does not start before, and is over if nobody has started it by the end. No host is taken out that would not be back \
            by the end, with its way back; what is out then is brought back all the same. A time that is too short for a host, or in \
            which windows or freezes keep one in, is refused. Nobody may have voted on it yet: who agrees, agrees to the time as well.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The change, such as change-1.") var change: String
    @Option(help: "From when on, in UTC, such as 2026-11-28T22:00:00Z.") var from: String?
    @Option(help: "Until when the last host has to be back.") var until: String?
    @Flag(help: "At any time again.") var clear = false

    func validate() throws {
        guard clear == (from == nil), (from == nil) == (until == nil) else {
            throw ValidationError("give both --from and --until, or --clear")
        }
        for (name, text) in [("--from", from), ("--until", until)] {
            guard let text, Timestamp(text) == nil else { continue }
            throw ValidationError("\(name) takes a time in UTC such as 2026-11-28T22:00:00Z, not \(text.printable)")
        }
    }

    func run() async throws {
        let session = try Session(options)
        var window: TimeWindow?
        if let opens = from.flatMap({ Timestamp($0) }), let closes = until.flatMap({ Timestamp($0) }) {
            window = TimeWindow(opensAt: opens, closesAt: closes)
        }
        let change = try await session.changes.schedule(
            ChangeID(change), for: window, by: session.person, calendar: session.calendar)
        for line in try await session.changes.objectionsToTime(of: change, calendar: session.calendar) {
            session.note("\(change.id): \(line)".printable)
        }
        if options.output == .json { return try session.printJSON(change) }
        session.print("\(change.id) is to be carried out \(ChangePage.words(change.schedule))")
    }
}

struct ChangeReview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Close a change whose run has ended, with what you found.",
        discussion:
            "Needed of emergencies, and of changes whose run did not succeed; by somebody other than the requester.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The change, such as change-1.") var change: String
    @Option(name: .shortAndLong, help: "What you found.") var note: String

    func run() async throws {
        let session = try Session(options)
        let change = try await session.changes.review(ChangeID(change), text: note, by: session.person)
        if options.output == .json { return try session.printJSON(change) }
        session.print("\(session.person) has reviewed \(change.id); it is closed")
    }
}

struct ChangeCalendarCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calendar",
        abstract: "When changes are to be carried out, and which of them get in each other's way.",
        discussion: """
            Those on the same host or group, or on groups that depend on each other, at overlapping times. `-o ics` is a file that \
            calendar programs read, with the changes that have a time.
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        if options.output == .ics {
            return Output.write(try await session.changes.feed().text(at: .now()))
        }
        let calendar = try await session.changes.calendar(
            fleet: try? session.fleet, order: session.orderRules)
        if options.output == .json { return try session.printJSON(calendar) }
        for unread in calendar.unread ?? [] { session.note(unread.words.printable) }
        guard !calendar.entries.isEmpty else { return session.print("No change is to be carried out.") }
        var table = Table([
            .init(title: "CHANGE"), .init(title: "STATE"), .init(title: "WHEN (UTC)", shrinks: 1),
            .init(title: "HOSTS", alignsRight: true), .init(title: "GROUPS", shrinks: 1),
            .init(title: "REASON", shrinks: 2),
        ])
        for entry in calendar.entries {
            table.add(
                .init(entry.change.rawValue, .bold), .init(entry.phase.words, entry.phase.style),
                .init(Self.words(entry.windows)), .init("\(entry.hosts)"),
                .init(PlanView.list(entry.groups.map(\.rawValue), limit: 3)), .init(entry.reason))
        }
        session.print(table)
        for line in calendar.conflicts.map(ChangePage.line) { session.print(line) }
    }

    private static func words(_ windows: [TimeWindow]) -> String {
        guard !windows.isEmpty else { return ChangePage.words(nil) }
        let more = windows.count > 2 ? ", and \(windows.count - 2) more" : ""
        return windows.prefix(2).map(ChangePage.words).joined(separator: ", ") + more
    }
}
