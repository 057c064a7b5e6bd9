public import FettleModel
import FettlePlanning
import Synchronization

/// The policy's windows and freezes as they are now, not as they were when a plan was made: a freeze that was declared since then
/// holds too (I4). It is asked when a run is started, and again before each host is taken out on the way forward. Nothing of it
/// keeps a host from being brought back, or a run from going back.
public struct RunCalendar: Sendable {
    /// Reads the policy and the fleet anew.
    let read: @Sendable () throws -> (policy: Policy, fleet: Fleet)

    public init(read: @escaping @Sendable () throws -> (policy: Policy, fleet: Fleet)) { self.read = read }
}

/// The calendar of one run: read anew once a minute at most, because a fleet of 100,000 hosts takes a moment.
final class RunCalendarWatch: Sendable {
    /// What was read is taken as it is for so long.
    static let freshSeconds = 60
    /// How far ahead it is worked out beyond the plan's last window.
    static let horizonDays = 8

    private let calendar: RunCalendar
    private let plan: Plan
    private let isEmergency: Bool
    /// By resource, in seconds: all that is disruptive on its way forward and its whole way back, at their 95% figures.
    private let needs: [ResourceID: Int]
    private let kept = Mutex<Kept?>(nil)

    private struct Kept: Sendable {
        /// nil: the policy binds nobody to any time.
        var calendar: MaintenanceCalendar?
        var declared: Set<ResourceID>
        var readAt: Timestamp
    }

    init(_ calendar: RunCalendar, _ plan: Plan, isEmergency: Bool) {
        self.calendar = calendar
        self.plan = plan
        self.isEmergency = isEmergency
        var needs: [ResourceID: Int] = [:]
        // A restart before the change is over when the change begins, and shorter: it needs no more.
        for step in plan.steps where step.availability != .none && step.leg == nil {
            needs[step.resource, default: 0] += max(0, min(step.estimate.p95Seconds, 1_000_000))
        }
        for step in plan.rollback where needs[step.resource] != nil {
            needs[step.resource, default: 0] += max(0, min(step.estimate.p95Seconds, 1_000_000))
        }
        self.needs = needs
    }

    /// Why the resource may not be taken out now; nil if it may. What cannot be read permits nothing.
    func refusal(toTakeOut resource: ResourceID, at now: Timestamp) -> String? {
        do {
            let needed = needs[resource] ?? 0
            return reason(resource, from: now, within: nil, needed: needed, try current(at: now))
                .map { "\(resource): \($0) (I4)" }
        } catch {
            return "windows and freezes cannot be read: \(error)"
        }
    }

    /// Why the run may not start now: everything that stands in the way, and how many hosts it holds up.
    func refusals(toStartAt now: Timestamp) throws -> [String] {
        let kept = try current(at: now)
        guard kept.calendar != nil else { return [] }
        var held: [String: [ResourceID]] = [:]
        for target in plan.targets {
            guard let needed = needs[target.resource] else { continue }
            let window = plan.window(of: target.resource)
            // A window that is over is the run's own business: it says so, and asks a person.
            if let window, window.closesAt <= now { continue }
            let from = max(now, window?.opensAt ?? now)
            if let why = reason(target.resource, from: from, within: window, needed: needed, kept) {
                held[why, default: []].append(target.resource)
            }
        }
        return held.sorted { $0.key < $1.key }.map { why, resources in
            let names = resources.sorted().prefix(5).map(\.rawValue).joined(separator: ", ")
            let more = resources.count > 5 ? " and \(resources.count - 5) more" : ""
            return "\(names)\(more): \(why)"
        }
    }

    /// - Parameter window: the part of time in which it is planned; nil: from now on, without a break.
    private func reason(
        _ resource: ResourceID, from: Timestamp, within window: TimeWindow?, needed: Int,
        _ kept: Kept
    ) -> String? {
        guard let calendar = kept.calendar else { return nil }
        guard kept.declared.contains(resource) else {
            return "the fleet no longer declares it, so nobody can say which windows and freezes hold for it"
        }
        guard let open = calendar.windows(for: resource) else { return nil }
        let fits = open.contains { time in
            let begin = window == nil ? from : max(from, time.opensAt)
            let end = min(time.closesAt, window?.closesAt ?? time.closesAt)
            // Further than the calendar was worked out nothing is known to stand in the way.
            return time.opensAt <= begin && begin < end
                && (begin.adding(seconds: needed) <= end || end >= calendar.to)
        }
        if fits { return nil }
        let until = max(from.adding(seconds: needed), window?.closesAt ?? from)
        let frozen = calendar.freezes(for: resource).first { $0.time.opensAt < until && $0.time.closesAt > from }
        if let frozen {
            let why = frozen.reason.isEmpty ? "" : " (\(frozen.reason))"
            return "freeze \(frozen.freeze)\(why) from \(frozen.time.opensAt) until \(frozen.time.closesAt)"
        }
        let next = open.first { $0.closesAt > from }.map { "; the next opens at \($0.opensAt)" } ?? ""
        return "no window of the policy is open for long enough by \(from)\(next)"
    }

    private func current(at now: Timestamp) throws -> Kept {
        let known = kept.withLock { $0 }
        if let known, now >= known.readAt, now < known.readAt.adding(seconds: Self.freshSeconds) {
            return known
        }
        let (policy, fleet) = try calendar.read()
        let last = max(now, plan.windows.map(\.closesAt).max() ?? now)
        let bindsNobody = policy.windows.isEmpty && policy.freezes.isEmpty && policy.withoutWindow == .anyTime
        let made = Kept(
            calendar: bindsNobody
                ? nil
                : MaintenanceCalendar(
                    policy: policy, fleet: fleet, from: now, to: last.adding(seconds: Self.horizonDays * 86_400),
                    isEmergency: isEmergency),
            declared: Set(fleet.resources.map(\.id)), readAt: now)
        kept.withLock { $0 = made }
        return made
    }
}
