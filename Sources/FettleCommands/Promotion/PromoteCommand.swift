import ArgumentParser
import FettleControl
import FettleModel
import FettlePlanning

struct PromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Plan a patch set for a stage, and ask for that plan's approval.",
        discussion: """
            With exactly the set's versions: what else is on offer by now is not looked at, what the set does not hold is not touched, \
            and what cannot be had any more is told. Refused (3) with everything that the stages before have not shown yet, which \
            `fettle pipeline` shows too, and where no host that wants something of the set can be brought it. With nothing left to \
            do it ends with 0; with 4 if hosts could not be read (docs/promotion.md).
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The patch set, such as patchset-1.") var set: String
    @Option(name: .customLong("to"), help: "The stage, as policy.yaml names it; an environment where it names none.")
    var stage: String
    @Option(name: .shortAndLong, help: "Why, in a line.") var reason: String?
    @Flag(help: "By the fast lane: for sets that close an actively exploited weakness.") var fast = false
    @Flag(help: "As an emergency: fewer approvals, and a review afterwards.") var emergency = false

    private struct Answer: Encodable {
        /// nil: there is nothing to do, so that nothing was asked for.
        var change: Change?
        var plan: PlanID
        var leftOut: [Selection.LeftOut]
    }

    func run() async throws {
        let session = try Session(options)
        let bar = ProgressHolder()
        let policy = try session.policy
        let feeds = policy.changes.goesByLoss ? try session.feeds(.init()) : nil
        let promoted = try await session.promotions.promote(
            PatchSetID(set), to: StageID(stage), lane: fast ? .fast : .normal, kind: emergency ? .emergency : .normal,
            reason: reason ?? "\(set) to \(stage)", by: session.person, fleet: session.fleet, policy: policy,
            feeds: feeds, progress: { bar.advance($0.rawValue) }, willAsk: { bar.start("asking resolvers", total: $0) })
        bar.finish()
        await session.close()
        let view = PlanResultView(result: promoted.result)
        if options.output == .json {
            try session.printJSON(
                Answer(
                    change: promoted.change, plan: promoted.result.plan.id, leftOut: promoted.result.report.leftOut))
            return try Self.end(view)
        }
        view.show()
        guard let change = promoted.change else { return try Self.end(view) }
        session.print("\(change.id) asks for approval of \(change.plan.id), digest \(change.plan.digest.short)…")
        session.print(change.approvalLine)
        session.next("fettle change show \(change.id)", "then another person: fettle change approve \(change.id)")
    }

    /// As `plan make`: where nothing is to be done on those that were heard, the others may still want it.
    private static func end(_ view: PlanResultView) throws {
        if view.status != .ok { throw view.status.code }
    }
}

struct PipelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline", abstract: "Which patch set is where, since when, and what it waits for.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "Only this patch set.") var set: String?
    @Option(help: "How many sets, the newest.") var limit = 20

    func run() async throws {
        let session = try Session(options)
        let pipeline = try await session.promotions.pipeline(
            fleet: session.fleet, policy: session.policy, only: set.map { PatchSetID($0) }, limit: limit)
        if options.output == .json { return try session.printJSON(pipeline) }
        for unread in pipeline.unread ?? [] { session.note(unread.words.printable) }
        guard !pipeline.rows.isEmpty else { return session.print("No patch set yet (`fettle patchset make PLAN`).") }
        session.print(Self.table(pipeline))
        for row in pipeline.rows {
            let next = row.next.map { "\(row.set) to \($0)" } ?? ""
            if row.next == nil {
                let failed = row.places.first { $0.state == .failed }
                session.print(
                    failed.map { "\(row.set) failed in \($0.stage) and goes no further" }
                        ?? "\(row.set) has come to every stage: \(Self.reach(row))")
                if !row.waitsFor.isEmpty { session.print("against it speaks:") }
                for criterion in row.waitsFor { session.print("  \(criterion.words)".printable) }
            } else if row.waitsFor.isEmpty {
                session.print("\(next): may go")
            } else {
                session.print("\(next) waits for:")
                for criterion in row.waitsFor { session.print("  \(criterion.words)".printable) }
            }
        }
    }

    /// On how many hosts of each stage: not all of them need something of a set, and not all that need it may be able to have it.
    private static func reach(_ row: Pipeline.Row) -> String {
        row.places.map { "\($0.stage) \($0.hosts) of \($0.fleet ?? $0.hosts) hosts" }.joined(separator: ", ")
    }

    private static func table(_ pipeline: Pipeline) -> Table {
        var table = Table(
            [.init(title: "SET"), .init(title: "TITLE", shrinks: 2)]
                + pipeline.stages.map { .init(title: $0.rawValue.uppercased().printable, shrinks: 1) })
        for row in pipeline.rows {
            table.rows.append([.init(row.set.rawValue, .bold), .init(row.title)] + row.places.map(cell))
        }
        return table
    }

    private static func cell(_ place: Pipeline.Place) -> Table.Cell {
        let since = place.since.map { " since \(PlanView.minute($0))" } ?? ""
        let hosts = "\(place.hosts) host\(place.hosts == 1 ? "" : "s")"
        return switch place.state {
        case .notYet: .init("-", .dim)
        case .asked: .init("asked: \(place.by ?? "")", .yellow)
        case .running: .init("\(place.by ?? "")\(since)", .yellow)
        case .there: .init("\(hosts)\(since)", .green)
        case .failed: .init("failed\(since)", .red)
        }
    }
}
