import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// One executor leaves a run to another: no step is left half done, none is done twice, and nobody waits for a lease.
@Suite struct HandOverTests {
    @Test(arguments: Scenario.all)
    func aHandOverAtAnyMomentComesToTheSameEnd(scenario: Scenario) async throws {
        let plan = scenario.pool.plan()
        var whole = try Rehearsal(plan, world: scenario.prepare)
        try await whole.play()
        let performed = whole.world.now.performed
        for event in 2..<(try await whole.journal.count) {
            var rehearsal = try Rehearsal(plan, world: scenario.prepare)
            rehearsal.people = [
                .init(afterEvent: event, request: .handOver(by: "bob", reason: "upgrade", epoch: 0)),
                .init(afterEvent: event + 5, request: .handOver(by: "bob", reason: "again", epoch: 0)),
            ]
            let outcome = try await rehearsal.play()
            let note = Comment(rawValue: "after event \(event): \(rehearsal.refusals)")
            #expect(Scenario.End(outcome) == scenario.end, note)
            #expect(rehearsal.world.now.isNew == scenario.isNew, note)
            #expect(Set(rehearsal.state.quarantined.map(\.resource)) == scenario.quarantined, note)
            if scenario.name == "nothing goes wrong" {
                #expect(rehearsal.handOvers > 0, note)
                // A watch is cut short and taken anew; everything else is done once.
                for (step, count) in rehearsal.world.now.performed where step != "wave-0/bake" {
                    #expect(count == performed[step], "\(step): \(note)")
                }
            }
        }
    }

    /// A request that was left behind by one that died does not meet its successor.
    @Test func aRequestMeantForAnotherExecutorIsRefused() async throws {
        let plan = Scenario.small.plan()
        var machine = try RunMachine(run: "run-1", plan: plan)
        let reference = StageReference(id: plan.id.rawValue, digest: Digest(rawValue: "00"))
        let events: [(Int, RunEvent)] = [
            (1, .started(change: "change-1", plan: reference, by: "alice")), (1, .claimed(executor: "one")),
            (2, .claimed(executor: "two")),
        ]
        for (number, (epoch, event)) in events.enumerated() {
            try machine.apply(
                JournalRecord(
                    sequence: number + 1, epoch: epoch, at: Timestamp(milliseconds: 0), event: event))
        }
        #expect(machine.request(.handOver(by: "bob", reason: "", epoch: 1))?.contains("meant for") == true)
        #expect(machine.request(.handOver(by: "bob", reason: "", epoch: 2)) == nil)
    }

    @Test func theNextExecutorHasTheRunAtOnceAndTheFirstTouchesNothingMore() async throws {
        let setup = try await ExecutorTests.Setup(delay: .milliseconds(5))
        let store = setup.store
        let plan = setup.plan
        try await store.submit(.handOver(by: "bob", reason: "upgrade", epoch: 1), to: "run-1")
        let first = try await setup.executor("one").execute(start: ExecutorTests.start)
        #expect(first == .handedOver(by: "bob"))
        #expect(try await store.summary(of: "run-1")?.executor == nil)
        let left = try await store.records(of: "run-1", after: 0)
        let state = try RunState(replaying: left, plan: plan, run: "run-1")
        #expect(state.handOver?.by == "bob")
        #expect(!(state.resources.flatMap { $0.steps + $0.rollback }).contains { $0.status == .underWay })

        // Without `takeOver`: nobody's lease stands in the way.
        #expect(try await setup.executor("two").execute() == .ended(.succeeded))
        let journal = try await store.records(of: "run-1", after: 0)
        #expect(Array(journal.prefix(left.count)) == left)
        #expect(setup.world.now.performed.allSatisfy { $0.value == 1 })
        #expect(try RunState(replaying: journal, plan: plan, run: "run-1").handOver == nil)
    }
}
