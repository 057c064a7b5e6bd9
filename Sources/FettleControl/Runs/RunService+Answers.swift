internal import FettleExecution
public import FettleModel
internal import FettleStore

extension RunService {
    /// A person's answer to what a gate of a run asks, whichever process carries the run out.
    ///
    /// - Parameters:
    ///   - step: the gate that asks.
    ///   - verdict: `pass` or `fail`.
    ///   - person: who answers.
    ///   - reason: why; kept in the journal.
    ///   - run: the run.
    /// - Throws: `conflict` if the run has ended, or if the step asks nobody, or not now.
    public func answer(
        _ step: StepID, with verdict: GateVerdict, by person: Person, reason: String, of run: RunID
    ) async throws(ControlError) {
        let state = try await story(of: run).state
        if state.outcome == nil, let refusal = state.refusalOfAnswer(to: step, verdict) {
            throw ControlError(.conflict, refusal, hint: "`fettle run show \(run)` tells what is asked")
        }
        try await ask(.answer(step: step, by: person, verdict: verdict, reason: reason), of: run)
    }
}
