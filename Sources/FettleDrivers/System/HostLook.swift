import FettleDriverKit
import FettleModel

/// Fresh facts of a step's host, or why there are none. Only the parts that are needed: a host that is out waits for them.
struct HostLook: Sendable {
    let inspector: any HostInspector

    /// - Throws: `unreachable`; what could not be observed stands in the facts.
    func facts(
        _ parts: FactParts, _ step: Step, in context: StepContext
    ) async throws(StepFailure) -> HostFacts {
        guard let target = context.plan.target(step.resource) else {
            throw StepFailure(code: .refused, message: "the plan has no address for \(step.resource)")
        }
        let facts = await inspector.inspect(step.resource, at: target.address, parts: parts)
        if case .unreachable(let reason) = facts.reachability {
            throw StepFailure(code: .unreachable, message: reason)
        }
        return facts
    }

    /// A fact that must be there: what was not observed is never taken for good news (I6).
    static func require<Value>(_ fact: Observed<Value>, _ name: String) throws(StepFailure) -> Value {
        guard let value = fact.value else {
            throw StepFailure(
                code: .inconclusive,
                message: "\(name) could not be observed: \(fact.reasonMissing ?? "no reason given")")
        }
        return value
    }
}
