/// An event for one receiver, with all tries so far: a row of the outbox, and its delivery log.
public struct OutboxMessage: Codable, Sendable, Equatable {
    public var receiver: String
    public var event: MessageEvent
    public var createdAt: Timestamp
    public var state: State
    /// Not tried before.
    public var dueAt: Timestamp
    /// A process has it in hand until then: nobody else tries it, unless that process has died by then.
    public var claimedUntil: Timestamp?
    /// The delivery log, oldest first; at most `OutboxMessage.mostAttempts` and what people asked for beyond.
    public var attempts: [Attempt]
    /// How many of these count towards the limit.
    public var countedAttempts: Int
    /// What the receiver calls its record of the change, such as a `sys_id` or an issue's key.
    public var reference: String?

    public init(receiver: String, event: MessageEvent, createdAt time: Timestamp) {
        self.receiver = receiver
        self.event = event
        createdAt = time
        state = .waiting
        dueAt = time
        attempts = []
        countedAttempts = 0
    }

    public enum State: String, Codable, Sendable, CaseIterable {
        case waiting, delivered
        /// It failed for good, or too often: `fettle message retry` tries it again.
        case givenUp
    }

    public struct Attempt: Codable, Sendable, Equatable {
        public var at: Timestamp
        public var isDelivered: Bool
        /// What the receiver answered or what went wrong, in a line; secrets are masked.
        public var note: String

        public init(at time: Timestamp, isDelivered: Bool, note: String) {
            at = time
            self.isDelivered = isDelivered
            self.note = note
        }
    }

    /// Tries before it is given up: with the pauses below that is about twenty hours.
    public static let mostAttempts = 14
    /// Lines that are kept of the delivery log.
    static let keptAttempts = 40
    static let longestNote = 500
    static let firstPauseSeconds = 30
    static let longestPauseSeconds = 14_400

    /// Before the next try, after so many: 30 s, then twice as long each time, four hours at most.
    public static func pauseSeconds(afterAttempts count: Int) -> Int {
        let doublings = min(max(0, count - 1), 12)
        return min(firstPauseSeconds << doublings, longestPauseSeconds)
    }

    public func isDue(at time: Timestamp) -> Bool {
        state == .waiting && dueAt <= time && (claimedUntil.map { $0 <= time } ?? true)
    }

    /// Takes what came of a try down.
    public mutating func take(_ outcome: DeliveryOutcome, at time: Timestamp) {
        claimedUntil = nil
        countedAttempts += 1
        attempts.append(
            Attempt(at: time, isDelivered: outcome.isDelivered, note: String(outcome.note.prefix(Self.longestNote))))
        attempts = attempts.suffix(Self.keptAttempts)
        switch outcome.kind {
        case .delivered(let reference):
            state = .delivered
            self.reference = reference ?? self.reference
        case .refused: state = .givenUp
        case .failed(let asked):
            guard countedAttempts < Self.mostAttempts else {
                state = .givenUp
                return
            }
            let asked = min(max(0, asked ?? 0), Self.longestPauseSeconds)
            dueAt = time.adding(seconds: max(asked, Self.pauseSeconds(afterAttempts: countedAttempts)))
        }
    }

    /// A person wants it tried now, with all tries anew. A delivered one is sent once more.
    public mutating func retry(at time: Timestamp) {
        state = .waiting
        dueAt = time
        claimedUntil = nil
        countedAttempts = 0
    }
}

/// What came of one try.
public struct DeliveryOutcome: Sendable, Equatable {
    public var kind: Kind
    /// In a line, for the delivery log.
    public var note: String

    public init(_ kind: Kind, _ note: String) {
        self.kind = kind
        self.note = note
    }

    public enum Kind: Sendable, Equatable {
        /// - `reference`: what the receiver calls its record; nil: it has none.
        case delivered(reference: String?)
        /// It may pass by itself.
        /// - `afterSeconds`: as the receiver asked; nil: it did not.
        case failed(afterSeconds: Int?)
        /// Another try would fail as well.
        case refused
    }

    public var isDelivered: Bool { if case .delivered = kind { true } else { false } }
}
