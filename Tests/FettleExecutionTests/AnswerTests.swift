import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// Gates that a person answers.
@Suite struct AnswerTests {
    private static let pool = Scenario.pool([1, 2], minimum: 2)
    private static let gate: StepID = "web-1/gate"

    /// The first host's gate asks a person.
    private func plan() -> Plan {
        var plan = Self.pool.plan()
        for place in plan.steps.indices where plan.steps[place].id == Self.gate {
            let question = Probe(name: "look", check: .manual(question: "Does the shop look right?"))
            plan.steps[place].action = .gate(probes: [question])
        }
        return plan
    }

    private func answer(_ verdict: GateVerdict = .pass, step: StepID = gate, after event: Int) -> Rehearsal.Person {
        .init(afterEvent: event, request: .answer(step: step, by: "carol", verdict: verdict, reason: "I looked"))
    }

    /// How many events come before the question.
    private func asked() async throws -> Int {
        var rehearsal = try Rehearsal(plan())
        _ = try await rehearsal.play()
        return try await rehearsal.journal.count
    }

    @Test func noTimeAnswersIt() async throws {
        var rehearsal = try Rehearsal(plan())
        #expect(try await rehearsal.play() == nil)
        let reason = try #require(rehearsal.state.awaitingHuman)
        #expect(reason.contains("Does the shop look right?") && reason.contains("fettle run gate run-1 web-1/gate"))
        #expect(rehearsal.world.now.performed[Self.gate] == nil)
        #expect(rehearsal.state.questions.map(\.step) == [Self.gate])
        var retried = try Rehearsal(plan())
        retried.people = [.init(afterEvent: try await asked(), request: .retry(by: "bob"))]
        #expect(try await retried.play() == nil, "a retry is no answer")
        #expect(retried.world.now.performed[Self.gate] == nil)
    }

    /// One host's gate asks, and another one finds no room: both are told, since the answer may be what makes room.
    @Test func whatElseStandsInTheWayHidesNoQuestion() throws {
        var plan = RollingPlan.plan(size: 2, lanes: 2)
        plan.order = []
        let gate = try #require(plan.steps.firstIndex { $0.id == Self.gate })
        plan.steps[gate].action = .gate(
            probes: [Probe(name: "look", check: .manual(question: "Does the shop look right?"))])
        var hand = try Hand(plan)
        hand.refused = ["web-2/drain"]
        try hand.play()
        let reason = try #require(hand.machine.awaitingHuman)
        #expect(reason.contains("web-2/drain: too few"), "\(reason)")
        #expect(
            reason.contains("web-1/gate asks: Does the shop look right? (fettle run gate run-1 web-1/gate"), "\(reason)"
        )
    }

    @Test func anAnswerSaysWhoAndWhyAndLetsTheRunGoOn() async throws {
        var rehearsal = try Rehearsal(plan())
        rehearsal.people = [answer(after: try await asked())]
        #expect(try await rehearsal.play() == .succeeded)
        let answers = try await rehearsal.journal.filter { if case .gateAnswered = $0.event { true } else { false } }
        #expect(
            answers.map(\.event) == [
                .gateAnswered(step: Self.gate, by: "carol", verdict: .pass, reason: "I looked")
            ])
        #expect(rehearsal.world.now.performed[Self.gate] == 1)
    }

    @Test func anAnswerIsYoungerThanWhatItJudges() async throws {
        for event in 2..<(try await asked()) {
            var rehearsal = try Rehearsal(plan())
            rehearsal.people = [answer(after: event)]
            let outcome = try await rehearsal.play()
            guard outcome == nil else {
                // Asked as soon as the step before is done, a moment before the run stands still.
                let journal = try await rehearsal.journal
                let answered = try #require(
                    journal.firstIndex { if case .gateAnswered = $0.event { true } else { false } })
                #expect(
                    journal[..<answered].contains { record in
                        if case .stepDone("web-1/restart", _, _) = record.event { true } else { false }
                    })
                continue
            }
            #expect(rehearsal.refusals.count == 1 && rehearsal.refusals[0].contains("not asked yet"), "after \(event)")
        }
    }

    @Test func aNoIsAFailureAndTheChangeGoesBack() async throws {
        var rehearsal = try Rehearsal(plan())
        rehearsal.people = [answer(.fail, after: try await asked())]
        let outcome = try await rehearsal.play()
        guard case .rolledBack(let reason)? = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(reason.contains("carol answered no: I looked"))
        #expect(rehearsal.world.now.isNew == [] && rehearsal.world.now.drained == [])
        #expect(rehearsal.world.now.performed[Self.gate] == nil)
    }

    @Test func aCrashAtAnyMomentChangesNothing() async throws {
        let asked = try await asked()
        for event in 2..<(asked + 12) {
            for verdict in [GateVerdict.pass, .fail] {
                var rehearsal = try Rehearsal(plan(), seed: UInt64(event))
                rehearsal.crashesAfter = [event]
                // A crash adds a line to the journal.
                rehearsal.people = [answer(verdict, after: event < asked ? asked + 1 : asked)]
                let outcome = try await rehearsal.play()
                if outcome == nil {
                    #expect(rehearsal.state.awaitingHuman != nil, "crash after \(event)")
                } else if verdict == .pass {
                    #expect(outcome == .succeeded, "crash after \(event)")
                } else {
                    #expect(rehearsal.world.now.isNew == [], "crash after \(event)")
                }
            }
        }
    }

    /// Nothing was done to it that a person could judge.
    @Test func anUnchangedHostIsPutBackWithoutAnAnswer() async throws {
        let drained = try await firstEvent(in: Self.pool.plan()) {
            if case .stepDone("web-1/drain", _, _) = $0 { true } else { false }
        }
        var paused = try Rehearsal(plan())
        paused.people = [.init(afterEvent: drained, request: .pause(by: "bob", reason: "lunch"))]
        #expect(try await paused.play() == nil)
        #expect(paused.world.now.drained == [] && paused.state.awaitingHuman == nil)

        var resumed = try Rehearsal(plan())
        resumed.people = [
            .init(afterEvent: drained, request: .pause(by: "bob", reason: "lunch")),
            .init(afterEvent: .max, request: .resume(by: "bob")), answer(after: .max),
        ]
        #expect(try await resumed.play() == .succeeded)
        #expect(resumed.refusals == [] && resumed.world.now.performed[Self.gate] == 1)
    }

    /// Asked before anything is changed: a pause puts the host back, and asks again when it goes forward once more.
    @Test func whatIsAskedOfAnUnchangedHostIsAskedAgainAfterAPause() async throws {
        var plan = Self.pool.plan()
        let patch = try #require(plan.steps.firstIndex { $0.id == "web-1/patch" })
        var question = plan.steps[patch]
        question.id = "web-1/confirm"
        question.action = .gate(probes: [Probe(name: "look", check: .manual(question: "Shall it be patched?"))])
        plan.steps[patch].after = [question.id]
        plan.steps.insert(question, at: patch)
        var paused = try Rehearsal(plan)
        paused.people = [.init(afterEvent: .max, request: .pause(by: "bob", reason: "lunch"))]
        #expect(try await paused.play() == nil)
        #expect(paused.world.now.drained == [] && paused.state.awaitingHuman == nil)

        var resumed = try Rehearsal(plan)
        resumed.people = [
            .init(afterEvent: .max, request: .pause(by: "bob", reason: "lunch")),
            .init(afterEvent: .max, request: .resume(by: "bob")),
            answer(step: question.id, after: .max),
        ]
        #expect(try await resumed.play() == .succeeded)
        #expect(resumed.refusals == [] && resumed.world.now.performed[question.id] == 1)
    }

    /// While nobody watches, a load balancer that is restarted would let a member in that a person has yet to look at.
    @Test func whoWaitsForAnAnswerIsKeptOutAsLongAsItTakes() async throws {
        let setup = try await ExecutorTests.Setup(plan())
        let executor = setup.executor { $0.awaiting = .staysForAnswers }
        let run = Task { try await executor.execute(start: ExecutorTests.start) }
        try await ExecutorTests.until { try await setup.state.awaitingHuman != nil }
        let drains = setup.world.now.drained
        #expect(!drains.isEmpty)
        for _ in 1...2 {
            setup.world.change { $0.drained = [] }
            try await ExecutorTests.until { setup.world.now.drained == drains }
        }
        #expect(try await setup.state.questions.map(\.step) == [Self.gate])
        try await setup.store.submit(
            .answer(step: Self.gate, by: "carol", verdict: .pass, reason: "I looked"), to: "run-1")
        #expect(try await run.value == .ended(.succeeded))
        #expect(setup.world.now.drained.isEmpty && setup.world.now.violations == [])
    }

    @Test func aRunThatAsksIsLeftWhereThatIsWantedAndWhoTakesItUpStandsBeforeTheSameQuestion() async throws {
        let asking = try await ExecutorTests.Setup(plan())
        let left = try await asking.executor { $0.awaiting = .leaves }.execute(start: ExecutorTests.start)
        let reason = try #require(try await asking.state.awaitingHuman)
        #expect(left == .awaitingHuman(reason: reason) && reason.contains("Does the shop look right?"))
        let again = try await asking.executor("two") { $0.awaiting = .leaves }.execute(start: nil)
        #expect(again == left)
    }

    /// Ctrl-C ends the process at a question: a pause is complete though somebody is still out.
    @Test func aPauseWaitsForNobodyWhoWaitsForAnAnswer() async throws {
        var rehearsal = try Rehearsal(plan())
        rehearsal.people = [.init(afterEvent: try await asked(), request: .pause(by: "bob", reason: "supper"))]
        #expect(try await rehearsal.play() == nil)
        #expect(rehearsal.state.pause != nil && rehearsal.state.out == ["web-1"])
        #expect(rehearsal.state.finishing == [])
    }

    @Test func whoIsNotAskedCannotAnswer() async throws {
        let asked = try await asked()
        var rehearsal = try Rehearsal(plan())
        rehearsal.people = [
            answer(step: "web-2/gate", after: asked), answer(step: "web-1/bogus", after: asked),
            answer(.inconclusive, after: asked), answer(after: asked), answer(after: asked + 1),
        ]
        #expect(try await rehearsal.play() == .succeeded)
        #expect(rehearsal.refusals.count == 4, "\(rehearsal.refusals)")
    }

    @Test func whatAnActNotedIsHandedToItsGate() throws {
        var machine = try RunMachine(run: "run-1", plan: plan())
        var sequence = 0
        func apply(_ event: RunEvent) throws {
            sequence += 1
            try machine.apply(
                JournalRecord(sequence: sequence, epoch: 1, at: Timestamp(milliseconds: Int64(sequence)), event: event))
        }
        func done(_ step: StepID, prior: PriorState? = nil) throws {
            try apply(.stepIntended(step: step, attempt: 1, prior: prior))
            let at = Timestamp(milliseconds: Int64(sequence))
            try apply(
                .stepDone(step: step, attempt: 1, observation: Observation(verdict: .pass, summary: "", observedAt: at))
            )
        }
        let key = PriorState.markPrefix + "x"
        try apply(
            .started(
                change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "00")), by: "alice"))
        try apply(.claimed(executor: "e"))
        try done("web-1/preflight")
        try done("web-1/drain", prior: PriorState(alreadySo: false, details: [:]))
        try done("web-1/patch", prior: PriorState(alreadySo: false, details: [key: "first", "boot": "a"]))
        try done("web-1/restart", prior: PriorState(alreadySo: false, details: [key: "second"]))
        let gate = try #require(machine.index.step(Self.gate))
        #expect(machine.notes(for: gate)?.details == [key: "first"])
        try apply(.gateAnswered(step: Self.gate, by: "carol", verdict: .pass, reason: "fine"))
        let notes = try #require(machine.notes(for: gate)?.details)
        #expect(notes[PriorState.answerPerson] == "carol" && notes[PriorState.answerReason] == "fine")
        let back = try #require(machine.index.step("web-1/rollback/gate"))
        #expect(machine.notes(for: back) == nil, "the way back is judged by itself")
    }
}

/// Gates of a group as a whole.
@Suite struct GroupGateTests {
    /// Behind the first wave, whatever the budget allows.
    @Test(arguments: [0, 5]) func aGroupThatIsNotWellStopsTheChange(budget: Int) async throws {
        let pool = Scenario.pool([1, 2], minimum: 2) { $0.limits.failureBudget = budget }
        var plan = pool.plan()
        let question = Probe(name: "look", check: .manual(question: "Is the shop open?"))
        let place = try #require(plan.steps.firstIndex { $0.id == "wave-0/bake" })
        plan.steps[place].action = .groupGate(
            gate: GroupGate(group: "web", resources: ["web-1"], probes: [question]))
        var first = try Rehearsal(plan)
        #expect(try await first.play() == nil)
        #expect(first.state.awaitingHuman?.contains("Is the shop open?") == true)
        let asked = try await first.journal.count
        for verdict in [GateVerdict.pass, .fail] {
            var rehearsal = try Rehearsal(plan)
            rehearsal.people = [
                .init(
                    afterEvent: asked,
                    request: .answer(step: "wave-0/bake", by: "carol", verdict: verdict, reason: "I looked"))
            ]
            let outcome = try await rehearsal.play()
            if verdict == .pass {
                #expect(outcome == .succeeded)
            } else {
                #expect(
                    rehearsal.world.now.isNew == [] && rehearsal.world.now.drained == [],
                    "\(String(describing: outcome))")
                #expect(rehearsal.world.now.performed["web-2/drain"] == nil)
            }
        }
    }
}
