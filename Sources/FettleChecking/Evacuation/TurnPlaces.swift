import FettleModel

/// Of those that have to do with moved machines: in which turn of which order each stands, and what takes it out.
struct TurnPlaces {
    /// By target, its turn in each of its orders.
    private var turns: [ResourceID: [Int: Int]] = [:]
    /// Targets that some step takes out or needs out.
    private var out: Set<ResourceID> = []
    private var carriers: [ResourceID: [ResourceID]] = [:]

    init(_ plan: Plan, for evacuations: [Evacuation]) {
        var names: Set<ResourceID> = []
        for evacuation in evacuations {
            names.insert(evacuation.hypervisor)
            for move in evacuation.moves {
                names.insert(move.to)
                if let resource = move.resource { names.insert(resource) }
            }
        }
        for target in plan.targets where !names.isDisjoint(with: target.carries) { names.insert(target.resource) }
        for (number, order) in plan.order.enumerated() {
            for (turn, resources) in order.turns.enumerated() {
                for name in resources where names.contains(name) { turns[name, default: [:]][number] = turn }
            }
        }
        for step in [plan.steps, plan.rollback].joined()
        where step.availability != .none && names.contains(step.resource) { out.insert(step.resource) }
        for target in plan.targets where out.contains(target.resource) {
            for carried in target.carries { carriers[carried, default: []].append(target.resource) }
        }
    }

    func isOut(_ resource: ResourceID) -> Bool { out.contains(resource) }

    /// Targets with which the resource is out: itself, and what carries it.
    func takers(of resource: ResourceID) -> [ResourceID] {
        (isOut(resource) ? [resource] : []) + (carriers[resource] ?? [])
    }

    /// Whether the two stand in different turns of a common order, and so are never out together.
    func keepsApart(_ one: ResourceID, _ other: ResourceID) -> Bool {
        guard let first = turns[one], let second = turns[other] else { return false }
        return first.contains { order, turn in second[order].map { $0 != turn } ?? false }
    }

    func places(of resource: ResourceID) -> [Int: Int] { turns[resource] ?? [:] }
}
