import ArgumentParser
import FettleControl
import FettleMessaging
import FettleModel
import Foundation

struct PatchSetTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run your own tests of a patch set in a stage, and sign it off by what comes of them.",
        discussion: """
            Without a program: the suite that policy.yaml names for the stage, a command or one behind a webhook. The latter answers \
            by `fettle patchset answer`, in the name that the policy gives it, and may refuse at once; this ends with 4 until then. \
            Asked again before it has answered, it gets the same request once more.
            Where the policy names none: `fettle patchset test patchset-1 --stage staging -- ./suite --quick`. A program is run on \
            this machine, with FETTLE_PATCHSET, FETTLE_PATCHSET_DIGEST and FETTLE_STAGE in its environment, and no shell reads its \
            words. If it ends with 0 the set is signed off (kind tests), otherwise that is refused. Kept are its name, its exit code, \
            and the size and digest of what it printed; not its words, and nothing that it printed. Ends with 1 if they did not pass.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "The patch set, such as patchset-1.") var set: String
    @Option(help: "In which stage: a run has to have brought the set there.") var stage: String
    @Option(help: "How long the program may take, in seconds; then it is stopped and has not passed (3600).")
    var timeout: Int?
    @Option(help: "How long a suite behind a webhook is tried to be reached, in seconds.") var wait = 60
    @Argument(parsing: .postTerminator, help: "After `--`: the program and its words.") var command: [String] = []

    func validate() throws {
        guard (1...86_400).contains(timeout ?? 1) else {
            throw ValidationError("--timeout takes seconds from 1 to 86400, not \(timeout ?? 0)")
        }
        guard timeout == nil || !command.isEmpty else {
            throw ValidationError(
                "--timeout is for a program behind `--`; for the stage's own tests policy.yaml says it")
        }
        guard (1...3_600).contains(wait) else {
            throw ValidationError("--wait takes seconds from 1 to 3600, not \(wait)")
        }
    }

    private struct Answer: Encodable {
        var note: PatchSetNote
        /// nil: no program was run.
        var result: SiteTestResult?
    }

    func run() async throws {
        let session = try Session(options)
        let stages = try session.policy.promotion ?? .standard(for: session.fleet)
        let stage = StageID(stage)
        let kept = try await session.promotions.requireIsThere(PatchSetID(set), in: stage, stages)
        switch (command.isEmpty, stages.stage(stage)?.tests) {
        case (false, nil):
            try await run(command, seconds: timeout ?? 3_600, kept, session, stages)
        case (false, let suite?):
            throw CommandFailure(
                .blocked,
                "policy.yaml names \(suite.words.printable) for \(stage): no other program signs off in its place\n"
                    + "  `fettle patchset test \(set) --stage \(stage)` runs it")
        case (true, nil):
            throw CommandFailure(
                .usage,
                "policy.yaml names no tests for \(stage), and no program is given\n  … -- PROGRAM WORDS; or `tests` "
                    + "of a stage of `promotion` in policy.yaml (docs/promotion.md)")
        case (true, .command(let words, let seconds)?):
            let request = try await session.promotions.ask(
                kept.set.id, in: stage, program: try SuiteProgram.digest(of: words, session.directory),
                by: session.person, policy: stages)
            try await run(words, seconds: seconds, answering: request, kept, session, stages)
        case (true, .webhook(let receiver, _, let name)?):
            let request = try await session.promotions.ask(
                kept.set.id, in: stage, by: session.person, policy: stages)
            try await ask(receiver, answeredBy: name, request, session, stages)
        }
    }

    private func run(
        _ words: [String], seconds: Int, answering request: PatchSetNote? = nil, _ kept: PromotionService.Kept,
        _ session: Session, _ stages: PromotionPolicy
    ) async throws {
        var settings = [
            "FETTLE_PATCHSET": kept.set.id.rawValue, "FETTLE_PATCHSET_DIGEST": kept.digest.rawValue,
            "FETTLE_STAGE": stage,
        ]
        if let request { settings["FETTLE_REQUEST"] = request.id }
        let tests = SiteTests(
            words: words, seconds: seconds, settings: settings,
            directory: request == nil ? nil : session.directory.absoluteURL)
        var (result, tail) = try await tests.run()
        result.program = session.secrets.masked(result.program)
        let note = try await session.promotions.signOff(
            kept.set.id, in: StageID(stage), by: result, answering: request, for: session.person, policy: stages)
        if options.output == .json {
            try session.printJSON(Answer(note: note, result: result))
        } else {
            for line in tail { session.print("  \(session.secrets.masked(line).printable)") }
            session.print(PatchSetView.line(note))
        }
        if !result.passes { throw ExitStatus.failure.code }
    }

    private func ask(
        _ receiver: MessageReceiver, answeredBy name: Person, _ request: PatchSetNote, _ session: Session,
        _ stages: PromotionPolicy
    ) async throws {
        let post = SuitePost(session: session, receiver: receiver)
        let (answer, mask) = try await post.ask(request, seconds: wait)
        // Who asks has the secret, and could answer so: a pass is the named identity's to bring.
        guard let answer, !answer.passed else {
            if options.output == .json {
                try session.printJSON(Answer(note: request))
            } else {
                session.print(PatchSetView.line(request))
                session.print(
                    answer == nil
                        ? "It has the request, and has not answered yet."
                        : "It says that its tests passed. That counts when \(name) brings it.".printable)
                session.next(
                    "\(name.rawValue.printable): fettle patchset answer \(request.set.id) \(request.id) "
                        + "--digest \(request.set.digest) --passed --note '…'",
                    "or --failed; `fettle pipeline \(request.set.id)` tells what it waits for")
            }
            throw ExitStatus.partial.code
        }
        let words = answer.note.isEmpty ? "the suite answered at once" : "the suite answered: \(answer.note)"
        let note = try await session.promotions.answer(
            answer.request, on: answer.set, digest: answer.digest, passes: answer.passed, text: mask.masked(words),
            by: session.person, policy: stages)
        if options.output == .json {
            try session.printJSON(Answer(note: note))
        } else {
            session.print(PatchSetView.line(note))
        }
        throw ExitStatus.failure.code
    }
}
