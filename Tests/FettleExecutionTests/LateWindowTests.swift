import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// I4: what was to begin inside a window and has not does not begin outside of it.
@Suite struct LateWindowTests {
    private static let window = TimeWindow(
        opensAt: Timestamp(milliseconds: 1_000_000), closesAt: Timestamp(milliseconds: 5_000_000))

    private static var plan: Plan {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        plan.windows = [window]
        for place in plan.targets.indices { plan.targets[place].window = 0 }
        return plan
    }

    /// A machine that has come so far at `time`, by an executor that is gone by now.
    private func machine(
        _ steps: [StepID], open: StepID?, at time: Int64, takenOverAt later: Int64, holding: Set<ResourceID> = ["web-1"]
    ) throws -> RunMachine {
        var machine = try RunMachine(run: "run-1", plan: Self.plan)
        let plan = StageReference(id: "plan-1", digest: Digest(rawValue: "00"))
        try machine.write(.started(change: "change-1", plan: plan, by: "alice"), epoch: 1, at: time)
        try machine.write(.claimed(executor: "one"), epoch: 1, at: time)
        let prior = PriorState(alreadySo: false, details: [:])
        for step in steps + (open.map { [$0] } ?? []) {
            try machine.write(.stepIntended(step: step, attempt: 1, prior: prior), epoch: 1, at: time)
            guard step != open else { break }
            let seen = Observation(verdict: .pass, summary: "", observedAt: Timestamp(milliseconds: time))
            try machine.write(.stepDone(step: step, attempt: 1, observation: seen), epoch: 1, at: time)
        }
        try machine.write(.claimed(executor: "two"), epoch: 2, at: later)
        machine.begin(holding: holding)
        return machine
    }

    private func givenUp(_ machine: inout RunMachine, at time: Int64) throws -> StepID? {
        guard case .append(let events)? = machine.next(at: Timestamp(milliseconds: time)).first,
            case .stepFailed(let step, _, let failure)? = events.first
        else { return nil }
        #expect(failure.code == .refused)
        for event in events { try machine.write(event, epoch: 2, at: time) }
        return step
    }

    private static let prepared: [StepID] = ["web-1/preflight", "web-1/stage"]

    /// Crashed before its drain had an effect, and taken over when the window has closed.
    @Test func aDrainThatNobodyHasSeenDoesNotBeginAfterItsWindow() throws {
        var machine = try machine(Self.prepared, open: "web-1/drain", at: 2_000_000, takenOverAt: 6_000_000)
        #expect(try givenUp(&machine, at: 6_000_000) == "web-1/drain")
        #expect(machine.course(ofNamed: "web-1") == .restoring)
        #expect(machine.fold.failed.isEmpty && machine.fold.budgetBroken == nil)
    }

    /// Capacity had been asked for when the window closed: what is granted afterwards is known, so that it can be given back.
    @Test func whatIsReservedTooLateIsNotForgotten() throws {
        var machine = try machine(
            Self.prepared, open: "web-1/drain", at: 2_000_000, takenOverAt: 2_000_000, holding: [])
        let (asked, late) = (Timestamp(milliseconds: 2_000_000), Int64(6_000_000))
        guard case .check(let order, _)? = machine.next(at: asked).first else {
            Issue.record("nobody looks how the drain stands")
            return
        }
        let ready = StepAnswer.ready(prior: PriorState(alreadySo: false, details: [:]))
        machine.receive(.checked(order.step.id, attempt: order.attempt, ready), at: asked)
        guard case .observeAndReserve? = machine.next(at: asked).first else {
            Issue.record("nobody asks for capacity")
            return
        }
        #expect(try givenUp(&machine, at: late) == "web-1/drain")
        machine.receive(.reserved("web-1/drain", .granted), at: Timestamp(milliseconds: late))
        #expect(machine.held.contains(try #require(machine.index.number(of: "web-1"))))
        #expect(machine.course(ofNamed: "web-1") == .restoring)
    }

    /// By an executor whose clock was ahead.
    @Test func norBeforeIt() throws {
        var machine = try machine(Self.prepared, open: "web-1/drain", at: 1_500_000, takenOverAt: 100_000)
        #expect(try givenUp(&machine, at: 100_000) == "web-1/drain")
        #expect(machine.course(ofNamed: "web-1") == .restoring)
    }

    @Test func whoIsOutAndUnchangedWhenItsWindowClosesIsPutBack() throws {
        var machine = try machine(
            Self.prepared + ["web-1/drain"], open: nil, at: 2_000_000, takenOverAt: 6_000_000)
        #expect(try givenUp(&machine, at: 6_000_000) == "web-1/patch")
        #expect(machine.course(ofNamed: "web-1") == .restoring)
    }

    /// It opens while the host would be put back: nobody puts it back, and nobody begins before it opens either.
    @Test func whoIsOutShortlyBeforeItsWindowWaitsForItToOpen() throws {
        let opens = Self.window.opensAt.milliseconds
        var machine = try machine(
            Self.prepared + ["web-1/drain"], open: nil, at: 2_000_000, takenOverAt: opens - 2_000)
        #expect(machine.next(at: Timestamp(milliseconds: opens - 2_000)).steps == [])
        #expect(machine.wakeTime(at: Timestamp(milliseconds: opens - 2_000)) == Self.window.opensAt)
        #expect(machine.next(at: Self.window.opensAt).steps.contains("web-1/patch"))
    }

    /// Nor is a drain taken that may never have had an effect.
    @Test func norIsItTakenOutBeforeThat() throws {
        let opens = Self.window.opensAt.milliseconds
        var machine = try machine(Self.prepared, open: "web-1/drain", at: 2_000_000, takenOverAt: opens - 2_000)
        #expect(machine.next(at: Timestamp(milliseconds: opens - 2_000)).steps == [])
        #expect(machine.next(at: Self.window.opensAt).steps.contains("web-1/drain"))
    }

    /// The end of a window stops nothing that has begun.
    @Test func whoIsChangedGoesOn() throws {
        var machine = try machine(
            Self.prepared + ["web-1/drain", "web-1/patch"], open: nil, at: 2_000_000, takenOverAt: 6_000_000)
        #expect(try givenUp(&machine, at: 6_000_000) == nil)
        #expect(machine.course(ofNamed: "web-1") == .forward)
    }

    @Test func insideItsWindowItIsTriedAgain() throws {
        var machine = try machine(Self.prepared, open: "web-1/drain", at: 2_000_000, takenOverAt: 2_100_000)
        #expect(try givenUp(&machine, at: 2_100_000) == nil)
        #expect(machine.course(ofNamed: "web-1") == .forward)
    }

    /// Put back, it stands before its window like one that was never out: a person is asked, and nothing is held.
    @Test func afterwardsAPersonIsAskedAndNothingIsHeld() throws {
        var machine = try machine(Self.prepared, open: "web-1/drain", at: 2_000_000, takenOverAt: 6_000_000)
        var time: Int64 = 6_000_000
        for _ in 0..<200 where machine.awaitingHuman == nil {
            time += 1_000
            for command in machine.next(at: Timestamp(milliseconds: time)) {
                let now = Timestamp(milliseconds: time)
                let seen = Observation(verdict: .pass, summary: "", observedAt: now)
                switch command {
                case .append(let events):
                    for event in events { try machine.write(event, epoch: 2, at: time) }
                case .check(let order, _):
                    machine.receive(.checked(order.step.id, attempt: order.attempt, .ready(prior: nil)), at: now)
                case .perform(let order, _):
                    machine.receive(.performed(order.step.id, attempt: order.attempt, .success(seen)), at: now)
                case .release(let resource): machine.receive(.released(resource), at: now)
                default: break
                }
            }
        }
        #expect(machine.awaitingHuman?.contains("window closes") == true)
        #expect(machine.held.isEmpty && machine.fold.out.isEmpty)
    }
}

extension [Command] {
    /// Those of web-1 that are to be looked at.
    fileprivate var steps: [StepID] {
        compactMap { command in
            if case .check(let order, _) = command, order.step.resource == "web-1" { order.step.id } else { nil }
        }
    }
}

extension RunMachine {
    fileprivate func course(ofNamed resource: ResourceID) -> Course? { index.number(of: resource).map(course) }

    fileprivate mutating func write(_ event: RunEvent, epoch: Int, at time: Int64) throws {
        try apply(
            JournalRecord(sequence: sequence + 1, epoch: epoch, at: Timestamp(milliseconds: time), event: event))
    }
}
