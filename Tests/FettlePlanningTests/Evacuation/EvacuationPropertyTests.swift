import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// What holds for every plan that moves machines, on fleets made from seeds.
@Suite struct EvacuationPropertyTests {
    static let seeds = TestScale.seeds(150, long: 3_000)

    private func plan(_ sample: FleetSample) -> Plan? { try? sample.plan() }

    @Test(arguments: seeds) func whatIsPlannedIsProven(seed: UInt64) {
        guard let plan = plan(HypervisorGenerator.sample(seed: seed)) else { return }
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// VMs are never sent to a host that is itself going down (cubecos#583), the next one never goes before the first is back
    /// (project-pegaprox#276), and no way home lacks memory (xen-orchestra#10260).
    @Test(arguments: seeds) func noLegalOrderOfEventsOverloadsAHypervisorOrBreaksAGroup(seed: UInt64) {
        let sample = HypervisorGenerator.sample(seed: seed)
        guard let plan = plan(sample) else { return }
        for number in 0..<12 {
            var random = SplitMix(seed: seed &* 1_000 &+ UInt64(number))
            var walk = EvacuationWalk(plan, sample)
            walk.walk(using: &random)
            #expect(walk.faults == [], "walk \(number)")
        }
    }

    @Test(arguments: seeds) func theSameInputGivesTheSameBytes(seed: UInt64) throws {
        let sample = HypervisorGenerator.sample(seed: seed)
        var input = sample.input()
        let first = Result { try Planner.plan(input) }
        input.fleet.resources.reverse()
        input.fleet.groups.reverse()
        input.facts.hosts.reverse()
        input.selection.hosts.reverse()
        let second = Result { try Planner.plan(input) }
        switch (first, second) {
        case (.success(let one), .success(let other)):
            #expect(try CanonicalJSON.encode(one.0) == CanonicalJSON.encode(other.0))
            #expect(try CanonicalJSON.encode(one.1) == CanonicalJSON.encode(other.1))
        case (.failure(let one), .failure(let other)):
            #expect((one as? PlanningRefusal) == (other as? PlanningRefusal))
        default: Issue.record("planned once and refused once")
        }
    }

    /// What goes down is in the report before the run (harvester#11108), and in the plan what of it the fleet declares.
    @Test(arguments: seeds) func everyRunningMachineIsMovedOrTold(seed: UInt64) throws {
        let sample = HypervisorGenerator.sample(seed: seed)
        guard let (plan, report) = try? Planner.plan(sample.input()) else { return }
        for target in plan.targets {
            guard let facts = sample.facts.host(target.resource)?.hypervisor?.value,
                sample.fleet.groups(of: target.resource).contains(where: { $0.id == "compute" })
            else { continue }
            let moved = plan.steps.flatMap { step -> [MachineMove] in
                guard step.resource == target.resource, case .evacuate(let moves, _) = step.action else { return [] }
                return moves
            }
            for machine in facts.residents where machine.isRunning {
                let isTold = report.interrupted.contains {
                    $0.machine == machine.name && $0.hypervisor == target.resource
                }
                #expect(moved.contains { $0.machine == machine.name } != isTold, "\(machine.name)")
                #expect(isTold == (machine.isBoundBecause != nil), "\(machine.name)")
                if let resource = machine.resource { #expect(target.carries.contains(resource) == isTold) }
            }
        }
    }

    /// Every way to place the machines is tried, over the orders that the planner would have given.
    @Test(arguments: seeds) func whatIsRefusedForLackOfRoomHasNoPlace(seed: UInt64) {
        let sample = HypervisorGenerator.sample(seed: seed, mostHypervisors: 4)
        let problems = sample.problems()
        guard !problems.isEmpty, problems.allSatisfy({ $0.code == .noRoom }) else { return }
        #expect(EveryPlacement(sample).exists() != true, "\(problems.map(\.message))")
    }

    /// The generator must reach what the properties are about, or they would hold of nothing.
    @Test func theSeedsReachTheRareCases() {
        var counts: [String: Int] = [:]
        func count(_ name: String, _ happened: Bool) { counts[name, default: 0] += happened ? 1 : 0 }
        for seed in Self.seeds {
            let sample = HypervisorGenerator.sample(seed: seed)
            let problems = sample.problems()
            count("no room", problems.contains { $0.code == .noRoom })
            let isSmall = !problems.isEmpty && problems.allSatisfy { $0.code == .noRoom }
            count("every placement was tried in vain", isSmall && EveryPlacement(sample).exists() == false)
            count("together impossible", problems.contains { $0.message.contains("no way to place") })
            count("a group would fall too low", problems.contains { $0.message.contains("down with it") })
            guard let (plan, report) = try? Planner.plan(sample.input()) else { continue }
            count("fewer at once", report.groups.contains { $0.reason.contains("reduced to 1, so that the machines") })
            let moves = plan.steps.filter { if case .evacuate = $0.action { true } else { false } }
            count("moves", !moves.isEmpty)
            count("several at once", moves.count > 1 && (plan.group("compute")?.maximumOut ?? 0) > 1)
            count("carries", plan.targets.contains { !$0.carries.isEmpty })
            count(
                "carries a member of a group that is not patched",
                plan.groups.contains { group in !plan.targets.contains { group.members.contains($0.resource) } })
            let homes = Set(moves.map(\.resource))
            count(
                "a machine that is patched itself",
                plan.targets.contains { target in
                    plan.order.contains {
                        $0.reason.hasSuffix("one after the other") && $0.turns.joined().contains(target.resource)
                            && !homes.contains(target.resource)
                    }
                })
            count(
                "own machine carried",
                plan.targets.contains { target in
                    target.carries.contains { sample.fleet.resource($0)?.address.transport == .local }
                })
        }
        for (name, number) in counts.sorted(by: { $0.key < $1.key }) { #expect(number >= 2, "\(name): \(number)") }
        #expect(counts.count == 11)
    }
}

/// Anti-affinity is in the plan, and what it says is enough to see it broken.
@Suite struct ApartPropertyTests {

    /// Sends each machine in turn to where one runs that it must be apart from: the checker sees it from the plan alone.
    @Test(arguments: EvacuationPropertyTests.seeds) func whoIsSentToOneItMustBeApartFromIsSeen(seed: UInt64) {
        let sample = HypervisorGenerator.sample(seed: seed)
        guard let plan = try? sample.plan() else { return }
        let rooms = Set(plan.rooms.map(\.hypervisor))
        for (move, others) in moved(plan, sample) {
            for place in rooms.subtracting([move.from, move.to]).sorted() {
                let there = sample.facts.host(place)?.hypervisor?.value?.residents.filter(\.isRunning) ?? []
                let clash = there.first { others.contains($0.name) || $0.apartFrom.contains(move.machine) }
                guard clash != nil else { continue }
                let told = PlanChecker.check(sending(move, to: place, plan)).violations.map(\.message)
                #expect(told.contains { $0.contains("must run apart") }, "\(move.machine) to \(place): \(told)")
            }
        }
    }

    /// The generator makes such fleets at all.
    @Test func rulesReachPlans() {
        let plans = EvacuationPropertyTests.seeds.compactMap { try? HypervisorGenerator.sample(seed: $0).plan() }
        #expect(plans.contains { $0.apart != nil })
        #expect(plans.contains { $0.apart == nil })
        #expect(plans.contains { $0.targets.contains { $0.interrupts != nil } })
    }

    private func moved(_ plan: Plan, _ sample: FleetSample) -> [(MachineMove, Set<String>)] {
        plan.steps.flatMap { step -> [(MachineMove, Set<String>)] in
            guard case .evacuate(let moves, _) = step.action else { return [] }
            let residents = sample.facts.host(step.resource)?.hypervisor?.value?.residents ?? []
            return moves.map { move in
                (move, Set(residents.first { $0.name == move.machine }?.apartFrom ?? []))
            }
        }
    }

    /// On both ways, with room for it.
    private func sending(_ move: MachineMove, to place: ResourceID, _ plan: Plan) -> Plan {
        func sent(_ steps: [Step]) -> [Step] {
            steps.map { step in
                var step = step
                guard step.resource == move.from else { return step }
                switch step.action {
                case .evacuate(var moves, let staying):
                    for number in moves.indices where moves[number] == move { moves[number].to = place }
                    step.action = .evacuate(moves: moves, staying: staying)
                case .bringHome(var moves):
                    for number in moves.indices where moves[number] == move.reversed { moves[number].from = place }
                    step.action = .bringHome(moves: moves)
                default: break
                }
                return step
            }
        }
        var plan = plan
        plan.steps = sent(plan.steps)
        plan.rollback = sent(plan.rollback)
        return plan
    }
}
