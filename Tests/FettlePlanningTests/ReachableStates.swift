import FettleModel

/// Walks through every state that a plan can reach, as far as one group's members are concerned: the slow and simple way, which
/// shares nothing with the planner or the checker.
///
/// A member is in place, out, or back; once a rollback has begun, everything that was touched goes out again and returns. What is
/// not a member only matters through the order that it puts between members.
struct ReachableStates {
    private enum Place: Int, CaseIterable {
        case untouched, out, back, outAgain, returned
        var isOut: Bool { self == .out || self == .outAgain }
    }

    private struct State: Hashable {
        var places: [Place]
        var isRollingBack: Bool
    }

    private let members: [ResourceID]
    /// For each member, the members that are certainly back before it goes out.
    private let forward: [[Int]]
    /// For each member, the members that its way back names; nil if it has none.
    private let rollback: [[Int]?]

    init(_ group: PlannedGroup, in plan: Plan) {
        let members = group.members.filter { id in plan.steps.contains { $0.resource == id } }
        self.members = members
        let ancestors = Self.ancestors(of: plan.steps)
        let ends = members.map { id in plan.steps.last { $0.resource == id && $0.availability == .bringsBack }?.id }
        forward = members.map { id in
            let begin = plan.steps.first { $0.resource == id && $0.availability == .takesOut }
            return ends.indices.filter { index in
                guard let begin, let end = ends[index] else { return false }
                return ancestors[begin.id]?.contains(end) == true
            }
        }
        let returns = members.map { id in
            plan.rollback.last { $0.resource == id && $0.availability == .bringsBack }?.id
        }
        rollback = members.map { id in
            guard let begin = plan.rollback.first(where: { $0.resource == id && $0.availability == .takesOut }) else {
                return nil
            }
            // Directly named only: what lies between may not be part of this rollback.
            return returns.indices.filter { returns[$0].map(begin.after.contains) == true }
        }
    }

    private static func ancestors(of steps: [Step]) -> [StepID: Set<StepID>] {
        var result: [StepID: Set<StepID>] = [:]
        for step in steps {
            result[step.id] = step.after.reduce(into: Set(step.after)) { $0.formUnion(result[$1] ?? []) }
        }
        return result
    }

    /// The largest number of members that are out in any state, and how many states there are.
    func mostOut() -> (out: Int, states: Int) {
        let start = State(places: members.map { _ in .untouched }, isRollingBack: false)
        var seen: Set<State> = [start]
        var open = [start]
        var most = 0
        while let state = open.popLast() {
            most = max(most, state.places.filter(\.isOut).count)
            for next in followers(of: state) where seen.insert(next).inserted { open.append(next) }
        }
        return (most, seen.count)
    }

    private func followers(of state: State) -> [State] {
        var result: [State] = []
        func add(_ member: Int, _ place: Place) {
            var next = state
            next.places[member] = place
            result.append(next)
        }
        if !state.isRollingBack { result.append(State(places: state.places, isRollingBack: true)) }
        for member in members.indices {
            switch (state.places[member], state.isRollingBack) {
            case (.untouched, false) where forward[member].allSatisfy({ state.places[$0] == .back }):
                add(member, .out)
            case (.out, false):
                add(member, .back)
            case (.out, true), (.back, true):
                if rollback[member] == nil {
                    if state.places[member] == .out { add(member, .back) }
                } else if (rollback[member] ?? []).allSatisfy({ isReturned($0, state) }) {
                    add(member, .outAgain)
                }
            case (.outAgain, _):
                add(member, .returned)
            default: break
            }
        }
        return result
    }

    /// Members that were never begun are no part of the rollback, and nobody waits for them.
    private func isReturned(_ member: Int, _ state: State) -> Bool {
        state.places[member] == .returned || state.places[member] == .untouched
    }
}
