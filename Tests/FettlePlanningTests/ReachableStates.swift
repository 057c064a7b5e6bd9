import FettleModel

/// Walks through every state that a plan can reach, as far as one group's members are concerned: the slow and simple way, which
/// shares nothing with the planner or the checker.
///
/// A member is in place, out, or back; once a rollback has begun, what was touched goes out again and returns, or is only put
/// back where nothing was changed. A member that fails is settled at any moment, and may be sent through once more. Who goes out
/// waits for all earlier turns of its orders (on the way back for all later ones), and for as long as one of another turn is out;
/// who is out already waits for nobody.
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
    /// How many members of the group are out when each of them is.
    private let weights: [Int]
    /// For each member, the members of earlier turns.
    private let earlier: [[Int]]
    /// For each member, the members that go back before it.
    private let backBefore: [[Int]]

    init(_ group: PlannedGroup, in plan: Plan) {
        let (members, weights) = Self.takers(of: group, in: plan)
        self.members = members
        self.weights = weights
        func places(_ order: TurnOrder, _ id: ResourceID) -> Int? { order.turns.firstIndex { $0.contains(id) } }
        func related(_ isBefore: (TurnOrder, Int, Int) -> Bool) -> [[Int]] {
            members.map { id in
                members.indices.filter { other in
                    plan.order.contains { order in
                        guard let own = places(order, id), let others = places(order, members[other]) else {
                            return false
                        }
                        return isBefore(order, others, own)
                    }
                }
            }
        }
        earlier = related { $1 < $2 }
        backBefore = related { $0.wayBack == .same ? $1 < $2 : $1 > $2 }
    }

    /// Who takes members of the group out: members themselves, and controllers, which may have any of those out that they move.
    private static func takers(of group: PlannedGroup, in plan: Plan) -> ([ResourceID], [Int]) {
        let out = Set(plan.steps.filter { $0.availability == .takesOut }.map(\.resource))
        var weights: [ResourceID: Int] = [:]
        for member in group.members where out.contains(member) { weights[member] = 1 }
        for step in plan.steps {
            guard case .upgradeThroughController(let upgrade) = step.action else { continue }
            let moved = Set(upgrade.members).intersection(group.members).count
            if moved > 0 { weights[step.resource, default: 0] += min(moved, upgrade.atOnce) }
        }
        let takers = weights.sorted { $0.key < $1.key }
        return (takers.map(\.key), takers.map(\.value))
    }

    /// The largest number of members that are out in any state, and how many states there are.
    func mostOut() -> (out: Int, states: Int) {
        let start = State(places: members.map { _ in .untouched }, isRollingBack: false)
        var seen: Set<State> = [start]
        var open = [start]
        var most = 0
        while let state = open.popLast() {
            most = max(most, zip(state.places, weights).reduce(0) { $0 + ($1.0.isOut ? $1.1 : 0) })
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
                let isNext = earlier[member].allSatisfy { [.back, .returned].contains(state.places[$0]) }
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
                let isTurn = backBefore[member].allSatisfy { !state.isRollingBack || !hasToGoBack($0, state) }
                if isTurn, mayGoOut(member, state) { add(member, .outAgain) }
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

    /// Nobody goes out while one of another turn is out, whichever of the two comes first.
    private func mayGoOut(_ member: Int, _ state: State) -> Bool {
        members.indices.allSatisfy { other in
            !state.places[other].isOut || other == member
                || !(earlier[member].contains(other) || earlier[other].contains(member))
        }
    }
}
