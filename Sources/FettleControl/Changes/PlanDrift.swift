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
        let digest = Digest.sha256(of: kept.bytes)
        let difference = PlanDifference(from: submitted, reference.digest, to: present, digest)
        if difference.sameDigest {
            told.message +=
                "\n  the content is what was approved, to the byte; the digest beside it is not: that was altered"
        } else if difference.isEmpty {
            told.message +=
                "\n  it would do the same as what was approved, but is written otherwise: \(digest.short)… is not "
                + "\(reference.digest.short)…, for which the votes are"
        } else {
            told.message +=
                "\n  what was approved against what is kept:\n    "
                + difference.lines(limit: 10).joined(separator: "\n    ")
        }
        told.hint = "nothing is carried out: `fettle plan make` makes a new plan, and its approval is asked for anew"
        return told
    }
}
