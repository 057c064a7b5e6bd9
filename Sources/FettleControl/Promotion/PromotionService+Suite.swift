public import FettleModel

/// A stage's own suite: asked, and heard.
extension PromotionService {
    /// Writes down that the stage's own suite is asked. What is open is asked once more, in the same words, of one behind a webhook: a
    /// suite that has heard it has nothing more to do. A program starts anew, and so does its request.
    ///
    /// - Parameter program: SHA-256 of the file that the suite is; nil: it is no program of this machine.
    /// - Throws: `invalid` where the policy names no suite, `blocked` if no run has brought the set there, the program is not the accepted
    ///   one, or whoever asks would answer as well.
    public func ask(
        _ id: PatchSetID, in stage: StageID, program: Digest? = nil, by person: Person, policy: PromotionPolicy
    ) async throws(ControlError) -> PatchSetNote {
        try await requireMayNote(in: stage, by: person, saying: .nothing, policy: policy)
        let kept = try await requireIsThere(id, in: stage, policy)
        guard let place = policy.stage(stage), let suite = place.tests else {
            throw ControlError(
                .invalid, "policy.yaml names no tests for \(stage)",
                hint: "`tests` of a stage of `promotion` (docs/promotion.md); or: `… -- PROGRAM WORDS`")
        }
        try await requireMayAsk(suite, in: stage, program, of: kept.set, by: person)
        let reference = StageReference(id: id.rawValue, digest: kept.digest)
        let judge = try await record.judge(of: kept.set, reference, policy)
        let now = tools.now()
        if case .webhook = suite, let asked = judge.request(in: stage), let request = asked.request,
            request.suite == suite, now <= request.dueBy, judge.answer(to: asked) == nil
        {
            return asked
        }
        let runs = judge.trials.filter { $0.stage == stage && $0.hasSucceeded }.compactMap(\.run)
        return try await keep { name, time in
            PatchSetNote(
                id: name, set: reference, kind: .asked, passes: false, stage: stage,
                request: PatchSetNote.Request(
                    environments: place.environments, runs: runs.sorted { $0.rawValue < $1.rawValue },
                    dueBy: time.adding(seconds: suite.answerSeconds), suite: suite),
                text: "\(suite.words) was asked to test it", by: person, at: time)
        }
    }

    /// Whose word passes a set neither made it nor asks.
    private func requireMayAsk(
        _ suite: StageTests, in stage: StageID, _ program: Digest?, of set: PatchSet, by person: Person
    ) async throws(ControlError) {
        switch suite {
        case .command:
            guard let program else {
                throw ControlError(
                    .invalid, "the suite of \(stage) is a program, and nobody told which bytes it has",
                    hint: "`fettle patchset test \(set.id) --stage \(stage)` starts it")
            }
            try await gate.requireAccepted(program: program, of: stage)
        case .webhook(_, _, let name):
            guard !name.isSame(as: person), !name.isSame(as: set.madeBy) else {
                throw ControlError(
                    .blocked,
                    "\(name) answers for the suite of \(stage), and \(name.isSame(as: person) ? "asks" : "made the set")",
                    hint: name.isSame(as: person)
                        ? "another person asks"
                        : "another person makes the set, or another identity answers: 'answeredBy' in policy.yaml")
            }
        }
    }

    /// Writes down what somebody brings as the answer of a stage's own suite.
    ///
    /// - Parameters:
    ///   - request: the note by which it was asked.
    ///   - digest: of the set that was tested, as the suite tells it.
    ///   - passes: whether it speaks for the set. One that speaks against it is heard from whoever may sign off, however late it is and
    ///     whatever was answered before.
    ///   - text: in a line.
    ///   - person: who brings the answer; needs the role that signs off in the stage.
    /// - Throws: `invalid` for an answer to nothing, or about another set; of passes also: `conflict` for a second one, `blocked` for one
    ///   that is late, of another than the policy names, or in the place of a program.
    public func answer(
        _ request: String, on id: PatchSetID, digest: Digest, passes: Bool, text: String, by person: Person,
        policy: PromotionPolicy
    ) async throws(ControlError) -> PatchSetNote {
        try await hear(
            request, on: id, digest: digest, passes: passes, text: text, by: person, policy: policy, isOwnRun: false)
    }

    /// - Parameter isOwnRun: the answer is the end of a program that Fettle itself has started.
    func hear(
        _ request: String, on id: PatchSetID, digest: Digest, passes: Bool, text: String, by person: Person,
        policy: PromotionPolicy, isOwnRun: Bool
    ) async throws(ControlError) -> PatchSetNote {
        let (set, reference) = try await record.set(id)
        let judge = PromotionJudge(
            policy: policy, trials: [],
            notes: try await record.notes().legible[id.rawValue, default: []].filter { $0.set == reference })
        let asked = judge.notes.first { $0.id == request && $0.kind == .asked }
        // Who may not answer here is not told what was asked.
        try await requireMayNote(in: asked?.stage, by: person, saying: .note(text), policy: policy)
        guard let asked, let stage = asked.stage, let open = asked.request else {
            throw ControlError(
                .invalid, "'\(request)' asked nobody to test \(id) as it is",
                hint: "`fettle patchset show \(id)` tells what was asked")
        }
        guard digest == reference.digest else {
            throw ControlError(
                .invalid,
                "the answer to \(request) is about another set: its digest is \(digest.short)…, "
                    + "and \(id) has \(reference.digest.short)…", hint: "nothing was written down")
        }
        if passes {
            try Self.requireMayPass(asked, open, set, by: person, policy: policy, isOwnRun: isOwnRun)
            try Self.requireIsOpen(asked, open, in: stage, judge, at: tools.now())
        }
        return try await keep { name, time in
            PatchSetNote(
                id: name, set: reference, kind: .tests, passes: passes, stage: stage, answers: asked.id, text: text,
                by: person, at: time)
        }
    }

    /// A pass is the suite's own word, and of the suite that was asked.
    private static func requireMayPass(
        _ asked: PatchSetNote, _ open: PatchSetNote.Request, _ set: PatchSet, by person: Person,
        policy: PromotionPolicy, isOwnRun: Bool
    ) throws(ControlError) {
        let stage = asked.stage ?? ""
        let anew = "`fettle patchset test \(set.id) --stage \(stage)` asks anew"
        guard let suite = policy.stage(stage)?.tests, open.suite == suite else {
            throw ControlError(
                .blocked, "\(asked.id) asked another suite than policy.yaml names for \(stage) now", hint: anew)
        }
        switch suite {
        case .command:
            guard isOwnRun else {
                throw ControlError(
                    .blocked, "\(suite.words) answers for \(stage) by its end, and nobody in its place", hint: anew)
            }
        case .webhook(_, _, let name):
            guard !isOwnRun, person.name == name.name else {
                throw ControlError(
                    .blocked, "only \(name) says that the suite of \(stage) passed, and not \(person)",
                    hint: "'answeredBy' of its tests in policy.yaml names whose word it is")
            }
            guard !person.isSame(as: asked.by), !person.isSame(as: set.madeBy) else {
                throw ControlError(
                    .blocked, "\(person) has asked for the tests, or made \(set.id): another person has to have",
                    hint: "another person asks: `fettle patchset test \(set.id) --stage \(stage)`")
            }
        }
    }

    private static func requireIsOpen(
        _ asked: PatchSetNote, _ open: PatchSetNote.Request, in stage: StageID, _ judge: PromotionJudge,
        at now: Timestamp
    ) throws(ControlError) {
        let id = asked.set.id
        guard judge.request(in: stage)?.id == asked.id else {
            throw ControlError(
                .conflict, "\(asked.id) was asked anew since, as \(judge.request(in: stage)?.id ?? "another")",
                hint: "`fettle patchset show \(id)`")
        }
        if let first = judge.answer(to: asked) {
            throw ControlError(
                .conflict, "\(asked.id) is answered already: \(first.id), \(first.passes ? "passed" : "refused")",
                hint: "`fettle patchset test \(id) --stage \(stage)` asks anew")
        }
        guard now <= open.dueBy else {
            throw ControlError(
                .blocked, "the answer to \(asked.id) is late: it was due by \(open.dueBy), and it is \(now)",
                hint: "`fettle patchset test \(id) --stage \(stage)` asks anew")
        }
    }
}
