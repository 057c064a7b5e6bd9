import FettleModel
import FettleStore

extension StoreConformance {
    static let reservations: [Check] = [
        Check("a reservation keeps each group's minimum") { store in
            try await expectGranted(store, "run-1", "web-1")
            try await expectRefused(store, "run-1", "web-2", "two of three, and two are needed")
            try await store.release("web-1", by: "run-1")
            try await expectGranted(store, "run-1", "web-2")
        },
        Check("members that are unhealthy or unknown are not available") { store in
            try await expectRefused(store, "run-1", "web-1", "one is unhealthy", unavailable: ["web-3"])
            // The member itself is counted once.
            try await expectGranted(store, "run-1", "web-3", unavailable: ["web-3"])
        },
        Check("reservations of other runs count") { store in
            try await expectGranted(store, "run-1", "web-1")
            try await expectRefused(store, "run-2", "web-2", "run-1 has one out")
            try await expectRefused(store, "run-2", "web-1", "run-1 has it out")
        },
        Check("a reservation that is held is granted again, and made once") { store in
            try await expectGranted(store, "run-1", "web-1")
            try await expectGranted(store, "run-1", "web-1", unavailable: ["web-1", "web-2", "web-3"])
            try await expectRefused(
                store, "run-1", "web-1", "it still serves, and its group has got worse", unavailable: ["web-2"])
            let held = try await store.reservations()
            try expect(held.map(\.resource) == ["web-1"] && held.first?.run == "run-1", "held: \(held)")
        },
        Check("a run has no more out than its plan allows") { store in
            try await expectGranted(store, "run-1", "web-1", minimum: 0, maximumOut: 2)
            try await expectGranted(store, "run-1", "web-2", minimum: 0, maximumOut: 2)
            try await expectRefused(store, "run-1", "web-3", "two are out", minimum: 0, maximumOut: 2)
        },
        Check("every group that holds the resource is asked") { store in
            let other = ReservationRequest.GroupDemand(
                group: "api", members: ["db-1", "web-1"], minimumAvailable: 2, unavailable: [], maximumOut: 1)
            var request = reservation("run-1", "web-1")
            request.demands.append(other)
            let decision = try await store.reserve(request)
            try expect(decision != .granted, "the second group was not asked")
            try expect(try await store.reservations().isEmpty, "a refused reservation was kept")
        },
        Check("what a resource carries is out with it, and back with it") { store in
            try await expectRefused(store, "run-1", "hv-1", "it takes two of three", carries: ["web-1", "web-2"])
            try await expectGranted(store, "run-1", "hv-1", carries: ["web-1"])
            let held = try await store.reservations()
            try expect(held.map(\.out) == [["hv-1", "web-1"]], "held: \(held)")
            try await expectRefused(store, "run-1", "web-2", "web-1 is down with its host")
            try await expectRefused(store, "run-2", "web-2", "web-1 is down with its host")
            try await expectRefused(store, "run-1", "hv-2", "web-1 is down with its host", carries: ["web-2"])
            try await store.release("hv-1", by: "run-1")
            try await expectGranted(store, "run-1", "hv-2", carries: ["web-2"])
        },
        Check("a member that is out by itself and with its host is one member") { store in
            try await expectGranted(store, "run-1", "web-1")
            try await expectGranted(store, "run-1", "hv-1", carries: ["web-1"])
            try await expectRefused(store, "run-1", "hv-2", "web-1 is out", carries: ["web-2"])
        },
        Check("nobody restarts what another run works on") { store in
            try await expectGranted(store, "run-1", "web-1", minimum: 0)
            try await expectRefused(store, "run-2", "hv-1", "run-1 works on web-1", minimum: 0, carries: ["web-1"])
            try await store.release("web-1", by: "run-1")
            try await expectGranted(store, "run-2", "hv-1", minimum: 0, carries: ["web-1"])
            try await expectRefused(store, "run-1", "web-1", "run-2 can restart its host", minimum: 0)
        },
        Check("a host that is settled gives back what it carried") { store in
            try await expectGranted(store, "run-1", "hv-1", carries: ["web-1"])
            try await store.quarantine(entry("hv-1", since: 1))
            try await expectRefused(store, "run-2", "web-2", "web-1 is down with its host")
            _ = try await store.settle("hv-1", by: alice, at: time(2), note: "back")
            try await expectGranted(store, "run-2", "web-2")
        },
        Check("only its holder gives a reservation back, and may do so twice") { store in
            try await expectGranted(store, "run-1", "web-1")
            try await store.release("web-1", by: "run-2")
            try expect(try await store.reservations().count == 1, "a stranger gave it back")
            try await store.release("web-1", by: "run-1")
            try await store.release("web-1", by: "run-1")
            try expect(try await store.reservations().isEmpty, "it is still held")
        },
        Check("whoever has lost the run neither reserves for it nor gives anything back") { store in
            try await expectGranted(store, "run-1", "web-1")
            let earlier = try await store.standingEpoch(of: "run-1")
            _ = try await store.claim("run-1", executor: "two", at: .now(), leaseSeconds: 60, takeOver: true)
            for resource in ["web-1", "web-2"] as [ResourceID] {
                try await expectRefusal(.fenced, "the one before reserves \(resource)") { () throws(StoreError) in
                    _ = try await store.reserve(
                        reservation("run-1", resource, minimum: 0, maximumOut: 3), epoch: earlier)
                }
            }
            try await expectRefusal(.fenced, "the one before gives back") { () throws(StoreError) in
                try await store.release("web-1", by: "run-1", epoch: earlier)
            }
            try expect(try await store.reservations().map(\.resource) == ["web-1"], "what the run holds has changed")
        },
        Check("of many that reserve at once only as many as may get one") { store in
            // Each alone would be fine: the sum is what has to be atomic.
            let members = (1...12).map { ResourceID("node-\($0)") }
            for number in 0..<3 { _ = try await store.standingEpoch(of: RunID("run-\(number)")) }
            let granted = await withTaskGroup(of: Bool.self) { group in
                for (number, member) in members.enumerated() {
                    group.addTask {
                        let demand = ReservationRequest.GroupDemand(
                            group: "nodes", members: members, minimumAvailable: 9, unavailable: [], maximumOut: 12)
                        let request = ReservationRequest(
                            run: RunID("run-\(number % 3)"), resource: member, at: time(0), demands: [demand])
                        return (try? await store.reserve(request)) == .granted
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            try expect(granted == 3, "\(granted) were granted, 3 can be")
            try expect(try await store.reservations().count == 3, "the store says otherwise")
        },
    ]

    static let ledgers: [Check] = [
        Check("what is quarantined stays until a person settles it") { store in
            try await store.quarantine(entry("web-2", since: 2))
            try await store.quarantine(entry("web-1", since: 3))
            let open = try await store.quarantined()
            try expect(open == [entry("web-2", since: 2), entry("web-1", since: 3)], "open: \(open.map(\.resource))")
            let settled = try await store.settle("web-2", by: alice, at: time(4), note: "replaced")
            try expect(settled == entry("web-2", since: 2), "another entry was settled")
            try expect(try await store.quarantined().map(\.resource) == ["web-1"], "it is still open")
            try await expectRefusal(.notFound, "settling it twice") { () throws(StoreError) in
                _ = try await store.settle("web-2", by: alice, at: time(5), note: "again")
            }
        },
        Check("filing the same entry again changes nothing, though it was settled") { store in
            try await store.quarantine(entry("web-1", since: 1))
            try await store.quarantine(entry("web-1", since: 1))
            try expect(try await store.quarantined().count == 1, "it is there twice")
            _ = try await store.settle("web-1", by: alice, at: time(2), note: "fine again")
            // An executor that crashed before it could note that it had filed the entry files it again.
            try await store.quarantine(entry("web-1", since: 1))
            try expect(try await store.quarantined().isEmpty, "what a person had settled is open again")
            try await store.quarantine(entry("web-1", since: 9))
            try expect(try await store.quarantined().count == 1, "a new quarantine of the same resource is refused")
        },
        Check("settling gives the reservation back in the same write") { store in
            try await expectGranted(store, "run-1", "web-1")
            try await expectGranted(store, "run-1", "web-2", minimum: 0, maximumOut: 2)
            try await store.quarantine(entry("web-1", since: 1))
            try expect(try await store.reservations().count == 2, "quarantine alone gives nothing back")
            _ = try await store.settle("web-1", by: alice, at: time(2), note: "back")
            try expect(try await store.reservations().map(\.resource) == ["web-2"], "kept, or given back too much")
        },
        Check("requests wait in order until they are removed") { store in
            _ = try await heldRun("run-1", in: store)
            _ = try await heldRun("run-2", in: store)
            let requests: [RunRequest] = [
                .pause(by: alice, reason: "a"), .resume(by: alice), .abort(by: alice, reason: "b"),
                .rollback(by: alice, reason: "c"), .retry(by: alice), .skip(step: "s", by: alice, reason: "d"),
                .rollbackPart(resources: ["web-1"], by: alice, reason: "e"),
                .retryFailed(resources: [], by: alice), .handOver(by: alice, reason: "f", epoch: 3),
                .answer(step: "s", by: alice, verdict: .pass, reason: "e"),
            ]
            for request in requests { try await store.submit(request, to: "run-1") }
            try await store.submit(.retry(by: alice), to: "run-2")
            let stored = try await store.requests(to: "run-1")
            try expect(stored.map(\.request) == requests, "they came back as \(stored.map(\.request))")
            try expect(Set(stored.map(\.id)).count == requests.count, "ids are not distinct")
            try await store.remove(stored[0])
            try await store.remove(stored[0])
            try expect(try await store.requests(to: "run-1").count == requests.count - 1, "the wrong ones were removed")
            try expect(try await store.requests(to: "run-2").count == 1, "another run's was removed")
            try await expectRefusal(.notFound, "a request to nobody") { () throws(StoreError) in
                try await store.submit(.retry(by: alice), to: "none")
            }
            let earlier = try await store.standingEpoch(of: "run-1")
            _ = try await store.claim("run-1", executor: "two", at: .now(), leaseSeconds: 60, takeOver: true)
            try await expectRefusal(.fenced, "removed by whoever has lost the run") { () throws(StoreError) in
                try await store.remove(stored[1], epoch: earlier)
            }
            try expect(try await store.requests(to: "run-1").first == stored[1], "the next one does not hear it")
        },
    ]

    private static func reservation(
        _ run: RunID, _ resource: ResourceID, unavailable: Set<ResourceID> = [], minimum: Int = 2, maximumOut: Int = 1,
        carries: [ResourceID] = []
    ) -> ReservationRequest {
        ReservationRequest(
            run: run, resource: resource, carries: carries, at: time(0),
            demands: [
                ReservationRequest.GroupDemand(
                    group: "web", members: ["web-1", "web-2", "web-3"], minimumAvailable: minimum,
                    unavailable: unavailable, maximumOut: maximumOut)
            ])
    }

    private static func expectGranted(
        _ store: any Store, _ run: RunID, _ resource: ResourceID, unavailable: Set<ResourceID> = [], minimum: Int = 2,
        maximumOut: Int = 1, carries: [ResourceID] = [], line: UInt = #line
    ) async throws {
        let decision = try await store.reserve(
            reservation(
                run, resource, unavailable: unavailable, minimum: minimum, maximumOut: maximumOut, carries: carries))
        try expect(decision == .granted, "\(resource): \(decision)", line: line)
    }

    private static func expectRefused(
        _ store: any Store, _ run: RunID, _ resource: ResourceID, _ why: String, unavailable: Set<ResourceID> = [],
        minimum: Int = 2, maximumOut: Int = 1, carries: [ResourceID] = [], line: UInt = #line
    ) async throws {
        let decision = try await store.reserve(
            reservation(
                run, resource, unavailable: unavailable, minimum: minimum, maximumOut: maximumOut, carries: carries))
        guard case .refused(let reason) = decision else {
            throw ConformanceFailure(message: "\(resource) was granted, though \(why)", line: line)
        }
        try expect(!reason.isEmpty, "a refusal should say why", line: line)
    }

    static func entry(_ resource: ResourceID, since: Int) -> QuarantineEntry {
        QuarantineEntry(
            resource: resource, run: "run-1", reason: "its gate doesn't pass", owner: alice, since: time(since),
            deadline: time(since + 3600), obligations: [obligation(resource)])
    }

    static func obligation(_ resource: ResourceID) -> Obligation {
        Obligation(
            run: "run-1", step: StepID("\(resource)/drain"), resource: resource,
            traffic: TrafficBinding(driver: "haproxy", via: "lb", endpoint: "/run/haproxy.sock", backend: "web"),
            prior: PriorState(alreadySo: false, details: ["weight": "100"]), since: time(0))
    }

    /// One of each kind.
    static let everyEvent: [RunEvent] = [
        .started(change: "change-1", plan: StageReference(id: "plan-1", digest: digest([1])), by: alice),
        .claimed(executor: "host:1"),
        .stepIntended(step: "s", attempt: 1, prior: PriorState(alreadySo: true, details: ["state": "ready"])),
        .stepIntended(step: "s", attempt: 2, prior: nil),
        .stepDone(
            step: "s", attempt: 2,
            observation: Observation(verdict: .pass, summary: "fine", details: ["a": "b"], observedAt: time(1))),
        .stepFailed(
            step: "s", attempt: 3, failure: StepFailure(code: .noSpace, message: "full", output: "E: \"no\"\n space")),
        .stepSkipped(step: "s", by: alice, reason: "known"),
        .gateAnswered(step: "s", by: alice, verdict: .fail, reason: "no"),
        .paused(by: alice, reason: "lunch"), .resumed(by: alice), .retried(by: alice),
        .abortRequested(by: alice, reason: "stop"), .rollbackRequested(by: nil, reason: "budget"),
        .rollbackRequested(by: alice, reason: "slow"),
        .partRollbackRequested(resources: ["web-1"], by: alice, reason: "bad"),
        .failedRetried(resources: ["web-1", "web-2"], by: alice), .handOverRequested(by: alice, reason: "upgrade"),
        .quarantined(entry: entry("web-1", since: 1)),
        .awaitingHuman(reason: "capacity"), .ended(outcome: .succeeded), .ended(outcome: .rolledBack(reason: "bad")),
        .ended(outcome: .failed(reason: "worse")), .superseded(by: "run-2", hosts: ["web-1"], person: alice),
    ]
}
