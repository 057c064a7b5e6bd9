import FettleDriverKit
import FettleModel
import FettleStore
import Synchronization

/// Carries single commands out, each in a task of its own, and posts what came of them.
struct RunWorker: Sendable {
    let executor: RunExecutor
    let claim: RunClaim
    let lease: LeaseClock
    let post: AsyncStream<RunSession.Mail>.Continuation

    private var settings: RunExecutorSettings { executor.settings }
    private var store: any Store { executor.store }

    func report(_ report: Report) { post.yield(.report(report)) }

    private func context(_ order: StepOrder) -> StepContext {
        StepContext(
            run: claim.run, plan: executor.plan, attempt: order.attempt, intendedAt: order.intendedAt,
            prior: order.prior, before: order.before)
    }

    func check(_ order: StepOrder, confirming drains: [StepOrder]) async {
        for drain in drains {
            let answer: StepAnswer? =
                switch await readiness(of: drain) {
                case .alreadyDone: nil
                case .ready: .drainLost(drain.step.id)
                case .blocked(let reason): .blocked(reason: "\(drain.step.id) cannot be confirmed: \(reason)")
                case .unknown(let failure): .unknown(failure)
                }
            if let answer {
                return report(.checked(order.step.id, attempt: order.attempt, answer))
            }
        }
        let answer: StepAnswer =
            switch await patientReadiness(of: order) {
            case .ready(let prior): .ready(prior: prior)
            case .alreadyDone(let observation): .alreadyDone(observation)
            case .blocked(let reason): .blocked(reason: reason)
            case .unknown(let failure): .unknown(failure)
            }
        report(.checked(order.step.id, attempt: order.attempt, answer))
    }

    /// On the way back a host that does not answer is looked for again for a while, within the same attempt.
    private func patientReadiness(of order: StepOrder) async -> StepReadiness {
        let began = settings.now()
        while true {
            let answer = await readiness(of: order)
            guard case .unknown(let failure) = answer, failure.code == .unreachable, executor.isWayBack(order.step.id),
                settings.now() < began.adding(seconds: settings.pace.wayBackPatienceSeconds),
                (try? await settings.sleep(Int64(settings.pace.blockedSeconds) * 1_000)) != nil
            else { return answer }
        }
    }

    private func readiness(of order: StepOrder) async -> StepReadiness {
        guard let driver = executor.driver(for: order.step) else {
            return .unknown(StepFailure(code: .refused, message: "no driver for \(order.step.action.name)"))
        }
        let context = context(order)
        let answer = await limited(seconds: order.step.timeoutSeconds) { await driver.check(order.step, in: context) }
        return answer
            ?? .unknown(
                StepFailure(code: .timeout, message: "no answer to the check in \(order.step.timeoutSeconds) s"))
    }

    func perform(_ order: StepOrder, keeping drains: [StepOrder]) async {
        guard await stillHoldsRun(before: order.step.id.rawValue) else { return }
        let result: Result<Observation, StepFailure>
        if let driver = executor.driver(for: order.step) {
            let context = context(order)
            let lastWord = LastWord()
            // Around the limit: work that is given up must not leave somebody behind who goes on draining.
            let answer = await FettleDriverKit.keeping(drains.compactMap(hold), mayReassert: ownsRun) {
                await limited(seconds: order.step.timeoutSeconds) {
                    let result = await Self.performAndVerify(order.step, with: driver, in: context)
                    if case .failure(let failure) = result { lastWord.failure = failure }
                    return result
                }
            }
            result = answer ?? .failure(lastWord.timeout(after: order.step.timeoutSeconds))
        } else {
            result = .failure(StepFailure(code: .refused, message: "no driver for \(order.step.action.name)"))
        }
        guard !Task.isCancelled else { return }
        report(.performed(order.step.id, attempt: order.attempt, result))
    }

    /// Has the drains stand until it is cancelled.
    func keep(_ drains: [StepOrder]) async {
        await FettleDriverKit.keeping(drains.compactMap(hold), mayReassert: ownsRun) {
            while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
        }
    }

    /// Looks only: what becomes of it is seen when the step is checked.
    func lookAhead(at order: StepOrder) async {
        await executor.driver(for: order.step)?.lookAhead(at: order.step, in: context(order))
    }

    /// A lease that has run out unnoticed is asked for again: nothing is touched if another has the run by now.
    func stillHoldsRun(before act: String) async -> Bool {
        if lease.isHeld { return true }
        do throws(StoreError) {
            try await renewLease()
            return true
        } catch {
            stop(on: error, doing: "renewing the lease before \(act)")
            return false
        }
    }

    /// Asked of the store, whatever the lease says: a lost drain may be what another executor has brought back (I2).
    private func ownsRun() async -> Bool {
        do throws(StoreError) {
            try await renewLease()
            return true
        } catch {
            stop(on: error, doing: "renewing the lease before a drain is taken again")
            return false
        }
    }

    /// nil: nothing but a person can take this drain back, or its driver cannot tell.
    private func hold(_ drain: StepOrder) -> Hold? {
        guard let driver = executor.driver(for: drain.step) as? any HoldKeeping else { return nil }
        return Hold(driver: driver, step: drain.step, context: context(drain))
    }

    private static func performAndVerify(
        _ step: Step, with driver: any StepDriver, in context: StepContext
    ) async -> Result<Observation, StepFailure> {
        do throws(StepFailure) {
            try await driver.perform(step, in: context)
            // Given up meanwhile: nobody waits for what it would see.
            if Task.isCancelled { throw StepFailure(code: .timeout, message: "it was told to stop") }
            return .success(try await driver.verify(step, in: context))
        } catch { return .failure(error) }
    }

    func release(_ resource: ResourceID) async {
        // A reservation is the run's, whoever asked for it: a successor may rest on it.
        guard await stillHoldsRun(before: "giving \(resource) back") else { return }
        do throws(StoreError) {
            try await store.release(resource, by: claim.run, epoch: claim.epoch)
            report(.released(resource))
        } catch { stop(on: error, doing: "giving a reservation back") }
    }

    func file(_ entry: QuarantineEntry) async {
        do throws(StoreError) {
            try await store.quarantine(entry)
            report(.quarantineFiled(entry.resource))
        } catch { stop(on: error, doing: "writing the quarantine ledger") }
    }

    func stop(on error: StoreError, doing what: String) {
        post.yield(.broken(RunExecutionError(error, doing: what)))
    }
}

/// What a driver says when its time is up: too late to count as its result, but it knows what it was waiting for.
private final class LastWord: Sendable {
    private let state = Mutex<StepFailure?>(nil)

    var failure: StepFailure? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    func timeout(after seconds: Int) -> StepFailure {
        let words = failure.map { ": \($0.message)" } ?? ""
        return StepFailure(code: .timeout, message: "not done in \(seconds) s\(words)", output: failure?.output ?? "")
    }
}
