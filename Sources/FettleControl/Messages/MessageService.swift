public import FettleModel
public import FettleStore

/// What happened, told to whoever the policy names: taken up from the log into the outbox, and carried from there until it is taken.
///
/// At least once: whoever dies after a receiver took a message and before that was written down leaves it to be told again. Each
/// event has one id, by which a receiver knows it.
public struct MessageService: Sendable {
    /// One try; what a receiver calls its record of the change comes in, and goes out with the outcome.
    public typealias Deliver = @Sendable (OutboxMessage, MessageReceiver, _ reference: String?) async -> DeliveryOutcome

    let store: any Store
    let receivers: [MessageReceiver]
    let deliver: Deliver
    let secrets: SecretMask
    let gate: Gate
    let now: @Sendable () -> Timestamp

    /// A message in hand is nobody else's for so long: more than any try takes.
    static let claimSeconds = 120
    /// How long what is settled is kept.
    static let keptSeconds = 90 * 86_400
    /// Receivers that are spoken to at the same time.
    static let parallel = 4

    /// - Parameters:
    ///   - secrets: taken out of what receivers answer and of what runs say, before it is kept.
    ///   - access: of whoever has messages sent. What is due is told whoever looks.
    ///   - deliver: never throws; what went wrong is an outcome.
    public init(
        store: any Store, policy: MessagePolicy?, secrets: SecretMask = SecretMask(),
        access: Access = .local, now: @escaping @Sendable () -> Timestamp = Timestamp.now, deliver: @escaping Deliver
    ) {
        self.store = store
        receivers = policy?.receivers ?? []
        self.secrets = secrets
        gate = Gate(StageKeeper(store: store), access, now: now)
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
    public func takeUp() async throws(ControlError) {
        var composer = EventComposer(store: store, secrets: secrets, now: now)
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

    /// What is about to begin, and what never began: once each. Of the latter only whoever was told of the change before hears, so that
    /// a new receiver does not get the past.
    private func notices(
        for receiver: MessageReceiver, at time: Timestamp, _ composer: inout EventComposer
    ) async throws(StoreError) -> [MessageEvent] {
        let planned = try await composer.planned()
        var notices: [MessageEvent] = []
        for event in planned.expired + planned.soon {
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

    /// Tries what is due, until nothing more is or the time is over.
    ///
    /// - Parameter end: no try begins after it; one that has begun is waited for.
    public func deliverDue(until end: Timestamp) async throws(ControlError) -> Summary {
        var summary = Summary()
        while now() < end {
            let candidates = try await firstInLine().filter { $0.message.isDue(at: now()) }
            guard !candidates.isEmpty else { break }
            let outcomes = await tried(candidates, until: end)
            guard !outcomes.isEmpty else { break }
            for state in outcomes {
                switch state {
                case .delivered: summary.delivered += 1
                case .waiting: summary.failed += 1
                case .givenUp: summary.givenUp += 1
                }
            }
        }
        summary.waiting = try await waiting().count
        return summary
    }

    private func waiting() async throws(ControlError) -> [StoredMessage] {
        do throws(StoreError) {
            return try await store.messages(.waiting(limit: 10_000))
        } catch {
            throw ControlError(store: error)
        }
    }

    /// Of what one receiver is told of one change only the oldest: nobody hears of an end before they have heard of the start.
    private func firstInLine() async throws(ControlError) -> [StoredMessage] {
        var lines: Set<[String]> = []
        let names = Set(receivers.map(\.name))
        return try await waiting().filter { stored in
            // Another folder's policy may name whom this one does not: theirs to tell.
            guard names.contains(stored.message.receiver) else { return false }
            let event = stored.message.event
            return lines.insert([stored.message.receiver, event.change?.id.rawValue ?? "event \(event.id)"]).inserted
        }
    }

    /// - Returns: how each that this process got hold of stands then.
    private func tried(_ messages: [StoredMessage], until end: Timestamp) async -> [OutboxMessage.State] {
        await withTaskGroup(of: OutboxMessage.State?.self) { group in
            var states: [OutboxMessage.State] = []
            var next = messages.makeIterator()
            for _ in 0..<Self.parallel {
                if let message = next.next() { group.addTask { await tryOnce(message, until: end) } }
            }
            while let state = await group.next() {
                if let state { states.append(state) }
                if let message = next.next() { group.addTask { await tryOnce(message, until: end) } }
            }
            return states
        }
    }

    /// nil: another process has it in hand, or it cannot be written down that this one has.
    func tryOnce(_ message: StoredMessage, until end: Timestamp) async -> OutboxMessage.State? {
        guard now() < end else { return nil }
        var held = message
        held.message.claimedUntil = now().adding(seconds: Self.claimSeconds)
        guard let claimed = try? await store.replace(held) else { return nil }
        let outcome = await outcome(of: claimed)
        var settled = claimed
        settled.message.take(outcome, at: now())
        // Not written: it is tried again when the claim has run out, and the receiver knows the event by its id.
        return try? await store.replace(settled).message.state
    }

    private func outcome(of stored: StoredMessage) async -> DeliveryOutcome {
        var message = stored.message
        guard let receiver = receivers.first(where: { $0.name == message.receiver }) else {
            return DeliveryOutcome(.refused, "policy.yaml names no receiver '\(message.receiver)' any more")
        }
        if receiver.kind.isTicket { await bringUpToDate(&message, id: stored.id) }
        var outcome = await deliver(message, receiver, await reference(of: message))
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
