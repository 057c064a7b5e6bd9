import FettleModel
import FettleStore

extension StoreConformance {
    /// One run in another's place: all of it or nothing.
    static let supersessions: [Check] = [
        Check("a run that is superseded is ended and fenced, and its hosts are the other's") { store in
            let claim = try await stood(store)
            try await store.supersede(order())
            try expect(
                try await store.reservations().map(\.run) == ["run-2", "run-2"], "the reservations did not change hands"
            )
            try expect(try await store.quarantined().isEmpty, "the entry of what was taken over is still open")
            let journal = try await store.records(of: "run-1", after: 0)
            try expect(journal.map(\.event) == [record(1, epoch: 1).event] + ending, "the old run is not ended")
            try expect(journal.map(\.epoch) == [1, 2, 2], "the ending does not bear the epoch after")
            let old = try await store.summary(of: "run-1")
            try expect(old?.epoch == 2 && old?.executor == nil, "somebody still seems to carry it out")
            try expect(try await store.summary(of: "run-2")?.change == "change-2", "there is no new run")
            try await expectRefusal(.fenced, "the old executor writes on") { () throws(StoreError) in
                try await store.append([record(4, epoch: 1)], to: "run-1")
            }
            try await expectRefusal(.fenced, "the old executor keeps its lease") { () throws(StoreError) in
                try await store.renew(claim, at: time(5), leaseSeconds: 60)
            }
            // Filed again by whoever was about to: what was taken over stays closed.
            try await store.quarantine(entry("web-1", since: 1))
            try expect(try await store.quarantined().isEmpty, "the entry is open again")
        },
        Check("an ended run only gives its hosts away") { store in
            _ = try await stood(store)
            var order = order()
            order.ending = []
            try await store.supersede(order)
            try expect(try await store.records(of: "run-1", after: 0).count == 1, "its journal was written on")
            try expect(try await store.summary(of: "run-1")?.epoch == 1, "its epoch changed")
            try expect(
                try await store.reservations().map(\.run) == ["run-2", "run-2"], "its hosts were not given away")
        },
        Check("what the old run had been granted and never begun is given back, and what it keeps out is kept") {
            store in
            _ = try await stood(store)
            try await reserve("web-3", in: store)
            try await store.quarantine(entry("web-2", since: 2))
            var order = order()
            order.hosts = ["web-1"]
            try await store.supersede(order)
            let held = try await store.reservations().map { "\($0.resource) \($0.run)" }
            try expect(held == ["web-1 run-2", "web-2 run-1"], "held: \(held)")
        },
        Check("what is not as the plan says changes nothing") { store in
            _ = try await stood(store)
            try await store.createRun("run-3", change: "change-3", at: time(0))
            var refused: [SupersessionOrder] = []
            func add(_ change: (inout SupersessionOrder) -> Void) {
                var order = order()
                change(&order)
                refused.append(order)
            }
            add { $0.sequence = 0 }
            add { $0.epoch = 2 }
            add { $0.hosts.append("web-3") }
            add { $0.quarantined.append("web-2") }
            add { $0.new = "run-3" }
            for order in refused {
                try await expectRefusal(.conflict, "\(order)") { () throws(StoreError) in
                    try await store.supersede(order)
                }
            }
            try await expectRefusal(.notFound, "a run that is not there") { () throws(StoreError) in
                var order = order()
                order.old = "run-9"
                try await store.supersede(order)
            }
            try expect(try await store.reservations().map(\.run) == ["run-1", "run-1"], "reservations changed hands")
            try expect(try await store.quarantined().count == 1, "an entry was closed")
            try expect(try await store.records(of: "run-1", after: 0).count == 1, "the journal was written on")
            try expect(try await store.summary(of: "run-2") == nil, "a run was made")
        },
    ]

    private static let ending: [RunEvent] = [
        .claimed(executor: "run-2"), .superseded(by: "run-2", hosts: ["web-1", "web-2"], person: alice),
    ]

    private static func order() -> SupersessionOrder {
        SupersessionOrder(
            new: "run-2", change: "change-2", old: "run-1", sequence: 1, epoch: 1, hosts: ["web-1", "web-2"],
            quarantined: ["web-1"], ending: ending, person: alice, at: time(4))
    }

    /// A run with a line in its journal and two hosts, one of them in quarantine.
    private static func stood(_ store: any Store) async throws -> RunClaim {
        let claim = try await heldRun("run-1", in: store)
        try await store.append([record(1, epoch: 1)], to: "run-1")
        for resource: ResourceID in ["web-1", "web-2"] { try await reserve(resource, in: store) }
        try await store.quarantine(entry("web-1", since: 1))
        return claim
    }

    private static func reserve(_ resource: ResourceID, in store: any Store) async throws {
        let request = ReservationRequest(run: "run-1", resource: resource, at: time(0), demands: [])
        try expect(try await store.reserve(request) == .granted, "\(resource) is not granted")
    }
}
