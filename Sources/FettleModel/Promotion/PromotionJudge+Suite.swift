/// What a stage's own suite was asked, and what it has answered.
extension PromotionJudge {
    /// The last time that the stage's suite was asked; nil: never.
    public func request(in stage: StageID) -> PatchSetNote? {
        notes.last { $0.kind == .asked && $0.stage == stage && $0.request != nil }
    }

    /// The answer that counts: the first. nil: there is none.
    public func answer(to request: PatchSetNote) -> PatchSetNote? {
        notes.first {
            $0.kind == .tests && $0.answers == request.id && $0.stage == request.stage && $0.set == request.set
        }
    }

    /// The suite that the policy names has to have said so itself, to what it was asked last, and in time. Nobody's word stands for it.
    func answered(_ suite: StageTests, _ stage: StageID, at time: Timestamp) -> Criterion {
        func criterion(_ isMet: Bool, _ state: String) -> Criterion {
            Criterion(stage: stage, name: .signOffs, isMet: isMet, state: "tests: \(state)")
        }
        guard let asked = request(in: stage), let request = asked.request else {
            return criterion(false, "\(suite.words) was not asked yet")
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
        return criterion(true, "passed, \(answer.id) answers \(asked.id)")
    }
}
