import ArgumentParser
import FettleControl
import FettleModel
import FettleReporting
import Foundation

struct ChangeShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A change with its plan: what a voter has to see.",
        discussion: """
            What has drifted since the plan was made is told first: where the world is another one, the votes are void.

            With --html it is written as a page: who asked, what is still needed, votes, conflicts and drift; what it can touch, both \
            risks, the way back, how long it takes; and the plan as `plan show --html` draws it. One file, without scripts, that loads \
            nothing.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The change, such as change-1.") var change: String
    @Option(help: ArgumentHelp("Write it as a page to this file; `-` for standard output.", valueName: "file"))
    var html: String?
    @OptionGroup(title: "Feeds for the risks on the page") var advisories: AdvisoryOptions

    func validate() throws {
        if html == "-", options.output == .json {
            throw ValidationError("a page and JSON cannot both go to standard output: name a file for the page")
        }
    }

    private struct Wrote: Encodable {
        var change: ChangeID
        var wrote: String
    }

    func run() async throws {
        let session = try Session(options)
        let change = try await session.changes.change(ChangeID(change))
        let fleet = Self.fleet(of: session)
        if let html { return try await write(change, fleet, session, to: html) }
        if options.output == .json {
            return try session.printJSON(
                try await ChangeAnswer(
                    change, session.changes, fleet: fleet, order: session.orderRules, calendar: session.calendar))
        }
        let plan = try await session.changes.plan(of: change)
        var risks: [String] = []
        if let fleet, (try? session.policy) != nil { risks = try await PlanRisks.of(plan, session, fleet: fleet) }
        let page = ChangePage(
            change: change, phase: try await session.changes.phase(of: change), radius: BlastRadius(plan),
            conflicts: try await session.changes.conflicts(of: change, fleet: fleet, order: session.orderRules),
            risks: risks,
            drift: try await session.changes.drift(of: change, fleet: fleet),
            time: try await session.changes.objectionsToTime(of: change, calendar: session.calendar))
        for line in page.lines().flatMap({ $0.folded(in: .standard) }) { session.print(line) }
        session.print("")
        session.print(PlanView(plan: plan, digest: change.plan.digest).lines())
    }

    /// Whoever only looks is shown what can be: that the fleet was not held against the plan is told.
    private static func fleet(of session: Session) -> Fleet? {
        do {
            return try session.fleetIfAny
        } catch {
            session.note(
                "fleet.yaml cannot be read, so that only hosts are held against the plan, and nobody can agree or start: "
                    + "`fettle inventory show` tells why")
            return nil
        }
    }

    private func write(_ change: Change, _ fleet: Fleet?, _ session: Session, to path: String) async throws {
        let plan = try await session.changes.plan(of: change)
        let picture = try await PlanPictures.picture(
            of: plan, digest: change.plan.digest, session, feeds: advisories.source)
        let approval = ApprovalPicture(
            change: change, phase: try await session.changes.phase(of: change),
            drift: WorldDrift.lines(try await session.changes.drift(of: change, fleet: fleet), limit: 30),
            conflicts: try await session.changes.conflicts(of: change, fleet: fleet, order: session.orderRules)
                .map(ChangePage.line),
            time: try await session.changes.objectionsToTime(of: change, calendar: session.calendar))
        let text = PlanPage.html(picture, for: approval)
        if path == "-" { return Output.write(text + "\n") }
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        if options.output == .json { return try session.printJSON(Wrote(change: change.id, wrote: path)) }
        session.print("wrote \(path.printable)")
    }
}
