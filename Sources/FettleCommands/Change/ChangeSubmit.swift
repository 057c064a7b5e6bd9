public import ArgumentParser
import FettleControl
public import FettleModel

struct ChangeSubmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Ask for approval of a plan.",
        discussion: """
            The plan is proven safe once more first. Approvals are bound to its digest. A standard change needs a template of \
            policy.yaml and stays within its limits; an emergency needs fewer approvals and is reviewed afterwards (docs/changes.md).
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The plan, such as plan-1.") var plan: String
    @Option(help: "normal, standard or emergency.") var kind: Change.Kind = .normal
    @Option(help: "For a standard change: the template that allows it.") var template: String?
    @Flag(help: "By the fast lane: for a plan from a patch set that closes an actively exploited weakness.") var fast =
        false
    @Option(name: .shortAndLong, help: "Why, in a line.") var reason: String

    func run() async throws {
        guard !reason.allSatisfy(\.isWhitespace) else {
            throw CommandFailure(.usage, "a change needs a --reason that says why")
        }
        let session = try Session(options)
        let policy = try session.policy
        // What owners and stages say is asked of the fleet: where it cannot be read, nobody goes past them.
        let needsFleet = !policy.changes.rules.isEmpty || policy.promotion != nil
        let fleet = needsFleet ? try session.fleet : try? session.fleet
        let loss =
            policy.changes.goesByLoss
            ? try await session.risks.expectedLoss(
                ofPatching: PlanID(plan), fleet: fleet, policy: policy, feeds: session.feeds(.init())) : nil
        let change = try await session.changes.submit(
            plan: PlanID(plan), kind: kind, reason: reason, by: session.person, policy: policy,
            fleet: fleet, template: template, expectedLoss: loss, lane: fast ? .fast : .normal)
        await session.noteUnseconded(change, fleet: fleet)
        if options.output == .json { return try session.printJSON(change) }
        session.print("\(change.id) asks for approval of \(change.plan.id), digest \(change.plan.digest.short)…")
        session.print(change.approvalLine)
        if change.state == .approved { return session.next("fettle run start \(change.id)") }
        session.next("fettle change show \(change.id)", "then another person: fettle change approve \(change.id)")
    }
}

extension Change.Kind: ExpressibleByArgument {}

extension Session {
    /// Told wherever such a change is asked for, agreed to and started.
    func noteUnseconded(_ change: Change, fleet: Fleet?) async {
        if let words = try? await changes.unsecondedWords(of: change, fleet: fleet) { note(words.printable) }
    }
}
