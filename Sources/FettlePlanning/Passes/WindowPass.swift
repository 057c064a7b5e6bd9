import FettleModel

/// Pass 8: in which window each host is worked on (I4). Whatever ready step an executor prefers, a host's outage and
/// its way back end inside its window if every step takes its 95% estimate.
///
/// No greedy schedule ends a step later than its longest chain of predecessors plus all work shared out over the places
/// (Graham 1966, https://doi.org/10.1002/j.1538-7305.1966.tb01709.x): so windows that overlap, a spell, are charged
/// with the work that can be done in them, and a host goes into the first of its windows in which it and all that are
/// there already still end in time. A host is never worked on in an earlier window than one that it waits for.
struct WindowPass {
    /// For each host in the line, the place of its window; nil: at any time.
    private(set) var windows: [Int?]

    private let input: PlanningInput
    private let layout: WaveLayout
    private let groupSteps: GroupSteps
    private let costs: [HostCost]
    private var loads: WindowLoads

    init(
        _ layout: WaveLayout, _ groupSteps: GroupSteps, _ expansion: StepExpansion, _ input: PlanningInput,
        notes: inout PlanNotes
    ) {
        self.input = input
        self.layout = layout
        self.groupSteps = groupSteps
        windows = Array(repeating: nil, count: layout.hosts.count)
        costs = input.windows.isBinding ? HostCost.of(layout, groupSteps, expansion) : []
        let parallel = max(1, input.policy.limits.parallelSteps)
        loads = WindowLoads(
            input.windows.windows, from: input.createdAt, places: expansion.steps.count > parallel ? parallel : nil)
        guard input.windows.isBinding, refuseClosedWindows(notes: &notes) else { return }
        loads.charge(workAtAnyTime())
        assign(notes: &notes)
    }

    private func refuseClosedWindows(notes: inout PlanNotes) -> Bool {
        for window in input.windows.windows where window.opensAt >= window.closesAt {
            notes.refuse(.window, at: .plan, "the window from \(window.opensAt) closes before it opens")
            return false
        }
        if let last = input.windows.lastClosing, last <= input.createdAt {
            notes.refuse(.window, at: .plan, "the window closed at \(last)")
            return false
        }
        return true
    }

    /// What is bound to no window can fall into any: hosts that may be worked on at any time or are moved by others,
    /// and steps of groups.
    private func workAtAnyTime() -> Int {
        let free = layout.hosts.indices.filter {
            !layout.hosts[$0].isTakenOut || input.windows.places(of: layout.hosts[$0].id) == nil
        }
        return free.reduce(0) { $0 + costs[$1].total }
            + groupSteps.forward.reduce(0) { $0 + $1.estimate.p95Seconds }
    }

    private mutating func assign(notes: inout PlanNotes) {
        var turns = TurnClock(layout.orders, hosts: layout.hosts.count)
        var ends = [TurnClock.End](repeating: TurnClock.End(), count: layout.hosts.count)
        var done = [TurnClock.End?](repeating: nil, count: groupSteps.forward.count)
        for place in layout.hosts.indices where layout.hosts[place].isTakenOut {
            var ready = turns.ready(place)
            for step in groupSteps.awaited[place] { ready.formLater(end(of: step, ends, &done)) }
            ends[place] = take(place, after: ready, notes: &notes)
            turns.finish(place, at: ends[place])
        }
    }

    /// When a step of a group is done at the latest, without queueing; one that waits for nobody is counted with those
    /// that wait for it (`HostCost`).
    private func end(of number: Int, _ ends: [TurnClock.End], _ done: inout [TurnClock.End?]) -> TurnClock.End {
        if let end = done[number] { return end }
        let step = groupSteps.forward[number]
        var end = TurnClock.End()
        guard !step.behind.isEmpty || !step.follows.isEmpty else { return end }
        for place in step.behind { end.formLater(ends[place]) }
        for earlier in step.follows { end.formLater(self.end(of: earlier, ends, &done)) }
        // In the window of those that it is compared with, or it is not restarted (`ControlRestarts.areInTime`).
        let prepared = step.restarted.map { costs[$0].lead + costs[$0].preparation }.max() ?? 0
        let restart = step.restarted.reduce(0) { $0 + costs[$1].control }
        end.seconds = max(end.seconds, prepared) + restart
        end.unbound = max(end.unbound, prepared) + restart
        end.seconds += step.estimate.p95Seconds
        end.unbound += step.estimate.p95Seconds
        done[number] = end
        return end
    }

    /// The windows of the host, and of all that it takes through a patch; nil: at any time.
    private func offered(_ place: Int) -> [Int]? {
        let own = input.windows.places(of: layout.hosts[place].id)
        guard case .controller = layout.hosts[place].role else { return own }
        let moved = groupSteps.forward.filter { $0.holdsReturn == place }.flatMap(\.behind).compactMap {
            input.windows.places(of: layout.hosts[$0].id)
        }
        return (moved + [own].compactMap { $0 }).reduce(nil) { common, places in
            common.map { $0.filter(places.contains) } ?? places
        }
    }

    /// - Returns: when the host is back at the latest, without queueing.
    private mutating func take(_ place: Int, after ready: TurnClock.End, notes: inout PlanNotes) -> TurnClock.End {
        let cost = costs[place]
        guard let offered = offered(place) else {
            let lead = cost.lead + cost.preparation
            return TurnClock.End(
                seconds: max(ready.seconds, lead) + cost.outage, window: ready.window,
                unbound: max(ready.unbound, lead) + cost.outage)
        }
        var nearest: (window: Int, missing: Int)?
        for window in offered where window >= ready.window && !loads.isOver(window) {
            let (end, missing) = loads.fit(cost, in: window, after: ready)
            if missing <= 0 {
                loads.put(cost, in: window, until: end)
                windows[place] = window
                return TurnClock.End(seconds: end, window: window)
            }
            if missing < nearest?.missing ?? .max { nearest = (window, missing) }
        }
        refuse(place, nearest, notes: &notes)
        return TurnClock.End(seconds: ready.seconds + cost.outage, window: ready.window)
    }

    private func refuse(_ place: Int, _ nearest: (window: Int, missing: Int)?, notes: inout PlanNotes) {
        let host = layout.hosts[place].id
        guard let nearest else {
            return notes.refuse(
                .window, at: .resource(host),
                "\(host): no maintenance window is open to it in the time planned for; give it a window, or plan for a "
                    + "longer time")
        }
        let length = loads.seconds(of: nearest.window)
        notes.refuse(
            .window, at: .resource(host),
            "\(host): may need until \(length + nearest.missing) s after the window opens, its way back included; the "
                + "window has \(length) s: leave it out, allow more members out at once or take a longer window")
    }
}
