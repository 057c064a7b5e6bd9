import FettleDriverKit
import FettleModel

/// The restore's own `check` gives no prior state: the executor hands it that of the drain.
struct Remembering: StepDriver {
    let driver: any StepDriver
    let prior: PriorState

    private func with(_ context: StepContext) -> StepContext {
        var context = context
        context.prior = prior
        return context
    }
    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        await driver.check(step, in: with(context))
    }
    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        try await driver.perform(step, in: with(context))
    }
    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await driver.verify(step, in: with(context))
    }
}
