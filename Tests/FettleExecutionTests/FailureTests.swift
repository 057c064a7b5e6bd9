import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

@Suite struct FailureTests {
    /// ansible/ansible#56265: `max_fail_percentage=0` went on past unreachable hosts.
    @Test func anUnreachableHostCountsAsFailed() async throws {
        var pool = PoolPlan(waves: [1, 2], minimumAvailable: 1)
        pool.bakes = false
        var rehearsal = try Rehearsal(pool.plan()) { $0.gone = ["web-1"] }
        let outcome = try await rehearsal.play()
        guard case .rolledBack(let reason)? = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(reason.contains("web-1"))
        #expect(rehearsal.world.now.isNew == [])
        #expect(rehearsal.state.resources[0].failure?.failure.code == .unreachable)
        #expect(rehearsal.state.resources[0].steps[0].attempts == 3)
    }

    /// ceph/ceph#33447: "ok-to-stop" after its retries ran out.
    @Test func usedUpRetriesAreAFailureAndNeverMoreThanTheLimit() async throws {
        let pool = PoolPlan(waves: [1, 1], minimumAvailable: 1)
        var rehearsal = try Rehearsal(pool.plan()) { $0.faults["web-1/patch"] = .fails(.locked, times: 1000) }
        #expect(try await rehearsal.play() == .rolledBack(reason: "the canary failed at web-1/patch: scripted"))
        #expect(rehearsal.world.now.performed["web-1/patch"] == 3)
        #expect(rehearsal.world.now.performed["web-2/patch"] == nil)
    }

    /// Twice as long before each further attempt, up to a minute.
    @Test func betweenAttemptsTheWaitDoubles() throws {
        var plan = RollingPlan.plan(size: 1, lanes: 1)
        plan.limits.attempts = 7
        var hand = try Hand(plan)
        hand.failures["web-1/preflight"] = StepFailure(code: .unreachable, message: "no answer")
        try hand.play()
        #expect(gaps(of: "web-1/preflight", in: hand).map { $0 / 1_000 } == [5, 10, 20, 40, 60, 60])
    }

    /// What has waited a second before a pause waits the rest behind it.
    @Test func aPauseDoesNotShortenTheWait() throws {
        var hand = try Hand(RollingPlan.plan(size: 1, lanes: 1))
        hand.failures["web-1/preflight"] = StepFailure(code: .unreachable, message: "no answer")
        try hand.play { $0.journal.contains { $0.event.step == "web-1/preflight" } }
        hand.time += 1_000
        try hand.write(.paused(by: "bob", reason: "look"))
        hand.time += 3_600_000
        try hand.write(.resumed(by: "bob"))
        try hand.play()
        let first = try #require(gaps(of: "web-1/preflight", in: hand).first)
        #expect((3_605_000...3_606_500).contains(first), "\(first)")
    }

    /// Between the failures of a step, in milliseconds; less what it takes to look.
    private func gaps(of step: StepID, in hand: Hand) -> [Int64] {
        let times = hand.journal.compactMap { record in
            if case .stepFailed(step, _, _) = record.event { record.at.milliseconds } else { nil }
        }
        return zip(times, times.dropFirst()).map { $1 - $0 - 500 }
    }

    @Test func whatIsNotWorthRetryingIsTriedOnce() async throws {
        let pool = PoolPlan(waves: [1, 1], minimumAvailable: 1)
        var rehearsal = try Rehearsal(pool.plan()) { $0.faults["web-1/patch"] = .fails(.packageManager, times: 1000) }
        try await rehearsal.play()
        #expect(rehearsal.world.now.performed["web-1/patch"] == 1)
    }

    /// rancher/system-upgrade-controller#341: uncordoned what it had not cordoned.
    @Test(arguments: [false, true])
    func aDrainThatWasThereBeforeIsLeftAlone(isBad: Bool) async throws {
        let pool = PoolPlan(waves: [1, 2], minimumAvailable: 1)
        let drain = TinyWorld.Drain(host: "web-2", backend: "web")
        var rehearsal = try Rehearsal(pool.plan()) {
            $0.drained = [drain]
            if isBad { $0.badOn = ["web-3"] }
        }
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == (isBad ? .rolledBack : .succeeded))
        #expect(rehearsal.world.now.drained == [drain])
        #expect(rehearsal.world.now.restores[drain] == nil)
        #expect(rehearsal.world.now.isNew == (isBad ? [] : Set(pool.hosts)))
    }

    /// kured#63, bottlerocket-update-operator#691: cordoned for ever after a failure. It stays out only in the ledger.
    @Test func aMemberThatCannotBeBroughtBackStandsInTheLedger() async throws {
        var pool = PoolPlan(waves: [1, 2], minimumAvailable: 1)
        pool.limits.quarantineDeadlineSeconds = 3600
        var rehearsal = try Rehearsal(pool.plan()) { $0.faults["web-2/patch"] = .hostDies }
        let outcome = try await rehearsal.play()
        guard case .failed(let reason)? = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(reason.contains("quarantined: web-2"))
        let entry = try #require(try await rehearsal.store.quarantined().first)
        #expect(entry.resource == "web-2")
        #expect(entry.owner == "alice")
        #expect(entry.deadline.seconds(since: entry.since) == 3600)
        #expect(entry.obligations.map(\.step) == ["web-2/drain"])
        #expect(entry.obligations.first?.prior.details == ["weight": "100"])
        #expect(try await rehearsal.store.reservations().map(\.resource) == ["web-2"])
        // The others went back all the same.
        #expect(rehearsal.world.now.isNew == [])
        #expect(rehearsal.state.resources[0].phase == .rolledBack)
        #expect(rehearsal.state.resources[1].phase == .quarantined)
    }

    /// kured#792: the lock was kept when the reboot was blocked.
    @Test func aRebootThatIsBlockedHoldsNothingWhenTheRunHasEnded() async throws {
        var pool = PoolPlan(waves: [1, 2], minimumAvailable: 1)
        pool.reboots = true
        var rehearsal = try Rehearsal(pool.plan()) { $0.faults["web-1/reboot"] = .fails(.locked, times: 1000) }
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == .rolledBack)
        #expect(try await rehearsal.store.reservations() == [])
        #expect(rehearsal.world.now.drained == [])
        try await rehearsal.expectNothingOwed()
    }

    /// amazon-ssm-agent#681, osconfig#994: a good patch was reported failed because its reboot cut the line over which it was to be
    /// told. Here the host is looked at again: it is back, and nothing is taken back.
    @Test(arguments: [StepFailure.Code.unreachable, .timeout])
    func aRebootThatCutsTheLineDoesNotMakeAGoodPatchFail(code: StepFailure.Code) async throws {
        var pool = PoolPlan(waves: [1, 2], minimumAvailable: 1)
        pool.reboots = true
        var rehearsal = try Rehearsal(pool.plan()) {
            for host in pool.hosts { $0.faults[StepID("\(host)/reboot")] = .worksButFails(code, times: 1) }
        }
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.isNew == Set(pool.hosts))
        #expect(rehearsal.world.now.drained == [])
        #expect(rehearsal.state.resources.allSatisfy { $0.phase == .finished && $0.failure == nil })
        try await rehearsal.expectNothingOwed()
    }

    @Test func aBalancerThatIsGoneAtTheReturnEndsInTheLedger() async throws {
        let pool = PoolPlan(waves: [1, 1], minimumAvailable: 1)
        var rehearsal = try Rehearsal(pool.plan())
        let probe = try await eventNumber(of: "web-1/verify", in: pool.plan())
        rehearsal.incidents = [probe: { $0.isBalancerGone = true }]
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == .failed)
        #expect(rehearsal.state.quarantined.map(\.resource) == ["web-1"])
        #expect(rehearsal.state.out == ["web-1"])
    }

    /// kubernetes#67250, #72320: a broken member blocks its own fix.
    @Test func brokenMembersDoNotBlockTheirOwnWayBack() async throws {
        var pool = PoolPlan(waves: [2, 1], minimumAvailable: 2)
        pool.maximumOut = 1
        var rehearsal = try Rehearsal(pool.plan())
        let baking = try await firstEvent(in: pool.plan()) {
            if case .stepIntended("wave-0/bake", _, _) = $0 { true } else { false }
        }
        rehearsal.incidents = [baking: { $0.badOn = ["web-1", "web-2"] }]
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == .rolledBack)
        #expect(rehearsal.world.now.isNew == [])
        #expect(rehearsal.world.now.drained == [])
    }

    /// flagger#1591 and others: what cannot go back must not be put into traffic either.
    @Test func withoutAWayBackAFailedChangeStaysOut() async throws {
        var pool = PoolPlan(waves: [1, 2], minimumAvailable: 1)
        pool.hasWayBack = false
        var rehearsal = try Rehearsal(pool.plan()) { $0.badOn = ["web-2"] }
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == .failed)
        #expect(rehearsal.state.quarantined.map(\.resource) == ["web-2"])
        #expect(rehearsal.world.now.isNew.isSuperset(of: ["web-1", "web-2"]))
        #expect(rehearsal.world.now.drained.map(\.host) == ["web-2"])
    }

    @Test func aFailureWithinTheBudgetStopsNobodyElse() async throws {
        var pool = PoolPlan(waves: [1, 3], minimumAvailable: 2)
        pool.limits.failureBudget = 1
        var rehearsal = try Rehearsal(pool.plan()) { $0.faults["web-2/preflight"] = .fails(.drift, times: 9) }
        let outcome = try await rehearsal.play()
        #expect(Scenario.End(outcome) == .failed)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-3", "web-4"])
        #expect(rehearsal.state.resources[1].phase == .stopped)
    }

    @Test func oneFailureMoreThanTheBudgetTakesEverythingBack() async throws {
        var pool = PoolPlan(waves: [1, 3], minimumAvailable: 2)
        pool.limits.failureBudget = 1
        var rehearsal = try Rehearsal(pool.plan()) { $0.badOn = ["web-2", "web-4"] }
        guard case .rolledBack(let reason)? = try await rehearsal.play() else {
            Issue.record("it was not rolled back")
            return
        }
        #expect(reason.contains("2 failed (web-2, web-4), 1 may fail"))
        #expect(rehearsal.world.now.isNew == [])
    }

    /// The budget is latched (I10): what was tried anew and went well then still counts as a failure that was.
    @Test func aRetryDoesNotRefillTheBudget() async throws {
        var pool = PoolPlan(waves: [1, 4], minimumAvailable: 2)
        pool.limits.failureBudget = 1
        let plan = pool.plan()
        var rehearsal = try Rehearsal(plan) {
            $0.faults["web-2/preflight"] = .fails(.drift, times: 1)
            $0.faults["web-5/preflight"] = .fails(.drift, times: 1)
        }
        let once: @Sendable (inout TinyWorld.State) -> Void = {
            $0.faults["web-2/preflight"] = .fails(.drift, times: 1)
        }
        let failed = try await firstEvent(in: plan, world: once) {
            if case .stepFailed = $0 { true } else { false }
        }
        rehearsal.people = [Rehearsal.Person(afterEvent: failed, request: .retry(by: "bob"))]
        guard case .rolledBack(let reason)? = try await rehearsal.play() else {
            Issue.record("it was not rolled back")
            return
        }
        #expect(reason.contains("2 failed"))
    }

    /// ansible/ansible#7019: one bad host aborts everything, and a retry is awkward.
    @Test func aRetriedHostGoesThroughThePlanOnceMore() async throws {
        var pool = PoolPlan(waves: [1, 3], minimumAvailable: 2)
        pool.limits.failureBudget = 1
        let prepare: @Sendable (inout TinyWorld.State) -> Void = {
            $0.faults["web-2/restart"] = .fails(.internal, times: 1)
        }
        let rolledBack = try await firstEvent(in: pool.plan(), world: prepare) {
            if case .stepDone("web-2/rollback/restore", _, _) = $0 { true } else { false }
        }
        var rehearsal = try Rehearsal(pool.plan(), world: prepare)
        rehearsal.people = [Rehearsal.Person(afterEvent: rolledBack, request: .retry(by: "bob"))]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.isNew == Set(pool.hosts))
    }

    private func eventNumber(of done: StepID, in plan: Plan) async throws -> Int {
        try await firstEvent(in: plan) {
            if case .stepDone(let step, _, _) = $0 { step == done } else { false }
        }
    }
}

/// Where in the journal of a rehearsal with seed 1 an event first comes.
func firstEvent(
    in plan: Plan, world: @escaping @Sendable (inout TinyWorld.State) -> Void = { _ in },
    where matches: (RunEvent) -> Bool
) async throws -> Int {
    var rehearsal = try Rehearsal(plan, world: world)
    try await rehearsal.play()
    return try #require(try await rehearsal.journal.first { matches($0.event) }).sequence
}
