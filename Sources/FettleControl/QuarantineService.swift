import FettleDriverKit
public import FettleModel
public import FettleStore

/// Settles what a run had to leave out of traffic (I7).
public struct QuarantineService: Sendable {
    let store: any Store
    let runs: RunService
    let tools: Tools

    public init(store: any Store, tools: Tools) {
        self.store = store
        runs = RunService(store: store, tools: tools)
        self.tools = tools
    }

    /// Puts a resource back into traffic, as it was before the run drained it, and closes its entry. Its gates must pass first:
    /// a person's word does not turn them green (I6).
    ///
    /// - Parameter isRemoved: the resource no longer serves: nothing is asked and nothing is put back.
    /// - Throws: `blocked` if a gate does not pass or the load balancer does not take it back; `notFound` if it is not there.
    public func settle(
        _ resource: ResourceID, by person: Person, note: String, isRemoved: Bool
    ) async throws(ControlError) -> QuarantineEntry {
        guard let entry = try await runs.quarantined().first(where: { $0.resource == resource }) else {
            throw ControlError(
                .notFound, "\(resource) is not in quarantine", hint: "`fettle quarantine list` shows what is")
        }
        if !isRemoved { try await bringBack(entry) }
        do throws(StoreError) {
            return try await store.settle(resource, by: person, at: tools.now(), note: note)
        } catch {
            throw ControlError(store: error)
        }
    }

    private func bringBack(_ entry: QuarantineEntry) async throws(ControlError) {
        let (plan, _, _) = try await runs.story(of: entry.run)
        let steps = (plan.steps + plan.rollback).filter { $0.resource == entry.resource }
        if let gate = steps.last(where: { if case .gate = $0.action { true } else { false } }) {
            try await take(gate, plan: plan, entry: entry, prior: nil)
        }
        for obligation in entry.obligations {
            guard let restore = steps.last(where: { $0.action == .restore(traffic: obligation.traffic) }) else {
                throw ControlError(
                    .internal, "the plan of \(entry.run) has no step that brings \(entry.resource) back")
            }
            try await take(restore, plan: plan, entry: entry, prior: obligation.prior)
        }
    }

    private func take(
        _ step: Step, plan: Plan, entry: QuarantineEntry, prior: PriorState?
    ) async throws(ControlError) {
        guard let driver = tools.drivers.driver(for: step.action) else {
            throw ControlError(.blocked, "no driver here can do \(step.action.name)")
        }
        let context = StepContext(run: entry.run, plan: plan, attempt: 1, intendedAt: tools.now(), prior: prior)
        do {
            switch await driver.check(step, in: context) {
            case .alreadyDone: return
            case .blocked(let reason): throw StepFailure(code: .refused, message: reason)
            case .unknown(let failure): throw failure
            case .ready: break
            }
            try await driver.perform(step, in: context)
            let observation = try await driver.verify(step, in: context)
            guard observation.verdict == .pass else {
                throw StepFailure(code: .unhealthy, message: observation.summary)
            }
        } catch let failure as StepFailure {
            throw ControlError(
                .blocked, "\(entry.resource) is not put back: \(step.action.name): \(failure.message)",
                hint: "mend it and settle again; or `--removed` if it no longer serves")
        } catch {
            throw ControlError(.internal, "\(error)")
        }
    }
}
