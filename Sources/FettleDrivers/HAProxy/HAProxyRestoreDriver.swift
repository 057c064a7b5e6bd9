public import FettleDriverKit
public import FettleModel

/// Gives a server back exactly the state and the weight that it had before this run drained it, and only if this run did.
///
/// New sessions come to it only after HAProxy's own health check passes again; if it then falls, it is drained once more.
public struct HAProxyRestoreDriver: StepDriver {
    /// How long a server that is back in traffic is watched before it counts as restored, at most and at least.
    private static let watchTime = Duration.seconds(1)
    private static let shortWatchTime = Duration.milliseconds(500)
    /// Sessions without an error after which the shorter time is enough.
    private static let goodSessions = 10

    private let sockets: AdminSockets
    private let watched = RecentLooks<Duration>(freshFor: nil)

    public init(channels: any ChannelProvider) { sockets = AdminSockets(channels: channels) }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (member, prior) = try begin(step, context)
            let view = try await member.view()
            if prior.alreadySo { return .alreadyDone(leftOut(member, view)) }
            guard isRestored(view, to: prior) else { return .ready(prior: nil) }
            return .alreadyDone(member.observation("\(member.name) is as it was: \(view.words)", view))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (member, prior) = try begin(step, context)
        if prior.alreadySo { return }
        // Some of the step's time is for what follows.
        let deadline = ContinuousClock().now + .milliseconds(min(max(step.timeoutSeconds, 2), 600) * 800)
        let ready = try await member.look(until: deadline) { view throws(StepFailure) in
            try refuseOthersWork(member, view)
            return isFit(view)
        }
        guard isFit(ready) else {
            throw unhealthy(member, ready, "stays out of traffic, because HAProxy's own check doesn't pass")
        }
        if let weight = prior.weight(configuredNow: ready.state.initialWeight), weight != ready.state.weight {
            try await member.set(weight: weight)
        }
        if ready.state.administrative.isOut { try await member.set(.ready) }
        let began = ContinuousClock.now
        try await watch(member, since: ready)
        let now = ContinuousClock.now
        watched.note(began.duration(to: now), of: step, in: context, since: now)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (member, prior) = try begin(step, context)
        let view = try await member.view()
        if prior.alreadySo { return leftOut(member, view) }
        try refuseOthersWork(member, view)
        guard isRestored(view, to: prior) else { throw unhealthy(member, view, "is not as it was before the run") }
        var observation = member.observation("\(member.name) is as it was: \(view.words)", view)
        if let time = watched.take(of: step, in: context) {
            observation.details["watchedMilliseconds"] = "\(time.inMilliseconds)"
        }
        return observation
    }

    // MARK: Parts

    private func begin(_ step: Step, _ context: StepContext) throws(StepFailure) -> (TrafficMember, PriorState) {
        guard case .restore(let traffic) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no restore")
        }
        guard let prior = context.prior else {
            throw StepFailure(
                code: .internal, message: "\(step.id): nothing tells what was there before, so nothing is put back")
        }
        return (try TrafficMember.of(step, traffic, through: sockets), prior)
    }

    /// Up, and by a check that ran: after a restart HAProxy takes every server for up before it has asked.
    private func isFit(_ view: ServerView) -> Bool {
        guard view.isUp else { return false }
        guard let health = view.statistics.checkHealth else { return true }
        return health.isFull && view.statistics.lastCheckPassed == true
    }

    private func isRestored(_ view: ServerView, to prior: PriorState) -> Bool {
        let weight = prior.weight(configuredNow: view.state.initialWeight) ?? view.state.weight
        return !view.state.administrative.isOut && view.state.weight == weight && isFit(view)
    }

    /// This run has drained, and nothing else. `set server ... state ready` would take away a maintenance as well, and that is
    /// somebody else's.
    private func refuseOthersWork(_ member: TrafficMember, _ view: ServerView) throws(StepFailure) {
        let others = view.state.administrative.subtracting(.drain)
        guard others.isOut else { return }
        throw StepFailure(
            code: .drift,
            message: "\(member.client.place): somebody else has taken \(member.name) out since it was drained "
                + "(\(view.words)); it is left so")
    }

    /// It is back in traffic: it must stay up for a while, or it goes out again. For less time where it has proven to answer
    /// well, and where nobody asks the pool anything, so that there is nothing to be seen.
    private func watch(_ member: TrafficMember, since before: ServerView) async throws(StepFailure) {
        let clock = ContinuousClock()
        let start = clock.now
        let last = try await member.look(
            until: start + Self.watchTime, andAt: start + Self.shortWatchTime
        ) { view throws(StepFailure) in
            guard view.isUp, !view.state.administrative.isOut else { return true }
            guard start.duration(to: clock.now) >= Self.shortWatchTime else { return false }
            return Self.isProven(view, since: before)
        }
        if last.isUp, !last.state.administrative.isOut { return }
        if !last.isUp { try await member.set(.drain) }
        throw unhealthy(member, last, "fell as soon as it was back in traffic, and was drained again")
    }

    static func isProven(_ view: ServerView, since before: ServerView) -> Bool {
        guard let pool = view.poolSessions, let poolBefore = before.poolSessions,
            let sessions = view.statistics.sessions, let sessionsBefore = before.statistics.sessions,
            let errors = view.statistics.errors, let errorsBefore = before.statistics.errors
        else { return false }
        if pool == poolBefore { return true }
        let ended = sessions - sessionsBefore - view.statistics.currentSessions
        return ended >= goodSessions && errors == errorsBefore
    }

    private func unhealthy(_ member: TrafficMember, _ view: ServerView, _ what: String) -> StepFailure {
        StepFailure(
            code: .unhealthy,
            message: "\(member.client.place): \(member.name) \(what) (\(view.words); "
                + "\(SafeText.lastLines(of: view.statistics.checkStatus) ?? "no check"))",
            output: SafeText.lastLines(of: view.statistics.checkWords) ?? "")
    }

    /// system-upgrade-controller#341 put back what others had taken out.
    private func leftOut(_ member: TrafficMember, _ view: ServerView) -> Observation {
        member.observation(
            "\(member.name) was out before this run, by somebody else's doing, and is left as it is: \(view.words)",
            view)
    }
}
