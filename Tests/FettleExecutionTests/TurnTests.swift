import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// Who is taken out when, by the plan's orders alone: played without any guard, so that nothing else could keep anybody in.
@Suite struct TurnTests {
    /// Hosts that are prepared whenever there is room, without any order yet.
    private func pool(_ size: Int, change: (inout PoolPlan) -> Void = { _ in }) -> PoolPlan {
        var pool = PoolPlan(waves: [size], minimumAvailable: 0)
        pool.bakes = false
        pool.maximumOut = size
        change(&pool)
        return pool
    }

    private func lane(_ names: ResourceID..., wayBack: TurnOrder.WayBack = .reversed) -> TurnOrder {
        TurnOrder(reason: "a lane", turns: names.map { [$0] }, wayBack: wayBack)
    }

    private func intents(_ journal: [JournalRecord], endingWith suffix: String) -> [ResourceID] {
        journal.compactMap { record in
            guard case .stepIntended(let step, _, _) = record.event, step.rawValue.hasSuffix(suffix) else { return nil }
            return ResourceID(step.rawValue.replacing(suffix, with: ""))
        }
    }

    @Test func hostsThatNoOrderKeepsApartAreOutTogether() async throws {
        let plan = pool(4).plan()
        var rehearsal = try Rehearsal(plan.unguarded)
        #expect(try await rehearsal.play() == .succeeded)
        #expect(OutageCount.most(in: try await rehearsal.journal, of: plan)["web"] ?? 0 > 1)
    }

    @Test(arguments: TestScale.seeds(10, long: 100))
    func aTurnWaitsForEveryoneOfAllEarlierTurns(seed: UInt64) async throws {
        var plan = pool(6).plan()
        plan.order = [
            TurnOrder(reason: "environments", turns: [["web-5", "web-6"], ["web-3"], ["web-1", "web-2", "web-4"]])
        ]
        var rehearsal = try Rehearsal(plan.unguarded, seed: seed)
        #expect(try await rehearsal.play() == .succeeded)
        let journal = try await rehearsal.journal
        #expect(TurnOracle.breaches(of: journal, plan) == [])
        let drains = intents(journal, endingWith: "/drain")
        #expect(Set(drains.prefix(2)) == ["web-5", "web-6"])
        #expect(drains[2] == "web-3")
        #expect(OutageCount.most(in: journal, of: plan)["web"] ?? 0 > 1, "those of one turn don't wait for each other")
    }

    /// Who drops out passes nothing on: those behind it still wait for all that come before it.
    @Test(arguments: TestScale.seeds(10, long: 100))
    func oneThatDropsOutLetsNobodyPastTheOthers(seed: UInt64) async throws {
        var plan = pool(3) { $0.limits.failureBudget = 1 }.plan()
        plan.order = [lane("web-1", "web-2", "web-3")]
        var rehearsal = try Rehearsal(plan.unguarded, seed: seed) {
            $0.faults["web-2/preflight"] = .fails(.drift, times: 1)
            $0.faults["web-1/preflight"] = .blocks(times: 8)
        }
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-3"])
        let journal = try await rehearsal.journal
        #expect(intents(journal, endingWith: "/drain") == ["web-1", "web-3"])
        #expect(TurnOracle.breaches(of: journal, plan) == [])
    }

    /// One that failed and was taken back is settled: nobody waits for it any longer.
    @Test func oneThatFailedHoldsOthersUpOnlyUntilItIsBack() async throws {
        var plan = pool(3) { $0.limits.failureBudget = 1 }.plan()
        plan.order = [lane("web-1", "web-2", "web-3")]
        var rehearsal = try Rehearsal(plan.unguarded) { $0.badOn = ["web-1"] }
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        #expect(rehearsal.world.now.isNew == ["web-2", "web-3"])
        let journal = try await rehearsal.journal
        #expect(OutageCount.most(in: journal, of: plan)["web"] == 1)
        let back = try #require(
            journal.firstIndex {
                if case .stepDone("web-1/rollback/restore", _, _) = $0.event { true } else { false }
            })
        #expect(intents(Array(journal[..<back]), endingWith: "/drain") == ["web-1", "web-1/rollback"])
    }

    @Test func whatStaysOutForGoodHoldsNobodyUp() async throws {
        var plan = pool(3) {
            $0.limits.failureBudget = 1
            $0.hasWayBack = false
        }.plan()
        plan.order = [lane("web-1", "web-2", "web-3")]
        var rehearsal = try Rehearsal(plan.unguarded) { $0.badOn = ["web-1"] }
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        #expect(rehearsal.state.quarantined.map(\.resource) == ["web-1"])
        #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"])
    }

    @Test(arguments: [TurnOrder.WayBack.reversed, .same])
    func theWayBackGoesAsItsOrderSays(wayBack: TurnOrder.WayBack) async throws {
        var plan = pool(4) { $0.timeoutSeconds = 900 }.plan()
        plan.order = [lane("web-1", "web-2", "web-3", wayBack: wayBack)]
        // Held up at its beginning, web-4 keeps the run from ending when the others are done.
        let slow: @Sendable (inout TinyWorld.State) -> Void = { $0.faults["web-4/preflight"] = .blocks(times: 100) }
        for seed in TestScale.seeds(10, long: 100) {
            var whole = try Rehearsal(plan.unguarded, seed: seed, world: slow)
            try await whole.play()
            let done = try #require(
                try await whole.journal.first {
                    if case .stepDone("web-3/restore", _, _) = $0.event { true } else { false }
                })
            var rehearsal = try Rehearsal(plan.unguarded, seed: seed, world: slow)
            rehearsal.people = [.init(afterEvent: done.sequence, request: .rollback(by: "bob", reason: "bad"))]
            #expect(try await rehearsal.play() == .rolledBack(reason: "bad"))
            let journal = try await rehearsal.journal
            let back = ["web-1", "web-2", "web-3"].map { ResourceID($0) }
            #expect(
                intents(journal, endingWith: "/rollback/drain").filter { $0 != "web-4" }
                    == (wayBack == .same ? back : back.reversed()), "seed \(seed)")
            #expect(TurnOracle.breaches(of: journal, plan) == [], "seed \(seed)")
        }
    }

    /// The machine that Fettle runs on goes last on both ways; but if it is out when the run goes back, it is on its way (I12).
    @Test func fettlesOwnHostGoesBackLastUnlessItIsOut() async throws {
        var plan = pool(4).plan()
        plan.order = [
            TurnOrder(
                reason: "Fettle's own host last", turns: [["web-2", "web-3", "web-4"], ["web-1"]], wayBack: .same)
        ]
        let begun = try await firstEvent(in: plan.unguarded) {
            if case .stepDone("web-1/patch", _, _) = $0 { true } else { false }
        }
        for seed in TestScale.seeds(10, long: 100) {
            var rehearsal = try Rehearsal(plan.unguarded, seed: seed)
            rehearsal.people = [.init(afterEvent: begun, request: .rollback(by: "bob", reason: "bad"))]
            #expect(try await rehearsal.play() == .rolledBack(reason: "bad"))
            let journal = try await rehearsal.journal
            #expect(TurnOracle.breaches(of: journal, plan) == [])
            #expect(rehearsal.world.now.isNew == [])
        }
    }

    /// The bake that finds a host bad comes when others have gone on: it goes back between them, never beside them.
    @Test(arguments: TestScale.seeds(20, long: 200))
    func oneThatGoesBackWhileOthersGoOnIsNeverOutBesideThem(seed: UInt64) async throws {
        var plan = pool(4) {
            $0.limits.failureBudget = 1
            $0.bakes = true
        }.plan()
        plan.order = [lane("web-1", "web-2", "web-3", "web-4")]
        let bake = try #require(plan.steps.firstIndex { $0.id == "wave-0/bake" })
        plan.steps[bake].action = .bake(seconds: 1, resources: ["web-1"], probes: [])
        plan.steps[bake].after = ["web-1/restore"]
        var rehearsal = try Rehearsal(plan.unguarded, seed: seed) {
            $0.faults["wave-0/bake"] = .fails(.unhealthy, times: 1)
        }
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        #expect(rehearsal.world.now.isNew == ["web-2", "web-3", "web-4"])
        #expect(TurnOracle.breaches(of: try await rehearsal.journal, plan) == [])
    }

    /// A name in `after` is still waited for, but promises nothing about who is out together.
    @Test func aNameInAfterIsOrderForItsStepAlone() async throws {
        var plan = pool(2).plan()
        let second = try #require(plan.steps.firstIndex { $0.id == "web-2/drain" })
        plan.steps[second].after = ["web-1/drain", "web-2/preflight"]
        var rehearsal = try Rehearsal(plan.unguarded)
        #expect(try await rehearsal.play() == .succeeded)
        let journal = try await rehearsal.journal
        #expect(intents(journal, endingWith: "/drain") == ["web-1", "web-2"])
        #expect(OutageCount.most(in: journal, of: plan)["web"] == 2)
    }

    @Test func namesWithoutStepsHoldNobodyUp() async throws {
        var plan = pool(2) { $0.bystanders = 1 }.plan()
        plan.order = [TurnOrder(reason: "a lane", turns: [["idle-1"], ["web-1", "nobody"], ["elsewhere"], ["web-2"]])]
        var rehearsal = try Rehearsal(plan.unguarded)
        #expect(try await rehearsal.play() == .succeeded)
        #expect(intents(try await rehearsal.journal, endingWith: "/drain") == ["web-1", "web-2"])
    }

    /// No order is right here, and the checker refuses such a plan. The machine says so instead of going on.
    @Test func ordersThatContradictEachOtherAreAskedOfAPerson() async throws {
        var plan = pool(2).plan()
        plan.order = [lane("web-1", "web-2"), lane("web-2", "web-1")]
        var rehearsal = try Rehearsal(plan.unguarded)
        #expect(try await rehearsal.play() == nil)
        #expect(rehearsal.state.awaitingHuman?.contains("nothing can go on") == true)
        #expect(rehearsal.world.now.performed["web-1/drain"] == nil)
    }
}
