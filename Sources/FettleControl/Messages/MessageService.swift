public import FettleModel
public import FettleStore

/// What happened, told to whoever the policy names: taken up from the log into the outbox, and carried from there until it is taken.
///
/// At least once: whoever dies after a receiver took a message and before that was written down leaves it to be told again. Each
/// event has one id, by which a receiver knows it.
public struct MessageService: Sendable {
    /// One try of at most so many seconds; what a receiver calls its record of the change comes in, and goes out with the outcome.
    public typealias Deliver =
        @Sendable (
            OutboxMessage, MessageReceiver, _ reference: String?, _ seconds: Int
        ) async -> DeliveryOutcome

    let store: any Store
    let receivers: [MessageReceiver]
    let policy: MessagePolicy?
    let deliver: Deliver
    let secrets: SecretMask
    let gate: Gate
    let reviewWithinSeconds: Int
    let now: @Sendable () -> Timestamp
    let plans = PlanFactsCache()

    /// A message in hand is nobody else's for so long: more than any try takes.
    static let claimSeconds = 120
    /// How long what is settled is kept.
    static let keptSeconds = 90 * 86_400
    /// What a try may take at most, in seconds.
    static let trySeconds = 20

    /// - Parameters:
    ///   - secrets: taken out of what receivers answer and of what runs say, before it is kept.
    ///   - access: of whoever has messages sent. What is due is told whoever looks.
    ///   - reviewWithinSeconds: how long after its run's end an emergency has to be reviewed.
    ///   - deliver: never throws; what went wrong is an outcome.
    public init(
        store: any Store, policy: MessagePolicy?, secrets: SecretMask = SecretMask(),
        access: Access = .local, reviewWithinSeconds: Int = ChangePolicy.EmergencyRule().reviewWithinSeconds,
        now: @escaping @Sendable () -> Timestamp = Timestamp.now, deliver: @escaping Deliver
    ) {
        self.store = store
        receivers = policy?.receivers ?? []
        self.policy = policy
        self.secrets = secrets
        gate = Gate(StageKeeper(store: store), access, now: now)
        self.reviewWithinSeconds = reviewWithinSeconds
        self.now = now
        self.deliver = deliver
    }

    /// What became of messages.
    public struct Summary: Codable, Sendable, Equatable {
        public var delivered = 0
        /// To be tried again.
        public var failed = 0
        public var givenUp = 0
        /// Not delivered yet when it was over, those to be tried again among them.
        public var waiting = 0
    }

    // MARK: Taking up

    /// Queues what happened since the last time, and notices of what is about to. A receiver that was never heard of before is told
    /// of nothing that happened before now.
    ///
    /// - Throws: `blocked` where others are named than an admin has accepted: who may be told would be told nothing any more.
    public func takeUp() async throws(ControlError) {
        try await gate.requireAccepted(messages: policy)
        var composer = EventComposer(
            store: store, secrets: secrets, plans: plans, tellsSoon: receivers.contains { $0.noticeSeconds != nil },
            reviewWithinSeconds: reviewWithinSeconds, now: now)
        for receiver in receivers { try await takeUp(for: receiver, &composer) }
    }

    private func takeUp(
        for receiver: MessageReceiver, _ composer: inout EventComposer
    ) async throws(ControlError) {
        // Each turn takes a page of the log, or finds that another process took it.
        for _ in 0..<10_000 {
            do throws(StoreError) {
                guard let batch = try await batch(for: receiver, &composer) else { return }
                try await store.queue(batch)
            } catch {
                guard error.code == .conflict else { throw ControlError(store: error) }
            }
        }
    }

    /// nil: there is nothing to write.
    private func batch(
        for receiver: MessageReceiver, _ composer: inout EventComposer
    ) async throws(StoreError) -> MessageBatch? {
        let time = now()
        let cursor = try await store.messageCursor(of: receiver.name)
        var place = cursor ?? 0
        var events: [MessageEvent] = []
        if let cursor {
            for record in try await store.log(after: cursor, limit: 500) {
                place = record.sequence
                if let event = try await composer.event(record) { events.append(event) }
            }
        } else {
            place = try await store.logHead()?.sequence ?? 0
        }
        events += try await notices(for: receiver, at: time, &composer)
        let wanted = events.filter { receiver.wants($0.kind, in: $0.change?.environments) }
        guard cursor != place || !wanted.isEmpty else { return nil }
        return MessageBatch(
            receiver: receiver.name, after: cursor, upTo: place,
            messages: wanted.map { OutboxMessage(receiver: receiver.name, event: $0, createdAt: time) },
            forgetsBefore: time.adding(seconds: -Self.keptSeconds))
    }

    /// What is about to begin, what never began, and what nobody looked at: once each. Of the last two only whoever was told of the change
    /// before hears, so that a new receiver does not get the past.
    private func notices(
        for receiver: MessageReceiver, at time: Timestamp, _ composer: inout EventComposer
    ) async throws(StoreError) -> [MessageEvent] {
        let kinds: [MessageKind] = [.changeSoon, .changeExpired, .changeReviewDue]
        guard kinds.contains(where: { receiver.wants($0, in: nil) }) else { return [] }
        let planned = try await composer.planned()
        var notices: [MessageEvent] = []
        for event in planned.expired + planned.reviewDue + planned.soon {
            guard let change = event.change, receiver.wants(event.kind, in: change.environments) else { continue }
            if event.kind == .changeSoon {
                let limit = time.adding(seconds: receiver.noticeSeconds ?? 0)
                guard let opens = change.window?.opensAt, opens <= limit else { continue }
            }
            let told = try await store.messages(.about(change.id, receiver: receiver.name)).map(\.message.event)
            let wasToldBefore = told.contains { $0.change?.correlation == change.correlation }
            guard !told.contains(where: { $0.id == event.id }), event.kind == .changeSoon || wasToldBefore else {
                continue
            }
            notices.append(event)
        }
        return notices
    }

    // MARK: Carrying

    /// Tries what is due, until nothing more is or the time is over. Each receiver has a lane of its own: one that does not answer delays
    /// nobody else.
    ///
    /// - Parameter end: no try begins after it, and none is given longer; a second is the least that a try gets.
    /// - Throws: as `takeUp`.
    public func deliverDue(until end: Timestamp) async throws(ControlError) -> Summary {
        try await gate.requireAccepted(messages: policy)
        var summary = Summary()
        for lane in await lanes(until: end) {
            let part = try lane.get()
            summary.delivered += part.delivered
            summary.failed += part.failed
            summary.givenUp += part.givenUp
        }
        summary.waiting = try await waiting().count
        return summary
    }

    private func lanes(until end: Timestamp) async -> [Result<Summary, ControlError>] {
        await withTaskGroup(of: Result<Summary, ControlError>.self) { group in
            for receiver in receivers {
                group.addTask { await lane(of: receiver, until: end) }
            }
            var lanes: [Result<Summary, ControlError>] = []
            for await lane in group { lanes.append(lane) }
            return lanes
        }
    }

    /// What one receiver is to be told, one message after another; `waiting` is not counted here.
    private func lane(of receiver: MessageReceiver, until end: Timestamp) async -> Result<Summary, ControlError> {
        var summary = Summary()
        do throws(ControlError) {
            var goesOn = true
            while goesOn, now() < end {
                goesOn = false
                for candidate in try await firstInLine(of: receiver.name) where candidate.message.isDue(at: now()) {
                    guard let state = await tryOnce(candidate, for: receiver, until: end) else { continue }
                    goesOn = true
                    switch state {
                    case .delivered: summary.delivered += 1
                    case .waiting: summary.failed += 1
                    case .givenUp: summary.givenUp += 1
                    }
                }
            }
        } catch {
            return .failure(error)
        }
        return .success(summary)
    }

    private func waiting() async throws(ControlError) -> [StoredMessage] {
        do throws(StoreError) {
            return try await store.messages(.waiting(limit: 10_000))
        } catch {
            throw ControlError(store: error)
        }
    }

    /// Of what the receiver is told of one change only the oldest: nobody hears of an end before they have heard of the start. Messages for
    /// receivers that only another folder's policy names are in nobody's lane here: theirs to tell.
    private func firstInLine(of receiver: String) async throws(ControlError) -> [StoredMessage] {
        var lines: Set<String> = []
        return try await waiting().filter { stored in
            guard stored.message.receiver == receiver else { return false }
            let event = stored.message.event
            return lines.insert(event.change.map { "change \($0.id)" } ?? "event \(event.id)").inserted
        }
    }

    /// nil: another process has it in hand, or it cannot be written down that this one has.
    func tryOnce(
        _ message: StoredMessage, for receiver: MessageReceiver, until end: Timestamp
    ) async -> OutboxMessage.State? {
        guard now() < end else { return nil }
        var held = message
        held.message.claimedUntil = now().adding(seconds: Self.claimSeconds)
        guard let claimed = try? await store.replace(held) else { return nil }
        let left = Int(min(end.seconds(since: now()), Double(Self.trySeconds)))
        let outcome = await outcome(of: claimed, for: receiver, seconds: max(1, left))
        var settled = claimed
        settled.message.take(outcome, at: now())
        // Not written: it is tried again when the claim has run out, and the receiver knows the event by its id.
        return try? await store.replace(settled).message.state
    }

    private func outcome(
        of stored: StoredMessage, for receiver: MessageReceiver, seconds: Int
    ) async -> DeliveryOutcome {
        var message = stored.message
        if receiver.kind.isTicket { await bringUpToDate(&message, id: stored.id) }
        var outcome = await deliver(message, receiver, await reference(of: message), seconds)
        outcome.note = secrets.masked(outcome.note)
        return outcome
    }

    /// Where a later message was taken already, a ticket stands as that one left it: telling an earlier one once more adds what it says, and
    /// never moves the ticket back.
    private func bringUpToDate(_ message: inout OutboxMessage, id: Int64) async {
        guard let change = message.event.change,
            let told = try? await store.messages(.about(change.id, receiver: message.receiver)),
            let later = told.last(where: { $0.id > id && $0.message.state == .delivered })?.message.event,
            let phase = later.change?.phase
        else { return }
        message.event.change?.phase = phase
        message.event.run = later.run ?? message.event.run
    }

    /// What the receiver called its record of the change before.
    private func reference(of message: OutboxMessage) async -> String? {
        guard let change = message.event.change else { return nil }
        let earlier = try? await store.messages(.about(change.id, receiver: message.receiver))
        return earlier?.last {
            $0.message.reference != nil && $0.message.event.change?.correlation == change.correlation
        }?.message.reference
    }
}

extension MessageReceiver.Kind {
    /// It keeps a record of a change, which stands somewhere.
    fileprivate var isTicket: Bool {
        switch self {
        case .serviceNow, .jira: true
        case .webhook, .slack, .mattermost, .mail: false
        }
    }
}
