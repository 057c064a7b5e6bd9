import ArgumentParser
import FettleFeedSync
import FettleIndex
import FettleModel

struct FeedsStatus: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Each feed's date, age and count, and whether it is fresh.",
        discussion:
            "Ends with 0 if all that the fleet needs is fresh, and with 4 if something is stale, missing or damaged.")

    @OptionGroup var options: GlobalOptions
    @Flag(help: "List every source that is known, needed or not.") var all = false

    func run() async throws {
        let session = try Session(options)
        let library = FeedsLibrary(directory: options.directory)
        let settings = try library.settings()
        let wanted = all ? FeedSources.all : try await FeedsChoice.selection([], session, settings).sources
        let generation = library.isEmpty ? nil : try library.generation()
        let catalogue = try library.index()?.catalogue
        let status = FeedStatus.all(
            of: wanted, in: generation, settings: settings, records: catalogue?.recordsBySource ?? [:],
            dates: catalogue?.datesBySource ?? [:], now: .now())
        switch options.output {
        case .json: try session.printJSON(status)
        case .csv, .ndjson: try Output.writeLines(ListAnswer.feeds(status), as: options.output)
        case .table, .ics: show(status, session)
        }
        let isSound = status.allSatisfy { $0.isSound || (all && $0.state == .missing) }
        if !isSound { throw ExitStatus.partial.code }
    }

    private func show(_ status: [FeedStatus], _ session: Session) {
        var table = Table([
            .init(title: "FEED"), .init(title: "STATE"), .init(title: "DATED"), .init(title: "CHECKED"),
            .init(title: "AGE", alignsRight: true), .init(title: "RECORDS", alignsRight: true),
            .init(title: "PROVEN BY", shrinks: 2), .init(title: "WHAT IT IS", shrinks: 3),
        ])
        for feed in status {
            table.add(
                .init(feed.id.rawValue, .bold), .init(feed.state.rawValue, feed.isSound ? .green : .yellow),
                .init(feed.publishedAt.dayText), .init(feed.checkedAt.dayText),
                .init(feed.ageSeconds.map { "\($0 / 3600) h" } ?? "-"), .init(feed.records.map { "\($0)" } ?? "-"),
                .init(feed.verification?.inWords ?? "-"), .init(feed.title))
        }
        session.print(table)
        for feed in status where !feed.notes.isEmpty && feed.state != .missing {
            session.note("\(feed.id): \(feed.notes.joined(separator: "; "))")
        }
        if status.contains(where: { !$0.isSound }) { session.next("fettle feeds sync") }
    }
}
