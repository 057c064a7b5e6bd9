import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// What cannot be taken again, or turned back, is found out in the middle of a run.
@Suite struct UnturnedTests {
    /// The balancer has forgotten the drain, and cannot be asked for it again: it was refused as a line that cannot follow, and
    /// the run never came on.
    @Test(arguments: [StepFailure.Code.refused, .unreachable])
    func aLostDrainThatCannotBeTakenAgainFailsItsHost(code: StepFailure.Code) throws {
        var hand = try Hand(RollingPlan.plan(size: 2, lanes: 1))
        try hand.play { $0.done.contains("web-1/drain") }
        hand.lost = ["web-1/drain"]
        hand.failures["web-1/drain"] = StepFailure(code: code, message: "no such server")
        try hand.play()
        #expect(hand.machine.outcome != nil || hand.machine.awaitingHuman != nil)
        #expect(hand.machine.fold.everFailed.map(hand.machine.index.name) == ["web-1"])
        #expect(!hand.done.contains("web-1/patch"))
    }

    /// The same on the way back, where a crash has interrupted what rested on the drain: it waited for it for ever.
    @Test(arguments: [StepFailure.Code.refused, .inconclusive])
    func aLostDrainThatCannotBeTakenAgainHoldsUpNothingThatWasInterrupted(code: StepFailure.Code) throws {
        var hand = try Hand(RollingPlan.plan(size: 2, lanes: 1))
        try hand.play { $0.done.contains("web-1/patch") }
        try hand.write(.rollbackRequested(by: "bob", reason: "slow"))
        try hand.play { $0.done.contains("web-1/rollback/return") }
        try hand.crash(beginning: "web-1/rollback/gate", holding: ["web-1"])
        hand.lost = ["web-1/rollback/drain"]
        hand.failures["web-1/rollback/drain"] = StepFailure(code: code, message: "no such server")
        try hand.play()
        #expect(hand.machine.outcome != nil || hand.machine.awaitingHuman != nil)
        #expect(hand.machine.fold.quarantined.keys.map(hand.machine.index.name) == ["web-1"])
    }

    /// Rollback sends traffic to a set that is not well (argo-rollouts#3941), or takes away the one that serves: neither. Nobody is
    /// worked on before the traffic is seen to be turned, and nobody who serves everybody is called quarantined.
    @Test func whereTrafficCannotBeTurnedBackNobodyOfTheServingSideIsTouched() throws {
        var hand = try Hand(StrategyPlans.blueGreen())
        try hand.play { $0.done.contains("web/bake") }
        try hand.write(.rollbackRequested(by: "bob", reason: "slow"))
        hand.failures["web/rollback/switch"] = StepFailure(code: .refused, message: "blue-2 is not well")
        try hand.play()
        #expect(hand.machine.awaitingHuman?.contains("blue-2 is not well") == true)
        #expect(hand.machine.fold.quarantined.isEmpty)
        for host in StrategyPlans.green { #expect(!hand.done.contains(StepID("\(host)/rollback/take-out"))) }

        // A person has seen to it.
        hand.failures = [:]
        #expect(hand.machine.request(.retry(by: "bob")) == nil)
        try hand.play()
        #expect(hand.machine.outcome == .rolledBack(reason: "slow"))
        let turned = try #require(hand.done.firstIndex(of: "web/rollback/switch"))
        for host in StrategyPlans.green {
            let out = try #require(hand.done.firstIndex(of: StepID("\(host)/rollback/take-out")))
            #expect(turned < out)
        }
    }

    /// Its failure kept nobody from turning the traffic: tried again, it would be patched while it serves.
    @Test func whoHasFailedIsNotTriedAgainOnceItsSideServes() throws {
        var plan = StrategyPlans.blueGreen()
        plan.limits.failureBudget = 4
        // With a bake it would be a canary, and its failure the end of the change.
        plan.steps.removeAll { $0.id == "web/bake" }
        for place in plan.steps.indices {
            plan.steps[place].after = plan.steps[place].after.map { $0 == "web/bake" ? "web/switch" : $0 }
        }
        var hand = try Hand(plan)
        hand.failures["green-2/stage"] = StepFailure(code: .noSpace, message: "full")
        try hand.play { $0.done.contains("web/switch") }
        #expect(hand.done.contains("web/switch") && !hand.done.contains("green-2/patch"))

        hand.failures = [:]
        let refusal = hand.machine.request(.retryFailed(resources: ["green-2"], by: "bob"))
        #expect(refusal?.contains("the side that serves") == true)
        #expect(hand.machine.request(.retry(by: "bob")) == nil)
        try hand.play()
        #expect(!hand.done.contains("green-2/take-out") && hand.done.contains("blue-2/patch"))
        guard case .failed? = hand.machine.outcome else {
            Issue.record("\(String(describing: hand.machine.outcome))")
            return
        }
    }

    /// A balancer that turns its servers one by one may stand in the middle: that is never left so.
    @Test func aSwitchThatWasInterruptedIsTakenToItsEndThoughTheRunIsAborted() throws {
        var hand = try Hand(StrategyPlans.blueGreen())
        try hand.play { hand in StrategyPlans.green.allSatisfy { hand.done.contains(StepID("\($0)/bring-back")) } }
        var machine = hand.machine
        func write(_ event: RunEvent, epoch: Int) throws {
            try machine.apply(
                JournalRecord(
                    sequence: machine.sequence + 1, epoch: epoch, at: Timestamp(milliseconds: hand.time), event: event))
        }
        try write(.stepIntended(step: "web/switch", attempt: 1, prior: nil), epoch: 1)
        try write(.claimed(executor: "two"), epoch: 2)
        try write(.abortRequested(by: "bob", reason: "enough"), epoch: 2)
        machine.begin(holding: [])
        let now = Timestamp(milliseconds: hand.time)
        _ = machine.next(at: now)
        machine.receive(.checked("web/switch", attempt: 1, .ready(prior: nil)), at: now)
        #expect(machine.next(at: now) == [.append([.stepIntended(step: "web/switch", attempt: 2, prior: nil)])])
    }

    // MARK: The host whose step the switch is

    /// The standby has nothing to be changed: the switch is a step of one of those that serve, and are changed once they don't.
    private static func servingSideAlone(failureBudget: Int) -> Plan {
        var plan = StrategyPlans.blueGreen()
        let isOfGreen = { (step: Step) in StrategyPlans.green.contains(step.resource) && step.group == nil }
        plan.steps.removeAll(where: isOfGreen)
        plan.rollback.removeAll(where: isOfGreen)
        let left = Set((plan.steps + plan.rollback).map(\.id))
        for place in plan.steps.indices {
            plan.steps[place].after.removeAll { !left.contains($0) }
            if plan.steps[place].group != nil { plan.steps[place].resource = "blue-1" }
        }
        for place in plan.rollback.indices where plan.rollback[place].group != nil {
            plan.rollback[place].resource = "blue-1"
        }
        plan.targets.removeAll { StrategyPlans.green.contains($0.resource) }
        plan.order = []
        plan.limits.failureBudget = failureBudget
        return plan
    }

    /// The traffic is its group's: that the host failed, before anything was done to it, says nothing of it. The others would be
    /// worked on while they serve.
    @Test func trafficIsTurnedThoughTheHostWhoseStepItIsHasFailed() throws {
        var hand = try Hand(Self.servingSideAlone(failureBudget: 1))
        hand.failures["blue-1/stage"] = StepFailure(code: .noSpace, message: "full")
        try hand.play()
        let turned = try #require(hand.done.firstIndex(of: "web/switch"))
        let out = try #require(hand.done.firstIndex(of: "blue-2/take-out"))
        #expect(turned < out)
        #expect(!hand.done.contains("blue-1/take-out"))
    }

    /// It waited for that host to be at rest, which had the switch itself under way: for ever.
    @Test func whatWasInterruptedIsTurnedThoughTheHostWhoseStepItIsHasFailed() throws {
        var plan = Self.servingSideAlone(failureBudget: 1)
        let stage = try #require(plan.steps.firstIndex { $0.id == "blue-1/stage" })
        plan.steps.insert(plan.steps.remove(at: stage), at: 0)
        let place = try #require(plan.steps.firstIndex { $0.id == "web/switch" })
        plan.steps[place].after = ["blue-1/stage", "web/serving"]
        var hand = try Hand(plan)
        hand.failures["blue-1/stage"] = StepFailure(code: .noSpace, message: "full")
        try hand.play { $0.done.contains("web/serving") && !$0.machine.fold.failed.isEmpty }
        try hand.crash(beginning: "web/switch", holding: ["blue-2"])
        try hand.play()
        #expect(hand.done.contains("web/switch"))
        #expect(hand.machine.outcome != nil)
    }

    /// It may stand on two halves, and nobody comes on: whatever the budget everything goes back, and the traffic first of all.
    @Test(arguments: ["web/serving", "web/switch"] as [StepID])
    func trafficThatCannotBeTurnedIsNoLossOfOneHost(step: StepID) throws {
        var hand = try Hand(Self.servingSideAlone(failureBudget: 4))
        if step == "web/switch" {
            try hand.play { $0.done.contains("web/serving") }
            try hand.crash(beginning: step, holding: ["blue-2"])
        }
        hand.failures[step] = StepFailure(code: .refused, message: "green-2 is not well")
        try hand.play()
        #expect(hand.machine.fold.isForward == false)
        #expect(!hand.done.contains("blue-2/take-out"))
        #expect(hand.done.contains("web/rollback/switch") == (step == "web/switch"))
        #expect(hand.machine.outcome != nil)
    }

    /// The host whose step it is was never begun, and has nothing else to take back.
    @Test func whatWasTurnedIsTurnedBackThoughNothingWasDoneToTheHostWhoseStepItIs() throws {
        var hand = try Hand(Self.servingSideAlone(failureBudget: 1))
        try hand.play { $0.done.contains("web/switch") }
        try hand.write(.rollbackRequested(by: "bob", reason: "slow"))
        try hand.play()
        #expect(hand.done.contains("web/rollback/switch"))
        #expect(hand.machine.outcome == .rolledBack(reason: "slow"))
    }

    /// Tried again, the host goes through the plan once more: its group's traffic does not, and who serves is not asked again.
    @Test func whoIsTriedAgainHasNoTrafficTurnedOnceMore() throws {
        var hand = try Hand(Self.servingSideAlone(failureBudget: 1))
        hand.failures["blue-1/stage"] = StepFailure(code: .noSpace, message: "full")
        try hand.play { $0.done.contains("web/bake") }
        hand.failures = [:]
        #expect(hand.machine.request(.retryFailed(resources: ["blue-1"], by: "bob")) == nil)
        try hand.play()
        #expect(hand.done.filter { $0 == "web/switch" || $0 == "web/serving" }.count == 2)
        #expect(hand.machine.outcome == .succeeded)
    }

    /// A pause begins nothing new, and two halves are no place to stand.
    @Test func inAPauseASwitchThatWasInterruptedIsTakenToItsEnd() throws {
        var hand = try Hand(StrategyPlans.blueGreen())
        try hand.play { hand in StrategyPlans.green.allSatisfy { hand.done.contains(StepID("\($0)/bring-back")) } }
        try hand.crash(beginning: "web/switch", holding: ["green-1"])
        try hand.write(.paused(by: "bob", reason: "look"))
        try hand.play()
        #expect(hand.done.contains("web/switch"))
        #expect(!hand.done.contains("web/bake"))
    }

    /// The time of a pause is not waited for, by whichever clock the step goes afterwards.
    @Test func whatWasInterruptedIsNotCalledBlockedForAsLongAsAPauseLasted() throws {
        var hand = try Hand(RollingPlan.plan(size: 2, lanes: 1))
        try hand.play { $0.done.contains("web-1/preflight") }
        try hand.write(.paused(by: "bob", reason: "look"))
        hand.time += 3_600_000
        try hand.write(.resumed(by: "bob"))
        try hand.crash(beginning: "web-1/stage", holding: ["web-1"])
        var machine = hand.machine
        let now = Timestamp(milliseconds: hand.time)
        _ = machine.next(at: now)
        machine.receive(
            .checked("web-1/stage", attempt: 1, .blocked(reason: "the package manager is at work")), at: now)
        try machine.apply(
            JournalRecord(
                sequence: machine.sequence + 1, epoch: 2, at: now,
                event: .rollbackRequested(by: "bob", reason: "slow")))
        let appended = machine.next(at: now.adding(seconds: 1)).contains {
            if case .append = $0 { true } else { false }
        }
        #expect(!appended)
    }
}
