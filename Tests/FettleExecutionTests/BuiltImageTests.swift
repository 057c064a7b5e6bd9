import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// An image that is built first, and members that are made anew from it.
@Suite struct BuiltImageTests {
    /// Its failure is one member's, and counted as such; the other one was made anew from an image that was not there.
    @Test func nobodyIsMadeAnewFromAnImageThatWasNotBuilt() throws {
        var plan = StrategyPlans.replaced()
        plan.limits.failureBudget = 1
        plan.limits.attempts = 1
        var hand = try Hand(plan)
        hand.failures["web/build"] = StepFailure(code: .noSpace, message: "the disk is full")
        try hand.play()
        #expect(!hand.done.contains("web-2/replace"), "\(hand.done)")
        #expect(hand.machine.awaitingHuman?.contains("web/build") == true, "\(hand.machine.awaitingHuman ?? "")")
        #expect(RunState(hand.machine).out == [])
        hand.failures = [:]
        #expect(hand.machine.request(.retry(by: "bob")) == nil)
        try hand.play()
        #expect(hand.machine.outcome == .succeeded, "\(hand.machine.awaitingHuman ?? "")")
        #expect(hand.done.contains("web-2/replace"))
    }
}
