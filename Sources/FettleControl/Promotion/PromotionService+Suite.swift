public import FettleModel

/// A stage's own suite: asked, and heard.
extension PromotionService {
    /// Writes down that the stage's own suite is asked. What is open is asked once more, in the same words: a suite that has heard it has
    /// nothing more to do.
    ///
    /// - Throws: `invalid` where the policy names no suite, `blocked` if no run has brought the set there.
    public func ask(
        _ id: PatchSetID, in stage: StageID, by person: Person, policy: PromotionPolicy
    ) async throws(ControlError) -> PatchSetNote {
        try await requireMayNote(in: stage, by: person, policy: policy)
        let kept = try await requireIsThere(id, in: stage, policy)
        guard let place = policy.stage(stage), let suite = place.tests else {
            throw ControlError(
                .invalid, "policy.yaml names no tests for \(stage)",
                hint: "`tests` of a stage of `promotion` (docs/promotion.md); or: `… -- PROGRAM WORDS`")
        }
        let reference = StageReference(id: id.rawValue, digest: kept.digest)
        let judge = try await record.judge(reference, policy)
        let now = tools.now()
        if let asked = judge.request(in: stage), let request = asked.request, now <= request.dueBy,
            judge.answer(to: asked) == nil
        {
            return asked
        }
        let runs = judge.trials.filter { $0.stage == stage && $0.hasSucceeded }.compactMap(\.run)
        return try await keep { name, time in
            PatchSetNote(
                id: name, set: reference, kind: .asked, passes: false, stage: stage,
                request: PatchSetNote.Request(
                    environments: place.environments, runs: runs.sorted { $0.rawValue < $1.rawValue },
                    dueBy: time.adding(seconds: suite.answerSeconds)),
                text: "\(suite.words) was asked to test it", by: person, at: time)
        }
    }

    /// Writes down what a stage's own suite has answered.
    ///
    /// - Parameters:
    ///   - request: the note by which it was asked.
    ///   - digest: of the set that was tested, as the suite tells it.
    ///   - passes: whether it speaks for the set. One that speaks against it is heard however late it is.
    ///   - text: in a line.
    ///   - person: who brings the answer; needs the role that signs off in the stage.
    /// - Throws: `invalid` for an answer to nothing, or about another set; `conflict` for a second one; `blocked` for one that is late.
    public func answer(
        _ request: String, on id: PatchSetID, digest: Digest, passes: Bool, text: String, by person: Person,
        policy: PromotionPolicy
    ) async throws(ControlError) -> PatchSetNote {
        let (_, reference) = try await record.set(id)
        let judge = PromotionJudge(
            policy: policy, trials: [],
            notes: try await record.notes()[id.rawValue, default: []].filter { $0.set == reference })
        let asked = judge.notes.first { $0.id == request && $0.kind == .asked }
        // Who may not answer here is not told what was asked.
        try await requireMayNote(in: asked?.stage, by: person, policy: policy)
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
        guard judge.request(in: stage)?.id == asked.id else {
            throw ControlError(
                .conflict, "\(request) was asked anew since, as \(judge.request(in: stage)?.id ?? "another")",
                hint: "`fettle patchset show \(id)`")
        }
        if let first = judge.answer(to: asked) {
            throw ControlError(
                .conflict, "\(request) is answered already: \(first.id), \(first.passes ? "passed" : "refused")",
                hint:
                    "`fettle patchset test \(id) --stage \(stage)` asks anew; `fettle patchset sign … --refuse` refuses"
            )
        }
        let now = tools.now()
        guard !passes || now <= open.dueBy else {
            throw ControlError(
                .blocked, "the answer to \(request) is late: it was due by \(open.dueBy), and it is \(now)",
                hint: "`fettle patchset test \(id) --stage \(stage)` asks anew")
        }
        return try await keep { name, time in
            PatchSetNote(
                id: name, set: reference, kind: .tests, passes: passes, stage: stage, answers: asked.id, text: text,
                by: person, at: time)
        }
    }
}
