import FettleModel

/// When the steps of the way forward can be taken, from their windows and from what they wait for.
struct StepTimes {
    private let tables: PlanTables
    private let calendar: WindowCalendar
    /// For each node the latest window that is its own or that of something before it, and by which step; -1: none.
    private var latest: [Int32]
    private var latestStep: [Int32]
    /// For each node the window that closes first of its own and of all that comes after it; -1: none.
    private var due: [Int32]
    /// When each node has ended if no step has to queue, in the calendar's seconds. Of no use where it is bound to no window.
    private(set) var ends: [Int] = []

    init(_ tables: PlanTables, _ calendar: WindowCalendar, _ precedence: Precedence, _ sorted: [Int32]) {
        self.tables = tables
        self.calendar = calendar
        latest = [Int32](repeating: -1, count: precedence.nodeCount)
        latestStep = latest
        due = latest
        for node in sorted.lazy.map(Int.init) {
            if let own = ownWindow(node) {
                latest[node] = Int32(truncatingIfNeeded: own)
                latestStep[node] = Int32(truncatingIfNeeded: node)
            }
            precedence.forEachEarlier(of: node) { earlier in
                guard latest[earlier] > latest[node] else { return }
                latest[node] = latest[earlier]
                latestStep[node] = latestStep[earlier]
            }
        }
        for node in sorted.reversed().lazy.map(Int.init) {
            if let own = ownWindow(node), isDisruptive(node) { narrow(node, Int32(truncatingIfNeeded: own)) }
            precedence.forEachEarlier(of: node) { narrow($0, due[node]) }
        }
    }

    private mutating func narrow(_ node: Int, _ window: Int32) {
        guard window >= 0 else { return }
        if due[node] < 0 || calendar.closes[Int(window)] < calendar.closes[Int(due[node])] { due[node] = window }
    }

    private func isDisruptive(_ node: Int) -> Bool {
        node < tables.forward.count && !tables.forward.traits[node].isDisjoint(with: .isDisruptive)
    }

    /// The window of the step's target; nil for a step of a group, which belongs to no target alone.
    private func ownWindow(_ node: Int) -> Int? {
        guard node < tables.forward.count, tables.forward.traits[node].isDisjoint(with: [.bakes, .isOfGroup]) else {
            return nil
        }
        return tables.plan.targets[tables.forward.target(node)].window
    }

    /// The latest window of all that the step waits for.
    func latestAwaited(by step: Int, _ precedence: Precedence) -> (window: Int, step: Int)? {
        var result: (window: Int, step: Int)?
        precedence.forEachEarlier(of: step) { earlier in
            guard latest[earlier] >= 0, Int(latest[earlier]) > result?.window ?? -1 else { return }
            result = (Int(latest[earlier]), Int(latestStep[earlier]))
        }
        return result
    }

    /// The longest paths.
    mutating func addPaths(_ precedence: Precedence, _ sorted: [Int32]) {
        ends = [Int](repeating: .min, count: precedence.nodeCount)
        for node in sorted.lazy.map(Int.init) {
            var start = Int.min
            if due[node] >= 0 { start = calendar.spells[Int(due[node])] }
            if let own = ownWindow(node), isDisruptive(node) { start = calendar.opens[own] }
            precedence.forEachEarlier(of: node) { start = max(start, ends[$0]) }
            let isTimed = start > .min && node < tables.forward.count
            ends[node] = isTimed ? start + tables.forward.seconds(node) : start
        }
    }

    /// For each window the seconds of all steps that can be taken from the opening of its spell until it closes.
    func work(in calendar: WindowCalendar) -> [Int] {
        var all = 0
        var releasedIn = [Int](repeating: 0, count: calendar.count)
        var dueIn = [Int](repeating: 0, count: calendar.count)
        for step in 0..<tables.forward.count {
            let seconds = tables.forward.seconds(step)
            all += seconds
            if latest[step] >= 0 { releasedIn[Int(latest[step])] += seconds }
            if due[step] >= 0 { dueIn[Int(due[step])] += seconds }
        }
        return (0..<calendar.count).map { window in
            let later = calendar.opens.indices.filter { calendar.opens[$0] >= calendar.closes[window] }
            let earlier = calendar.closes.indices.filter { calendar.closes[$0] <= calendar.spells[window] }
            return max(0, all - later.reduce(0) { $0 + releasedIn[$1] } - earlier.reduce(0) { $0 + dueIn[$1] })
        }
    }
}
