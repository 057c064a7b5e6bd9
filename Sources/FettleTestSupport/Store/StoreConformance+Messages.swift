import FettleModel
import FettleStore

extension StoreConformance {
    /// The outbox: nothing twice, nothing lost, and no two writers over each other.
    static let messages: [Check] = [
        Check("messages are kept in the order in which they were queued, and their place in the log with them") {
            store in
            try expect(try await store.messageCursor(of: "ops") == nil, "a receiver nobody asked for has a place")
            try await store.queue(batch(after: nil, upTo: 5, ["a", "b"]))
            try await store.queue(batch("chat", after: nil, upTo: 9, ["a"]))
            try expect(try await store.messageCursor(of: "ops") == 5, "the place did not move")
            try expect(try await store.messageCursor(of: "chat") == 9, "each receiver has a place of its own")
            let waiting = try await store.messages(.waiting(limit: 10))
            try expect(waiting.map(\.message.event.id) == ["a", "b", "a"], "\(waiting.map(\.message.event.id))")
            try expect(waiting.map(\.id) == waiting.map(\.id).sorted() && waiting.allSatisfy { $0.version == 1 }, "ids")
            try expect(waiting[0].message == message("ops", "a"), "a message came back as another")
            try expect(
                try await store.messages(.newest(limit: 2)).map(\.id) == [waiting[2].id, waiting[1].id], "newest")
            try expect(try await store.messages(.waiting(limit: 1)).map(\.id) == [waiting[0].id], "the oldest first")
            let about = try await store.messages(.about("change-1", receiver: "ops"))
            try expect(about.map(\.id) == [waiting[0].id, waiting[1].id], "of one change and one receiver")
            try expect(try await store.messages(.about("change-2", receiver: "ops")).isEmpty, "of another change")
            try expect(try await store.message(waiting[1].id) == waiting[1], "one by its number")
            try expect(try await store.message(99_999) == nil, "one that is not there")
        },
        Check("a batch that was made from another place changes nothing") { store in
            try await store.queue(batch(after: nil, upTo: 5, ["a"]))
            for after in [nil, 4, 6] {
                try await expectRefusal(.conflict, "after \(String(describing: after))") { () throws(StoreError) in
                    try await store.queue(batch(after: after, upTo: 7, ["b"]))
                }
            }
            try expect(try await store.messageCursor(of: "ops") == 5, "the place moved")
            try expect(try await store.messages(.newest(limit: 9)).count == 1, "a message was queued")
        },
        Check("of one event a receiver has one message") { store in
            try await store.queue(batch(after: nil, upTo: 5, ["a", "a"]))
            try await store.queue(batch(after: 5, upTo: 6, ["a", "b"]))
            try expect(
                try await store.messages(.waiting(limit: 9)).map(\.message.event.id) == ["a", "b"], "one of each")
        },
        Check("only one of two writers has a message") { store in
            try await store.queue(batch(after: nil, upTo: 1, ["a"]))
            let read = try await store.messages(.waiting(limit: 1))[0]
            var held = read
            held.message.claimedUntil = time(60)
            let written = try await store.replace(held)
            try expect(written.version == 2, "the version went up")
            try await expectRefusal(.conflict, "the other writer") { () throws(StoreError) in
                try await store.replace(held)
            }
            var settled = written
            settled.message.take(DeliveryOutcome(.delivered(reference: "OPS-1"), "ok"), at: time(2))
            try await store.replace(settled)
            try expect(try await store.messages(.waiting(limit: 9)).isEmpty, "it still waits")
            let kept = try await store.message(read.id)
            try expect(kept?.message == settled.message && kept?.version == 3, "it is not as it was written")
            try await expectRefusal(.notFound, "one that is not there") { () throws(StoreError) in
                var other = settled
                other.id = 99_999
                try await store.replace(other)
            }
        },
        Check("what is settled and old is forgotten, what waits is not") { store in
            try await store.queue(batch(after: nil, upTo: 1, ["a", "b"]))
            var first = try await store.messages(.waiting(limit: 1))[0]
            first.message.take(DeliveryOutcome(.refused, "no"), at: time(2))
            try await store.replace(first)
            try await store.queue(batch(after: 1, upTo: 2, ["c"], forgetsBefore: time(0)))
            try expect(try await store.messages(.newest(limit: 9)).count == 3, "forgotten too early")
            try await store.queue(batch(after: 2, upTo: 3, [], forgetsBefore: time(100)))
            let left = try await store.messages(.newest(limit: 9)).map(\.message.event.id)
            try expect(left == ["c", "b"], "left: \(left)")
        },
    ]

    private static func message(_ receiver: String, _ id: String) -> OutboxMessage {
        let change = MessageEvent.ChangeFacts(
            id: "change-1", correlation: "change-1-x", plan: "plan-1", kind: .normal, phase: .authorise,
            reason: "\u{1F600} \"quoted\" \u{0000} end", requestedBy: alice, environments: ["dev"], groups: ["web"],
            hosts: 1)
        return OutboxMessage(
            receiver: receiver,
            event: MessageEvent(id: id, kind: .changeSubmitted, at: time(0), by: alice, change: change),
            createdAt: time(1))
    }

    private static func batch(
        _ receiver: String = "ops", after: Int?, upTo: Int, _ events: [String], forgetsBefore: Timestamp? = nil
    ) -> MessageBatch {
        MessageBatch(
            receiver: receiver, after: after, upTo: upTo, messages: events.map { message(receiver, $0) },
            forgetsBefore: forgetsBefore)
    }
}
