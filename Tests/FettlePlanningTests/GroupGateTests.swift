import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// Gates of groups, and those that a person answers, in plans.
@Suite struct GroupGateTests {
    private static let shop = Probe(
        name: "shop", check: .http(url: "https://shop.example/", status: 200, contains: nil))

    private func plan(size: Int, minimum: Int, strategy: Strategy?, probes: [Probe] = [shop]) throws -> Plan {
        var builder = FleetBuilder()
        builder.pool("web", size: size, minimum: .count(minimum), traffic: FleetBuilder.traffic("web"))
        builder.host("lb-1")
        var fleet = builder.fleet
        for place in fleet.groups.indices where fleet.groups[place].id == "web" {
            fleet.groups[place].groupProbes = probes
            fleet.groups[place].strategy = strategy
        }
        return try FleetSample(fleet: fleet, selected: Set((1...size).map { ResourceID("web-\($0)") })).plan()
    }

    private func gates(_ plan: Plan) -> [(step: Step, gate: GroupGate)] {
        plan.steps.compactMap { step in
            if case .groupGate(let gate) = step.action { (step, gate) } else { nil }
        }
    }

    @Test(arguments: [1, 2, 3])
    func behindEachWaveTheGroupIsAskedAndTheRestWaits(atOnce: Int) throws {
        let plan = try plan(size: 6, minimum: 3, strategy: .rolling(maxUnavailable: .count(atOnce)))
        let gates = gates(plan)
        #expect(gates.count == 6 / atOnce)
        #expect(PlanChecker.check(plan).violations == [])
        for (number, (step, gate)) in gates.enumerated() {
            #expect(gate.resources.count == atOnce * (number + 1), "all that went so far")
            #expect(gate.probes == [Self.shop])
            for resource in gate.resources { #expect(plan.isBefore(StepID("\(resource)/restore"), step.id)) }
            for target in plan.targets where !gate.resources.contains(target.resource) {
                #expect(plan.isBefore(step.id, StepID("\(target.resource)/drain")))
            }
        }
        #expect(!plan.rollback.contains { if case .groupGate = $0.action { true } else { false } })
    }

    @Test func withACanaryItStandsBesideTheBake() throws {
        let strategy = Strategy.canary(first: .count(1), bakeSeconds: 60, maxUnavailable: .count(2))
        let plan = try plan(size: 5, minimum: 3, strategy: strategy)
        #expect(PlanChecker.check(plan).violations == [])
        #expect(gates(plan).first?.gate.resources.count == 1)
        #expect(plan.step("web/bake") != nil && plan.step("web/group-gate") != nil)
        #expect(plan.isBefore("web/group-gate", StepID("web-2/drain")))
    }

    @Test func manyWavesShareAGate() throws {
        let plan = try plan(size: 40, minimum: 30, strategy: .rolling(maxUnavailable: .count(1)))
        let gates = gates(plan)
        #expect(gates.count == 16)
        #expect(gates.last?.gate.resources.count == 40)
        #expect(PlanChecker.check(plan).violations == [])
    }

    @Test func whoDoesNotWaitForTheGroupIsFound() throws {
        var plan = try plan(size: 4, minimum: 3, strategy: .rolling(maxUnavailable: .count(1)))
        let gate = try #require(gates(plan).first)
        let other = try #require(plan.targets.map(\.resource).first { !gate.gate.resources.contains($0) })
        for place in plan.steps.indices where plan.steps[place].resource == other {
            plan.steps[place].after.removeAll { $0.rawValue.contains("group-gate") }
        }
        #expect(PlanChecker.check(plan).violations.contains { "\($0)".contains("group-gate") })
    }

    @Test func withoutProbesOfItsOwnAGroupIsNotAsked() throws {
        #expect(gates(try FleetSample.threeWebServers.plan()).isEmpty)
    }

    @Test func aPersonIsAskedOnTheWayForwardOnly() throws {
        var sample = FleetSample.threeWebServers
        let question = Probe(name: "look", check: .manual(question: "Does it look right?"))
        for place in sample.fleet.groups.indices { sample.fleet.groups[place].probes.append(question) }
        let plan = try sample.plan()
        #expect(PlanChecker.check(plan).violations == [])
        let asking = (plan.steps + plan.rollback).filter { !$0.action.questions.isEmpty }
        #expect(Set(asking.map(\.id)) == ["web-1/confirm", "web-2/confirm", "web-3/confirm"])
        #expect(plan.isBefore("web-1/verify", "web-1/confirm") && plan.isBefore("web-1/confirm", "web-1/restore"))
        for step in plan.steps + plan.rollback {
            switch step.action {
            case .preflight(_, let probes): #expect(!probes.contains(question))
            case .gate(let probes) where step.id.rawValue.hasSuffix("/gate"): #expect(!probes.contains(question))
            default: break
            }
        }
    }
}
