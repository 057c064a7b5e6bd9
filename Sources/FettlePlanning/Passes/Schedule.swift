import FettleModel

/// Pass 6: when each step would begin and end, if the plan's first ready step always takes the next free place.
struct Schedule {
    /// In the plan's order of steps, in seconds after the start.
    private(set) var begins: [Int]
    private(set) var ends: [Int]

    var total: Int { ends.max() ?? 0 }

    init(_ steps: [Step], parallelSteps: Int, seconds: KeyPath<DurationEstimate, Int>) {
        begins = Array(repeating: 0, count: steps.count)
        ends = Array(repeating: 0, count: steps.count)
        let places = Dictionary(steps.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { a, _ in a })
        var waiting = steps.map(\.after.count)
        var followers = [[Int]](repeating: [], count: steps.count)
        for (place, step) in steps.enumerated() {
            for name in step.after { if let earlier = places[name] { followers[earlier].append(place) } }
        }
        var ready = BinaryHeap<Int>()
        var running = BinaryHeap<Finish>()
        var runningCount = 0
        var now = 0
        for place in steps.indices where waiting[place] == 0 { ready.insert(place) }
        while true {
            while runningCount < max(1, parallelSteps), let next = ready.removeFirst() {
                begins[next] = now
                ends[next] = now + steps[next].estimate[keyPath: seconds]
                running.insert(Finish(at: ends[next], place: next))
                runningCount += 1
            }
            guard let finished = running.removeFirst() else { return }
            runningCount -= 1
            now = finished.at
            for follower in followers[finished.place] {
                waiting[follower] -= 1
                if waiting[follower] == 0 { ready.insert(follower) }
            }
        }
    }

    private struct Finish: Comparable {
        var at: Int
        var place: Int
        static func < (left: Self, right: Self) -> Bool { (left.at, left.place) < (right.at, right.place) }
    }
}

/// Whether the work fits into a window (I4).
enum WindowPass {
    /// No greedy schedule ends a step later than its longest chain of predecessors plus all work shared out over the places
    /// (Graham 1966), so that the promise does not hang on which ready step an executor prefers.
    static func refuseWhatDoesNotFit(
        _ expansion: StepExpansion, _ hosts: [HostWork], _ input: PlanningInput, notes: inout PlanNotes
    ) {
        guard let window = input.window else { return }
        guard window.opensAt < window.closesAt else {
            return notes.refuse(.window, at: .plan, "the window closes before it opens")
        }
        let start = max(window.opensAt, input.createdAt)
        let length = Int((window.closesAt.milliseconds - start.milliseconds).clamped / 1000)
        guard length > 0 else { return notes.refuse(.window, at: .plan, "the window closed at \(window.closesAt)") }
        let parallel = max(1, input.policy.limits.parallelSteps)
        let work = expansion.steps.reduce(0) { $0 + $1.estimate.p95Seconds }
        let queueing = expansion.steps.count > parallel ? work / parallel : 0
        var longest: [StepID: Int] = [:]
        var backAt: [ResourceID: Int] = [:]
        for step in expansion.steps {
            let end = (step.after.compactMap { longest[$0] }.max() ?? 0) + step.estimate.p95Seconds
            longest[step.id] = end
            if step.availability != .none { backAt[step.resource] = max(backAt[step.resource] ?? 0, end + queueing) }
        }
        let way = Dictionary(grouping: expansion.rollback, by: \.resource)
            .mapValues { $0.reduce(0) { $0 + $1.estimate.p95Seconds } }
        let needs = backAt.map { (resource: $0.key, seconds: $0.value + (way[$0.key] ?? 0)) }
        for late in needs.sorted(by: { $0.resource < $1.resource }) where late.seconds > length {
            notes.refuse(
                .window, at: .resource(late.resource),
                "\(late.resource): may need until \(late.seconds) s after the window opens, its way back included; the "
                    + "window has \(length) s: leave it out, allow more members out at once or take a longer window")
        }
    }
}

extension Int64 {
    /// Far enough for any window, near enough that sums cannot overflow.
    fileprivate var clamped: Int64 { Swift.min(Swift.max(self, 0), 1_000_000_000_000) }
}
