import FettleModel
import FettleStore
import Foundation

/// Makes events of entries of the log: with what is kept of the change and the run that they name. What was read once is not read
/// again for the next receiver.
struct EventComposer {
    private let store: any Store
    private let changes: ChangeService
    private let secrets: SecretMask
    private let plans: PlanFactsCache
    /// Whether anybody is told of changes that are to begin.
    private let tellsSoon: Bool
    private let reviewWithinSeconds: Int
    private let now: @Sendable () -> Timestamp
    /// By the place in the log; nil inside: of no event.
    private var events: [Int: MessageEvent?] = [:]
    private var known: Planned?

    /// What the time brings, and nobody writes down.
    struct Planned {
        /// Of changes that are to begin.
        var soon: [MessageEvent] = []
        /// Of changes that nobody has started in time.
        var expired: [MessageEvent] = []
        /// Of emergencies that nobody has reviewed in time.
        var reviewDue: [MessageEvent] = []
    }

    /// The calendar is only looked for among so many changes, the newest.
    private static let mostNoticed = 200

    init(
        store: any Store, secrets: SecretMask, plans: PlanFactsCache, tellsSoon: Bool, reviewWithinSeconds: Int,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        changes = ChangeService(store: store, now: now)
        self.secrets = secrets
        self.plans = plans
        self.tellsSoon = tellsSoon
        self.reviewWithinSeconds = reviewWithinSeconds
        self.now = now
    }

    /// nil: nobody is told of such an entry.
    mutating func event(_ record: LogRecord) async throws(StoreError) -> MessageEvent? {
        if let known = events[record.sequence] { return known }
        let event = try await made(record)
        events[record.sequence] = .some(event)
        return event
    }

    private func made(_ record: LogRecord) async throws(StoreError) -> MessageEvent? {
        guard let entry = try? CanonicalJSON.decode(LogEntry.self, from: Data(record.entry)),
            let kind = MessageKind(entry)
        else { return nil }
        var change = entry.change
        if change == nil, let run = entry.run { change = try await store.summary(of: run)?.change }
        var facts: MessageEvent.ChangeFacts?
        var run = entry.run
        if let change, let present = try await kept(change) {
            let known = try await changeFacts(present)
            if run == nil, known.phase == .closed || known.phase == .review { run = try await self.run(of: present) }
            facts = known
        }
        return MessageEvent(
            id: "\(record.sequence)-\(record.link.rawValue.prefix(24))", kind: kind, at: entry.at ?? now(),
            by: entry.by,
            change: facts, run: try await runFacts(run, kind, entry.resource), resource: entry.resource)
    }

    /// Each change has one notice for each of its nights, one of its expiry, and one of a review that is overdue.
    mutating func planned() async throws(StoreError) -> Planned {
        if let known { return known }
        let time = now()
        var planned = Planned()
        for summary in try await store.documents(.change, limit: Self.mostNoticed) {
            // The plan, which is long, is only read of those that something may be told of.
            guard let change = try await kept(ChangeID(summary.id)),
                change.state == .approved || change.state == .awaitingApproval
            else { continue }
            if change.isExpired(at: time) {
                let facts = try await changeFacts(change)
                planned.expired.append(
                    MessageEvent(
                        id: "expired-\(facts.correlation)", kind: .changeExpired, at: time, change: facts))
                continue
            }
            if let due = try await reviewDue(change, at: time) {
                planned.reviewDue.append(due)
                continue
            }
            guard tellsSoon else { continue }
            let coming = try await times(change).filter { time < $0.opensAt }
            // Of a run only the nights that are still to come matter, and its journal is long.
            guard !coming.isEmpty else { continue }
            var facts = try await changeFacts(change)
            guard change.run == nil || facts.phase == .implement else { continue }
            for window in coming {
                facts.window = window
                planned.soon.append(
                    MessageEvent(
                        id: "soon-\(facts.correlation)-\(window.opensAt.milliseconds)", kind: .changeSoon, at: time,
                        change: facts))
            }
        }
        known = planned
        return planned
    }

    private func reviewDue(_ change: Change, at time: Timestamp) async throws(StoreError) -> MessageEvent? {
        let limit = time.adding(seconds: -reviewWithinSeconds)
        let endedAt = try await read { () async throws(ControlError) in
            try await changes.unreviewed(change, endedBefore: limit)
        }
        guard case .some(.some) = endedAt else { return nil }
        let facts = try await changeFacts(change)
        return MessageEvent(id: "review-\(facts.correlation)", kind: .changeReviewDue, at: time, change: facts)
    }

    // MARK: Facts

    /// When hosts of it may be out, by time; empty: at any time.
    private func times(_ change: Change) async throws(StoreError) -> [TimeWindow] {
        if let schedule = change.schedule { return [schedule] }
        return try await planFacts(change)?.windows ?? []
    }

    private func changeFacts(_ change: Change) async throws(StoreError) -> MessageEvent.ChangeFacts {
        let plan = try await planFacts(change)
        let phase = try await read { () async throws(ControlError) in try await changes.phase(of: change) }
        return MessageEvent.ChangeFacts(
            id: change.id, correlation: "\(change.id)-\(change.plan.digest.short)", plan: PlanID(change.plan.id),
            kind: change.kind, template: change.template, phase: phase ?? change.phase(at: now()),
            reason: secrets.masked(change.reason), requestedBy: change.requestedBy,
            window: (change.schedule.map { [$0] } ?? plan?.windows).flatMap(TimeWindow.init(spanning:)),
            environments: plan?.environments, groups: plan?.groups ?? [],
            hosts: plan?.hosts ?? 0)
    }

    /// nil: the plan is no longer the approved one. That is told where it stands in the way, and is no reason not to tell of the rest.
    private func planFacts(_ change: Change) async throws(StoreError) -> PlanFacts? {
        if let known = plans.facts(change.plan.digest) { return known }
        let plan = try await read { () async throws(ControlError) in try await changes.plan(of: change) }
        guard let plan else { return nil }
        let facts = PlanFacts(plan)
        plans.keep(facts, change.plan.digest)
        return facts
    }

    /// nil: there is no such change any more, or what is kept is none.
    private func kept(_ id: ChangeID) async throws(StoreError) -> Change? {
        try await read { () async throws(ControlError) in try await changes.change(id) }
    }

    private func run(of change: Change) async throws(StoreError) -> RunID? {
        let run = try await read { () async throws(ControlError) in try await changes.run(of: change) }
        return run ?? nil
    }

    /// nil: what is kept will be no better another time. A read that failed for now is thrown instead: an event that lacks what it is about
    /// would be queued, and never be made again.
    private func read<Value: Sendable>(
        _ work: () async throws(ControlError) -> Value
    ) async throws(StoreError) -> Value? {
        do throws(ControlError) {
            return try await work()
        } catch {
            switch error.code {
            case .notFound, .drift, .internal, .blocked, .invalid: return nil
            case .conflict, .unavailable, .cancelled: throw StoreError(.unavailable, error.message)
            }
        }
    }

    private func runFacts(
        _ run: RunID?, _ kind: MessageKind, _ resource: ResourceID?
    ) async throws(StoreError) -> MessageEvent.RunFacts? {
        guard let run else { return nil }
        var facts = MessageEvent.RunFacts(id: run)
        guard try await store.summary(of: run) != nil else { return facts }
        for record in try await store.records(of: run, after: 0) {
            switch record.event {
            case .ended(.succeeded): facts.outcome = .succeeded
            case .ended(.rolledBack(let reason)): (facts.outcome, facts.reason) = (.rolledBack, reason)
            case .ended(.failed(let reason)): (facts.outcome, facts.reason) = (.failed, reason)
            case .superseded: facts.outcome = .superseded
            case .awaitingHuman(let reason) where kind == .runAwaitingPerson: facts.reason = reason
            case .quarantined(let entry) where kind == .hostQuarantined && entry.resource == resource:
                facts.reason = entry.reason
            default: continue
            }
        }
        facts.reason = facts.reason.map { secrets.masked($0) }
        return facts
    }
}

extension MessageKind {
    /// nil: nobody is told of it.
    init?(_ entry: LogEntry) {
        switch entry.what {
        case .changeSubmitted: self = .changeSubmitted
        case .changeApproved: self = .changeApproved
        case .changeRejected: self = .changeRejected
        case .changeWithdrawn: self = .changeWithdrawn
        case .changeScheduled: self = .changeScheduled
        case .changeReviewed: self = .changeReviewed
        case .runStarted: self = .runStarted
        case .runPaused: self = .runPaused
        case .runResumed, .runRetried: self = .runResumed
        case .abortRequested, .rollbackRequested, .partRollbackRequested: self = .runGoingBack
        case .personAwaited: self = .runAwaitingPerson
        case .hostQuarantined: self = .hostQuarantined
        case .quarantineSettled: self = .hostSettled
        case .runSuperseded: self = .runSuperseded
        case .runEnded:
            switch entry.word {
            case "succeeded": self = .runSucceeded
            case "rolledBack": self = .runRolledBack
            default: self = .runFailed
            }
        // What has no name of its own in `policy.yaml` is nobody's news.
        default: return nil
        }
    }
}
