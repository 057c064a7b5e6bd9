import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// A run in another's place: what was out stays out until it is proven, what was owed is paid once, by the new run.
@Suite struct SupersedingTests {
    private static let traffic = PoolPlan.traffic(of: "web")
    private static let weight = PriorState(alreadySo: false, details: ["weight": "100"])

    /// A plan that takes `web-2` over, drained by run-0.
    private static func plan(waysBack: Bool = true) -> Plan {
        var pool = PoolPlan(waves: [3], minimumAvailable: 2)
        pool.bakes = false
        pool.hasWayBack = waysBack
        var plan = pool.plan()
        let owed = Obligation(
            run: "run-0", step: "web-2/drain", resource: "web-2", traffic: traffic, prior: weight,
            since: Timestamp(milliseconds: 500_000))
        plan.supersedes = Supersession(
            run: "run-0", sequence: 9,
            taken: [TakenHost(resource: "web-2", obligations: [owed], isQuarantined: true)])
        plan.order = [TurnOrder(reason: "taken over", turns: [["web-2"], ["web-1", "web-3"]])]
        return plan
    }

    private func rehearsal(
        _ plan: Plan = Self.plan(), seed: UInt64 = 1, world: (inout TinyWorld.State) -> Void = { _ in }
    ) async throws -> Rehearsal {
        let rehearsal = try Rehearsal(plan, seed: seed) { state in
            state.drained = [TinyWorld.Drain(host: "web-2", backend: "web")]
            state.sick = []
            world(&state)
        }
        // As `supersede` leaves it: the reservation is the new run's.
        let request = ReservationRequest(
            run: rehearsal.run, resource: "web-2", at: Timestamp(milliseconds: 500_000), demands: [])
        #expect(try await rehearsal.store.reserve(request) == .granted)
        return rehearsal
    }

    /// It is out already, and its change belongs into the window that was approved all the same (I4).
    @Test func theHostWaitsForItsWindow() async throws {
        var plan = Self.plan()
        let window = TimeWindow(
            opensAt: Timestamp(milliseconds: 20_000_000), closesAt: Timestamp(milliseconds: 90_000_000))
        plan.windows = [window]
        for place in plan.targets.indices { plan.targets[place].window = 0 }
        var rehearsal = try await rehearsal(plan)
        #expect(try await rehearsal.play() == .succeeded)
        let patched = try #require(
            try await rehearsal.journal.first {
                if case .stepIntended("web-2/patch", _, _) = $0.event { true } else { false }
            })
        #expect(patched.at >= window.opensAt)
    }

    @Test(arguments: [UInt64](1...10))
    func theHostIsFinishedFirstAndPutBackAsItWasBeforeTheOtherRun(seed: UInt64) async throws {
        var rehearsal = try await rehearsal(seed: seed)
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"])
        #expect(rehearsal.world.now.drained == [])
        // Drained by the other run: this one looks, and does not do it again.
        #expect(rehearsal.world.now.performed["web-2/drain"] == nil)
        #expect(rehearsal.world.now.restores[TinyWorld.Drain(host: "web-2", backend: "web")] == 1)
        let journal = try await rehearsal.journal
        func place(_ matches: (RunEvent) -> Bool) throws -> Int {
            try #require(journal.first { matches($0.event) }).sequence
        }
        let back = try place { if case .stepDone("web-2/restore", _, _) = $0 { true } else { false } }
        for host in ["web-1", "web-3"] {
            let out = try place { if case .stepIntended(StepID("\(host)/drain"), _, _) = $0 { true } else { false } }
            #expect(back < out)
        }
        #expect(OutageCount.most(in: journal, of: rehearsal.plan)["web"] == 1)
    }

    /// From its first line on it is out, and owed with what the other run saw before its own drain.
    @Test func whatIsOwedIsOwedFromTheFirstLineOn() throws {
        let plan = Self.plan()
        var machine = try RunMachine(run: "run-1", plan: plan)
        #expect(RunState(machine).out == [])
        let reference = StageReference(id: plan.id.rawValue, digest: Digest(rawValue: "00"))
        try machine.apply(
            JournalRecord(
                sequence: 1, epoch: 1, at: Timestamp(milliseconds: 600_000),
                event: .started(change: "change-1", plan: reference, by: "alice")))
        let state = RunState(machine)
        #expect(state.out == ["web-2"])
        #expect(state.owed.map(\.kind) == [.drain])
        #expect(state.owed.first?.prior == Self.weight)
        #expect(state.owed.first?.since == Timestamp(milliseconds: 500_000))
        #expect(state.owed.first?.run == "run-1")
    }

    /// The gate is asked of it as of any other: unwell, it goes its way back, and into quarantine if that doesn't help.
    @Test func aHostThatStaysUnwellStaysOut() async throws {
        var rehearsal = try await rehearsal { $0.sick = ["web-2"] }
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        #expect(rehearsal.state.quarantined.map(\.resource) == ["web-2"])
        #expect(rehearsal.state.quarantined.first?.obligations.first?.prior == Self.weight)
        #expect(rehearsal.world.now.drained == [TinyWorld.Drain(host: "web-2", backend: "web")])
        #expect(rehearsal.world.now.restores.isEmpty)
    }

    /// What another run may have begun is not put back into traffic on the word of a gate alone: it goes the whole way back.
    @Test func anAbortBringsItBackByTheWayBack() async throws {
        var rehearsal = try await rehearsal()
        rehearsal.people = [.init(afterEvent: 2, request: .abort(by: "bob", reason: "stop"))]
        #expect(try await rehearsal.play() == .failed(reason: "aborted by bob: stop"))
        #expect(rehearsal.world.now.drained == [])
        #expect(rehearsal.world.now.performed["web-2/rollback/verify"] == 1)
        #expect(rehearsal.world.now.performed["web-2/restore"] == nil)
    }

    @Test func aCrashAfterAnyEventConverges() async throws {
        var whole = try await rehearsal()
        try await whole.play()
        for crash in 2...(try await whole.journal.count) {
            var rehearsal = try await rehearsal(seed: 3)
            rehearsal.crashesAfter = [crash]
            #expect(try await rehearsal.play() == .succeeded, "crash after event \(crash)")
            #expect(rehearsal.world.now.restores[TinyWorld.Drain(host: "web-2", backend: "web")] == 1)
        }
    }

    @Test func aRunThatIsSupersededHoldsNothingAndTakesNoMore() async throws {
        let plan = Scenario.small.plan()
        let drained = try await firstEvent(in: plan) {
            if case .stepDone("web-1/drain", _, _) = $0 { true } else { false }
        }
        var whole = try Rehearsal(plan)
        try await whole.play()
        var machine = try RunMachine(run: "run-1", plan: plan)
        for record in try await whole.journal.prefix(drained) { try machine.apply(record) }
        func record(_ event: RunEvent) -> JournalRecord {
            JournalRecord(
                sequence: machine.sequence + 1, epoch: 1, at: Timestamp(milliseconds: 9_000_000), event: event)
        }
        // Whoever is out has to be taken over.
        #expect(throws: IllegalTransition.self) {
            try machine.apply(record(.superseded(by: "run-2", hosts: [], person: "bob")))
        }
        try machine.apply(record(.superseded(by: "run-2", hosts: ["web-1"], person: "bob")))
        let state = RunState(machine)
        #expect(state.outcome == .failed(reason: "superseded by run-2, started by bob"))
        #expect(state.out == [] && state.owed == [] && state.obligations == [])
        #expect(machine.request(.retry(by: "bob")) == "the run has ended")
    }
}
