/// What a stage's own suite was asked, and what it has answered.
extension PromotionJudge {
    /// The last time that the stage's suite was asked; nil: never.
    public func request(in stage: StageID) -> PatchSetNote? {
        notes.last { $0.kind == .asked && $0.stage == stage && $0.request != nil }
    }

    /// The answer that counts: the first that refuses, whatever was said before it; else the first. nil: there is none.
    public func answer(to request: PatchSetNote) -> PatchSetNote? {
        let answers = notes.filter {
            $0.kind == .tests && $0.answers == request.id && $0.stage == request.stage && $0.set == request.set
        }
        return answers.first { !$0.passes } ?? answers.first
    }

    /// Whether a later pass ends what somebody refused. A suite's pass does so only if it was asked after the refusal: before, it did not
    /// know of it.
    func isEnded(_ refusal: PatchSetNote, by pass: PatchSetNote) -> Bool {
        guard pass.kind == .tests, let stage = pass.stage, policy.stage(stage)?.tests != nil else { return true }
        guard let asked = notes.firstIndex(where: { $0.kind == .asked && $0.id == pass.answers }),
            let refused = notes.firstIndex(of: refusal)
        else { return false }
        return refused < asked
    }

    /// The suite that the policy names has to have said so itself, to what it was asked last, and in time. Nobody's word stands for it.
    func answered(_ suite: StageTests, _ stage: StageID, at time: Timestamp) -> Criterion {
        func criterion(_ isMet: Bool, _ state: String) -> Criterion {
            Criterion(stage: stage, name: .signOffs, isMet: isMet, state: "tests: \(state)")
        }
        guard let asked = request(in: stage), let request = asked.request else {
            return criterion(false, "\(suite.words) was not asked yet")
        }
        guard request.suite == suite else {
            return criterion(false, "\(asked.id) asked another suite than policy.yaml names now")
        }
        guard let answer = answer(to: asked) else {
            return request.dueBy < time
                ? criterion(false, "no answer to \(asked.id) by \(request.dueBy)")
                : criterion(false, "asked at \(asked.at) (\(asked.id)), no answer yet; it has until \(request.dueBy)")
        }
        guard answer.passes else { return criterion(false, "refused by \(answer.by) (\(answer.id))") }
        guard answer.at <= request.dueBy else {
            return criterion(false, "\(answer.id) came at \(answer.at), and \(asked.id) was due by \(request.dueBy)")
        }
        if case .webhook(_, _, let name) = suite, answer.by.name != name.name {
            return criterion(false, "\(answer.id) is \(answer.by)'s word, and only \(name) answers")
        }
        return criterion(true, "passed, \(answer.id) answers \(asked.id)")
    }
}
