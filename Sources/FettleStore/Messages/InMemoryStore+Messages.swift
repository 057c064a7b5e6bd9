import FettleModel

extension InMemoryStore {
    public func messageCursor(of receiver: String) throws(StoreError) -> Int? { messageCursors[receiver] }

    public func queue(_ batch: MessageBatch) throws(StoreError) {
        let present = messageCursors[batch.receiver]
        guard present == batch.after else { throw .cursorMoved(batch, present: present) }
        if let limit = batch.forgetsBefore {
            outbox.removeAll { $0.message.state != .waiting && $0.message.createdAt < limit }
        }
        for message in batch.messages {
            let isKnown = outbox.contains {
                $0.message.receiver == message.receiver && $0.message.event.id == message.event.id
            }
            guard !isKnown else { continue }
            lastMessage += 1
            outbox.append(StoredMessage(id: lastMessage, version: 1, message: message))
        }
        messageCursors[batch.receiver] = batch.upTo
    }

    public func message(_ id: Int64) throws(StoreError) -> StoredMessage? { outbox.first { $0.id == id } }

    public func messages(_ selection: MessageSelection) throws(StoreError) -> [StoredMessage] {
        switch selection {
        case .waiting(let limit): Array(outbox.filter { $0.message.state == .waiting }.prefix(max(0, limit)))
        case .newest(let limit): outbox.suffix(max(0, limit)).reversed()
        case .about(let change, let receiver):
            outbox.filter { $0.message.receiver == receiver && $0.message.event.change?.id == change }
        }
    }

    public func replace(_ message: StoredMessage) throws(StoreError) -> StoredMessage {
        guard let place = outbox.firstIndex(where: { $0.id == message.id }) else { throw .noMessage(message.id) }
        guard outbox[place].version == message.version else { throw .messageMoved(message.id) }
        outbox[place].message = message.message
        outbox[place].version += 1
        return outbox[place]
    }
}
