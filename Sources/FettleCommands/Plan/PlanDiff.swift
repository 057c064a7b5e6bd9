import ArgumentParser
import FettleControl
import FettleModel
import FettleReporting

struct PlanDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "What a plan would do otherwise than another.",
        discussion: """
            Names, titles, times of making and selections don't count: they are not carried out. Ends with 0 if both would do the \
            same, with 1 if not.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "A plan, such as plan-1; or a file with a plan as JSON.") var first: String
    @Argument(help: "The plan that it is compared with.") var second: String

    func run() async throws {
        let session = [first, second].allSatisfy(StageFile.isNamed) ? nil : try Session(options)
        let one = try await document(first, session)
        let other = try await document(second, session)
        let difference = PlanDifference(from: one.plan, one.digest, to: other.plan, other.digest)
        if options.output == .json {
            try Output.writeJSON(difference)
        } else {
            for line in difference.lines() { Output.writeLine(line.printable) }
        }
        if !difference.isEmpty { throw ExitStatus.failure.code }
    }

    private func document(_ word: String, _ session: Session?) async throws -> PlanDocument {
        guard let session, !StageFile.isNamed(by: word) else { return try StageFile.plan(from: word) }
        return try PlanDocument(try await session.plans.plan(PlanID(word)).plan)
    }
}
