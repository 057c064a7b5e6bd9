import FettleModel
import FettleStore
import Testing

@testable import FettleExecution

/// Once somebody is shut down for good, the traffic that was turned away from them has nobody to go back to.
@Suite struct RetirementTests {
    private static func step(
        _ id: StepID, _ resource: ResourceID, _ action: StepAction, after: [StepID] = [], compensates: StepID? = nil
    ) -> Step {
        Step(
            id: id, resource: resource, wave: 0, action: action, after: after, availability: .none,
            rollbackClass: compensates == nil ? .irreversible : .exactVersions, compensates: compensates,
            estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2), timeoutSeconds: 60)
    }

    /// The traffic goes from blue to green, and blue is shut down; on the way back it is turned again.
    private static func plan() -> Plan {
        let traffic = TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/run/haproxy.sock", backend: "pair")
        let turn = TrafficSwitch(group: "pair", traffic: traffic, from: ["blue-1", "blue-2"], to: ["green-1"])
        return Plan(
            id: "plan-1", title: "retire", selection: StageReference(id: "selection-1", digest: Digest(rawValue: "00")),
            createdAt: Timestamp(milliseconds: 0), environments: ["production"],
            targets: ["blue-1", "blue-2", "green-1"].map {
                PlanTarget(resource: ResourceID($0), address: .ssh($0), environment: "production")
            }, groups: [],
            steps: [
                step("pair/switch", "green-1", .switchTraffic(turn: turn)),
                step("blue-1/retire", "blue-1", .retire, after: ["pair/switch"]),
                step("blue-2/retire", "blue-2", .retire, after: ["pair/switch", "blue-1/retire"]),
            ],
            rollback: [
                step("pair/rollback/switch", "green-1", .switchTraffic(turn: turn.reversed), compensates: "pair/switch")
            ], limits: PlanLimits())
    }

    /// blue-2 is not shut down, and nothing is turned back to a side of which blue-1 is off.
    @Test func aFailureBehindTheFirstOneLeavesTheTrafficWhereItIs() throws {
        var hand = try Hand(Self.plan())
        hand.failures["blue-2/retire"] = StepFailure(code: .drift, message: "the traffic is back")
        try hand.play()
        #expect(hand.done == ["pair/switch", "blue-1/retire"])
        let reason = try Self.failure(of: hand)
        #expect(
            reason.contains("aborted by the failure budget: 1 failed (blue-2)"), "\(reason)")
    }

    /// Another group, whose old side stands whole, goes back all the same, and the run comes to its end.
    @Test func anotherGroupGoesBackAllTheSame() throws {
        var plan = Self.plan()
        let turn = TrafficSwitch(
            group: "other",
            traffic: TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/o.sock", backend: "other"),
            from: ["old-1"], to: ["new-1"])
        plan.targets += ["old-1", "new-1"].map {
            PlanTarget(resource: ResourceID($0), address: .ssh($0), environment: "production")
        }
        plan.steps += [
            Self.step("other/switch", "new-1", .switchTraffic(turn: turn), after: ["blue-1/retire"]),
            Self.step(
                "new-1/verify", "new-1", .verify(expectation: HostExpectation(packages: [])), after: ["other/switch"]),
            Self.step("old-1/retire", "old-1", .retire, after: ["new-1/verify"]),
        ]
        plan.rollback.append(
            Self.step(
                "other/rollback/switch", "new-1", .switchTraffic(turn: turn.reversed), compensates: "other/switch"))
        var hand = try Hand(plan)
        hand.failures["new-1/verify"] = StepFailure(code: .unhealthy, message: "old code runs")
        try hand.play()
        #expect(hand.done.contains("other/rollback/switch") && !hand.done.contains("pair/rollback/switch"))
        #expect(!hand.done.contains("old-1/retire"))
        #expect(try Self.failure(of: hand).contains("aborted by the failure budget"))
    }

    /// The watch saw one of them ill for whom the plan does nothing: who is named in the journal as going back has a way.
    @Test func whoIsOnlyWatchedIsNotAskedToGoBack() throws {
        var plan = Self.plan()
        let turn = TrafficSwitch(
            group: "other",
            traffic: TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/o.sock", backend: "other"),
            from: ["old-1"], to: ["new-1", "new-2"])
        plan.targets.append(PlanTarget(resource: "new-1", address: .ssh("new-1"), environment: "production"))
        plan.steps += [
            Self.step("other/switch", "new-1", .switchTraffic(turn: turn), after: ["blue-2/retire"]),
            Self.step(
                "other/bake", "new-1", .bake(seconds: 1, resources: ["new-1", "new-2"], probes: []),
                after: ["other/switch"]),
        ]
        plan.rollback.append(
            Self.step(
                "other/rollback/switch", "new-1", .switchTraffic(turn: turn.reversed), compensates: "other/switch"))
        var hand = try Hand(plan)
        hand.failures["other/bake"] = StepFailure(code: .unhealthy, message: "new-2 is not well")
        try hand.play()
        #expect(hand.done.contains("other/rollback/switch"))
        #expect(try Self.failure(of: hand).contains("aborted by the failure budget"))
    }

    /// Whether it was told to shut down nobody knows any more; a retry does not make that untrue.
    @Test func aRetryForgetsNobodyWhoMayBeOff() throws {
        var plan = Self.plan()
        plan.limits.failureBudget = 1
        plan.limits.attempts = 1
        var hand = try Hand(plan)
        hand.endless = ["blue-1/retire"]
        try hand.play { $0.journal.contains { $0.event.step == "blue-1/retire" } }
        try hand.write(
            .stepFailed(
                step: "blue-1/retire", attempt: 1, failure: StepFailure(code: .unhealthy, message: "it is up again")))
        try hand.write(.failedRetried(resources: ["blue-1"], by: "bob"))
        let refusal = hand.machine.request(.rollback(by: "bob", reason: "customers complain"))
        #expect(refusal?.contains("nothing goes back as a whole") == true, "\(refusal ?? "")")
        // As a journal of before has it: the traffic stays all the same.
        try hand.write(.rollbackRequested(by: "bob", reason: "customers complain"))
        try hand.play()
        #expect(hand.done == ["pair/switch"])
        #expect(try Self.failure(of: hand).contains("no way back for: green-1, blue-1"))
    }

    private static func failure(of hand: Hand) throws -> String {
        guard case .failed(let reason)? = hand.machine.outcome else {
            throw StepFailure(
                code: .internal,
                message: "\(String(describing: hand.machine.outcome)), \(hand.machine.awaitingHuman ?? "stands still")")
        }
        return reason
    }

    @Test func beforeTheFirstOneEverythingGoesBack() throws {
        var hand = try Hand(Self.plan())
        hand.failures["blue-1/retire"] = StepFailure(code: .drift, message: "the traffic is back")
        try hand.play()
        #expect(hand.done == ["pair/switch", "pair/rollback/switch"])
        guard case .rolledBack? = hand.machine.outcome else {
            Issue.record("\(String(describing: hand.machine.outcome)), \(hand.machine.awaitingHuman ?? "")")
            return
        }
    }

    @Test func whoeverAsksForAPartIsToldThatItHasNoWayBack() throws {
        var hand = try Hand(Self.plan())
        hand.endless = ["blue-1/retire"]
        try hand.play { $0.journal.contains { $0.event.step == "blue-1/retire" } }
        let part = hand.machine.request(
            .rollbackPart(resources: ["blue-1", "blue-2", "green-1"], by: "bob", reason: "customers complain"))
        #expect(part?.contains("nobody any more to go back to") == true, "\(part ?? "")")
        let all = hand.machine.request(.rollback(by: "bob", reason: "customers complain"))
        #expect(all?.contains("nothing goes back as a whole") == true, "\(all ?? "")")
    }
}
