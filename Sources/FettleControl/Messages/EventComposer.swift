import FettleModel
import FettleStore
import Foundation

/// Makes events of entries of the log: with what is kept of the change and the run that they name. What was read once is not read
/// again for the next receiver.
struct EventComposer {
    private let store: any Store
    private let changes: ChangeService
    private let secrets: SecretMask
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
    }

    /// The calendar is only looked for among so many changes, the newest.
    private static let mostNoticed = 200

    init(store: any Store, secrets: SecretMask, now: @escaping @Sendable () -> Timestamp) {
        self.store = store
        changes = ChangeService(store: store, now: now)
        self.secrets = secrets
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
        let facts = await changeFacts(change)
        var run = entry.run
        if run == nil, facts?.phase == .closed || facts?.phase == .review, let change {
            run = try? await changes.run(of: changes.change(change))
        }
        return MessageEvent(
            id: "\(record.sequence)-\(record.link.rawValue.prefix(24))", kind: kind, at: entry.at ?? now(),
            by: entry.by,
            change: facts, run: try await runFacts(run, kind, entry.resource), resource: entry.resource)
    }

    /// Each change has one notice for one beginning, and one of its expiry.
    mutating func planned() async throws(StoreError) -> Planned {
        if let known { return known }
        let time = now()
        var planned = Planned()
        for summary in try await store.documents(.change, limit: Self.mostNoticed) {
            // The plan, which is long, is only read of those that something may be told of.
            guard let change = try? await changes.change(ChangeID(summary.id)), change.run == nil,
                change.state == .approved || change.state == .awaitingApproval,
                let facts = await changeFacts(change.id)
            else { continue }
            if change.isExpired(at: time) {
                planned.expired.append(
                    MessageEvent(
                        id: "expired-\(facts.correlation)", kind: .changeExpired, at: time, change: facts))
            } else if let window = facts.window, time < window.opensAt {
                planned.soon.append(
                    MessageEvent(
                        id: "soon-\(facts.correlation)-\(window.opensAt.milliseconds)", kind: .changeSoon, at: time,
                        change: facts))
            }
        }
        known = planned
        return planned
    }

    // MARK: Facts

    /// nil: there is no such change any more, or it cannot be read.
    private func changeFacts(_ id: ChangeID?) async -> MessageEvent.ChangeFacts? {
        guard let id, let change = try? await changes.change(id) else { return nil }
        // A plan that is no longer the approved one is told where it stands in the way, and is no reason not to tell of the rest.
        let plan = try? await changes.plan(of: change)
        let radius = plan.map { BlastRadius($0) }
        let phase = (try? await changes.phase(of: change)) ?? change.phase(at: now())
        return MessageEvent.ChangeFacts(
            id: id, correlation: "\(id)-\(change.plan.digest.short)", plan: PlanID(change.plan.id), kind: change.kind,
            template: change.template, phase: phase, reason: secrets.masked(change.reason),
            requestedBy: change.requestedBy,
            window: plan.map { ChangeCalendar.Item(change: change, plan: $0, phase: phase).window } ?? change.schedule,
            environments: radius?.environments, groups: radius?.groups ?? [], hosts: radius?.hosts ?? 0)
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
