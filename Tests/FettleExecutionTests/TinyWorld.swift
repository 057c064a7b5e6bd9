import FettleDriverKit
import FettleModel
import FettleStore
import FettleTestSupport
import Synchronization

/// Hosts that have a version, a load balancer that has drains, and scripted faults. It watches what is done to it, and
/// notes whatever must never happen.
final class TinyWorld: Sendable {
    struct Drain: Hashable {
        var host: ResourceID
        var backend: String
    }

    enum Fault: Sendable {
        /// The next so many performs of the step fail so, without an effect.
        case fails(StepFailure.Code, times: Int)
        /// They take effect, and are told as failed ("failed" but moved).
        case worksButFails(StepFailure.Code, times: Int)
        /// From its perform on, the step's host is gone.
        case hostDies
        /// The step's checks are blocked so many times.
        case blocks(times: Int)
        /// The load balancer has forgotten its drains when the drain is confirmed.
        case balancerRestarts
    }

    struct State: Sendable {
        var isNew: Set<ResourceID> = []
        var drained: Set<Drain> = []
        var gone: Set<ResourceID> = []
        var sick: Set<ResourceID> = []
        /// Hosts on which the new version doesn't work.
        var badOn: Set<ResourceID> = []
        var isBalancerGone = false
        var faults: [StepID: Fault] = [:]
        var performed: [StepID: Int] = [:]
        var restores: [Drain: Int] = [:]
        var violations: [String] = []
        /// Whether the host was out of traffic when the step was last checked: what is lost later is nobody's doing.
        var wasOut: [StepID: Bool] = [:]
        /// Who worked when the step's groups were last observed.
        var seenWorking: [StepID: Set<ResourceID>] = [:]
    }

    let plan: Plan
    private let state: Mutex<State>

    init(_ plan: Plan, _ prepare: (inout State) -> Void = { _ in }) {
        self.plan = plan
        var initial = State()
        prepare(&initial)
        state = Mutex(initial)
    }

    var now: State { state.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    func check(_ step: Step, prior: PriorState?, at time: Timestamp) -> StepReadiness {
        state.withLock { state in
            switch state.faults[step.id] {
            case .blocks(let times) where times > 0:
                state.faults[step.id] = .blocks(times: times - 1)
                return .blocked(reason: "somebody holds the lock")
            case .balancerRestarts where state.drained.contains(where: { $0.host == step.resource }):
                state.faults[step.id] = nil
                state.drained = []
            default: break
            }
            state.wasOut[step.id] = isOut(step, state)
            if !isReachable(step, state) { return .unknown(StepFailure(code: .unreachable, message: "no answer")) }
            let done = StepReadiness.alreadyDone(Observation(verdict: .pass, summary: "so already", observedAt: time))
            switch step.action {
            case .drain(let traffic):
                let drain = Drain(host: step.resource, backend: traffic.backend)
                let prior = PriorState(alreadySo: false, details: ["weight": "100"])
                return state.drained.contains(drain) ? done : .ready(prior: prior)
            case .restore(let traffic):
                if prior?.alreadySo == true { state.violations.append("\(step.id) asked for what isn't ours") }
                if prior?.details["weight"] != "100" {
                    state.violations.append("\(step.id) doesn't know the prior state")
                }
                let drain = Drain(host: step.resource, backend: traffic.backend)
                return state.drained.contains(drain) ? .ready(prior: nil) : done
            case .evacuate:
                return .ready(prior: prior ?? PriorState(alreadySo: false, details: ["emptied": step.id.rawValue]))
            case .bringHome:
                let first = ["evacuate", "rollback/evacuate"].map { "\(step.resource)/\($0)" }.first {
                    state.performed[StepID($0)] != nil
                }
                if let first, prior?.details["emptied"] != first {
                    state.violations.append("\(step.id) doesn't know how the machines were before \(first)")
                }
                return .ready(prior: prior)
            case .changePackages(let transaction):
                return state.isNew.contains(step.resource) == (transaction.purpose == .patch)
                    ? done : .ready(prior: nil)
            default: return .ready(prior: nil)
            }
        }
    }

    /// Performs and verifies.
    func perform(_ step: Step, at time: Timestamp) -> Result<Observation, StepFailure> {
        state.withLock { state in
            state.performed[step.id, default: 0] += 1
            switch state.faults[step.id] {
            case .fails(let code, let times) where times > 0:
                state.faults[step.id] = .fails(code, times: times - 1)
                return .failure(StepFailure(code: code, message: "scripted"))
            case .worksButFails(let code, let times) where times > 0:
                state.faults[step.id] = .worksButFails(code, times: times - 1)
                act(step, &state)
                return .failure(StepFailure(code: code, message: "scripted, but it worked"))
            case .hostDies: state.gone.insert(step.resource)
            default: break
            }
            if !isReachable(step, state) { return .failure(StepFailure(code: .unreachable, message: "no answer")) }
            act(step, &state)
            return .success(observe(step, state, at: time))
        }
    }

    /// What a perform that nobody awaits any longer may still have done.
    func performUnseen(_ step: Step) {
        state.withLock { state in
            if isReachable(step, state), state.faults[step.id] == nil { act(step, &state) }
        }
    }

    /// - Parameter step: the step before which it is observed.
    func health(of group: PlannedGroup, before step: StepID? = nil) -> [ResourceID: MemberHealth] {
        state.withLock { state in
            if let step {
                state.seenWorking[step, default: []].subtract(group.members)
                state.seenWorking[step, default: []].formUnion(group.members.filter { works($0, state) })
            }
            return Dictionary(
                uniqueKeysWithValues: group.members.map { member in
                    if state.gone.contains(member) { return (member, .unknown(reason: "no answer")) }
                    return (member, works(member, state) ? .healthy : .unhealthy(reason: "probe failed"))
                })
        }
    }

    private func isReachable(_ step: Step, _ state: State) -> Bool {
        switch step.action {
        case .drain, .restore: !state.isBalancerGone
        case .bake: true
        default: !state.gone.contains(step.resource)
        }
    }

    private func works(_ host: ResourceID, _ state: State) -> Bool {
        !state.gone.contains(host) && !state.sick.contains(host)
            && !(state.isNew.contains(host) && state.badOn.contains(host))
    }

    private func act(_ step: Step, _ state: inout State) {
        switch step.action {
        case .drain(let traffic):
            state.drained.insert(Drain(host: step.resource, backend: traffic.backend))
            requireCapacity(step, state: &state)
        case .restore(let traffic):
            let drain = Drain(host: step.resource, backend: traffic.backend)
            state.drained.remove(drain)
            state.restores[drain, default: 0] += 1
            if !works(step.resource, state) { state.violations.append("\(step.id) brought back what doesn't work") }
        case .changePackages(let transaction):
            requireDrained(step, &state)
            if transaction.purpose == .patch {
                state.isNew.insert(step.resource)
            } else {
                state.isNew.remove(step.resource)
            }
        case .restartServices, .reboot: requireDrained(step, &state)
        default: break
        }
    }

    private func observe(_ step: Step, _ state: State, at time: Timestamp) -> Observation {
        let passes =
            switch step.action {
            case .gate: works(step.resource, state)
            case .bake(_, let resources, _, _): resources.allSatisfy { works($0, state) }
            default: true
            }
        return Observation(
            verdict: passes ? .pass : .fail, summary: passes ? "fine" : "it doesn't work", observedAt: time)
    }

    private func requireDrained(_ step: Step, _ state: inout State) {
        if state.wasOut[step.id] == false { state.violations.append("\(step.id) was done in traffic") }
    }

    private func isOut(_ step: Step, _ state: State) -> Bool {
        plan.groups(of: step.resource).compactMap(\.traffic).allSatisfy { traffic in
            state.drained.contains(Drain(host: step.resource, backend: traffic.backend))
        }
    }

    /// I1, seen from the load balancer. What was broken before, or breaks afterwards, is not the drain's doing.
    private func requireCapacity(_ step: Step, state: inout State) {
        guard let working = state.seenWorking[step.id], working.contains(step.resource) else { return }
        for group in plan.groups(of: step.resource) {
            let serving = group.members.filter { member in
                working.contains(member) && !state.drained.contains { $0.host == member }
            }
            if serving.count < group.minimumAvailable {
                state.violations.append("\(step.id) left \(serving.count) in \(group.id)")
            }
        }
    }
}

/// The world as drivers, for the executor.
struct TinyDrivers: StepDriverRegistry, HoldKeeping, HealthObserver {
    let world: TinyWorld
    var delay: Duration = .zero
    var onPerform: @Sendable (Step) async -> Void = { _ in }
    var onLookAhead: @Sendable (Step) async -> Void = { _ in }

    func driver(for action: StepAction) -> (any StepDriver)? { self }

    func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        world.check(step, prior: context.prior, at: .now())
    }

    func lookAhead(at step: Step, in context: StepContext) async { await onLookAhead(step) }

    func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        if delay > .zero { try? await Task.sleep(for: delay) }
        await onPerform(step)
    }

    func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try world.perform(step, at: .now()).get()
    }

    func hold(of step: Step, in context: StepContext) async -> HoldState {
        guard case .alreadyDone(let seen) = world.check(step, prior: context.prior, at: .now()) else {
            return .lost(reason: "it gets traffic")
        }
        return .stands(seen)
    }

    func reassert(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try world.perform(step, at: .now()).get()
    }

    func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth] { world.health(of: group) }
}
