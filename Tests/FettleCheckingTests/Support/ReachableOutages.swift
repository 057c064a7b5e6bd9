import FettleModel

/// Walks through every state that a small plan can reach, by decision 17 and nothing else: the slow and simple way, which shares
/// nothing with the checker.
///
/// A target is in place, out, or back; once the run goes back, what was touched goes out again and returns, or is only put back
/// where nothing was changed. A target that fails is settled at any moment, and may be sent through once more. Who goes out waits
/// until all earlier turns of its orders are finished (on the way back, all that go back before it), and for as long as one of
/// another turn is out.
struct ReachableOutages {
    enum Place: UInt8 {
        case untouched, out, back, outAgain, settled
        var isOut: Bool { self == .out || self == .outAgain }
    }

    struct State: Hashable {
        var places: [Place]
        var isGoingBack: Bool
    }

    private let plan: Plan
    private let targets: [ResourceID]
    /// For each target those that must be finished before it goes out, and those that must be back before it goes back.
    private let earlier: [[Int]]
    private let backBefore: [[Int]]

    init(_ plan: Plan) {
        self.plan = plan
        let targets = plan.targets.map(\.resource)
        self.targets = targets
        func related(_ isBefore: (TurnOrder, Int, Int) -> Bool) -> [[Int]] {
            targets.map { own in
                targets.indices.filter { other in
                    plan.order.contains { order in
                        guard let place = order.turns.firstIndex(where: { $0.contains(own) }),
                            let others = order.turns.firstIndex(where: { $0.contains(targets[other]) })
                        else { return false }
                        return isBefore(order, others, place)
                    }
                }
            }
        }
        earlier = related { $1 < $2 }
        backBefore = related { $0.wayBack == .same ? $1 < $2 : $1 > $2 }
    }

    /// By group, the most members that are out in any state.
    func mostOut() -> [GroupID: Int] {
        var most: [GroupID: Int] = [:]
        walk { state in
            for group in plan.groups { most[group.id] = max(most[group.id] ?? 0, out(of: group, state)) }
        }
        return most
    }

    private func out(of group: PlannedGroup, _ state: State) -> Int {
        var out: Set<ResourceID> = []
        for target in targets.indices where state.places[target].isOut {
            out.insert(targets[target])
            out.formUnion(plan.targets[target].carries)
        }
        return out.intersection(group.members).count
    }

    private func walk(_ visit: (State) -> Void) {
        let start = State(places: targets.map { _ in .untouched }, isGoingBack: false)
        var seen: Set<State> = [start]
        var open = [start]
        while let state = open.popLast() {
            visit(state)
            for next in followers(of: state) where seen.insert(next).inserted { open.append(next) }
        }
    }

    private func followers(of state: State) -> [State] {
        var result: [State] = []
        func add(_ target: Int, _ place: Place) {
            var next = state
            next.places[target] = place
            result.append(next)
        }
        if !state.isGoingBack { result.append(State(places: state.places, isGoingBack: true)) }
        for target in targets.indices {
            switch state.places[target] {
            case .untouched where !state.isGoingBack:
                if isTurn(target, state), mayGoOut(target, state) { add(target, .out) }
                // It fails before anything is done to it.
                add(target, .settled)
            case .untouched: break
            case .out:
                if !state.isGoingBack { add(target, .back) }
                // Changed, it takes its way back at once; unchanged, it is put back.
                add(target, .outAgain)
                add(target, .settled)
            case .back:
                // Nothing of it has to be taken back, or it goes back when it is its turn.
                if state.isGoingBack { add(target, .settled) }
                if isTurnBack(target, state), mayGoOut(target, state) { add(target, .outAgain) }
            case .outAgain: add(target, .settled)
            case .settled:
                // A person tries it once more.
                if !state.isGoingBack { add(target, .untouched) }
            }
        }
        return result
    }

    private func isTurn(_ target: Int, _ state: State) -> Bool {
        earlier[target].allSatisfy { [.back, .settled].contains(state.places[$0]) }
    }

    /// One alone may be taken back at any time; a run that goes back takes all back in their turns.
    private func isTurnBack(_ target: Int, _ state: State) -> Bool {
        !state.isGoingBack || backBefore[target].allSatisfy { ![.back, .outAgain].contains(state.places[$0]) }
    }

    private func mayGoOut(_ target: Int, _ state: State) -> Bool {
        (earlier[target] + targets.indices.filter { earlier[$0].contains(target) })
            .allSatisfy { !state.places[$0].isOut }
    }

    /// Whether all targets come to their turn if none fails, on the way forward and then on the way back.
    func everybodyHasATurn() -> (forward: Bool, back: Bool) {
        func canFinish(_ before: [[Int]]) -> Bool {
            var finished: Set<Int> = []
            while let next = targets.indices.first(where: {
                !finished.contains($0) && finished.isSuperset(of: before[$0])
            }) {
                finished.insert(next)
            }
            return finished.count == targets.count
        }
        return (canFinish(earlier), canFinish(backBefore))
    }
}
