import FettleModel

/// Walks through every state that a plan can reach, as far as one group's members are concerned: the slow and simple way, which
/// shares nothing with the planner or the checker.
///
/// A member is in place, out, or back; once a rollback has begun, what was touched goes out again and returns, or is only put
/// back where nothing was changed. A member that fails is settled at any moment, and may be sent through once more. Who goes out
/// waits for those it names, and for as long as one that it is ordered against is out; who is out already waits for nobody. What
/// is not a member only matters through the order that it puts between members.
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
    /// For each member, the members that it names itself on the way forward.
    private let named: [[Int]]

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
        named = members.map { id in
            let waits = plan.steps.filter { $0.resource == id }.flatMap(\.after)
            return ends.indices.filter { ends[$0].map(waits.contains) == true }
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
            switch state.places[member] {
            case .untouched where !state.isRollingBack:
                let isNext = forward[member].allSatisfy { [.back, .returned].contains(state.places[$0]) }
                if isNext, mayGoOut(member, state) { add(member, .out) }
                // It fails before anything is done to it.
                add(member, .returned)
            case .out:
                if !state.isRollingBack { add(member, .back) }
                // Changed, it takes the way back; unchanged, it is put back.
                add(member, .outAgain)
                add(member, .returned)
            case .back:
                // Nothing of it has to be taken back, or it has its turn.
                if state.isRollingBack { add(member, .returned) }
                let named = rollback[member] ?? []
                let isTurn = named.allSatisfy { state.isRollingBack ? !hasToGoBack($0, state) : true }
                if rollback[member] != nil, isTurn, mayGoOut(member, state) { add(member, .outAgain) }
            case .outAgain: add(member, .returned)
            case .returned:
                // A person tries it once more.
                if !state.isRollingBack { add(member, .untouched) }
            case .untouched: break
            }
        }
        return result
    }

    private func hasToGoBack(_ member: Int, _ state: State) -> Bool {
        state.places[member] == .back || state.places[member] == .outAgain
    }

    /// Nobody goes out while one that the plan orders against it, whichever of the two comes first, is out. Directly named only:
    /// what lies between may have dropped out.
    private func mayGoOut(_ member: Int, _ state: State) -> Bool {
        members.indices.allSatisfy { other in
            !state.places[other].isOut || other == member || !(isNamed(member, other) || isNamed(other, member))
        }
    }

    private func isNamed(_ one: Int, _ other: Int) -> Bool {
        named[one].contains(other) || rollback[one]?.contains(other) == true
    }
}
