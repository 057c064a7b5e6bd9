import FettleModel
import FettleReporting
import FettleStore
import Foundation

/// Says in what a plan differs from the one that was submitted.
struct PlanDrift {
    let keeper: StageKeeper

    /// The error with what differs, where both plans can still be read.
    func explained(_ error: ControlError, _ change: Change) async -> ControlError {
        var told = error
        guard let (submitted, reference) = try? await keeper.load(Plan.self, .submitted, id: change.id.rawValue),
            reference.digest == change.plan.digest,
            let kept = try? await keeper.store.document(.plan, id: change.plan.id),
            let present = try? CanonicalJSON.decode(Plan.self, from: Data(kept.bytes))
        else { return told }
        let lines = PlanDifference(
            from: submitted, reference.digest, to: present, Digest.sha256(of: kept.bytes)
        ).lines(limit: 10)
        told.message += "\n  what was approved against what is kept:\n    " + lines.joined(separator: "\n    ")
        told.hint = "nothing is carried out: `fettle plan make` makes a new plan, and its approval is asked for anew"
        return told
    }
}
