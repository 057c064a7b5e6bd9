import FettleDriverKit
import FettleModel
import FettleStore

extension RunWorker {
    /// The guard of I1: observes every group that the resource takes members from now, asks the further guard, then reserves in one
    /// atomic write.
    func observeAndReserve(_ order: CapacityOrder) async {
        let step = order.step
        var health: [GroupID: [ResourceID: MemberHealth]] = [:]
        for group in order.groups + order.lentGroups {
            health[group.id] = await observe(group, within: step.timeoutSeconds)
        }
        guard !Task.isCancelled, await stillHoldsRun(before: "reserving \(step.resource)") else { return }
        do throws(StoreError) {
            let input = StepGuardInput(
                step: step, isRollback: order.isRollback, isOut: order.isOut, plan: executor.plan, run: claim.run,
                health: health, reservations: try await executor.store.reservations(), at: executor.settings.now())
            if order.lowersAvailability(health), let reason = await executor.settings.mayStart(input) {
                return report(.reserved(step.id, .refused(reason: reason)))
            }
            let request = order.request(
                run: claim.run, health: health, at: executor.settings.now())
            report(.reserved(step.id, try await executor.store.reserve(request, epoch: claim.epoch)))
        } catch { stop(on: error, doing: "reserving \(step.resource)") }
    }

    /// A member of which nothing was heard is unknown, and unknown is not available (I6).
    private func observe(_ group: PlannedGroup, within seconds: Int) async -> [ResourceID: MemberHealth] {
        let health = executor.health
        let plan = executor.plan
        let answer = await limited(seconds: min(60, seconds)) { await health.health(of: group, in: plan) }
        return answer ?? [:]
    }
}
