import FettleModel

/// Pass 8: in which window each host is worked on (I4). Whatever ready step an executor prefers, a host's outage and its way back
/// end inside its window if every step takes its 95% estimate.
///
/// No greedy schedule ends a step later than its longest chain of predecessors plus all work shared out over the places (Graham
/// 1966, https://doi.org/10.1002/j.1538-7305.1966.tb01709.x): so each window is charged with the work that can be done in it, and a host
/// goes into the first of its windows in which it and all that are there already still end in time.
struct WindowPass {
    /// For each host in the line, the place of its window; nil: at any time.
    private(set) var windows: [Int?]

    private let input: PlanningInput
    private let layout: WaveLayout
    private let costs: [Cost]
    private var loads: [Load]
    private let start: Timestamp
    private let parallel: Int
    private let isQueueing: Bool

    /// In seconds, each at its 95% estimate.
    private struct Cost {
        var preparation = 0
        var outage = 0
        var wayBack = 0
        var total: Int { preparation + outage }
    }

    /// What a window has to hold.
    private struct Load {
        /// After the start; never below 0.
        var opens: Int
        var closes: Int
        /// The latest end of a way back, without queueing.
        var latest = 0
        var work = 0
    }

    init(_ layout: WaveLayout, _ expansion: StepExpansion, _ input: PlanningInput, notes: inout PlanNotes) {
        self.input = input
        self.layout = layout
        windows = Array(repeating: nil, count: layout.hosts.count)
        parallel = max(1, input.policy.limits.parallelSteps)
        isQueueing = expansion.steps.count > parallel
        start = max(input.createdAt, input.windows.windows.first?.opensAt ?? input.createdAt)
        costs = input.windows.isBinding ? Self.costs(layout, expansion) : []
        let begin = start
        loads = input.windows.windows.map { window in
            Load(
                opens: max(0, Self.seconds(from: begin, to: window.opensAt)),
                closes: Self.seconds(from: begin, to: window.closesAt))
        }
        guard input.windows.isBinding, refuseClosedWindows(notes: &notes) else { return }
        assign(notes: &notes)
    }

    private static func costs(_ layout: WaveLayout, _ expansion: StepExpansion) -> [Cost] {
        let line = Dictionary(
            layout.hosts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { a, _ in a })
        var costs = [Cost](repeating: Cost(), count: layout.hosts.count)
        for step in expansion.steps {
            guard let place = line[step.resource] else { continue }
            if case .bake = step.action { continue }
            if step.availability == .none {
                costs[place].preparation += step.estimate.p95Seconds
            } else {
                costs[place].outage += step.estimate.p95Seconds
            }
        }
        for step in expansion.rollback {
            if let place = line[step.resource] { costs[place].wayBack += step.estimate.p95Seconds }
        }
        return costs
    }

    private func refuseClosedWindows(notes: inout PlanNotes) -> Bool {
        for window in input.windows.windows where window.opensAt >= window.closesAt {
            notes.refuse(.window, at: .plan, "the window from \(window.opensAt) closes before it opens")
            return false
        }
        if let last = input.windows.windows.map(\.closesAt).max(), last <= input.createdAt {
            notes.refuse(.window, at: .plan, "the window closed at \(last)")
            return false
        }
        return true
    }

    private mutating func assign(notes: inout PlanNotes) {
        var turns = TurnClock(layout.orders, hosts: layout.hosts.count)
        var baked = [Int?](repeating: nil, count: layout.bakes.count)
        var ends = [Int](repeating: 0, count: layout.hosts.count)
        for place in layout.hosts.indices {
            var ready = max(costs[place].preparation, turns.ready(place))
            for bake in layout.awaited[place] {
                let end = baked[bake] ?? bakeEnd(layout.bakes[bake], ends)
                baked[bake] = end
                ready = max(ready, end)
            }
            ends[place] = take(place, readyAfter: ready, notes: &notes)
            turns.finish(place, at: ends[place])
        }
    }

    private func bakeEnd(_ bake: WaveLayout.Bake, _ ends: [Int]) -> Int {
        let estimate = input.priors.bake(seconds: bake.seconds, probes: bake.group.group.probes)
        return (bake.canaries.map { ends[$0] }.max() ?? 0) + estimate.p95Seconds
    }

    /// - Returns: when the host is back at the latest, without queueing.
    private mutating func take(_ place: Int, readyAfter ready: Int, notes: inout PlanNotes) -> Int {
        let cost = costs[place]
        guard let offered = input.windows.places(of: layout.hosts[place].id) else { return ready + cost.outage }
        var shortest: (window: Int, needed: Int)?
        for window in offered {
            let load = loads[window]
            let end = max(ready, load.opens) + cost.outage
            let work = load.work + cost.total
            let latest = max(load.latest, end + cost.wayBack)
            let needed = latest + (isQueueing ? work / parallel : 0)
            if needed <= load.closes {
                loads[window].latest = latest
                loads[window].work = work
                windows[place] = window
                return end
            }
            if shortest == nil || needed - load.closes < (shortest.map { $0.needed - loads[$0.window].closes } ?? .max)
            {
                shortest = (window, needed)
            }
        }
        refuse(place, shortest, notes: &notes)
        return ready + cost.outage
    }

    private func refuse(_ place: Int, _ shortest: (window: Int, needed: Int)?, notes: inout PlanNotes) {
        let host = layout.hosts[place].id
        guard let shortest else {
            return notes.refuse(
                .window, at: .resource(host),
                "\(host): no maintenance window is open to it in the time planned for; "
                    + "give it a window, or plan for a longer time")
        }
        let load = loads[shortest.window]
        notes.refuse(
            .window, at: .resource(host),
            "\(host): may need until \(shortest.needed - load.opens) s after the window opens, its way back included; the "
                + "window has \(load.closes - load.opens) s: leave it out, allow more members out at once or take a "
                + "longer window")
    }

    private static func seconds(from start: Timestamp, to end: Timestamp) -> Int {
        let (milliseconds, isTooLong) = end.milliseconds.subtractingReportingOverflow(start.milliseconds)
        // Far enough for any window, near enough that sums cannot overflow.
        return isTooLong ? 1_000_000_000 : Int(min(max(milliseconds, -1_000_000_000_000), 1_000_000_000_000) / 1_000)
    }
}

/// When each order's turns are over, as hosts are gone through in their line.
private struct TurnClock {
    private let turns: [[(order: Int, turn: Int)]]
    private var states: [State]

    private struct State {
        var turn = 0
        /// When all earlier turns are over, and when all so far are.
        var open = 0
        var latest = 0
    }

    init(_ orders: [OrderPass.PlacedOrder], hosts: Int) {
        var turns = [[(order: Int, turn: Int)]](repeating: [], count: hosts)
        for (order, placed) in orders.enumerated() {
            for (turn, places) in placed.turns.enumerated() {
                for place in places { turns[place].append((order, turn)) }
            }
        }
        self.turns = turns
        states = Array(repeating: State(), count: orders.count)
    }

    mutating func ready(_ place: Int) -> Int {
        var ready = 0
        for (order, turn) in turns[place] {
            if turn > states[order].turn {
                states[order].turn = turn
                states[order].open = states[order].latest
            }
            ready = max(ready, states[order].open)
        }
        return ready
    }

    mutating func finish(_ place: Int, at end: Int) {
        for (order, _) in turns[place] { states[order].latest = max(states[order].latest, end) }
    }
}
