import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// A member that is patched later is restarted as it is, so that the canary is compared with one that is as fresh: out and back before
/// the bake, and out once more for its own change.
@Suite struct ControlRestartTests {
    /// web-1 is the canary, web-2 the control; one may be missing for good.
    static var plan: Plan {
        var pool = PoolPlan(waves: [1, 2], minimumAvailable: 2)
        pool.bystanders = 1
        pool.lanes = 1
        return pool.plan().restartingControl("web-2", before: "wave-0/bake")
    }

    private func position(_ journal: [JournalRecord], of step: StepID, done: Bool) throws -> Int {
        try #require(
            journal.first { record in
                switch record.event {
                case .stepIntended(step, _, _): !done
                case .stepDone(step, _, _): done
                default: false
                }
            }
        ).sequence
    }

    private func moment(_ step: StepID, done: Bool = true) async throws -> Int {
        try await firstEvent(in: Self.plan) { event in
            switch event {
            case .stepIntended(step, _, _): !done
            case .stepDone(step, _, _): done
            default: false
            }
        }
    }

    @Test func itIsRestartedBetweenTheCanaryAndTheBakeAndPatchedAfterwards() async throws {
        for seed in UInt64(1)...20 {
            var rehearsal = try Rehearsal(Self.plan, seed: seed)
            #expect(try await rehearsal.play() == .succeeded)
            let journal = try await rehearsal.journal
            let order = [
                try position(journal, of: "web-1/restore", done: true),
                try position(journal, of: "web-2/control/drain", done: false),
                try position(journal, of: "web-2/control/restore", done: true),
                try position(journal, of: "wave-0/bake", done: false),
                try position(journal, of: "web-2/drain", done: false),
            ]
            #expect(order == order.sorted(), "seed \(seed)")
            #expect(rehearsal.world.now.performed["web-2/control/restart"] == 1)
            #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"])
            #expect(OutageCount.most(in: journal, of: Self.plan) == ["web": 1], "seed \(seed)")
            #expect(TurnOracle.breaches(of: journal, Self.plan) == [], "seed \(seed)")
        }
    }

    @Test func aCrashAtAnyMomentChangesNothing() async throws {
        var whole = try Rehearsal(Self.plan)
        try await whole.play()
        for event in 2..<(try await whole.journal.count) {
            var rehearsal = try Rehearsal(Self.plan, seed: UInt64(event))
            rehearsal.crashesAfter = [event]
            #expect(try await rehearsal.play() == .succeeded, "after event \(event)")
            #expect(rehearsal.world.now.drained == [], "after event \(event)")
            #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"], "after event \(event)")
        }
    }

    /// It goes its way back and is not patched; the others are, though not a single host may fail by the patch.
    @Test func oneThatDoesNotComeBackIsNoFailureOfThePatch() async throws {
        var rehearsal = try Rehearsal(Self.plan) { $0.faults["web-2/control/gate"] = .fails(.unhealthy, times: 1) }
        guard case .failed(let reason)? = try await rehearsal.play() else {
            Issue.record("\(rehearsal.state.awaitingHuman ?? "it has not failed")")
            return
        }
        #expect(reason.contains("web-2 at web-2/control/gate"), "\(reason)")
        #expect(rehearsal.world.now.isNew == ["web-1", "web-3"])
        #expect(rehearsal.world.now.performed["web-2/rollback/gate"] == 1)
        #expect(rehearsal.world.now.performed["web-2/rollback/return"] == nil)
        #expect(rehearsal.world.now.drained == [])
        #expect(rehearsal.machine.fold.budgetBroken == nil && rehearsal.machine.fold.everFailed.isEmpty)
    }

    @Test func oneThatDiesIsKeptOut() async throws {
        var rehearsal = try Rehearsal(Self.plan) { $0.faults["web-2/control/restart"] = .hostDies }
        #expect(Scenario.End(try await rehearsal.play()) == .failed)
        #expect(rehearsal.state.quarantined.map(\.resource) == ["web-2"])
        #expect(rehearsal.world.now.isNew == ["web-1", "web-3"])
    }

    /// Nobody is compared with one that has failed.
    @Test func theBakeHasAControlLess() async throws {
        var rehearsal = try Rehearsal(Self.plan) { $0.faults["web-2/control/gate"] = .fails(.unhealthy, times: 1) }
        try await rehearsal.play()
        let bake = try #require(rehearsal.machine.index.step("wave-0/bake"))
        let order = rehearsal.machine.order(for: bake, attempt: 1, intendedAt: rehearsal.now)
        guard case .bake(_, _, _, let judgement?) = order.step.action else {
            Issue.record("it is not judged")
            return
        }
        #expect(judgement.controls == [])
    }

    /// Drained and not restarted yet: it is put back, and the whole is done after the pause.
    @Test func aPauseBeforeTheRestartPutsItBack() async throws {
        var rehearsal = try Rehearsal(Self.plan)
        rehearsal.people = [
            .init(afterEvent: try await moment("web-2/control/drain"), request: .pause(by: "bob", reason: "lunch")),
            .init(afterEvent: .max, request: .resume(by: "bob")),
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.performed["web-2/control/restart"] == 1)
        #expect(rehearsal.world.now.performed["web-2/control/drain"] == 2)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"])
    }

    /// Out for its change and unchanged: the restart, whose bake has been, is not repeated.
    @Test func aPauseBeforeTheChangeDoesNotRepeatTheRestart() async throws {
        var rehearsal = try Rehearsal(Self.plan)
        rehearsal.people = [
            .init(afterEvent: try await moment("web-2/drain"), request: .pause(by: "bob", reason: "lunch")),
            .init(afterEvent: .max, request: .resume(by: "bob")),
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.performed["web-2/control/restart"] == 1)
        #expect(rehearsal.world.now.performed["web-2/drain"] == 2)
    }

    /// It came back from its restart and then failed in its change: only that is tried again.
    @Test func whoFailsInItsChangeAndIsTriedAgainIsNotRestartedOnceMore() async throws {
        var plan = Self.plan
        plan.limits.failureBudget = 2
        let world: @Sendable (inout TinyWorld.State) -> Void = {
            $0.faults["web-2/patch"] = .fails(.packageManager, times: 1)
        }
        let isBack = try await firstEvent(in: plan, world: world) { event in
            if case .stepDone("web-2/rollback/restore", _, _) = event { true } else { false }
        }
        var rehearsal = try Rehearsal(plan, world: world)
        rehearsal.people = [.init(afterEvent: isBack, request: .retryFailed(resources: ["web-2"], by: "bob"))]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.refusals == [])
        #expect(rehearsal.world.now.performed["web-2/control/restart"] == 1)
        #expect(rehearsal.world.now.performed["web-2/drain"] == 2)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"])
    }

    /// It was put back without having been restarted: tried again, it is restarted before anybody is compared with it.
    @Test func whoCouldNotBeRestartedIsWhenItIsTriedAgain() async throws {
        let world: @Sendable (inout TinyWorld.State) -> Void = {
            $0.faults["web-2/control/restart"] = .blocks(times: 1_000)
        }
        let isBack = try await firstEvent(in: Self.plan, world: world) { event in
            if case .stepDone("web-2/control/restore", _, _) = event { true } else { false }
        }
        var rehearsal = try Rehearsal(Self.plan, world: world)
        rehearsal.incidents[isBack] = { $0.faults["web-2/control/restart"] = nil }
        rehearsal.people = [.init(afterEvent: isBack, request: .retryFailed(resources: ["web-2"], by: "bob"))]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.refusals == [])
        #expect(rehearsal.world.now.performed["web-2/control/restart"] == 1)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"])
    }

    /// What was restarted well has nothing to be taken back: it is not taken out again.
    @Test func anAbortOrARollbackBehindTheRestartLeavesItAlone() async throws {
        let restored = try await moment("web-2/control/restore")
        let requests: [RunRequest] = [.abort(by: "bob", reason: "no"), .rollback(by: "bob", reason: "no")]
        for request in requests {
            var rehearsal = try Rehearsal(Self.plan)
            rehearsal.people = [.init(afterEvent: restored, request: request)]
            #expect(try await rehearsal.play() != nil)
            #expect(!rehearsal.world.now.isNew.contains("web-2"))
            #expect(rehearsal.world.now.performed["web-2/rollback/drain"] == nil)
            #expect(rehearsal.world.now.performed["web-2/drain"] == nil)
            #expect(rehearsal.world.now.drained == [])
        }
    }

    @Test func anAbortOrARollbackAtAnyMomentEndsWithNobodyOut() async throws {
        var whole = try Rehearsal(Self.plan)
        try await whole.play()
        for event in 2..<(try await whole.journal.count) {
            let requests: [RunRequest] = [.abort(by: "bob", reason: "no"), .rollback(by: "bob", reason: "no")]
            for request in requests {
                var rehearsal = try Rehearsal(Self.plan, seed: UInt64(event))
                rehearsal.people = [.init(afterEvent: event, request: request)]
                #expect(try await rehearsal.play() != nil, "after event \(event)")
                #expect(rehearsal.world.now.drained == [], "after event \(event)")
                #expect(rehearsal.state.quarantined == [], "after event \(event)")
            }
        }
    }

    /// Failures, crashes and people from a seed, without any guard: the orders alone keep the capacity, and every run ends.
    @Test func whateverHappensNobodyIsOutBesideAnother() async throws {
        var failures = 0
        for seed in TestScale.seeds(60, long: 600) {
            var random = SplitMix(seed: seed)
            let plan = Self.plan
            var rehearsal = try Rehearsal(plan.unguarded, seed: seed) { world in
                for step in plan.steps + plan.rollback where Int.random(in: 0..<12, using: &random) == 0 {
                    var faults: [TinyWorld.Fault] = [
                        .fails(.internal, times: 1), .worksButFails(.timeout, times: 2), .blocks(times: 3),
                    ]
                    if step.availability == .requiresOut { faults.append(.hostDies) }
                    if step.leg == .control { faults.append(.fails(.unhealthy, times: 1)) }
                    world.faults[step.id] = faults.randomElement(using: &random)
                }
            }
            rehearsal.crashesAfter = Set((0..<3).map { _ in Int.random(in: 2...60, using: &random) })
            let requests: [RunRequest] = [
                .pause(by: "bob", reason: "look"), .resume(by: "bob"), .retry(by: "bob"),
                .abort(by: "bob", reason: "stop"), .rollback(by: "bob", reason: "back"),
            ]
            rehearsal.people = (0..<2).map { _ in
                Rehearsal.Person(
                    afterEvent: Int.random(in: 3...60, using: &random),
                    request: requests[Int.random(in: 0..<requests.count, using: &random)])
            }
            rehearsal.people += [.resume(by: "bob"), .retry(by: "bob"), .rollback(by: "bob", reason: "no more")].map {
                Rehearsal.Person(afterEvent: .max, request: $0)
            }
            let outcome = try await rehearsal.play()
            #expect(outcome != nil, "seed \(seed): \(rehearsal.state.awaitingHuman ?? "stands still")")
            let journal = try await rehearsal.journal
            #expect((OutageCount.most(in: journal, of: plan)["web"] ?? 0) <= 1, "seed \(seed)")
            #expect(TurnOracle.breaches(of: journal, plan) == [], "seed \(seed)")
            let isStruck = journal.contains { record in
                if case .stepFailed(let step, _, _) = record.event {
                    step.rawValue.contains("/control/")
                } else {
                    false
                }
            }
            if isStruck { failures += 1 }
        }
        #expect(failures > 3)
    }

    /// Its own change has to fit into what is left of the window when it is taken out for that, and not only the restart.
    @Test func theChangeIsBoundToTheWindowThoughTheRestartWasInIt() throws {
        var plan = Self.plan
        plan.windows = [
            TimeWindow(opensAt: Timestamp(milliseconds: 0), closesAt: Timestamp(milliseconds: 5_000_000))
        ]
        for place in plan.targets.indices { plan.targets[place].window = 0 }
        var machine = try RunMachine(run: "run-1", plan: plan)
        let reference = StageReference(id: "plan-1", digest: Digest(rawValue: "00"))
        try machine.write(.started(change: "change-1", plan: reference, by: "alice"), epoch: 1, at: 1_000)
        try machine.write(.claimed(executor: "one"), epoch: 1, at: 1_000)
        let drain = try #require(machine.index.step("web-2/drain"))
        for step in plan.steps.prefix(while: { $0.id != "web-2/preflight" }) {
            let seen = Observation(verdict: .pass, summary: "", observedAt: Timestamp(milliseconds: 1_000))
            let prior = PriorState(alreadySo: false, details: [:])
            try machine.write(.stepIntended(step: step.id, attempt: 1, prior: prior), epoch: 1, at: 1_000)
            try machine.write(.stepDone(step: step.id, attempt: 1, observation: seen), epoch: 1, at: 1_000)
        }
        #expect(machine.windowRefusal(for: drain, at: Timestamp(milliseconds: 10_000)) == nil)
        #expect(machine.windowRefusal(for: drain, at: Timestamp(milliseconds: 4_990_000)) != nil)
    }
}

extension RunMachine {
    fileprivate mutating func write(_ event: RunEvent, epoch: Int, at time: Int64) throws {
        try apply(
            JournalRecord(sequence: sequence + 1, epoch: epoch, at: Timestamp(milliseconds: time), event: event))
    }
}
