import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// What a crash has interrupted is seen undone, and may not go on: it has the step's time for that, and no more (I11).
@Suite struct InterruptedTests {
    /// web-2 is interrupted just as it goes out. web-1, for which it has to wait and which had failed, is tried again: each waits for
    /// the other, web-2 for web-1's return and web-1 for room.
    private func entangled(mostOut: Int = 2) throws -> Hand {
        var plan = RollingPlan.plan(size: 2, lanes: mostOut)
        plan.limits.failureBudget = 2
        plan.order = []
        let drain = try #require(plan.steps.firstIndex { $0.id == "web-2/drain" })
        plan.steps[drain].after.append("web-1/restore")
        var hand = try Hand(plan)
        hand.failures["web-1/preflight"] = StepFailure(code: .drift, message: "not as planned")
        try hand.play { $0.done.contains("web-2/stage") }
        try hand.crash(beginning: "web-2/drain", holding: ["web-2"])
        hand.failures = [:]
        hand.refused = ["web-1/drain"]
        return hand
    }

    private func failures(of step: StepID, in hand: Hand) -> [StepFailure] {
        hand.journal.compactMap { record in
            if case .stepFailed(step, _, let failure) = record.event { failure } else { nil }
        }
    }

    @Test func itsTimeIsOverAndAPersonIsAskedInsteadOfNobody() throws {
        var hand = try entangled()
        try hand.write(.failedRetried(resources: ["web-1"], by: "bob"))
        let seconds = Int64(try #require(hand.plan.steps.first { $0.id == "web-2/drain" }).timeoutSeconds)
        let begun = hand.time
        try hand.play()
        let failure = try #require(failures(of: "web-2/drain", in: hand).first)
        #expect(failure.code == .locked)
        #expect(
            failure.message.contains("interrupted") && failure.message.contains("waits for web-1/restore"), "\(failure)"
        )
        #expect(hand.machine.awaitingHuman?.contains("web-1/drain: too few") == true)
        #expect(hand.time - begun >= seconds * 1000)
        #expect(!hand.done.contains("web-2/drain"))

        // As the person sees it: who is in nobody's way again goes first.
        hand.refused = []
        #expect(hand.machine.request(.retry(by: "bob")) == nil)
        try hand.play()
        #expect(hand.machine.outcome == .succeeded)
    }

    /// The plan itself lets only one of them out: the store need not be asked to know that.
    @Test func whatThePlanItselfKeepsApartIsAskedOfAPersonToo() throws {
        var hand = try entangled(mostOut: 1)
        try hand.write(.failedRetried(resources: ["web-1"], by: "bob"))
        try hand.play()
        let question = try #require(hand.machine.awaitingHuman)
        #expect(question.contains("web-2/drain") && question.contains("waits for web-1/restore"), "\(question)")
    }

    /// In its time it goes on, once nothing is in its way any more: the wait alone is no failure.
    @Test func whatMayGoOnInTimeHasNotFailed() throws {
        var hand = try entangled()
        try hand.write(.failedRetried(resources: ["web-1"], by: "bob"))
        let begun = hand.time
        try hand.play { $0.time - begun > 30_000 }
        hand.refused = []
        try hand.play()
        #expect(hand.machine.outcome == .succeeded)
        #expect(failures(of: "web-2/drain", in: hand) == [])
    }

    /// A pause and a question take as long as a person takes.
    @Test func aPersonsTimeIsNotTheSteps() throws {
        var hand = try Hand(RollingPlan.plan(size: 2, lanes: 1))
        try hand.play { $0.done.contains("web-1/stage") }
        try hand.crash(beginning: "web-1/drain", holding: ["web-1"])
        try hand.write(.awaitingHuman(reason: "a question"))
        for _ in 0..<3_000 { try hand.play { _ in true } }
        #expect(failures(of: "web-1/drain", in: hand) == [] && hand.machine.awaitingHuman != nil)
        #expect(hand.machine.request(.retry(by: "bob")) == nil)
        try hand.play()
        #expect(hand.machine.outcome == .succeeded)
        #expect(failures(of: "web-1/drain", in: hand) == [])
    }

    /// Whoever follows meets a host that boots, and that answers nobody for minutes: three looks within a quarter of one made it a
    /// failed host, in quarantine (amazon-ssm-agent#681, osconfig#994: a good patch reported failed because of its reboot).
    @Test func aHostThatBootsHasTheStepsTimeWhoeverLooksAtIt() throws {
        var hand = try Hand(RollingPlan.plan(size: 2, lanes: 1, reboot: true))
        try hand.play { $0.done.contains("web-1/patch") }
        try hand.crash(beginning: "web-1/reboot", holding: ["web-1"])
        hand.failures["web-1/reboot"] = StepFailure(code: .unreachable, message: "web-1 does not answer")
        let begun = hand.time
        try hand.play { $0.time - begun > 40_000 }
        #expect(failures(of: "web-1/reboot", in: hand) == [])
        hand.failures = [:]
        try hand.play()
        #expect(hand.machine.outcome == .succeeded)
        #expect(failures(of: "web-1/reboot", in: hand) == [])
    }

    @Test func aHostThatIsNotBackInThatTimeHasFailed() throws {
        var hand = try Hand(RollingPlan.plan(size: 2, lanes: 1, reboot: true))
        try hand.play { $0.done.contains("web-1/patch") }
        try hand.crash(beginning: "web-1/reboot", holding: ["web-1"])
        hand.failures["web-1/reboot"] = StepFailure(code: .unreachable, message: "web-1 does not answer")
        let begun = hand.time
        try hand.play { !$0.machine.plan.rollback.isEmpty && $0.done.contains { $0.rawValue.contains("rollback") } }
        let first = try #require(failures(of: "web-1/reboot", in: hand).first)
        #expect(first.code == .unreachable && first.message == "not back after 60 s: web-1 does not answer")
        #expect(hand.time - begun >= 60_000)
    }
}
