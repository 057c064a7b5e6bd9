import FettleDriverKit
import FettleModel

/// Drivers whose words are masked before anybody writes them down: what a host printed may hold its secrets.
///
/// What a driver hands from one of its own steps to the next (`PriorState`) is left as it is: only it reads that.
struct MaskedDrivers: StepDriverRegistry {
    let inner: any StepDriverRegistry
    let mask: SecretMask

    func driver(for action: StepAction) -> (any StepDriver)? {
        guard let driver = inner.driver(for: action) else { return nil }
        if let keeper = driver as? any HoldKeeping { return MaskedHoldKeeper(keeper: keeper, mask: mask) }
        return MaskedDriver(inner: driver, mask: mask)
    }
}

private struct MaskedDriver: StepDriver {
    let inner: any StepDriver
    let mask: SecretMask

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        switch await inner.check(step, in: context) {
        case .ready(let prior): .ready(prior: prior)
        case .alreadyDone(let observation): .alreadyDone(mask.masked(observation))
        case .blocked(let reason): .blocked(reason: mask.masked(reason))
        case .unknown(let failure): .unknown(mask.masked(failure))
        }
    }

    func lookAhead(at step: Step, in context: StepContext) async { await inner.lookAhead(at: step, in: context) }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        do throws(StepFailure) {
            try await inner.perform(step, in: context)
        } catch {
            throw mask.masked(error)
        }
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        do throws(StepFailure) {
            return mask.masked(try await inner.verify(step, in: context))
        } catch {
            throw mask.masked(error)
        }
    }
}

private struct MaskedHoldKeeper: HoldKeeping {
    let keeper: any HoldKeeping
    let mask: SecretMask
    private var driver: MaskedDriver { MaskedDriver(inner: keeper, mask: mask) }

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        await driver.check(step, in: context)
    }

    func lookAhead(at step: Step, in context: StepContext) async { await keeper.lookAhead(at: step, in: context) }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        try await driver.perform(step, in: context)
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await driver.verify(step, in: context)
    }

    func hold(of step: Step, in context: StepContext) async -> HoldState {
        switch await keeper.hold(of: step, in: context) {
        case .stands(let observation): .stands(mask.masked(observation))
        case .lost(let reason): .lost(reason: mask.masked(reason))
        case .unknown(let failure): .unknown(mask.masked(failure))
        }
    }

    func reassert(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        do throws(StepFailure) {
            return mask.masked(try await keeper.reassert(step, in: context))
        } catch {
            throw mask.masked(error)
        }
    }
}

/// The same for what is known of members.
struct MaskedObserver: HealthObserver {
    let inner: any HealthObserver
    let mask: SecretMask

    func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth] {
        await inner.health(of: group, in: plan).mapValues { health in
            switch health {
            case .healthy: .healthy
            case .unhealthy(let reason): .unhealthy(reason: mask.masked(reason))
            case .unknown(let reason): .unknown(reason: mask.masked(reason))
            }
        }
    }
}

extension SecretMask {
    fileprivate func masked(_ failure: StepFailure) -> StepFailure {
        StepFailure(code: failure.code, message: masked(failure.message), output: masked(failure.output))
    }

    fileprivate func masked(_ observation: Observation) -> Observation {
        var observation = observation
        observation.summary = masked(observation.summary)
        // Drivers read details again, by their form.
        observation.details = observation.details.mapValues(maskedLightly)
        return observation
    }
}
