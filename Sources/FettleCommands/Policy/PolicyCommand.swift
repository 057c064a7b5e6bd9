import ArgumentParser
import FettleAssessment
import FettleControl
import FettleModel

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "The patch policy in plain words; and whose rules hold here.",
        subcommands: [PolicyShow.self, PolicyAccept.self], defaultSubcommand: PolicyShow.self)
}

struct PolicyShow: AsyncParsableCommand, ListAnswering {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "The patch policy in plain words, and how far it is developed, implemented and followed.",
        discussion: """
            Developed: written in policy.yaml, not only defaulted. Implemented: fleet.yaml and the hosts have what it needs. \
            Followed: what is kept shows that it was done. Looks at no host and changes nothing; gaps do not alter the exit code.
            """)

    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let session = try Session(options)
        let adherence = try await session.governance.adherence(
            fleet: try session.fleet, policy: try session.policy, declared: try session.declaredPolicy)
        if options.output == .json { return try session.printJSON(adherence) }
        if options.output.isLines { return try Output.writeLines(ListAnswer.policy(adherence), as: options.output) }
        for rule in adherence.rules {
            let head = TextStyle.bold.apply(rule.question.words, in: .standard)
            session.print("\(head) (\(rule.topic)): \(rule.statement.printable)")
        }
        session.print("")
        session.print(marks(adherence))
        session.print("")
        guard !adherence.isWhole else { return session.print("No gaps.") }
        session.print("Gaps:")
        session.print(gaps(adherence))
    }

    private func marks(_ adherence: PolicyAdherence) -> Table {
        var table = Table([
            .init(title: "RULE"), .init(title: "DEVELOPED"), .init(title: "IMPLEMENTED"), .init(title: "FOLLOWED"),
        ])
        for rule in adherence.rules {
            table.add(
                .init(rule.topic, .bold), Self.cell(rule.developed), Self.cell(rule.implemented),
                Self.cell(rule.followed))
        }
        return table
    }

    private static func cell(_ mark: PolicyAdherence.Mark) -> Table.Cell {
        switch mark {
        case .yes: .init("yes", .green)
        case .partly: .init("partly", .yellow)
        case .no: .init("no", .red)
        case .unknown: .init("not known yet", .dim)
        case .notApplicable: .init("-", .dim)
        }
    }

    private func gaps(_ adherence: PolicyAdherence) -> Table {
        var table = Table([
            .init(title: "RULE"), .init(title: "NOT"), .init(title: "WHAT", shrinks: 1),
            .init(title: "WHAT TO TYPE", shrinks: 2),
        ])
        for rule in adherence.rules {
            for gap in rule.gaps {
                table.add(
                    .init(rule.topic, .bold), .init(gap.part.rawValue), .init(gap.what, .yellow), .init(gap.remedy))
            }
        }
        return table
    }
}
