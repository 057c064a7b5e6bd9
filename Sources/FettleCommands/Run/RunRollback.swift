import ArgumentParser
import FettleControl
import FettleExecution
import FettleModel
import FettleStore

struct RunRollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Take back what was begun, by the approved way back: everything, or a part.",
        discussion: """
            Without a choice everything goes back. With --host, --wave or --group that part does, while the others go on. Whatever \
            needs what is taken back has to go back with it: it is named first, and goes only with --with-dependents.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var target: RunRequestArguments
    @Option(name: .customLong("host"), help: "A host, such as web-1; may be given several times.") var hosts: [String] =
        []
    @Option(name: .customLong("wave"), help: "A wave, counted from 0; may be given several times.") var waves: [Int] =
        []
    @Option(name: .customLong("group"), help: "A group, such as web; may be given several times.") var groups:
        [String] = []
    @Flag(help: "Everything, as without a choice.") var all = false
    @Flag(help: "What needs the named ones goes back as well.") var withDependents = false
    @Flag(help: "Pause the others meanwhile; `fettle run resume` lets them go on.") var pause = false
    @Flag(help: "Only say what would go back.") var dryRun = false

    private struct Answer: Encodable {
        var run: RunID
        /// All that go back; sorted.
        var resources: [ResourceID]
        /// Those of them that nothing was done on: they are not begun any more.
        var untouched: [ResourceID]
        /// Those of them that were not asked for, with what they need and why.
        var added: [Added]
        /// Whether it was asked of the run.
        var isAsked: Bool
        /// Who takes it up; nil: nobody carries the run out now.
        var executor: String?
    }

    private struct Added: Encodable {
        var resource: ResourceID
        var needs: ResourceID
        var because: String
    }

    private var isPart: Bool { !hosts.isEmpty || !waves.isEmpty || !groups.isEmpty }

    func validate() throws {
        if all, isPart { throw ValidationError("--all takes everything back: leave --host, --wave and --group out") }
        if !isPart, pause { throw ValidationError("--pause is for a part: where everything goes back, nobody goes on") }
    }

    func run() async throws {
        guard isPart || dryRun else { return try await target.ask(options) { .rollback(by: $0, reason: $1) } }
        let session = try Session(options)
        let run = RunID(target.run)
        let choice = RunService.PartChoice(
            hosts: hosts.map { ResourceID($0) }, waves: waves, groups: groups.map { GroupID($0) })
        let part = try await session.runs.part(of: run, choice)
        let added = part.added.map { Added(resource: $0.resource, needs: $0.needs, because: $0.because) }
        let isAsked = !dryRun && (added.isEmpty || withDependents)
        if isAsked {
            // First, so that no further host is begun while this one is on its way back.
            if pause {
                try await session.runs.ask(.pause(by: session.person, reason: target.reason), of: run)
            }
            let resources = part.resources
            try await session.runs.ask(
                .rollbackPart(resources: resources, by: session.person, reason: target.reason), of: run)
        }
        // After the request: who was begun in between goes back too.
        let untouched = try await self.untouched(among: part.resources, session)
        let executor = try await session.executor(of: run)
        if options.output == .json, dryRun || isAsked {
            return try session.printJSON(
                Answer(
                    run: run, resources: part.resources, untouched: untouched, added: added, isAsked: isAsked,
                    executor: executor))
        }
        try tell(part, untouched, session, isAsked: isAsked, executor: executor)
    }

    private func untouched(among resources: [ResourceID], _ session: Session) async throws -> [ResourceID] {
        let progress = try await session.runs.story(of: RunID(target.run)).state.resources
        let begun = Set(progress.filter { $0.phase != .untouched }.map(\.resource))
        return resources.filter { !begun.contains($0) }
    }

    private func tell(
        _ part: PartRollback, _ untouched: [ResourceID], _ session: Session, isAsked: Bool, executor: String?
    ) throws {
        let needs = part.added.map { "  \($0.resource) needs \($0.needs): \($0.because)".printable }
        guard isAsked || dryRun else {
            throw CommandFailure(
                .blocked,
                "with \(PlanView.list(part.chosen.map(\.rawValue)).printable) these have to go back as well:\n"
                    + needs.prefix(20).joined(separator: "\n")
                    + (needs.count > 20 ? "\n  … and \(needs.count - 20) more" : "")
                    + "\n  `--with-dependents` takes them back too; `--dry-run` only says all of it")
        }
        let notBegun = Set(untouched)
        let back = part.resources.filter { !notBegun.contains($0) }
        session.print("\(isAsked ? "asked to go back" : "would go back"): \(Self.names(back))")
        if !untouched.isEmpty {
            session.print(
                "\(isAsked ? "not begun, and not begun any more" : "not begun, and would not be any more"): \(Self.names(untouched))"
            )
        }
        for line in needs { session.print(line) }
        if isAsked { session.print("asked; \(RunID(target.run).takenUp(by: executor))") }
    }

    private static func names(_ resources: [ResourceID]) -> String {
        resources.isEmpty ? "nobody" : resources.map(\.rawValue).joined(separator: ", ").printable
    }
}
