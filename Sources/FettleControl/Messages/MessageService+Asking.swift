public import FettleModel
public import FettleStore

/// What people ask of the outbox.
extension MessageService {
    /// Newest first, with their delivery logs.
    public func list(limit: Int) async throws(ControlError) -> [StoredMessage] {
        do throws(StoreError) {
            return try await store.messages(.newest(limit: limit))
        } catch {
            throw ControlError(store: error)
        }
    }

    /// Has a message tried again at once, with all its tries anew. One that was delivered is told once more.
    ///
    /// - Throws: `notFound` if there is none, `conflict` if another process has it in hand.
    public func retry(_ id: Int64) async throws(ControlError) -> StoredMessage {
        try await gate.require(.message, on: .nowhere, saying: .nothing)
        try await gate.requireAccepted(messages: policy)
        do throws(StoreError) {
            guard var stored = try await store.message(id) else {
                throw StoreError(.notFound, "there is no message \(id)")
            }
            if let until = stored.message.claimedUntil, now() < until {
                throw StoreError(.conflict, "message \(id) is being delivered by another process")
            }
            stored.message.retry(at: now())
            return try await store.replace(stored)
        } catch {
            throw ControlError(store: error).with(hint: "`fettle message list`")
        }
    }

    /// Queues a message that says nothing, and tries it.
    ///
    /// - Parameters:
    ///   - name: of a receiver.
    ///   - id: of the event; never used before.
    /// - Returns: as it stands after the try.
    /// - Throws: `notFound` for a receiver that there is not.
    public func test(_ name: String, id: String, by person: Person) async throws(ControlError) -> OutboxMessage {
        try await gate.require(.message, on: .nowhere, by: person, saying: .nothing)
        try await gate.requireAccepted(messages: policy)
        guard let receiver = receivers.first(where: { $0.name == name }) else {
            let names = receivers.map(\.name).joined(separator: ", ")
            throw ControlError(
                .notFound, "policy.yaml names no receiver '\(name)'",
                hint: names.isEmpty ? "`messages` in policy.yaml names them: docs/messages.md" : "there are: \(names)")
        }
        let time = now()
        let message = OutboxMessage(
            receiver: name, event: MessageEvent(id: id, kind: .test, at: time, by: person), createdAt: time)
        for _ in 0..<20 {
            do throws(StoreError) {
                let cursor = try await store.messageCursor(of: name)
                let head = try await store.logHead()?.sequence ?? 0
                try await store.queue(
                    MessageBatch(receiver: name, after: cursor, upTo: cursor ?? head, messages: [message]))
                guard
                    let stored = try await store.messages(.newest(limit: 100)).first(where: {
                        $0.message.receiver == name && $0.message.event.id == id
                    })
                else { throw StoreError(.unavailable, "the message was not kept") }
                _ = await tryOnce(stored, for: receiver, until: time.adding(seconds: 3_600))
                guard var settled = try await store.message(stored.id) else { return message }
                // Whoever asked has the answer: nobody waits for this one hours later.
                if settled.message.state == .waiting {
                    settled.message.state = .givenUp
                    settled = try await store.replace(settled)
                }
                return settled.message
            } catch {
                guard error.code == .conflict else { throw ControlError(store: error) }
            }
        }
        throw ControlError(.conflict, "other processes write to the outbox all the time", hint: "try again")
    }
}

extension ControlError {
    fileprivate func with(hint: String) -> ControlError {
        var error = self
        if error.hint.isEmpty { error.hint = hint }
        return error
    }
}
