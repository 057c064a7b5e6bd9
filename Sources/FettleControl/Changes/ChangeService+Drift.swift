public import FettleModel
import FettleStore
import Foundation

/// Votes are about a plan in the world that it was made for: where that is another one since, they are void.
extension ChangeService {
    /// In what the world is no longer as the change's plan saw it.
    ///
    /// Of a change that is over, and of one whose run was made, nothing is asked any more: the run's own preflights look. Hosts of
    /// which nothing was seen since the plan was made have not drifted, nor has one that is as the plan is to leave it already.
    ///
    /// - Parameter fleet: as it is declared now; nil: not known, and only hosts are looked at.
    public func drift(of change: Change, fleet: Fleet?) async throws(ControlError) -> [WorldDrift] {
        guard try await !isMade(change) else { return [] }
        // One that names a run which was never made can still be started.
        var unstarted = change
        unstarted.run = nil
        switch unstarted.phase(at: now()) {
        case .new, .assess, .authorise, .scheduled: break
        case .implement, .review, .closed, .cancelled: return []
        }
        return try await drift(of: try await plan(of: change), fleet: fleet)
    }

    func drift(of plan: Plan, fleet: Fleet?) async throws(ControlError) -> [WorldDrift] {
        let declared = fleet.map { WorldDrift.of(plan, against: $0) } ?? []
        return declared + (try await hostDrift(of: plan))
    }

    /// Whether there is a run of it.
    func isMade(_ change: Change) async throws(ControlError) -> Bool {
        guard let run = try await run(of: change) else { return false }
        return try await summary(of: run)?.change == change.id
    }

    /// - Throws: `drift` with what differs and what to type next.
    func requireNoDrift(_ change: Change, _ plan: Plan, fleet: Fleet?) async throws(ControlError) {
        let drift = try await drift(of: plan, fleet: fleet)
        guard !drift.isEmpty else { return }
        let given = change.votes.count { $0.approves }
        let votes =
            switch given {
            case 0: "nobody can agree to it any more"
            case 1: "the one approval is void"
            default: "its \(given) approvals are void"
            }
        let supersedes = plan.supersedes.map { " --supersedes \($0.run)" } ?? ""
        throw ControlError(
            .drift,
            "the world is no longer as \(plan.id) of change \(change.id) saw it, so that \(votes):\n  "
                + WorldDrift.lines(drift).joined(separator: "\n  "),
            hint: "`fettle plan make\(supersedes)` plans anew, `fettle change submit` asks for that; "
                + "`fettle change withdraw \(change.id)` takes this one back")
    }

    /// The newest facts are only read where they were kept after the plan was made: until then they tell nothing.
    private func hostDrift(of plan: Plan) async throws(ControlError) -> [WorldDrift] {
        guard let newest = try await keeper.list(.facts, limit: 1).first, newest.createdAt > plan.createdAt else {
            return []
        }
        let kept = try await keeper.bytes(of: .facts, id: newest.id)
        let planned = PlannedPackages.all(of: plan)
        do {
            let seen = try SeenHosts(Data(kept.bytes), of: Set(planned.keys))
            return try plan.targets.flatMap { target -> [WorldDrift] in
                let id = target.resource
                guard let host = planned[id],
                    let packages = try seen.packages(host.names, of: id, after: plan.createdAt)
                else { return [] }
                return host.drift(of: id, at: packages)
            }
        } catch {
            throw ControlError(
                .internal, "\(newest.id), which tells how the hosts are, cannot be read: \(error)",
                hint: "`fettle scan` looks anew")
        }
    }
}
