import FettleModel
import FettleStore
import FettleTestSupport
import Testing

@testable import FettleExecution

/// The ledger of what is owed, after every line of a journal, against a count that knows nothing of the machine (kured#63).
@Suite struct OwedChangeTests {
    private func journal(
        of plan: Plan, seed: UInt64 = 1, people: [Rehearsal.Person] = [],
        world: @escaping @Sendable (inout TinyWorld.State) -> Void = { _ in }
    ) async throws -> [JournalRecord] {
        var rehearsal = try Rehearsal(plan, seed: seed, world: world)
        rehearsal.people = people
        try await rehearsal.play()
        return try await rehearsal.journal
    }

    /// By step: taken out by an act of the run's own, and not brought back since.
    private struct Count {
        let steps: [StepID: Step]
        var owed: [ResourceID: [TrafficBinding?: StepID]] = [:]

        init(_ plan: Plan) {
            steps = Dictionary(uniqueKeysWithValues: (plan.steps + plan.rollback).map { ($0.id, $0) })
        }

        mutating func add(_ event: RunEvent) {
            switch event {
            case .stepIntended(let id, _, let prior):
                guard let step = steps[id], step.availability == .takesOut, prior?.alreadySo != true else { return }
                if owed[step.resource]?[step.traffic] == nil { owed[step.resource, default: [:]][step.traffic] = id }
            case .stepDone(let id, _, _):
                guard let step = steps[id], step.availability == .bringsBack else { return }
                owed[step.resource]?[step.traffic] = nil
            default: return
            }
        }

        var names: Set<StepID> { Set(owed.values.flatMap(\.values)) }
    }

    @Test(arguments: Scenario.all)
    func afterEveryLineOfTheJournalItHoldsWhatIsOutAndNothingElse(scenario: Scenario) async throws {
        for usesBalancer in [true, false] {
            let plan = usesBalancer ? scenario.pool.plan() : scenario.pool.plan().withoutBalancer
            for seed in UInt64(1)...3 {
                var machine = try RunMachine(run: "run-1", plan: plan)
                var count = Count(plan)
                for record in try await journal(of: plan, seed: seed, world: scenario.prepare) {
                    try machine.apply(record)
                    count.add(record.event)
                    let owed = RunState(machine).owed
                    let note = Comment(rawValue: "line \(record.sequence), seed \(seed)")
                    #expect(Set(owed.compactMap(\.step)) == count.names, note)
                    #expect(owed.count == count.names.count, note)
                    for change in owed where !change.isQuarantined {
                        let back = try #require(change.compensation.flatMap(machine.index.step), note)
                        let out = try #require(change.step.flatMap(machine.index.step), note)
                        #expect(back.bringsBack(out) && machine.index.name(of: back.resource) == change.resource, note)
                        #expect(change.owner == "alice" && change.since <= record.at, note)
                    }
                }
            }
        }
    }

    @Test func whatTheDriverSawBeforeIsToldAndSurvivesACrash() async throws {
        let plan = Scenario.small.plan()
        let lines = try await journal(of: plan)
        let drained = try #require(
            lines.first { if case .stepDone("web-1/drain", _, _) = $0.event { true } else { false } })
        let owed = try RunState(replaying: Array(lines.prefix(drained.sequence)), plan: plan, run: "run-1").owed
        #expect(owed.map(\.kind) == [.drain])
        #expect(owed.first?.prior == PriorState(alreadySo: false, details: ["weight": "100"]))
        #expect(owed.first?.compensation == "web-1/restore")
        #expect(owed.first?.what == "out of haproxy backend web")
    }

    /// Machines that were moved away are owed until they are home, and home is where the plan says.
    @Test func machinesAreOwedUntilTheyAreHome() async throws {
        let plan = EvacuationPlan.plan()
        var machine = try RunMachine(run: "run-1", plan: plan)
        var seen = 0
        var isAway: Set<ResourceID> = []
        let steps = Dictionary(uniqueKeysWithValues: (plan.steps + plan.rollback).map { ($0.id, $0) })
        for record in try await journal(of: plan) {
            try machine.apply(record)
            switch record.event {
            case .stepIntended(let id, _, _):
                if let step = steps[id], case .evacuate = step.action { isAway.insert(step.resource) }
            case .stepDone(let id, _, _):
                if let step = steps[id], case .bringHome = step.action { isAway.remove(step.resource) }
            default: break
            }
            let owed = RunState(machine).owed.filter { $0.kind == .evacuation }
            #expect(Set(owed.map(\.resource)) == isAway, "line \(record.sequence)")
            seen += owed.count
            for change in owed {
                guard case .bringHome? = change.compensation.flatMap({ steps[$0] })?.action else {
                    Issue.record("\(change.resource) has nothing that brings its machines home")
                    continue
                }
            }
        }
        #expect(seen > 0)
        #expect(RunState(machine).owed == [])
    }
}

extension Plan {
    /// The same plan where no driver takes anybody out of traffic: only reservations count.
    fileprivate var withoutBalancer: Plan {
        var plan = self
        func changed(_ steps: [Step]) -> [Step] {
            steps.map { step in
                var step = step
                switch step.action {
                case .drain: step.action = .takeOut
                case .restore: step.action = .bringBack
                default: break
                }
                return step
            }
        }
        plan.steps = changed(plan.steps)
        plan.rollback = changed(plan.rollback)
        for place in plan.groups.indices { plan.groups[place].traffic = nil }
        return plan
    }
}
