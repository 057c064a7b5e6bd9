public import ArgumentParser
import FettleControl
public import FettleModel

struct ChangeSubmit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Ask for approval of a plan.",
        discussion: "The plan is proven safe once more first. Approvals are bound to its digest.")

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The plan, such as plan-1.") var plan: String
    @Option(help: "normal, standard or emergency.") var kind: Change.Kind = .normal
    @Option(name: .shortAndLong, help: "Why, in a line.") var reason: String

    func run() async throws {
        let session = try Session(options)
        let change = try await session.changes.submit(
            plan: PlanID(plan), kind: kind, reason: reason, by: session.person, policy: session.policy)
        if options.output == .json { return try session.printJSON(change) }
        session.print("\(change.id) asks for approval of \(change.plan.id), digest \(change.plan.digest.short)…")
        session.print(change.approvalLine)
        session.next("fettle change show \(change.id)", "then another person: fettle change approve \(change.id)")
    }
}

extension Change.Kind: ExpressibleByArgument {}
