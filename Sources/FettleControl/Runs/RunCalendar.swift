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

    /// Why nobody knows windows and freezes, in one line: what reads the files tells each mistake in a line of its own.
    static func words(_ error: any Error) -> String {
        "windows and freezes cannot be read: " + "\(error)".split(separator: "\n").joined(separator: "; ")
    }

    /// Of a policy that says nothing of time.
    static let bindsNobody = RunCalendar { (Policy(), Fleet(environments: [], resources: [], groups: [])) }
}

/// The calendar of one run, and the time that was agreed for its change: the policy is read anew once a minute at most, because a
/// fleet of 100,000 hosts takes a moment.
final class RunCalendarWatch: Sendable {
    /// What was read is taken as it is for so long.
    static let freshSeconds = 60
    /// How far ahead it is worked out beyond the plan's last window.
    static let horizonDays = 8

    private let calendar: RunCalendar
    private let plan: Plan
    private let isEmergency: Bool
    /// The time of the change that people have agreed to; nil: any.
    private let agreed: TimeWindow?
    /// By resource, in seconds: all that is disruptive on its way forward and its whole way back, at their 95% figures.
    private let needs: [ResourceID: Int]
    private let kept = Mutex<Kept?>(nil)

    private struct Kept: Sendable {
        /// nil: the policy binds nobody to any time.
        var calendar: MaintenanceCalendar?
        var declared: Set<ResourceID>
        var readAt: Timestamp
    }

    init(_ calendar: RunCalendar, _ plan: Plan, isEmergency: Bool, agreed: TimeWindow? = nil) {
        self.calendar = calendar
        self.plan = plan
        self.isEmergency = isEmergency
        self.agreed = agreed
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
    ///
    /// - Parameter run: that would take it out, for what can be done instead.
    func refusal(toTakeOut resource: ResourceID, at now: Timestamp, by run: RunID = "RUN") -> String? {
        do {
            let needed = needs[resource] ?? 0
            if let reason = reasonOfAgreement(needed, from: now) {
                return
                    "\(resource): \(reason) (I4); `fettle plan make --supersedes \(run)` plans what is left for another "
                    + "time, `fettle run abort \(run) && fettle run resume \(run)` leaves it"
            }
            return reason(resource, from: now, within: nil, needed: needed, try current(at: now))
                .map { "\(resource): \($0) (I4)" }
        } catch {
            return RunCalendar.words(error)
        }
    }

    /// Why the run may not start now: everything that stands in the way, and how many hosts it holds up.
    func refusals(toStartAt now: Timestamp) throws -> [String] {
        let kept = try current(at: now)
        guard kept.calendar != nil else { return [] }
        return heldUp { resource, needed in
            let window = plan.window(of: resource)
            // A window that is over is the run's own business: it says so, and asks a person.
            if let window, window.closesAt <= now { return nil }
            return reason(
                resource, from: max(now, window?.opensAt ?? now), within: window, needed: needed, kept)
        }
    }

    /// Why the run may not start now though people agreed to a time: for whom too little is left of it.
    func refusals(ofAgreementAt now: Timestamp) -> [String] {
        guard let agreed else { return [] }
        return heldUp { target, needed in
            let window = plan.window(of: target)
            if let window, window.closesAt <= now { return nil }
            return reasonOfAgreement(needed, from: max(now, agreed.opensAt, window?.opensAt ?? now))
        }
    }

    /// Who can never be taken out within the agreed time: it is too short, it misses their planned windows, or policy keeps them in.
    func contradictions(at now: Timestamp) throws -> [String] {
        guard let agreed else { return [] }
        let kept = try current(at: now)
        return heldUp { target, needed in
            var (from, until) = (max(now, agreed.opensAt), agreed.closesAt)
            if let window = plan.window(of: target) {
                (from, until) = (max(from, window.opensAt), min(until, window.closesAt))
                guard from < until else { return "planned for \(window.opensAt) to \(window.closesAt)" }
            }
            guard from.adding(seconds: needed) <= until else {
                return "needs \(needed) s with its way back, and has \(Int(until.seconds(since: from))) s"
            }
            return reason(
                target, from: from, within: TimeWindow(opensAt: from, closesAt: until), needed: needed, kept)
        }
    }

    /// By the reason, with the hosts that it holds up.
    private func heldUp(_ why: (ResourceID, _ needed: Int) -> String?) -> [String] {
        var held: [String: [ResourceID]] = [:]
        // Who is taken over from another run is out already, and goes on.
        let taken = Set(plan.supersedes?.taken.map(\.resource) ?? [])
        for target in plan.targets where !taken.contains(target.resource) {
            guard let needed = needs[target.resource], let reason = why(target.resource, needed) else { continue }
            held[reason, default: []].append(target.resource)
        }
        return held.sorted { $0.key < $1.key }.map { why, resources in
            let names = resources.sorted().prefix(5).map(\.rawValue).joined(separator: ", ")
            let more = resources.count > 5 ? " and \(resources.count - 5) more" : ""
            return "\(names)\(more): \(why)"
        }
    }

    private func reasonOfAgreement(_ needed: Int, from: Timestamp) -> String? {
        guard let agreed, from < agreed.opensAt || from.adding(seconds: needed) > agreed.closesAt else { return nil }
        return "needs \(needed) s with its way back, and was agreed for \(agreed.opensAt) to \(agreed.closesAt)"
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
        // A year of a time that is agreed is enough to find a window in it.
        let agreement = agreed.map { min($0.closesAt, $0.opensAt.adding(seconds: 366 * 86_400)) }
        let last = max(now, agreement ?? now, plan.windows.map(\.closesAt).max() ?? now)
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
