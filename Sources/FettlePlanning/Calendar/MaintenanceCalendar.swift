public import FettleModel

/// When each resource may be worked on, from a moment over a horizon: the policy's windows without its freezes.
///
/// Pure: the same policy, fleet and times give the same answer. What is asked for all resources of a fleet is worked out once
/// for each set of windows and freezes that meet in one resource, however many resources share it.
public struct MaintenanceCalendar: Sendable {
    /// How far plans look ahead where nobody says otherwise.
    public static let defaultDays = 60
    /// Further than this nobody looks, however far the end that was asked for.
    public static let mostDays = 3_653
    /// What is left of a window between two freezes, or beside one, and is shorter than this in seconds is dropped.
    public static let shortestSeconds = 60

    public let from: Timestamp
    /// Windows that open before it are whole, even if they close after it.
    public let to: Timestamp
    private let windows: [(id: WindowID, times: [TimeWindow])]
    private let freezes: [(freeze: Freeze, times: [FrozenTime])]
    /// By resource: the place of its answer.
    private let places: [ResourceID: Int]
    private let answers: [Answer]

    private struct Answer: Sendable {
        var windows: [Int]
        var freezes: [Int]
        var times: [TimeWindow]?
    }

    /// - Parameters:
    ///   - to: nil: `defaultDays` after `from`.
    ///   - isEmergency: whether freezes that let emergency changes pass are left out.
    public init(policy: Policy, fleet: Fleet, from: Timestamp, to: Timestamp? = nil, isEmergency: Bool = false) {
        let horizon = from.adding(seconds: Self.mostDays * 86_400)
        let to = min(to ?? from.adding(seconds: Self.defaultDays * 86_400), horizon)
        let windows = policy.windows.map { window in
            (id: window.id, times: window.events.flatMap { $0.occurrences(from: from, to: to) }.merged())
        }
        let lastEnd = windows.compactMap(\.times.last?.closesAt).max() ?? to
        let freezes = policy.freezes.filter { !(isEmergency && $0.emergencyMayPass) }.map { freeze in
            (freeze: freeze, times: Self.times(of: freeze, from: from, to: max(to, lastEnd)))
        }
        // The windows' scopes, then the freezes'.
        let scopes = (policy.windows.map(\.scope) + freezes.map(\.freeze.scope)).map { ScopeCheck($0, fleet) }
        var candidates: [EnvironmentID: [Int]] = [:]
        var places: [ResourceID: Int] = [:]
        places.reserveCapacity(fleet.resources.count)
        var known: [[Int]: Int] = [:]
        var answers: [Answer] = []
        for resource in fleet.resources {
            let here =
                candidates[resource.environment]
                ?? scopes.indices.filter { scopes[$0].covers(environment: resource.environment) }
            candidates[resource.environment] = here
            let fit = here.filter { scopes[$0].covers(resource: resource.id) }
            if let place = known[fit] {
                places[resource.id] = place
                continue
            }
            known[fit] = answers.count
            places[resource.id] = answers.count
            let ofWindows = fit.filter { $0 < windows.count }
            let ofFreezes = fit.filter { $0 >= windows.count }.map { $0 - windows.count }
            let open: [TimeWindow]? =
                ofWindows.isEmpty && policy.withoutWindow == .anyTime
                ? nil : ofWindows.flatMap { windows[$0].times }.merged()
            let frozen = ofFreezes.flatMap { freezes[$0].times.map(\.time) }.merged()
            answers.append(
                Answer(
                    windows: ofWindows, freezes: ofFreezes,
                    times: Self.times(open, without: frozen, from: from, to: to)))
        }
        self.from = from
        self.to = to
        self.windows = windows
        self.freezes = freezes
        self.places = places
        self.answers = answers
    }

    /// When disruptive steps may be taken on the resource: sorted, apart from each other, each longer than a minute, none that
    /// closed before `from`; the first may have opened before it.
    ///
    /// - Returns: nil if it is not bound: no window is for it, the policy lets it be worked on at any time, and nothing is
    ///   frozen on the way to `to`. Empty if it may not be worked on up to `to`; so also for what the fleet does not declare.
    public func windows(for resource: ResourceID) -> [TimeWindow]? {
        guard let place = places[resource] else { return [] }
        return answers[place].times
    }

    /// The windows of every declared resource that is bound to a time.
    public var offered: [ResourceID: [TimeWindow]] { places.compactMapValues { answers[$0].times } }

    /// The windows that are for the resource, in the policy's order; empty: none is.
    public func windowNames(for resource: ResourceID) -> [WindowID] {
        guard let place = places[resource] else { return [] }
        return answers[place].windows.map { windows[$0].id }
    }

    /// What is frozen on the resource up to `to`, sorted by its beginning: what stands in the way, and why.
    public func freezes(for resource: ResourceID) -> [FrozenTime] {
        guard let place = places[resource] else { return [] }
        return answers[place].freezes.flatMap { freezes[$0].times }.filter { $0.time.opensAt < to }
            .sorted { ($0.time.opensAt, $0.time.closesAt, $0.freeze) < ($1.time.opensAt, $1.time.closesAt, $1.freeze) }
    }

    private static func times(of freeze: Freeze, from: Timestamp, to: Timestamp) -> [FrozenTime] {
        freeze.events.flatMap { event in
            event.occurrences(from: from, to: to).map { time in
                FrozenTime(
                    freeze: freeze.id, reason: event.summary.isEmpty ? freeze.reason : event.summary, time: time,
                    emergencyMayPass: freeze.emergencyMayPass)
            }
        }
    }

    private static func times(
        _ open: [TimeWindow]?, without frozen: [TimeWindow], from: Timestamp, to: Timestamp
    ) -> [TimeWindow]? {
        if open == nil, frozen.allSatisfy({ $0.opensAt >= to }) { return nil }
        return (open ?? [TimeWindow(opensAt: from, closesAt: to)]).subtracting(frozen)
            .filter { $0.closesAt > from && $0.closesAt.seconds(since: $0.opensAt) >= Double(shortestSeconds) }
    }
}

/// A time in which nothing disruptive is done, and why.
public struct FrozenTime: Sendable, Equatable {
    public var freeze: FreezeID
    public var reason: String
    public var time: TimeWindow
    public var emergencyMayPass: Bool
}

/// Which resources a scope covers: globs of groups are held against their names once.
private struct ScopeCheck {
    private let environments: [Glob]
    /// nil: whatever group.
    private let members: Set<ResourceID>?
    private let resources: [Glob]

    init(_ scope: CalendarScope, _ fleet: Fleet) {
        environments = scope.environments.map(Glob.init)
        resources = scope.resources.map(Glob.init)
        let groups = scope.groups.map(Glob.init)
        members =
            groups.isEmpty
            ? nil
            : Set(
                fleet.groups.filter { group in groups.contains { $0.matches(group.id.rawValue) } }
                    .flatMap(\.members))
    }

    func covers(environment: EnvironmentID) -> Bool {
        environments.isEmpty || environments.contains { $0.matches(environment.rawValue) }
    }

    func covers(resource: ResourceID) -> Bool {
        if let members, !members.contains(resource) { return false }
        return resources.isEmpty || resources.contains { $0.matches(resource.rawValue) }
    }
}

extension [TimeWindow] {
    /// Sorted; what overlaps or touches is one.
    func merged() -> [TimeWindow] {
        var result: [TimeWindow] = []
        for window in sorted(by: { ($0.opensAt, $0.closesAt) < ($1.opensAt, $1.closesAt) })
        where window.opensAt < window.closesAt {
            if let last = result.last, window.opensAt <= last.closesAt {
                result[result.count - 1].closesAt = Swift.max(last.closesAt, window.closesAt)
            } else {
                result.append(window)
            }
        }
        return result
    }

    /// What is left of these without the others. Both are merged already.
    func subtracting(_ others: [TimeWindow]) -> [TimeWindow] {
        var result: [TimeWindow] = []
        var next = 0
        for window in self {
            var opensAt = window.opensAt
            while next < others.count, others[next].closesAt <= opensAt { next += 1 }
            var place = next
            while place < others.count, others[place].opensAt < window.closesAt {
                if opensAt < others[place].opensAt {
                    result.append(TimeWindow(opensAt: opensAt, closesAt: others[place].opensAt))
                }
                opensAt = Swift.max(opensAt, others[place].closesAt)
                place += 1
            }
            if opensAt < window.closesAt { result.append(TimeWindow(opensAt: opensAt, closesAt: window.closesAt)) }
        }
        return result
    }
}
