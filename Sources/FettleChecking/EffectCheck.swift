import FettleModel

/// Whether each step has the effect on availability that its action has in the world: a drain that is called harmless would take a
/// member out of traffic without being counted.
struct EffectCheck {
    let steps: [Step]

    func violations() -> [Violation] {
        steps.compactMap { step in
            let isRight =
                switch step.action {
                case .drain, .takeOut: step.availability == .takesOut
                case .restore, .bringBack: step.availability == .bringsBack
                default: step.availability == .none || step.availability == .requiresOut
                }
            guard !isRight else { return nil }
            return Violation(
                .form, "\(step.id) is said to be '\(step.availability.rawValue)', which '\(step.action.name)' is not",
                steps: [step.id])
        }
    }
}

/// A member that is worked on is drained at every place where its groups send it traffic, and put back at exactly those (I3, I7):
/// out of one pool, it still serves in the other.
struct TrafficCheck {
    let plan: Plan
    let graph: StepGraph
    let outages: [ResourceID: Outage]

    func violations() -> [Violation] {
        outages.keys.sorted().flatMap { resource -> [Violation] in
            let steps = graph.positions(of: resource).map { graph.steps[$0] }
            let drained = places(of: steps) { if case .drain(let traffic) = $0 { traffic } else { nil } }
            let restored = places(of: steps) { if case .restore(let traffic) = $0 { traffic } else { nil } }
            var found: [Violation] = []
            for group in plan.groups(of: resource) {
                guard let traffic = group.traffic, !drained.contains(TrafficPlace(traffic, of: resource)) else {
                    continue
                }
                found.append(
                    Violation(
                        .order,
                        "\(resource) is worked on while group \(group.id) still sends it traffic: no step drains "
                            + "it from \(traffic.driver) backend \(traffic.backend)", steps: []))
            }
            for place in drained.subtracting(restored).sorted() {
                found.append(
                    Violation(.ownership, "\(resource) is drained from \(place) and never restored there", steps: []))
            }
            for place in restored.subtracting(drained).sorted() {
                found.append(
                    Violation(
                        .ownership, "\(resource) is restored to \(place), from where no step drained it", steps: []))
            }
            return found
        }
    }

    private func places(of steps: [Step], _ traffic: (StepAction) -> TrafficBinding?) -> Set<TrafficPlace> {
        Set(steps.compactMap { step in traffic(step.action).map { TrafficPlace($0, of: step.resource) } })
    }
}

/// One server of one backend: what a drain and its restore must agree on. How long sessions are waited for is no part of it.
private struct TrafficPlace: Hashable, Comparable, CustomStringConvertible {
    private let parts: [String]

    init(_ traffic: TrafficBinding, of resource: ResourceID) {
        parts = [
            traffic.driver, traffic.via.rawValue, traffic.endpoint, traffic.backend, traffic.serverName(of: resource),
        ]
    }

    var description: String { "\(parts[0]) backend \(parts[3]) on \(parts[1])" }

    static func < (left: TrafficPlace, right: TrafficPlace) -> Bool {
        left.parts.lexicographicallyPrecedes(right.parts)
    }
}
