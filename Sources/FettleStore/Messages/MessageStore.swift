public import FettleModel

/// The outbox: what receivers are still to be told, what they were told, and up to where in the log each one's messages are taken up.
///
/// Events come from the log, which is written in the transaction of what it tells. So nothing that happened can be lost on the way to
/// here: whoever dies between the two leaves the place in the log where it was, and the next process goes on from there.
public protocol MessageStore: Sendable {
    /// Up to where in the log a receiver's messages are taken up; nil: nobody has ever asked for it.
    func messageCursor(of receiver: String) async throws(StoreError) -> Int?
    /// One atomic write: the messages are in the outbox and the place has moved on, or neither. A message of an event that the
    /// receiver has one of already is left out.
    ///
    /// - Throws: `conflict` if the place is another than the batch was made from.
    func queue(_ batch: MessageBatch) async throws(StoreError)
    /// nil: there is none.
    func message(_ id: Int64) async throws(StoreError) -> StoredMessage?
    func messages(_ selection: MessageSelection) async throws(StoreError) -> [StoredMessage]
    /// Writes a message over what was read, if nobody else has written it since.
    ///
    /// - Throws: `conflict` if somebody has; `notFound` if it is not there.
    /// - Returns: with its new version.
    @discardableResult
    func replace(_ message: StoredMessage) async throws(StoreError) -> StoredMessage
}

/// Messages for one receiver, taken up from a piece of the log.
public struct MessageBatch: Sendable, Equatable {
    public var receiver: String
    /// Where the receiver stood when the batch was made; nil: nowhere yet.
    public var after: Int?
    /// Up to where in the log this takes it.
    public var upTo: Int
    public var messages: [OutboxMessage]
    /// Messages that are settled and older than this are forgotten, whoever they are for; nil: none.
    public var forgetsBefore: Timestamp?

    public init(
        receiver: String, after: Int?, upTo: Int, messages: [OutboxMessage], forgetsBefore: Timestamp? = nil
    ) {
        self.receiver = receiver
        self.after = after
        self.upTo = upTo
        self.messages = messages
        self.forgetsBefore = forgetsBefore
    }
}

public enum MessageSelection: Sendable, Equatable {
    /// Those that are still waiting, oldest first.
    case waiting(limit: Int)
    /// Newest first.
    case newest(limit: Int)
    /// What one receiver is told of one change, oldest first.
    case about(ChangeID, receiver: String)
}

public struct StoredMessage: Sendable, Equatable {
    /// From 1, in the order in which they were queued.
    public var id: Int64
    /// Counted up by each write.
    public var version: Int
    public var message: OutboxMessage

    public init(id: Int64, version: Int, message: OutboxMessage) {
        self.id = id
        self.version = version
        self.message = message
    }
}

extension StoreError {
    /// What every store refuses in the same words.
    package static func cursorMoved(_ batch: MessageBatch, present: Int?) -> StoreError {
        StoreError(
            .conflict,
            "\(batch.receiver)'s messages are taken up to \(present.map(String.init) ?? "nowhere") of the log, not to "
                + "\(batch.after.map(String.init) ?? "nowhere"): somebody else does it too")
    }

    package static func noMessage(_ id: Int64) -> StoreError {
        StoreError(.notFound, "there is no message \(id); `fettle message list` shows those there are")
    }

    package static func messageMoved(_ id: Int64) -> StoreError {
        StoreError(.conflict, "somebody else has message \(id) in hand")
    }
}
