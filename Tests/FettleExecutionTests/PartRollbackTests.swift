import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// A part of a run goes back while the others go on: at whatever moment it is asked for, and whoever dies meanwhile.
@Suite struct PartRollbackTests {
    static let pool = Scenario.pool([1, 3], minimum: 2) { $0.maximumOut = 2 }

    private func length(_ plan: Plan) async throws -> Int {
        var whole = try Rehearsal(plan)
        try await whole.play()
        return try await whole.journal.count
    }

    private static func takesBack(_ resources: [ResourceID], after event: Int) -> Rehearsal.Person {
        .init(afterEvent: event, request: .rollbackPart(resources: resources, by: "bob", reason: "slow"))
    }

    /// Whenever it comes: those are as they were, the others are through, and nobody is out.
    @Test(arguments: [["web-2"], ["web-3", "web-4"]] as [[ResourceID]])
    func thePartIsTakenBackAtAnyMomentAndTheOthersGoOn(part: [ResourceID]) async throws {
        let plan = Self.pool.plan()
        let others = Set(Self.pool.hosts).subtracting(part)
        for event in 2..<(try await length(plan)) {
            var rehearsal = try Rehearsal(plan, seed: UInt64(event))
            rehearsal.people = [Self.takesBack(part, after: event)]
            let outcome = try await rehearsal.play()
            guard case .failed(let reason)? = outcome else {
                Issue.record("after event \(event): \(String(describing: outcome)), \(rehearsal.refusals)")
                continue
            }
            #expect(reason.contains("rolled back in part") && reason.contains("bob: slow"), "\(reason)")
            #expect(rehearsal.world.now.isNew == others, "after event \(event)")
            #expect(rehearsal.world.now.drained == [])
            #expect(TurnOracle.breaches(of: try await rehearsal.journal, plan) == [], "after event \(event)")
            #expect(rehearsal.state.takenBack == part)
        }
    }

    /// Also with a crash after any event from there on: a rollback that is cut off goes on.
    @Test func aCrashAtAnyPointOfThePartsWayBackConverges() async throws {
        let plan = Self.pool.plan()
        let patched = try await firstEvent(in: plan) {
            if case .stepDone("web-3/restore", _, _) = $0 { true } else { false }
        }
        var whole = try Rehearsal(plan)
        whole.people = [Self.takesBack(["web-3"], after: patched)]
        try await whole.play()
        let end = try await whole.journal.count
        for crash in patched...end {
            var rehearsal = try Rehearsal(plan, seed: 7)
            rehearsal.people = [Self.takesBack(["web-3"], after: patched)]
            rehearsal.crashesAfter = [crash, crash + 2]
            #expect(Scenario.End(try await rehearsal.play()) == .failed, "crash after event \(crash)")
            #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-4"], "crash after event \(crash)")
            #expect(rehearsal.world.now.drained == [], "crash after event \(crash)")
            #expect(rehearsal.state.quarantined == [])
        }
    }

    /// The same of a rollback of everything.
    @Test func aCrashAtAnyPointOfTheWholeWayBackConverges() async throws {
        let plan = Self.pool.plan()
        let patched = try await firstEvent(in: plan) {
            if case .stepDone("web-3/restore", _, _) = $0 { true } else { false }
        }
        let people = [Rehearsal.Person(afterEvent: patched, request: .rollback(by: "bob", reason: "bad"))]
        var whole = try Rehearsal(plan)
        whole.people = people
        try await whole.play()
        for crash in patched...(try await whole.journal.count) {
            var rehearsal = try Rehearsal(plan, seed: 7)
            rehearsal.people = people
            rehearsal.crashesAfter = [crash, crash + 3]
            #expect(try await rehearsal.play() == .rolledBack(reason: "bad"), "crash after event \(crash)")
            #expect(rehearsal.world.now.isNew == [], "crash after event \(crash)")
            #expect(rehearsal.world.now.drained == [], "crash after event \(crash)")
        }
    }

    @Test func whereNothingElseWasBegunItIsToldAsRolledBack() async throws {
        let plan = Self.pool.plan()
        let all = PartRollback(of: Self.pool.hosts, in: plan)
        #expect(all.added == [])
        var rehearsal = try Rehearsal(plan)
        rehearsal.people = [Self.takesBack(all.resources, after: 12)]
        #expect(try await rehearsal.play() == .rolledBack(reason: "slow"))
        #expect(rehearsal.world.now.isNew == [])
    }

    /// A pause keeps the others, and the part goes back all the same.
    @Test func thePartGoesBackWhileTheOthersArePaused() async throws {
        let plan = Self.pool.plan()
        let patched = try await firstEvent(in: plan) {
            if case .stepDone("web-1/restore", _, _) = $0 { true } else { false }
        }
        var rehearsal = try Rehearsal(plan)
        rehearsal.people = [
            .init(afterEvent: patched, request: .pause(by: "bob", reason: "look")),
            Self.takesBack(PartRollback(of: ["web-1"], in: plan).resources, after: patched),
        ]
        #expect(Scenario.End(try await rehearsal.play()) == .rolledBack)
        #expect(rehearsal.world.now.isNew == [])
        #expect(rehearsal.world.now.performed["web-2/drain"] == nil)
    }

    /// What was taken back stays so: neither a retry nor the end of a pause sends it forward again.
    @Test func whatWasTakenBackIsNotSentForwardAgain() async throws {
        let plan = Self.pool.plan()
        let drained = try await firstEvent(in: plan) {
            if case .stepDone("web-2/drain", _, _) = $0 { true } else { false }
        }
        var rehearsal = try Rehearsal(plan)
        rehearsal.people = [
            .init(afterEvent: drained, request: .pause(by: "bob", reason: "look")),
            Self.takesBack(["web-2"], after: drained),
            .init(afterEvent: drained + 1, request: .retry(by: "bob")),
            .init(afterEvent: .max, request: .resume(by: "bob")),
        ]
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-3", "web-4"])
        #expect(rehearsal.world.now.performed["web-2/patch"] == nil)
    }

    /// The watch over the canary is what the others rest on: as long as it is not over, they are taken back with it.
    @Test func aSetThatLeavesSomebodyStandingOnNothingIsRefusedWithAReason() async throws {
        let plan = Self.pool.plan()
        let part = PartRollback(of: ["web-1"], in: plan)
        #expect(part.resources == ["web-1", "web-2", "web-3", "web-4"])
        #expect(part.added.allSatisfy { $0.needs == "web-1" && $0.because.contains("wave-0/bake") })
        #expect(PartRollback(of: ["web-1"], in: plan) { $0 == "wave-0/bake" }.added == [])

        var rehearsal = try Rehearsal(plan)
        rehearsal.people = [
            Self.takesBack(["web-1"], after: 4), Self.takesBack(["web-9"], after: 4), Self.takesBack([], after: 4),
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.refusals.count == 3)
        #expect(rehearsal.refusals[0].contains("has to be taken back too (I8)"))
        #expect(rehearsal.refusals[1].contains("web-9 is not in the plan"))
        #expect(rehearsal.refusals[2].contains("nothing is named"))
    }

    /// One canary after the other comes to the same as both at once: the last takes those with it who rest on the watch.
    @Test func theLastOfAWatchTakesWhoRestsOnItWithItThoughTheFirstWentBefore() async throws {
        let plan = Scenario.pool([2, 2], minimum: 2).plan()
        #expect(PartRollback(of: ["web-2"], in: plan).added == [])
        let back = try await firstEvent(in: plan) {
            if case .stepDone("web-1/restore", _, _) = $0 { true } else { false }
        }
        var rehearsal = try Rehearsal(plan)
        rehearsal.people = [Self.takesBack(["web-1"], after: back), Self.takesBack(["web-2"], after: back)]
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        let refusal =
            "web-3 needs web-2 (wave-0/bake is not over, and watches nobody else): it has to be taken back too"
        #expect(rehearsal.refusals.count == 1 && rehearsal.refusals.first?.contains(refusal) == true)
        #expect(rehearsal.world.now.isNew == ["web-2", "web-3", "web-4"])
    }

    /// Tiers rest on each other, members of a pool and environments don't.
    @Test func theSetIsClosedUnderWhatThePlanCallsADependency() {
        var plan = PoolPlan(waves: [3], minimumAvailable: 0).plan()
        plan.order = [
            TurnOrder(reason: "tiers", turns: [["web-1"], ["web-2"], ["web-3"]], isDependency: true),
            TurnOrder(reason: "pool", turns: [["web-3"], ["web-1"]]),
        ]
        #expect(PartRollback(of: ["web-3"], in: plan).resources == ["web-3"])
        #expect(PartRollback(of: ["web-2"], in: plan).resources == ["web-2", "web-3"])
        let whole = PartRollback(of: ["web-1"], in: plan)
        #expect(whole.resources == ["web-1", "web-2", "web-3"])
        #expect(whole.added.allSatisfy { $0.needs == "web-1" && $0.because == "tiers" })
    }

    /// Who stands before whom on the way back is needed by it: a side of a pool that traffic was turned away from.
    @Test func theSetIsClosedUnderTheOrderOfTheWayBack() {
        var plan = PoolPlan(waves: [2], minimumAvailable: 0).plan()
        guard let place = plan.rollback.firstIndex(where: { $0.id == "web-2/rollback/drain" }) else {
            Issue.record("the plan has no such step")
            return
        }
        plan.rollback[place].after = ["web-1/rollback/restore"]
        let part = PartRollback(of: ["web-2"], in: plan)
        #expect(part.resources == ["web-1", "web-2"])
        #expect(part.added.first?.because == "web-2/rollback/drain waits for web-1/rollback/restore")
    }
}
