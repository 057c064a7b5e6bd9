import FettleModel
import FettleStore

extension StoreConformance {
    static let documents: [Check] = [
        Check("documents come back byte for byte") { store in
            let document = document("plan-1", bytes: Array(0...255))
            try await store.put(document)
            let back = try await store.document(.plan, id: "plan-1")
            try expect(back == document, "what was put is not what came back")
            try expect(try await store.document(.change, id: "plan-1") == nil, "kinds are mixed up")
            try expect(try await store.document(.plan, id: "plan-2") == nil, "a document out of nothing")
        },
        Check("documents are written once") { store in
            try await store.put(document("plan-1", bytes: [1]))
            try await store.put(document("plan-1", bytes: [1]))
            try await expectRefusal(.conflict, "other bytes under the same id") { () throws(StoreError) in
                try await store.put(document("plan-1", bytes: [2]))
            }
            try expect(try await store.document(.plan, id: "plan-1")?.bytes == [1], "it was altered all the same")
        },
        Check("documents are replaced only if nobody else did") { store in
            try await store.put(document("plan-1", bytes: [1]))
            try await store.replace(document("plan-1", bytes: [2]), expecting: digest([1]))
            try await expectRefusal(.conflict, "a replacement of what is no longer there") { () throws(StoreError) in
                try await store.replace(document("plan-1", bytes: [3]), expecting: digest([1]))
            }
            try expect(try await store.document(.plan, id: "plan-1")?.bytes == [2], "the wrong one won")
            try await expectRefusal(.notFound, "a replacement of nothing") { () throws(StoreError) in
                try await store.replace(document("plan-2", bytes: [3]), expecting: digest([1]))
            }
        },
        // Who keeps what under the next free name, and who alters a change first, decides by this who was first at all.
        Check("of many that put different documents under one name one wins") { store in
            let wins = await winners { number throws(StoreError) in
                try await store.put(document("plan-1", bytes: [UInt8(number)]))
            }
            try expect(wins.count == 1, "\(wins.count) won")
            let kept = try await store.document(.plan, id: "plan-1")?.bytes
            try expect(kept == wins.map { UInt8($0) }, "\(wins) won, kept is \(String(describing: kept))")
        },
        Check("of many that replace the same document one wins") { store in
            try await store.put(document("plan-1", bytes: [200]))
            let wins = await winners { number throws(StoreError) in
                try await store.replace(document("plan-1", bytes: [UInt8(number)]), expecting: digest([200]))
            }
            try expect(wins.count == 1, "\(wins.count) won")
            let kept = try await store.document(.plan, id: "plan-1")?.bytes
            try expect(kept == wins.map { UInt8($0) }, "\(wins) won, kept is \(String(describing: kept))")
        },
        Check("documents are listed newest first and limited") { store in
            for number in 1...4 { try await store.put(document("plan-\(number)", bytes: [1], at: time(number))) }
            let listed = try await store.documents(.plan, limit: 3).map(\.id)
            try expect(listed == ["plan-4", "plan-3", "plan-2"], "listed as \(listed)")
        },
    ]

    static let journals: [Check] = [
        Check("a journal is appended in order, without gaps") { store in
            let claim = try await heldRun("run-1", in: store)
            try await store.append([record(1, epoch: claim.epoch), record(2, epoch: claim.epoch)], to: "run-1")
            for wrong in [1, 2, 4] {
                try await expectRefusal(.conflict, "line \(wrong) after line 2") { () throws(StoreError) in
                    try await store.append([record(wrong, epoch: claim.epoch)], to: "run-1")
                }
            }
            try await store.append([record(3, epoch: claim.epoch)], to: "run-1")
            let back = try await store.records(of: "run-1", after: 1)
            try expect(back == [record(2, epoch: claim.epoch), record(3, epoch: claim.epoch)], "came back as \(back)")
        },
        Check("records are appended all or none") { store in
            let claim = try await heldRun("run-1", in: store)
            try await expectRefusal(.conflict, "a gap inside") { () throws(StoreError) in
                try await store.append([record(1, epoch: claim.epoch), record(3, epoch: claim.epoch)], to: "run-1")
            }
            try expect(try await store.records(of: "run-1", after: 0).isEmpty, "half of it was written")
        },
        Check("an append of an earlier epoch is refused") { store in
            let first = try await heldRun("run-1", in: store)
            try await store.append([record(1, epoch: first.epoch)], to: "run-1")
            let second = try await store.claim(
                "run-1", executor: "two", at: .now(), leaseSeconds: 60, takeOver: true)
            try expect(second.epoch == first.epoch + 1, "epoch \(second.epoch) after \(first.epoch)")
            try await expectRefusal(.fenced, "a stale append") { () throws(StoreError) in
                try await store.append([record(2, epoch: first.epoch)], to: "run-1")
            }
            try await expectRefusal(.fenced, "a stale renewal") { () throws(StoreError) in
                try await store.renew(first, at: .now(), leaseSeconds: 60)
            }
            try await store.append([record(2, epoch: second.epoch)], to: "run-1")
            try await expectRefusal(.fenced, "an append of an epoch to come") { () throws(StoreError) in
                try await store.append([record(3, epoch: second.epoch + 1)], to: "run-1")
            }
            try await store.renew(second, at: .now(), leaseSeconds: 60)
        },
        Check("every event comes back as it was written") { store in
            let claim = try await heldRun("run-1", in: store)
            let records = everyEvent.enumerated().map { record($0.offset + 1, epoch: claim.epoch, $0.element) }
            try await store.append(records, to: "run-1")
            try expect(try await store.records(of: "run-1", after: 0) == records, "an event was altered")
        },
        Check("runs that are not there are not found, and made once") { store in
            try await expectRefusal(.notFound, "claiming") { () throws(StoreError) in
                _ = try await store.claim("none", executor: "one", at: .now(), leaseSeconds: 1, takeOver: true)
            }
            try await expectRefusal(.notFound, "appending") { () throws(StoreError) in
                try await store.append([record(1, epoch: 1)], to: "none")
            }
            _ = try await heldRun("run-1", in: store)
            try await expectRefusal(.conflict, "making it twice") { () throws(StoreError) in
                try await store.createRun("run-1", change: "change-2", at: time(1))
            }
        },
        Check("runs are listed newest first, with who holds them") { store in
            try await store.createRun("run-1", change: "change-1", at: time(1))
            try await store.createRun("run-2", change: "change-2", at: time(2))
            _ = try await store.claim("run-1", executor: "one", at: .now(), leaseSeconds: 60, takeOver: false)
            let runs = try await store.runs(limit: 5)
            try expect(runs.map(\.run) == ["run-2", "run-1"], "listed as \(runs.map(\.run))")
            try expect(runs[0].executor == nil && runs[0].epoch == 0, "nobody holds run-2")
            try expect(runs[1].executor == "one" && runs[1].epoch == 1, "one holds run-1")
            try expect(try await store.runs(limit: 1).count == 1, "the limit is not kept")
        },
        Check("one run is told as the list tells it") { store in
            try await store.createRun("run-1", change: "change-1", at: time(1))
            _ = try await heldRun("run-2", in: store)
            for listed in try await store.runs(limit: 5) {
                let one = try await store.summary(of: listed.run)
                try expect(one == listed, "\(listed.run) is \(String(describing: one)), listed as \(listed)")
            }
            try expect(try await store.summary(of: "run-3") == nil, "a run out of nothing")
        },
        Check("of many appenders of the same line one wins") { store in
            let claim = try await heldRun("run-1", in: store)
            let wins = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<16 {
                    group.addTask {
                        let event = RunEvent.awaitingHuman(reason: "\(number)")
                        return
                            (try? await store.append([record(1, epoch: claim.epoch, event)], to: "run-1")) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expect(wins == 1, "\(wins) won")
            try expect(try await store.records(of: "run-1", after: 0).count == 1, "more than one line")
        },
    ]

    static let leases: [Check] = [
        Check("a lease keeps others out until it runs out") { store in
            try await store.createRun("run-1", change: "change-1", at: time(0))
            _ = try await store.claim("run-1", executor: "one", at: .now(), leaseSeconds: 600, takeOver: false)
            try await expectRefusal(.leaseHeld, "a second claim") { () throws(StoreError) in
                _ = try await store.claim("run-1", executor: "two", at: .now(), leaseSeconds: 60, takeOver: false)
            }
            // A ghost holds it for no longer than its lease (kured#137 #847).
            let later = Timestamp.now().adding(seconds: 660)
            let second = try await store.claim("run-1", executor: "two", at: later, leaseSeconds: 60, takeOver: false)
            try expect(second.epoch == 2, "epoch \(second.epoch)")
        },
        Check("its own holder may claim again, anybody may take over") { store in
            _ = try await heldRun("run-1", in: store)
            let again = try await store.claim(
                "run-1", executor: "one", at: .now(), leaseSeconds: 60, takeOver: false)
            try expect(again.epoch == 2, "epoch \(again.epoch)")
            let other = try await store.claim("run-1", executor: "two", at: .now(), leaseSeconds: 60, takeOver: true)
            try expect(other.epoch == 3 && other.executor == "two", "\(other)")
        },
        Check("a lease that was given up keeps nobody out") { store in
            let claim = try await heldRun("run-1", in: store)
            try await store.release(claim)
            try expect(try await store.runs(limit: 1).first?.executor == nil, "it is still held")
            _ = try await store.claim("run-1", executor: "two", at: .now(), leaseSeconds: 60, takeOver: false)
            // The first holder's release comes late: the lease is no longer its own.
            try? await store.release(claim)
            try expect(try await store.runs(limit: 1).first?.executor == "two", "it was given up by a stranger")
        },
    ]

    /// The numbers of those of 16 at the same time that were not refused.
    private static func winners(
        _ attempt: @escaping @Sendable (Int) async throws(StoreError) -> Void
    ) async -> [Int] {
        await withTaskGroup(of: Int?.self) { group in
            for number in 0..<16 {
                group.addTask { (try? await attempt(number)) != nil ? number : nil }
            }
            return await group.reduce(into: []) { if let number = $1 { $0.append(number) } }
        }
    }

    static func digest(_ bytes: [UInt8]) -> Digest { Digest(rawValue: bytes.map { "\($0)" }.joined(separator: "-")) }

    static func document(_ id: String, bytes: [UInt8], at time: Timestamp = time(0)) -> StoredDocument {
        StoredDocument(kind: .plan, id: id, digest: digest(bytes), createdAt: time, bytes: bytes)
    }
}
