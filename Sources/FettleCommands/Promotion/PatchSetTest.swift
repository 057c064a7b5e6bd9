import ArgumentParser
import FettleControl
import FettleModel

struct PatchSetTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run your own tests of a patch set in a stage, and sign it off by what comes of them.",
        discussion: """
            `fettle patchset test patchset-1 --stage staging -- ./suite --quick`. The program is run on this machine, with \
            FETTLE_PATCHSET, FETTLE_PATCHSET_DIGEST and FETTLE_STAGE in its environment, and no shell reads its words. If it ends with \
            0 the set is signed off (kind tests), otherwise that is refused. Kept are its name, its exit code, and the size and digest \
            of what it printed; not its words, and nothing that it printed. Ends with 1 if they did not pass.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The patch set, such as patchset-1.") var set: String
    @Option(help: "In which stage: a run has to have brought the set there.") var stage: String
    @Option(help: "How long they may take, in seconds; then they are stopped and have not passed.") var timeout = 3_600
    @Argument(parsing: .postTerminator, help: "After `--`: the program and its words.") var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("the program is missing: … -- PROGRAM WORDS") }
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("--timeout takes seconds from 1 to 86400, not \(timeout)")
        }
    }

    private struct Answer: Encodable {
        var note: PatchSetNote
        var result: SiteTestResult
    }

    func run() async throws {
        let session = try Session(options)
        let stages = try session.policy.promotion ?? .standard(for: session.fleet)
        let (id, stage) = (PatchSetID(set), StageID(stage))
        let kept = try await session.promotions.requireIsThere(id, in: stage, stages)
        let settings = [
            "FETTLE_PATCHSET": kept.set.id.rawValue, "FETTLE_PATCHSET_DIGEST": kept.digest.rawValue,
            "FETTLE_STAGE": stage.rawValue,
        ]
        var (result, tail) = try await SiteTests(words: command, seconds: timeout, settings: settings).run()
        result.program = session.secrets.masked(result.program)
        let note = try await session.promotions.signOff(
            id, in: stage, by: result, for: session.person, policy: stages)
        if options.output == .json {
            try session.printJSON(Answer(note: note, result: result))
        } else {
            for line in tail { session.print("  \(session.secrets.masked(line).printable)") }
            session.print(PatchSetView.line(note))
        }
        if !result.passes { throw ExitCode(ExitStatus.failure.rawValue) }
    }
}
