import FettleChecking
import FettleModel
import FettlePlanning
import FettleSimulation
import FettleStore
import FettleTestSupport
import Testing

/// The three machines together: what the planner plans and the checker proves is played by the run machine on a fleet that fails,
/// with people who pause, abort, roll back and retry at any moment, and without any guard: nothing but the plan's orders keeps
/// a group above its minimum, on the way forward, in a pause and on the way back.
@Suite struct PlannedFleetTests {
    @Test func theOrdersAloneKeepEveryGroupsCapacity() throws {
        var sights = Sights()
        for seed in TestScale.seeds(60, long: 1_500) { try play(seed, &sights) }
        #expect(sights.rollbacks > 20, "\(sights)")
        #expect(sights.quarantines > 5, "\(sights)")
        #expect(sights.pauses > 10, "\(sights)")
        #expect(sights.retries > 10, "\(sights)")
        #expect(sights.restarts > 10, "\(sights)")
        #expect(sights.full > 8, "\(sights)")
    }

    /// Rare states are reached: otherwise the test would prove less than it seems to.
    private struct Sights {
        var rollbacks = 0
        var quarantines = 0
        var pauses = 0
        var retries = 0
        /// Plans in which some host is only restarted.
        var restarts = 0
        /// Plays in which a group had as many out as the plan allows.
        var full = 0
    }

    private func play(_ seed: UInt64, _ sights: inout Sights) throws {
        let sample = FleetGenerator.sample(seed: seed)
        var input = PlanningInput(
            id: "plan-1", selection: sample.selection, selectionReference: FleetSample.reference("selection-1"),
            facts: sample.facts, fleet: sample.fleet, policy: sample.policy, createdAt: FactSample.now,
            named: seed % 2 == 0 ? Set(sample.fleet.resources.map(\.id)) : [])
        var random = SplitMix(seed: seed &* 7919)
        input.policy.limits.failureBudget = Int.random(in: 0...4, using: &random)
        let plan = try Planner.plan(input).0
        #expect(PlanChecker.check(plan).violations == [], "seed \(seed)")
        guard !plan.steps.isEmpty else { return }
        let patched = Set(plan.steps.filter { $0.action.name == "patch" }.map(\.resource))
        if plan.targets.contains(where: { !patched.contains($0.resource) }) { sights.restarts += 1 }

        let faults = FaultProfile(packageFailure: 40, badPatch: 60, badRestart: 40, lostHost: 8)
        let length = plan.steps.count * 2
        var rehearsal = try Rehearsal(
            plan.unguarded, seed: seed, faults: faults, requests: Self.requests(length, &random))
        let result = try rehearsal.play()
        #expect(result.violations == [], "seed \(seed)")
        #expect(result.outcome != nil, "seed \(seed): \(result.awaitingHuman ?? "")")
        let count = OutageCount(of: result.journal, plan)
        #expect(count.clashes == [], "seed \(seed)")
        let most = count.most
        for group in plan.groups {
            let out = most[group.id] ?? 0
            #expect(out <= group.maximumOut, "seed \(seed): \(out) of \(group.id) out at once")
            #expect(group.members.count - out >= group.minimumAvailable, "seed \(seed): \(group.id)")
        }
        if plan.groups.contains(where: { $0.maximumOut > 1 && most[$0.id] == $0.maximumOut }) { sights.full += 1 }
        for record in result.journal {
            switch record.event {
            case .rollbackRequested: sights.rollbacks += 1
            case .quarantined: sights.quarantines += 1
            case .paused: sights.pauses += 1
            case .retried: sights.retries += 1
            default: break
            }
        }
    }

    /// A few at any time, and those at last that end whatever stands still.
    private static func requests(_ length: Int, _ random: inout SplitMix) -> [RehearsalRequest] {
        var result = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            let request: RunRequest =
                switch Int.random(in: 0..<7, using: &random) {
                case 0, 1: .pause(by: "bob", reason: "look")
                case 2: .resume(by: "bob")
                case 3, 4: .retry(by: "bob")
                case 5: .abort(by: "bob", reason: "stop")
                default: .rollback(by: "bob", reason: "back")
                }
            return RehearsalRequest(afterRecord: Int.random(in: 3...max(4, length), using: &random), request: request)
        }
        result += [.rollback(by: "bob", reason: "no more"), .retry(by: "bob"), .resume(by: "bob")].map {
            RehearsalRequest(afterRecord: .max, request: $0)
        }
        return result
    }
}
