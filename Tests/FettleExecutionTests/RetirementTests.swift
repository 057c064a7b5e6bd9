import FettleModel
import FettleStore
import Testing

@testable import FettleExecution

/// Once somebody is shut down for good, the traffic that was turned away from them has nobody to go back to.
@Suite struct RetirementTests {
    /// The traffic goes from blue to green, and blue is shut down; on the way back it is turned again.
    private static func plan() -> Plan {
        let traffic = TrafficBinding(driver: "haproxy", via: "lb-1", endpoint: "/run/haproxy.sock", backend: "pair")
        let turn = TrafficSwitch(group: "pair", traffic: traffic, from: ["blue-1", "blue-2"], to: ["green-1"])
        func step(
            _ id: StepID, _ resource: ResourceID, _ action: StepAction, after: [StepID] = [], compensates: StepID? = nil
        ) -> Step {
            Step(
                id: id, resource: resource, wave: 0, action: action, after: after, availability: .none,
                rollbackClass: compensates == nil ? .irreversible : .exactVersions, compensates: compensates,
                estimate: DurationEstimate(medianSeconds: 1, p95Seconds: 2), timeoutSeconds: 60)
        }
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

    @Test func aFailureBehindTheFirstOneStopsTheRunWhereItIs() throws {
        var hand = try Hand(Self.plan())
        hand.failures["blue-2/retire"] = StepFailure(code: .drift, message: "the traffic is back")
        try hand.play()
        #expect(hand.done == ["pair/switch", "blue-1/retire"])
        guard case .failed(let reason)? = hand.machine.outcome else {
            Issue.record("\(String(describing: hand.machine.outcome)), \(hand.machine.awaitingHuman ?? "")")
            return
        }
        #expect(reason.contains("the failure budget") && reason.contains("1 failed (blue-2)"), "\(reason)")
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

    @Test func whoeverAsksForAWayBackThenIsToldThatThereIsNone() throws {
        var hand = try Hand(Self.plan())
        hand.endless = ["blue-1/retire"]
        try hand.play { $0.journal.contains { $0.event.step == "blue-1/retire" } }
        let all = hand.machine.request(.rollback(by: "bob", reason: "customers complain"))
        #expect(all?.contains("blue-1/retire was begun") == true, "\(all ?? "")")
        let part = hand.machine.request(
            .rollbackPart(resources: ["blue-1", "blue-2", "green-1"], by: "bob", reason: "customers complain"))
        #expect(part?.contains("nobody any more to go back to") == true, "\(part ?? "")")
        let abort = hand.machine.request(.abort(by: "bob", reason: "enough"))
        #expect(abort == nil)
    }
}
