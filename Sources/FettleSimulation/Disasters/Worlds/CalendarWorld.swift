import FettleModel

/// Windows that the plan was made for, and freezes that are declared while it is carried out (I4).
struct CalendarWorld: Sendable {
    struct Freeze: Sendable {
        var time: TimeWindow
        /// By the true time: nobody can know of it before.
        var declaredAt: Timestamp
    }

    /// What a shell has read of the calendar, by its own clock.
    struct Reading: Sendable {
        var at: Timestamp
        var freezes: [TimeWindow]
    }

    private(set) var freezes: [Freeze] = []
    /// By executor.
    private var readings: [Int: Reading] = [:]
    /// By resource, in seconds: all that takes it out, changes it and brings it back, and its whole way back, at their 95% figures.
    let needs: [ResourceID: Int]
    /// The same of the outage for a restart before the change, where there is one: each of the two begins by itself.
    let controlNeeds: [ResourceID: Int]
    let windows: [ResourceID: TimeWindow]

    /// A shell takes what it has read as it is for so long.
    static let freshSeconds = 60

    init(_ plan: Plan) {
        var needs: [ResourceID: Int] = [:]
        var controlNeeds: [ResourceID: Int] = [:]
        func seconds(_ step: Step) -> Int { max(0, min(step.estimate.p95Seconds, 1_000_000)) }
        for step in plan.steps where step.availability != .none {
            if step.leg == .control {
                controlNeeds[step.resource, default: 0] += seconds(step)
            } else {
                needs[step.resource, default: 0] += seconds(step)
            }
        }
        for step in plan.rollback {
            if needs[step.resource] != nil { needs[step.resource, default: 0] += seconds(step) }
            if controlNeeds[step.resource] != nil { controlNeeds[step.resource, default: 0] += seconds(step) }
        }
        self.needs = needs
        self.controlNeeds = controlNeeds
        var windows: [ResourceID: TimeWindow] = [:]
        for target in plan.targets {
            guard let place = target.window, plan.windows.indices.contains(place) else { continue }
            windows[target.resource] = plan.windows[place]
        }
        self.windows = windows
    }

    mutating func declare(_ time: TimeWindow, at now: Timestamp) {
        freezes.append(Freeze(time: time, declaredAt: now))
    }

    /// What the shell of an executor says to taking the resource out on the way forward, as `RunCalendarWatch` does.
    /// - Parameter clock: the executor's.
    mutating func refusal(toTakeOut resource: ResourceID, for executor: Int, clock: Timestamp) -> String? {
        guard !freezes.isEmpty else { return nil }
        let known = readings[executor]
        if known == nil || clock < known?.at ?? clock
            || clock >= (known?.at ?? clock).adding(seconds: Self.freshSeconds)
        {
            readings[executor] = Reading(at: clock, freezes: freezes.map(\.time))
        }
        let end = clock.adding(seconds: needs[resource] ?? 0)
        let frozen = readings[executor]?.freezes.first { $0.opensAt < end && clock < $0.closesAt }
        return frozen.map { "\(resource): frozen from \($0.opensAt) until \($0.closesAt) (I4)" }
    }

    /// What is broken by beginning to take the resource out.
    /// - Parameters:
    ///   - now: when it was decided.
    ///   - clock: what the executor's clock said then: whose clock is wrong is wrong by as much.
    func broken(
        byTakingOut resource: ResourceID, _ step: StepID, isControl: Bool, at now: Timestamp, clock: Timestamp
    ) -> String? {
        let needed = (isControl ? controlNeeds : needs)[resource] ?? 0
        if let window = windows[resource] {
            if clock < window.opensAt { return "I4: \(step) before its window opens at \(window.opensAt)" }
            if clock.adding(seconds: needed) > window.closesAt {
                return "I4: \(step) needs \(needed) s, and its window closes at \(window.closesAt)"
            }
        }
        let known = freezes.first { freeze in
            freeze.declaredAt.adding(seconds: Self.freshSeconds) < now
                && freeze.time.opensAt < clock.adding(seconds: needed)
                && clock.adding(seconds: Self.freshSeconds) < freeze.time.closesAt
        }
        return known.map { "I4: \(step) in the freeze from \($0.time.opensAt), declared at \($0.declaredAt)" }
    }

    func isClosed(_ resource: ResourceID, at time: Timestamp) -> Bool {
        if let window = windows[resource], time < window.opensAt || time >= window.closesAt { return true }
        return freezes.contains { $0.time.opensAt <= time && time < $0.time.closesAt }
    }
}
