import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// Who goes out first is prepared first: nothing else takes room from it until then.
@Suite struct LeaderTests {
    /// A pool that goes one by one; its hosts are all prepared whenever there is room.
    private var pool: Plan {
        var pool = PoolPlan(waves: [1, 1, 1], minimumAvailable: 2)
        pool.bakes = false
        return pool.plan()
    }

    private func started(_ plan: Plan) throws -> RunMachine {
        var machine = try RunMachine(run: "run-1", plan: plan)
        let start = RunEvent.started(
            change: "change-1", plan: StageReference(id: "plan-1", digest: Digest(rawValue: "00")), by: "alice")
        for (place, event) in [start, .claimed(executor: "here")].enumerated() {
            try machine.apply(record(event, place + 1))
        }
        return machine
    }

    private func record(_ event: RunEvent, _ sequence: Int) -> JournalRecord {
        JournalRecord(sequence: sequence, epoch: 1, at: now, event: event)
    }

    private let now = Timestamp(milliseconds: 1_000)

    /// The steps that are checked now, after whatever is to be written down first.
    private func checked(_ machine: inout RunMachine, at time: Timestamp) throws -> [StepID] {
        var found: [StepID] = []
        while true {
            let commands = machine.next(at: time)
            if case .append(let events)? = commands.first {
                for event in events { try machine.apply(record(event, machine.sequence + 1)) }
                continue
            }
            for command in commands { if case .check(let order, _) = command { found.append(order.step.id) } }
            return found
        }
    }

    @Test func theOthersArePreparedWhenTheFirstIs() throws {
        var machine = try started(pool)
        #expect(try checked(&machine, at: now) == ["web-1/preflight"])
        machine.receive(.checked("web-1/preflight", attempt: 1, .ready(prior: nil)), at: now)
        #expect(try checked(&machine, at: now) == [])
        let fine = Observation(verdict: .pass, summary: "", details: [:], observedAt: now)
        machine.receive(.performed("web-1/preflight", attempt: 1, .success(fine)), at: now)
        #expect(try checked(&machine, at: now) == ["web-1/drain", "web-2/preflight", "web-3/preflight"])
    }

    @Test(arguments: [StepAnswer.blocked(reason: "no"), .unknown(StepFailure(code: .unreachable, message: "no"))])
    func nobodyWaitsForOneThatCannotBePrepared(answer: StepAnswer) throws {
        var machine = try started(pool)
        #expect(try checked(&machine, at: now) == ["web-1/preflight"])
        machine.receive(.checked("web-1/preflight", attempt: 1, answer), at: now)
        #expect(try checked(&machine, at: now) == ["web-2/preflight", "web-3/preflight"])
    }

    private func leaders(_ plan: Plan) throws -> [ResourceID?] {
        let index = try PlanIndex(plan: plan)
        return plan.targets.map { target in
            index.number(of: target.resource).flatMap(index.leaders.leader).map(index.name)
        }
    }

    @Test func leadersAreThoseWhoWaitForNobody() throws {
        #expect(try leaders(pool) == [nil, "web-1", "web-1"])
        // A canary's bake is waited for, and so is the canary.
        #expect(try leaders(PoolPlan(waves: [1, 2], minimumAvailable: 1).plan()) == [nil, "web-1", "web-1"])
        #expect(try leaders(PoolPlan(waves: [3], minimumAvailable: 0).plan()) == [nil, nil, nil])
    }

    @Test func aLeaderIsFoundThroughSeveralOrders() throws {
        var pool = PoolPlan(waves: [4], minimumAvailable: 0)
        pool.bakes = false
        var plan = pool.plan()
        // web-4 waits for web-3 in its lane, which waits for another environment, in which web-2 waits for web-1.
        plan.order = [
            TurnOrder(reason: "a lane", turns: [["web-3"], ["web-4"]]),
            TurnOrder(reason: "environments", turns: [["web-2", "web-1"], ["web-3", "web-4"]]),
            TurnOrder(reason: "another lane", turns: [["web-1"], ["web-2"]]),
        ]
        #expect(try leaders(plan) == [nil, "web-1", "web-1", "web-1"])
        // Who is only watched and never taken out leads nobody.
        plan.order = [TurnOrder(reason: "a lane", turns: [["idle-1"], ["web-1"], ["web-2"]])]
        #expect(try leaders(plan) == [nil, "web-1", nil, nil])
    }

    /// What a checker would never let pass must not keep the machine busy for ever.
    @Test func inACircleNobodyLeads() throws {
        var plan = PoolPlan(waves: [3], minimumAvailable: 0).plan()
        plan.order = [
            TurnOrder(reason: "one way", turns: [["web-1"], ["web-2"]]),
            TurnOrder(reason: "the other", turns: [["web-2"], ["web-1"], ["web-3"]]),
        ]
        #expect(try leaders(plan) == [nil, nil, nil])
    }
}
