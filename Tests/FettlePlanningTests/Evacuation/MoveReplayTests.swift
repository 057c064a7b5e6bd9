import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// A data centre's plan, gone through machine by machine; and that the replay sees what is wrong with a plan.
@Suite struct MoveReplayTests {
    private static func centre(_ seed: UInt64) -> DataCentre {
        var shape = DataCentre.Shape(hypervisors: 40, machines: 400)
        shape.smallPools = 0
        shape.poolSizes = 10...16
        shape.filled = 60...70
        shape.sizes = [1, 2, 2, 4, 4, 8, 16]
        return DataCentre(seed: seed, shape)
    }

    private static func faults(_ plan: Plan, _ facts: FactSet, _ pace: MoveReplay.Pace = .widest) -> [String] {
        var replay = MoveReplay(plan, facts)
        replay.run(pace)
        return replay.faults
    }

    @Test(arguments: TestScale.seeds(3, long: 100)) func aDataCentreGoesThroughInAnyOrder(seed: UInt64) throws {
        let centre = Self.centre(seed)
        let plan = try centre.sample.plan()
        #expect(PlanChecker.check(plan).violations == [])
        for walk in 0..<4 {
            var replay = MoveReplay(plan, centre.sample.facts)
            replay.run(walk == 0 ? .widest : .random(seed: seed * 100 + UInt64(walk), goesBack: walk > 1))
            #expect(replay.faults == [])
            if walk < 2 {
                #expect(replay.moves > 600)
                #expect(replay.mostOut > 2 && replay.mostAway > 20)
            }
        }
    }

    @Test func whatIsWrongIsSeen() throws {
        let centre = Self.centre(1)
        let (plan, facts) = (try centre.sample.plan(), centre.sample.facts)
        let moves = plan.steps.flatMap { step -> [MachineMove] in
            if case .evacuate(let moves, _) = step.action { moves } else { [] }
        }
        let move = try #require(moves.first)

        var tight = facts
        try tight.change(move.to) { facts in
            facts.memoryMebibytes = facts.residents.filter(\.isRunning).reduce(0) { $0 + $1.memoryMebibytes }
        }
        #expect(Self.faults(plan, tight).contains { $0.hasPrefix("\(move.to) lacks") })

        var apart = facts
        try apart.change(move.to) { facts in
            for place in facts.residents.indices { facts.residents[place].apartFrom.append(move.machine) }
        }
        #expect(Self.faults(plan, apart).contains { $0.contains("both on \(move.to), and must run apart") })

        var bound = facts
        try bound.change(move.from) { facts in
            for place in facts.residents.indices { facts.residents[place].isBoundBecause = "its disk is local" }
        }
        #expect(Self.faults(plan, bound).contains { $0 == "\(move.machine) is moved, and cannot be" })

        var atOnce = plan
        atOnce.order = []
        #expect(Self.faults(atOnce, facts).contains { $0.contains("which is out") })

        var oneWay = plan
        oneWay.steps.removeAll { if case .bringHome = $0.action { true } else { false } }
        #expect(Self.faults(oneWay, facts).contains { $0.contains("at the end, and not at home") })

        var left = plan
        for place in left.steps.indices {
            guard case .evacuate(let moves, let staying) = left.steps[place].action else { continue }
            left.steps[place].action = .evacuate(moves: Array(moves.dropLast()), staying: staying)
        }
        #expect(Self.faults(left, facts).contains { $0.contains("while that is worked on") })
    }
}

extension FactSet {
    fileprivate mutating func change(_ id: ResourceID, _ body: (inout HypervisorFacts) -> Void) throws {
        let place = try #require(hosts.firstIndex { $0.resource == id })
        var facts = try #require(hosts[place].hypervisor?.value)
        body(&facts)
        hosts[place].hypervisor = .observed(facts)
    }
}
