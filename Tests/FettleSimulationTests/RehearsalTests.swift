import FettleModel
import FettleSimulation
import FettleStore
import FettleTestSupport
import Testing

@Suite struct RehearsalTests {
    @Test func withoutFaultsEveryPlaySucceedsWithinTheMinimum() throws {
        let plan = RollingPlan.plan(size: 5, lanes: 2)
        for seed in TestScale.seeds(20, long: 200) {
            var rehearsal = try Rehearsal(plan, seed: seed)
            let result = try rehearsal.play()
            #expect(result.outcome == .succeeded)
            #expect(result.violations == [])
            #expect((result.lowestAvailable["web"] ?? 0) >= 3)
        }
    }

    @Test func aSeedGivesTheSamePlay() throws {
        let plan = RollingPlan.plan(size: 4, lanes: 1)
        let faults = FaultProfile(packageFailure: 100, badPatch: 100, lostHost: 20)
        var first = try Rehearsal(plan, seed: 7, faults: faults)
        var second = try Rehearsal(plan, seed: 7, faults: faults)
        #expect(try first.play() == second.play())
    }

    /// Whatever fails, no group goes below its minimum by a step of ours, and nobody is left out of traffic but in quarantine.
    @Test(arguments: TestScale.seeds(100, long: 1_000))
    func faultsBreakNoInvariant(seed: UInt64) throws {
        let plan = RollingPlan.plan(size: 2 + Int(seed % 5), lanes: 1 + Int(seed % 2), reboot: seed % 3 == 0)
        let faults = FaultProfile(packageFailure: 60, badPatch: 100, lostHost: 30)
        var rehearsal = try Rehearsal(plan, seed: seed, faults: faults)
        let result = try rehearsal.play()
        #expect(result.violations == [], "seed \(seed)")
        #expect(result.outcome != nil || result.awaitingHuman != nil)
    }

    /// A million-seed run proves little if the rare endings never come: each has to be reached.
    @Test func everyEndingIsReached() throws {
        let plan = RollingPlan.plan(size: 4, lanes: 1)
        var seen: Set<String> = []
        for seed in TestScale.seeds(150, long: 1_500) {
            var rehearsal = try Rehearsal(
                plan, seed: seed, faults: FaultProfile(packageFailure: 40, badPatch: 60, lostHost: 25))
            let result = try rehearsal.play()
            switch result.outcome {
            case .succeeded: seen.insert("succeeded")
            case .rolledBack: seen.insert("rolled back")
            case .failed: seen.insert("failed")
            case nil: seen.insert("waits")
            }
            if !result.quarantined.isEmpty { seen.insert("quarantined") }
        }
        #expect(seen.isSuperset(of: ["succeeded", "rolled back", "failed", "quarantined"]))
    }
    /// Environments one after the other, pools in lanes behind their canaries: by the plan's orders alone, at some size.
    @Test(arguments: [false, true])
    func aFleetGoesThroughItsOrdersAndBack(goesBack: Bool) throws {
        let fleet = TestScale.isLong ? FleetPlan(groups: 100) : FleetPlan(groups: 16, size: 10)
        let plan = fleet.plan()
        let last = RehearsalRequest(
            afterRecord: 2 * plan.steps.count - 30, request: .rollback(by: "bob", reason: "look"))
        var rehearsal = try Rehearsal(plan.unguarded, seed: 3, requests: goesBack ? [last] : [])
        let result = try rehearsal.play()
        #expect(result.outcome == (goesBack ? .rolledBack(reason: "look") : .succeeded))
        #expect(result.violations == [])
        let count = OutageCount(of: result.journal, plan)
        #expect(count.clashes == [])
        #expect(count.out == [])
        #expect(plan.groups.allSatisfy { count.most[$0.id] == 2 }, "each pool comes to its two lanes, and no further")
        expectEnvironmentsInOrder(result.journal, plan)
    }

    /// Who is taken out first in each environment, on the way forward and on the way back.
    private func expectEnvironmentsInOrder(_ journal: [JournalRecord], _ plan: Plan) {
        let environment = Dictionary(uniqueKeysWithValues: plan.targets.map { ($0.resource, $0.environment) })
        let steps = Dictionary(uniqueKeysWithValues: (plan.steps + plan.rollback).map { ($0.id, $0) })
        var seen: [EnvironmentID] = []
        for record in journal {
            guard case .stepIntended(let id, _, _) = record.event, let step = steps[id],
                step.availability == .takesOut, let name = environment[step.resource], seen.last != name
            else { continue }
            seen.append(name)
        }
        let forward = plan.environments
        let back = Array(forward.reversed())
        #expect(seen == forward || seen == forward + back || seen == forward + back.dropFirst(), "\(seen)")
    }

    /// A run is started when the first window opens; each host waits for its own.
    @Test func aPlayKeepsToEveryHostsWindow() throws {
        var plan = FleetPlan(groups: 2, size: 4, lanes: 1, environments: 2).plan()
        let (tonight, tomorrow) = (Timestamp(milliseconds: 80_000_000), Timestamp(milliseconds: 166_000_000))
        plan.windows = [tonight, tomorrow].map { TimeWindow(opensAt: $0, closesAt: $0.adding(seconds: 7200)) }
        for place in plan.targets.indices {
            plan.targets[place].window = plan.targets[place].environment == "environment-1" ? 0 : 1
        }
        var rehearsal = try Rehearsal(plan, seed: 1)
        let result = try rehearsal.play()
        #expect(result.outcome == .succeeded)
        #expect(result.journal.first?.at == tonight)
        for record in result.journal {
            guard case .stepIntended(let id, _, _) = record.event, id.rawValue.hasSuffix("/drain") else { continue }
            let opens = id.rawValue.hasPrefix("pool-1-") ? tonight : tomorrow
            #expect(record.at >= opens && record.at < opens.adding(seconds: 7200), "\(id)")
        }
    }
}
