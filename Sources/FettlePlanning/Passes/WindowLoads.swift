import FettleModel

/// What one host costs, in seconds, each step at its 95% estimate.
struct HostCost {
    var preparation = 0
    var outage = 0
    /// The outage before that, in which it is restarted as it is.
    var control = 0
    var wayBack = 0
    /// What others do before it can be taken out, beside its own preparation.
    var lead = 0
    var total: Int { preparation + control + outage }

    /// For each host in the line.
    static func of(_ layout: WaveLayout, _ groupSteps: GroupSteps, _ expansion: StepExpansion) -> [HostCost] {
        let line = Dictionary(
            layout.hosts.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var costs = [HostCost](repeating: HostCost(), count: layout.hosts.count)
        for place in expansion.steps.indices where !expansion.steps[place].isOfGroup {
            guard let host = line[expansion.steps[place].resource] else { continue }
            let seconds = expansion.steps[place].estimate.p95Seconds
            switch expansion.steps[place].action {
            case .preflight, .stage: costs[host].preparation += seconds
            case _ where expansion.steps[place].leg == .control: costs[host].control += seconds
            default: costs[host].outage += seconds
            }
        }
        for place in expansion.rollback.indices where !expansion.rollback[place].isOfGroup {
            guard let host = line[expansion.rollback[place].resource] else { continue }
            costs[host].wayBack += expansion.rollback[place].estimate.p95Seconds
        }
        add(groupSteps, to: &costs)
        return costs
    }

    /// A switch is disruptive as an outage is: it has to end, and to be taken back, in the window of those who take the
    /// traffic. What a controller's return waits for prolongs its outage, the proof of whom it moved included.
    private static func add(_ groupSteps: GroupSteps, to costs: inout [HostCost]) {
        for step in groupSteps.forward {
            let seconds = step.estimate.p95Seconds
            if step.behind.isEmpty, step.follows.isEmpty {
                for place in step.holds { costs[place].lead = max(costs[place].lead, seconds) }
            }
            if case .switchTraffic(let turn) = step.action, !turn.from.isEmpty {
                for place in step.behind { costs[place].outage += seconds }
            }
            if let controller = step.holdsReturn {
                let moved = step.behind.map { costs[$0] }
                costs[controller].outage += seconds + (moved.map(\.outage).max() ?? 0)
                costs[controller].lead = max(costs[controller].lead, moved.map(\.preparation).max() ?? 0)
            }
        }
        for step in groupSteps.back {
            for place in step.holds { costs[place].wayBack += step.estimate.p95Seconds }
        }
    }
}

/// What the windows hold already. Windows that overlap make a spell, and share the places of an executor.
struct WindowLoads {
    private var windows: [Window] = []
    private var spells: [Spell] = []
    /// Steps at the same time; nil: there are no more steps than that, so that nobody queues.
    private let places: Int?

    private struct Window {
        /// In seconds after the first moment at which anything can be done.
        var opens: Int
        var closes: Int
        var spell: Int
    }

    private struct Spell {
        var opens: Int
        var work = 0
        /// What its windows have left behind the latest end of a way back in them, the least of all.
        var slack = Int.max
    }

    /// - Parameter now: before it nothing can be done.
    init(_ windows: [TimeWindow], from now: Timestamp, places: Int?) {
        self.places = places
        let start = max(now, windows.first?.opensAt ?? now)
        var end = Int.min
        for window in windows {
            let opens = max(0, Self.seconds(from: start, to: window.opensAt, roundedUp: true))
            let closes = Self.seconds(from: start, to: window.closesAt, roundedUp: false)
            if spells.isEmpty || opens >= end { spells.append(Spell(opens: opens)) }
            end = max(end, closes)
            self.windows.append(Window(opens: opens, closes: closes, spell: spells.count - 1))
        }
    }

    private static func seconds(from start: Timestamp, to end: Timestamp, roundedUp: Bool) -> Int {
        let (milliseconds, isTooLong) = end.milliseconds.subtractingReportingOverflow(start.milliseconds)
        guard !isTooLong else { return end > start ? 1_000_000_000 : -1_000_000_000 }
        // Far enough for any window, near enough that sums cannot overflow.
        let near = min(max(milliseconds, -1_000_000_000_000), 1_000_000_000_000)
        let (quotient, rest) = near.quotientAndRemainder(dividingBy: 1_000)
        return Int(quotient) + (rest > 0 && roundedUp ? 1 : rest < 0 && !roundedUp ? -1 : 0)
    }

    /// Work that can fall into any of them.
    mutating func charge(_ seconds: Int) {
        for spell in spells.indices { spells[spell].work += seconds }
    }

    func isOver(_ window: Int) -> Bool { windows[window].closes <= windows[window].opens }
    func seconds(of window: Int) -> Int { windows[window].closes - windows[window].opens }

    /// When the host would be back, without queueing; and how many seconds the window, or another of its spell, is too
    /// short for that with the way back and with queueing. Not above 0: it fits.
    func fit(_ cost: HostCost, in window: Int, after ready: TurnClock.End) -> (end: Int, missing: Int) {
        let window = windows[window]
        let spell = spells[window.spell]
        // What is bound to no window may be put off until this one opens.
        let begin = spell.opens + max(cost.lead + cost.preparation, ready.unbound)
        let end = max(ready.seconds, window.opens, begin) + cost.outage
        let queueing = places.map { (spell.work + cost.total) / $0 } ?? 0
        return (end, queueing - min(spell.slack, window.closes - end - cost.wayBack))
    }

    mutating func put(_ cost: HostCost, in window: Int, until end: Int) {
        let window = windows[window]
        spells[window.spell].work += cost.total
        spells[window.spell].slack = min(spells[window.spell].slack, window.closes - end - cost.wayBack)
    }
}

/// When each order's turns are over, and in which window, as hosts are gone through in their line.
struct TurnClock {
    /// When something is over at the latest.
    struct End {
        var seconds = 0
        /// The latest window of all that it hangs on.
        var window = 0
        /// The longest chain that ends here of what is bound to no window, in seconds.
        var unbound = 0

        mutating func formLater(_ other: End) {
            seconds = max(seconds, other.seconds)
            window = max(window, other.window)
            unbound = max(unbound, other.unbound)
        }
    }

    private let turns: [[(order: Int, turn: Int)]]
    private var states: [State]

    private struct State {
        var turn = 0
        /// When all earlier turns are over, and when all so far are.
        var open = End()
        var latest = End()
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

    mutating func ready(_ place: Int) -> End {
        var ready = End()
        for (order, turn) in turns[place] {
            if turn > states[order].turn {
                states[order].turn = turn
                states[order].open = states[order].latest
            }
            ready.formLater(states[order].open)
        }
        return ready
    }

    mutating func finish(_ place: Int, at end: End) {
        for (order, _) in turns[place] { states[order].latest.formLater(end) }
    }
}
