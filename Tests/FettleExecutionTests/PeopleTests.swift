import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// Pause, abort, rollback, retry and skip, at whatever moment they come.
@Suite struct PeopleTests {
    static let pool = Scenario.pool([1, 3], minimum: 2) {
        $0.maximumOut = 2
        $0.reboots = true
    }

    private func length() async throws -> Int {
        var whole = try Rehearsal(Self.pool.plan())
        try await whole.play()
        return try await whole.journal.count
    }

    /// Every host is back, and is either all new or all old.
    private func expectWhole(_ rehearsal: Rehearsal, _ note: Comment) {
        #expect(rehearsal.world.now.drained == [], note)
        #expect(rehearsal.state.quarantined == [], note)
        for resource in rehearsal.state.resources where rehearsal.world.now.isNew.contains(resource.resource) {
            #expect(resource.steps.allSatisfy { $0.status.isSettled }, "\(resource.resource): \(note)")
        }
    }

    @Test func anAbortAtAnyMomentEndsAtTheNearestSafePoint() async throws {
        for event in 2..<(try await length()) {
            var rehearsal = try Rehearsal(Self.pool.plan())
            rehearsal.people = [.init(afterEvent: event, request: .abort(by: "bob", reason: "too hot"))]
            let outcome = try await rehearsal.play()
            #expect(outcome == .failed(reason: "aborted by bob: too hot"), "after event \(event)")
            expectWhole(rehearsal, "abort after event \(event)")
        }
    }

    @Test func aRollbackAtAnyMomentTakesEverythingBack() async throws {
        for event in 2..<(try await length()) {
            var rehearsal = try Rehearsal(Self.pool.plan(), seed: UInt64(event))
            rehearsal.people = [.init(afterEvent: event, request: .rollback(by: "bob", reason: "slow"))]
            if event % 3 == 0 { rehearsal.crashesAfter = [event + 4] }
            let outcome = try await rehearsal.play()
            #expect(outcome == .rolledBack(reason: "slow"), "after event \(event)")
            #expect(rehearsal.world.now.isNew == [], "after event \(event)")
            #expect(rehearsal.world.now.drained == [], "after event \(event)")
        }
    }

    /// Nothing new is started; a host that is out is finished, or put back if nothing was done to it yet, and only that.
    @Test func aPauseAtAnyMomentBringsBackWhatIsOutAndHolds() async throws {
        for event in 2..<(try await length()) {
            let crashes = [nil, event + 1, event + 3]
            for crash in TestScale.isLong ? crashes : [crashes[event % 3]] {
                var rehearsal = try Rehearsal(Self.pool.plan(), seed: UInt64(event))
                rehearsal.crashesAfter = Set([crash].compactMap { $0 })
                rehearsal.people = [
                    .init(afterEvent: event, request: .pause(by: "bob", reason: "lunch")),
                    // Long after: whoever has nothing else to wait for acts ten minutes later.
                    .init(afterEvent: .max, request: .resume(by: "bob")),
                ]
                #expect(try await rehearsal.play() == .succeeded, "paused after event \(event)")
                #expect(rehearsal.world.now.isNew == Set(Self.pool.hosts))
                try await expectOnlyWhatIsOutToGoOnWhilePaused(rehearsal, "paused after event \(event)")
            }
        }
    }

    private func expectOnlyWhatIsOutToGoOnWhilePaused(_ rehearsal: Rehearsal, _ note: Comment) async throws {
        var isPaused = false
        var count = OutageCount(rehearsal.plan)
        let steps = Dictionary(
            uniqueKeysWithValues: (rehearsal.plan.steps + rehearsal.plan.rollback).map { ($0.id, $0) })
        for record in try await rehearsal.journal {
            switch record.event {
            case .paused: isPaused = true
            case .resumed:
                isPaused = false
                #expect(count.out == [], note)
            case .stepIntended(let id, _, _):
                let step = try #require(steps[id])
                if isPaused { #expect(!step.isBake && count.out.contains(step.resource), "\(id): \(note)") }
            default: break
            }
            count.add(record.event)
        }
    }

    /// A pause is often asked for because the patch looks bad: no further host gets it.
    @Test func aHostThatIsOutUnchangedIsPutBackUnchangedInAPauseAndGoesAgainAfterIt() async throws {
        let plan = Scenario.small.plan()
        let drained = try await firstEvent(in: plan) {
            if case .stepDone("web-1/drain", _, _) = $0 { true } else { false }
        }
        var rehearsal = try Rehearsal(plan)
        rehearsal.people = [.init(afterEvent: drained, request: .pause(by: "bob", reason: "look"))]
        #expect(try await rehearsal.play() == nil)
        #expect(rehearsal.world.now.drained == [])
        #expect(rehearsal.world.now.isNew == [])
        #expect(rehearsal.state.resource("web-1")?.phase == .untouched)
        #expect(rehearsal.state.finishing == [])

        rehearsal = try Rehearsal(plan)
        rehearsal.people = [
            .init(afterEvent: drained, request: .pause(by: "bob", reason: "look")),
            .init(afterEvent: .max, request: .resume(by: "bob")),
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.isNew == ["web-1", "web-2", "web-3"])
        #expect(rehearsal.world.now.performed["web-1/drain"] == 2)
        #expect(rehearsal.world.now.performed["web-1/gate"] == 2)
    }

    @Test func aRunThatIsPausedNamesWhomItFinishes() async throws {
        let plan = Scenario.small.plan()
        let patching = try await firstEvent(in: plan) {
            if case .stepIntended("web-1/patch", _, _) = $0 { true } else { false }
        }
        let journal: [JournalRecord] = try await {
            var rehearsal = try Rehearsal(plan)
            rehearsal.people = [.init(afterEvent: patching, request: .pause(by: "bob", reason: "look"))]
            #expect(try await rehearsal.play() == nil)
            #expect(rehearsal.state.finishing == [])
            #expect(rehearsal.world.now.isNew == ["web-1"])
            return try await rehearsal.journal
        }()
        let pause = try #require(journal.first { if case .paused = $0.event { true } else { false } })
        let then = try RunState(replaying: Array(journal.prefix(pause.sequence)), plan: plan, run: "run-1")
        #expect(then.finishing == ["web-1"])
        let before = try RunState(replaying: Array(journal.prefix(pause.sequence - 1)), plan: plan, run: "run-1")
        #expect(before.finishing == [])
    }

    /// argo-rollouts#3534, #3843: a long pause made deadlines fire.
    @Test func aPauseStopsDeadlines() async throws {
        let prepare: @Sendable (inout TinyWorld.State) -> Void = { $0.faults["web-2/preflight"] = .blocks(times: 4) }
        var rehearsal = try Rehearsal(Scenario.small.plan(), world: prepare)
        let begun = try await firstEvent(in: Scenario.small.plan(), world: prepare) {
            if case .stepDone("web-3/preflight", _, _) = $0 { true } else { false }
        }
        rehearsal.people = [
            .init(afterEvent: begun, request: .pause(by: "bob", reason: "lunch")),
            .init(afterEvent: .max, request: .resume(by: "bob")),
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.now.seconds(since: Timestamp(milliseconds: 1_000_000)) > 600)
    }

    /// Who is finished in a pause is held to its deadlines: a lock that nobody gives back doesn't leave it out until the end.
    @Test func aHostThatIsFinishedInAPauseKeepsItsDeadlines() async throws {
        let plan = Scenario.small.plan()
        let patched = try await firstEvent(in: plan) {
            if case .stepDone("web-1/patch", _, _) = $0 { true } else { false }
        }
        var rehearsal = try Rehearsal(plan) { $0.faults["web-1/gate"] = .blocks(times: 1_000) }
        rehearsal.people = [.init(afterEvent: patched, request: .pause(by: "bob", reason: "look"))]
        #expect(try await rehearsal.play() != nil)
        #expect(rehearsal.state.out.isEmpty)
        #expect(rehearsal.world.now.isNew == [])
    }

    /// argo-rollouts#3756: abort while paused loops.
    @Test func anAbortWhilePausedEnds() async throws {
        // Paused when the last host is out already, a run finishes it and has nothing left to abort.
        let last = try await firstEvent(in: Self.pool.plan()) {
            if case .stepIntended("web-4/drain", _, _) = $0 { true } else { false }
        }
        for event in 2..<last {
            var rehearsal = try Rehearsal(Self.pool.plan())
            rehearsal.people = [
                .init(afterEvent: event, request: .pause(by: "bob", reason: "look")),
                .init(afterEvent: .max, request: .abort(by: "bob", reason: "enough")),
            ]
            #expect(try await rehearsal.play() == .failed(reason: "aborted by bob: enough"), "event \(event)")
            expectWhole(rehearsal, "paused after event \(event)")
        }
    }

    /// argo-rollouts#1292: abort with nothing in progress scaled down the good set.
    @Test func anAbortWithNothingInProgressEndsAtOnce() async throws {
        var rehearsal = try Rehearsal(Self.pool.plan())
        rehearsal.people = [.init(afterEvent: 2, request: .abort(by: "bob", reason: "no"))]
        #expect(try await rehearsal.play() == .failed(reason: "aborted by bob: no"))
        #expect(try await rehearsal.journal.count == 4)
        #expect(rehearsal.world.now.performed.isEmpty)
    }

    @Test func aRollbackGoesOnWhilePaused() async throws {
        for event in 10..<(try await length()) where event % 4 == 0 {
            var rehearsal = try Rehearsal(Self.pool.plan())
            rehearsal.people = [
                .init(afterEvent: event, request: .pause(by: "bob", reason: "look")),
                .init(afterEvent: event + 1, request: .rollback(by: "bob", reason: "bad")),
            ]
            #expect(try await rehearsal.play() == .rolledBack(reason: "bad"))
            #expect(rehearsal.world.now.isNew == [])
        }
    }

    @Test func requestsThatMakeNoSenseAreRefusedWithAReason() async throws {
        var rehearsal = try Rehearsal(Self.pool.plan())
        rehearsal.people = [
            .init(afterEvent: 3, request: .resume(by: "bob")),
            .init(afterEvent: 3, request: .skip(step: "web-1/gate", by: "bob", reason: "it is fine")),
            .init(afterEvent: 3, request: .skip(step: "web-9/bake", by: "bob", reason: "what")),
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.refusals.count == 3)
        #expect(rehearsal.refusals[0] == "it is not paused")
        #expect(rehearsal.refusals[1].contains("cannot be skipped"))
        #expect(rehearsal.refusals[2].contains("not in the plan"))
    }

    @Test func aBakeCanBeSkippedAndLeavesItsReason() async throws {
        var rehearsal = try Rehearsal(Self.pool.plan())
        rehearsal.people = [.init(afterEvent: 3, request: .skip(step: "wave-0/bake", by: "bob", reason: "hurry"))]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.world.now.performed["wave-0/bake"] == nil)
        #expect(rehearsal.state.waveSteps[0].status == .skipped(reason: "hurry"))
    }

    /// machine-api-operator#1066: crossing budgets deadlock. Here it is said what is missing, and it goes on when that is there.
    @Test func capacityThatNeverComesIsAskedOfAPerson() async throws {
        let pool = Scenario.pool([1, 2], minimum: 3) { $0.bystanders = 1 }
        var rehearsal = try Rehearsal(pool.plan()) { $0.sick = ["idle-1"] }
        #expect(try await rehearsal.play() == nil)
        let reason = try #require(rehearsal.state.awaitingHuman)
        #expect(reason.contains("web-1/drain") && reason.contains("needs 3"))
        #expect(rehearsal.world.now.performed["web-1/drain"] == nil)

        var second = try Rehearsal(pool.plan()) { $0.sick = ["idle-1"] }
        let asked = try await rehearsal.journal.count
        second.incidents = [asked: { $0.sick = [] }]
        second.people = [.init(afterEvent: asked, request: .retry(by: "bob"))]
        #expect(try await second.play() == .succeeded)
    }

    @Test func anAbortOrRollbackAnswersTheQuestionToo() async throws {
        let pool = Scenario.pool([1, 2], minimum: 3) { $0.bystanders = 1 }
        for request in [RunRequest.abort(by: "bob", reason: "no"), .rollback(by: "bob", reason: "no")] {
            var rehearsal = try Rehearsal(pool.plan()) { $0.sick = ["idle-1"] }
            rehearsal.people = [.init(afterEvent: .max, request: request)]
            #expect(try await rehearsal.play() != nil)
        }
    }

    @Test func aDisruptiveStepThatDoesNotFitTheWindowIsNotStarted() async throws {
        let pool = Scenario.pool([1, 1], minimum: 1) {
            // One host needs 2 x 6 steps of 10 s: the first fits, the second doesn't.
            $0.window = TimeWindow(
                opensAt: Timestamp(milliseconds: 1_100_000), closesAt: Timestamp(milliseconds: 1_225_000))
        }
        var rehearsal = try Rehearsal(pool.plan())
        #expect(try await rehearsal.play() == nil)
        #expect(rehearsal.state.awaitingHuman?.contains("window closes") == true)
        #expect(rehearsal.world.now.isNew == ["web-1"])
        let drained = try #require(
            try await rehearsal.journal.first {
                if case .stepIntended("web-1/drain", _, _) = $0.event { true } else { false }
            })
        #expect(drained.at.milliseconds >= 1_100_000)

        // The end of the window never stops the way back (I4).
        var back = try Rehearsal(pool.plan())
        back.people = [.init(afterEvent: .max, request: .rollback(by: "bob", reason: "half done"))]
        #expect(try await back.play() == .rolledBack(reason: "half done"))
        #expect(back.world.now.isNew == [])
    }
    /// Each host in its own window: one that opens later holds nobody up, and who has none goes at any time.
    @Test func eachHostKeepsToItsOwnWindow() async throws {
        var plan = Scenario.pool([3], minimum: 0) {
            $0.bakes = false
            $0.maximumOut = 3
        }.plan()
        let (early, late) = (Timestamp(milliseconds: 1_200_000), Timestamp(milliseconds: 90_000_000))
        plan.windows = [early, late].map { TimeWindow(opensAt: $0, closesAt: $0.adding(seconds: 3600)) }
        plan.targets[0].window = 1
        plan.targets[1].window = 0
        var rehearsal = try Rehearsal(plan)
        #expect(try await rehearsal.play() == .succeeded)
        func drained(_ host: String) async throws -> Timestamp {
            try #require(
                try await rehearsal.journal.first {
                    if case .stepIntended(StepID("\(host)/drain"), _, _) = $0.event { true } else { false }
                }
            ).at
        }
        #expect(try await drained("web-1") >= late)
        #expect(try await (early..<late).contains(drained("web-2")))
        #expect(try await drained("web-3") < early)
    }

    /// A window that has closed for one host keeps neither those in later windows nor the question to a person.
    @Test func aWindowThatHasClosedConcernsItsOwnHostsAlone() async throws {
        var plan = Scenario.pool([2], minimum: 0) {
            $0.bakes = false
            $0.maximumOut = 2
        }.plan()
        let late = Timestamp(milliseconds: 90_000_000)
        plan.windows = [
            TimeWindow(opensAt: Timestamp(milliseconds: 0), closesAt: Timestamp(milliseconds: 1_010_000)),
            TimeWindow(opensAt: late, closesAt: late.adding(seconds: 3600)),
        ]
        plan.targets[0].window = 0
        plan.targets[1].window = 1
        var rehearsal = try Rehearsal(plan)
        #expect(try await rehearsal.play() == nil)
        #expect(rehearsal.state.awaitingHuman?.contains("web-1/drain") == true)
        #expect(rehearsal.world.now.isNew == ["web-2"])
    }

    /// A pause stops clocks, but a window opens when it opens.
    @Test func aPauseBeforehandDoesNotPutOffTheOpeningOfAWindow() async throws {
        let opens = Timestamp(milliseconds: 3_000_000)
        let pool = Scenario.pool([1], minimum: 0) {
            $0.window = TimeWindow(opensAt: opens, closesAt: opens.adding(seconds: 3600))
        }
        var rehearsal = try Rehearsal(pool.plan())
        rehearsal.people = [
            .init(afterEvent: 3, request: .pause(by: "bob", reason: "look")),
            .init(afterEvent: .max, request: .resume(by: "bob")),
        ]
        #expect(try await rehearsal.play() == .succeeded)
        let drained = try #require(
            try await rehearsal.journal.first {
                if case .stepIntended("web-1/drain", _, _) = $0.event { true } else { false }
            })
        #expect((0..<60).contains(drained.at.seconds(since: opens)))
    }
}
