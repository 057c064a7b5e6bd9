import FettleModel
import FettleStore
import Testing

@testable import FettleExecution

/// A cluster whose controller takes its members through their change: the run only looks at these.
@Suite struct ThroughControllerRunTests {
    private static let members: [ResourceID] = ["node-1", "node-2"]
    private static func change(_ purpose: PackageTransaction.Purpose) -> PackageTransaction {
        PackageTransaction(manager: .dpkg, purpose: purpose, changes: [], conffiles: .keepCurrent, downloadBytes: 0)
    }

    private static func upgrade(_ purpose: PackageTransaction.Purpose) -> StepAction {
        .upgradeThroughController(
            upgrade: ControllerUpgrade(
                cluster: "nodes", members: members, atOnce: 1,
                transaction: change(purpose), stallSeconds: 60))
    }

    private static func step(
        _ id: StepID, _ action: StepAction, after: [StepID] = [], _ availability: AvailabilityEffect = .none,
        compensates: StepID? = nil
    ) -> Step {
        Step(
            id: id, resource: ResourceID(String(id.rawValue.prefix { $0 != "/" })), wave: 0, action: action,
            after: after, availability: availability, rollbackClass: .exactVersions, compensates: compensates,
            estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2), timeoutSeconds: 60)
    }

    /// The controller is patched itself, then takes its members through, and is back when they have been watched.
    private static func plan() -> Plan {
        let expectation = HostExpectation(packages: [])
        let verifications = members.map { StepID("\($0)/verify") }
        return Plan(
            id: "plan-1", title: "through",
            selection: StageReference(id: "selection-1", digest: Digest(rawValue: "00")),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: (members + ["manager"]).map {
                PlanTarget(resource: $0, address: .ssh($0.rawValue), environment: "production")
            }, groups: [],
            steps: members.map { step(StepID("\($0)/preflight"), .preflight(expectation: expectation, probes: [])) } + [
                step("manager/take-out", .takeOut, after: members.map { StepID("\($0)/preflight") }, .takesOut),
                step(
                    "manager/patch", .changePackages(transaction: change(.patch)), after: ["manager/take-out"],
                    .requiresOut),
                step("manager/upgrade", upgrade(.patch), after: ["manager/patch"], .requiresOut),
            ] + verifications.map { step($0, .verify(expectation: expectation), after: ["manager/upgrade"]) } + [
                step(
                    "manager/watch", .bake(seconds: 1, resources: members, probes: []),
                    after: verifications),
                step("manager/bring-back", .bringBack, after: ["manager/watch"] + verifications, .bringsBack),
            ],
            rollback: [
                step("manager/rollback/take-out", .takeOut, .takesOut),
                step(
                    "manager/rollback/upgrade", upgrade(.rollback), after: ["manager/rollback/take-out"], .requiresOut,
                    compensates: "manager/upgrade"),
                step(
                    "manager/rollback/return", .changePackages(transaction: change(.rollback)),
                    after: ["manager/rollback/upgrade"],
                    .requiresOut, compensates: "manager/patch"),
                step("manager/rollback/bring-back", .bringBack, after: ["manager/rollback/return"], .bringsBack),
            ], limits: PlanLimits(failureBudget: 3))
    }

    /// It waited for the watch over those whom it had never begun with, and they for it.
    @Test func aControllerThatFailsBeforeItBeginsIsBroughtBackAtOnce() throws {
        var hand = try Hand(Self.plan())
        hand.failures["manager/patch"] = StepFailure(code: .unreachable, message: "it does not answer")
        for member in Self.members {
            hand.failures[StepID("\(member)/verify")] = StepFailure(code: .unhealthy, message: "the earlier version")
        }
        try hand.play()
        #expect(hand.machine.awaitingHuman == nil)
        #expect(hand.done.contains("manager/bring-back"), "\(hand.done)")
        #expect(hand.machine.outcome != nil)
    }

    /// It stayed out for as long as the pause lasted: the looks at its members and the watch over them, for which its return waits,
    /// did not begin.
    @Test(arguments: ["manager/take-out", "manager/upgrade", "node-1/verify", "node-2/verify"] as [StepID])
    func inAPauseAControllerThatIsOutIsBroughtBack(last: StepID) throws {
        var plan = Self.plan()
        plan.steps.append(Self.step("other/restart", .restartServices(except: []), after: ["manager/bring-back"]))
        plan.targets.append(PlanTarget(resource: "other", address: .ssh("other"), environment: "production"))
        var hand = try Hand(plan)
        try hand.play { $0.done.contains(last) }
        try hand.write(.paused(by: "bob", reason: "look"))
        try hand.play()
        #expect(hand.machine.awaitingHuman == nil)
        #expect(hand.done.contains("manager/bring-back") && !hand.done.contains("other/restart"), "\(hand.done)")
        #expect(RunState(hand.machine).finishing == [])
    }

    /// It was out for as long as the person took.
    @Test func aControllerIsNotOutWhileAPersonDecidesAboutAWatch() throws {
        var hand = try Hand(Self.plan())
        hand.verdicts["manager/watch"] = .inconclusive
        try hand.play()
        #expect(hand.machine.awaitingHuman?.contains("undecided") == true, "\(hand.machine.awaitingHuman ?? "")")
        #expect(RunState(hand.machine).out == [])
        #expect(hand.done.contains("manager/bring-back"))
        // And whatever the person decides is carried out.
        var again = hand
        again.verdicts = [:]
        #expect(again.machine.request(.retry(by: "bob")) == nil)
        try again.play()
        #expect(again.machine.outcome == .succeeded)
        #expect(hand.machine.request(.rollback(by: "bob", reason: "no")) == nil)
        try hand.play()
        #expect(hand.machine.outcome == .rolledBack(reason: "no"))
        #expect(hand.done.contains("manager/rollback/upgrade"))
    }

    /// The controller is back, and what it did is not known to be well: who comes behind it waits for the person too.
    @Test func whoComesLaterWaitsForTheUndecidedWatch() throws {
        var plan = Self.plan()
        plan.steps += [
            Self.step("other/take-out", .takeOut, .takesOut),
            Self.step("other/restart", .restartServices(except: []), after: ["other/take-out"], .requiresOut),
            Self.step("other/bring-back", .bringBack, after: ["other/restart"], .bringsBack),
        ]
        plan.targets.append(PlanTarget(resource: "other", address: .ssh("other"), environment: "production"))
        plan.order = [TurnOrder(reason: "nodes first", turns: [["manager"], ["other"]])]
        var hand = try Hand(plan)
        hand.verdicts["manager/watch"] = .inconclusive
        try hand.play()
        #expect(hand.machine.awaitingHuman?.contains("undecided") == true, "\(hand.machine.awaitingHuman ?? "")")
        #expect(hand.done.contains("manager/bring-back") && !hand.done.contains("other/take-out"), "\(hand.done)")
        hand.verdicts = [:]
        #expect(hand.machine.request(.retry(by: "bob")) == nil)
        try hand.play { $0.done.contains("other/take-out") }
        #expect(hand.done.firstIndex(of: "manager/watch") ?? .max < hand.done.firstIndex(of: "other/take-out") ?? 0)
        try hand.play()
        #expect(hand.machine.outcome == .succeeded)
    }

    /// A retry forgot that the members are changed, and have no way back: the run was told as rolled back.
    @Test func aRetryForgetsNoChangeThatNothingTakesBack() throws {
        var plan = Self.plan()
        plan.limits.attempts = 1
        plan.rollback.removeAll { $0.id == "manager/rollback/upgrade" }
        plan.rollback[1].after = ["manager/rollback/take-out"]
        var hand = try Hand(plan)
        hand.endless = ["manager/upgrade"]
        try hand.play { $0.journal.contains { $0.event.step == "manager/upgrade" } }
        try hand.write(
            .stepFailed(step: "manager/upgrade", attempt: 1, failure: StepFailure(code: .timeout, message: "stalled")))
        for member in Self.members {
            hand.failures[StepID("\(member)/verify")] = StepFailure(code: .unreachable, message: "no answer")
        }
        try hand.play { $0.done.contains("manager/rollback/bring-back") }
        try hand.write(.failedRetried(resources: ["manager"], by: "bob"))
        try hand.write(.rollbackRequested(by: "bob", reason: "enough"))
        try hand.play()
        #expect(hand.machine.outcome == .failed(reason: "enough; no way back for: manager"))
    }

    /// All that was planned for the member itself is settled, and yet nobody has changed it.
    @Test func aMemberWhoseControllerWasStoppedBeforehandIsNotFinished() throws {
        var hand = try Hand(Self.plan())
        hand.endless = ["manager/take-out"]
        try hand.play { $0.journal.contains { $0.event.step == "manager/take-out" } }
        try hand.write(.stepSkipped(step: "node-1/verify", by: "bob", reason: "known"))
        try hand.write(.abortRequested(by: "bob", reason: "enough"))
        hand.failures["manager/take-out"] = StepFailure(code: .refused, message: "no")
        try hand.write(
            .stepFailed(step: "manager/take-out", attempt: 1, failure: StepFailure(code: .refused, message: "no")))
        try hand.play()
        #expect(RunState(hand.machine).resource("node-1")?.phase == .stopped)
        #expect(RunState(hand.machine).resource("node-2")?.phase == .stopped)
    }
}
