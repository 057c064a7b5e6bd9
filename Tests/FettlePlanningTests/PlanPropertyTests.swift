import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// What holds for every plan, on fleets made from seeds.
@Suite struct PlanPropertyTests {
    static let seeds = TestScale.seeds(40, long: 400) + strategySeeds
    /// Of fleets with strategies of every kind.
    static let strategySeeds = TestScale.seeds(40, long: 400).map { $0 + firstStrategySeed }
    private static let firstStrategySeed: UInt64 = 10_000

    /// Every second fleet has its load balancers patched as well.
    private func sample(_ seed: UInt64) -> (FleetSample, Set<ResourceID>) {
        let sample =
            seed < Self.firstStrategySeed
            ? FleetGenerator.sample(seed: seed) : FleetGenerator.ofAllStrategies(seed: seed)
        return (sample, seed % 2 == 0 ? Set(sample.fleet.resources.map(\.id)) : [])
    }

    @Test(arguments: seeds) func everyStepStandsAfterWhatItWaitsFor(seed: UInt64) throws {
        let (sample, named) = sample(seed)
        let plan = try sample.plan(named: named)
        for steps in [plan.steps, plan.rollback] {
            var seen: Set<StepID> = []
            for step in steps {
                #expect(step.after.allSatisfy(seen.contains), "\(step.id)")
                #expect(step.after == Set(step.after).sorted(), "\(step.id)")
                #expect(seen.insert(step.id).inserted, "\(step.id)")
            }
        }
    }

    @Test(arguments: seeds) func noReachableStateLeavesAGroupBelowItsMinimum(seed: UInt64) throws {
        let (sample, named) = sample(seed)
        let (plan, report) = try Planner.plan(sample.input(named: named))
        for group in plan.groups {
            let most = ReachableStates(group, in: plan).mostOut().out
            #expect(most <= group.maximumOut, "\(group.id)")
            // Who retires does so when all others of the group are back, and the traffic is not turned to who is gone.
            let retired = plan.steps.count { $0.action == .retire && group.members.contains($0.resource) }
            #expect(group.members.count - max(most, retired) >= group.minimumAvailable, "\(group.id)")
            let told = try #require(report.groups.first { $0.id == group.id })
            #expect(group.members.count - max(most, retired) >= told.lowestAvailable, "\(group.id)")
        }
    }

    @Test(arguments: seeds) func theCheckerAgrees(seed: UInt64) throws {
        let (sample, named) = sample(seed)
        let report = PlanChecker.check(try sample.plan(named: named))
        #expect(report.violations == [])
    }

    @Test(arguments: seeds) func theSameInputGivesTheSameBytes(seed: UInt64) throws {
        let (sample, named) = sample(seed)
        var input = sample.input(named: named)
        let (plan, report) = try Planner.plan(input)
        // The order in which a caller happens to list things is no part of what it says.
        input.fleet.resources.reverse()
        input.fleet.groups.reverse()
        input.facts.hosts.reverse()
        input.selection.hosts.reverse()
        let (again, reportAgain) = try Planner.plan(input)
        #expect(try CanonicalJSON.encode(plan) == CanonicalJSON.encode(again))
        #expect(try CanonicalJSON.encode(report) == CanonicalJSON.encode(reportAgain))
    }

    @Test(arguments: seeds) func planningAgainAfterSuccessIsEmpty(seed: UInt64) throws {
        var (sample, named) = sample(seed)
        sample.policy.reboot = sample.policy.reboot == .always ? .ifRequired : sample.policy.reboot
        sample.facts = sample.factsAfterSuccess
        #expect(try sample.plan(named: named).steps == [])
    }

    @Test(arguments: seeds) func environmentsFollowEachOtherInTheirOrder(seed: UInt64) throws {
        let (sample, named) = sample(seed)
        let plan = try sample.plan(named: named)
        // Fettle's own host goes after all of them (I12).
        let out = Set(plan.steps.filter { $0.availability == .takesOut }.map(\.resource))
        let targets = plan.targets.filter { $0.address.transport != .local && out.contains($0.resource) }
        for (earlier, later) in zip(plan.environments, plan.environments.dropFirst()) {
            let first = targets.filter { $0.environment == earlier }.map(\.resource)
            for target in targets where target.environment == later {
                #expect(plan.before(target.resource).isSuperset(of: first), "\(target.resource)")
            }
        }
    }

    @Test(arguments: seeds) func whatIsSelectedIsPlannedOrToldAsLeftOut(seed: UInt64) throws {
        let (sample, named) = sample(seed)
        let (plan, report) = try Planner.plan(sample.input(named: named))
        for host in sample.selection.hosts {
            let isPlanned = plan.target(host.resource) != nil
            #expect(isPlanned != report.leftOut.contains { $0.resource == host.resource }, "\(host.resource)")
        }
    }

    @Test(arguments: strategySeeds) func nobodyIsWorkedOnWhileItServes(seed: UInt64) throws {
        let (sample, named) = sample(seed)
        let plan = try sample.plan(named: named)
        for play in 0..<8 as Range<UInt64> {
            var run = SideRun(plan, seed: seed &* 31 &+ play)
            #expect(run.play() == [])
        }
    }

    /// Wherever the windows are, the planner and the checker mean the same by them.
    @Test(arguments: strategySeeds) func whatIsPlannedIntoWindowsEndsInThem(seed: UInt64) throws {
        let (sample, named) = sample(seed)
        var random = SplitMix(seed: seed)
        let nights = (0..<Int.random(in: 1...6, using: &random)).map { night in
            let opens = FactSample.now.adding(seconds: 3_600 + night * 86_400)
            return TimeWindow(
                opensAt: opens, closesAt: opens.adding(seconds: Int.random(in: 1_800...30_000, using: &random)))
        }
        var offered: [ResourceID: [TimeWindow]] = [:]
        for resource in sample.fleet.resources where Int.random(in: 0..<8, using: &random) > 0 {
            offered[resource.id] = nights.filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
        }
        do throws(PlanningRefusal) {
            let plan = try Planner.plan(sample.input(named: named, windows: WindowOffer(offered))).0
            #expect(PlanChecker.check(plan).violations == [])
        } catch {
            #expect(error.problems.allSatisfy { $0.code == .window }, "\(error)")
        }
    }

    /// The generator must reach what the properties are about, or they would hold of nothing.
    @Test func theSeedsReachTheRareCases() throws {
        var bakes = 0
        var overlaps = 0
        var noReturn = 0
        var several = 0
        var balancers = 0
        var restarts = 0
        var own = 0
        for seed in Self.seeds {
            let (sample, named) = sample(seed)
            let plan = try sample.plan(named: named)
            bakes += plan.steps.contains { if case .bake = $0.action { true } else { false } } ? 1 : 0
            overlaps += plan.targets.contains { plan.groups(of: $0.resource).count > 1 } ? 1 : 0
            noReturn += plan.pointOfNoReturn != nil ? 1 : 0
            several += plan.environments.count > 1 ? 1 : 0
            let patched = Set(plan.steps.filter { $0.action.name == "patch" }.map(\.resource))
            restarts += plan.targets.contains { !patched.contains($0.resource) } ? 1 : 0
            own += plan.targets.contains { $0.address.transport == .local } ? 1 : 0
            balancers += plan.targets.contains { $0.resource.rawValue.hasSuffix("-lb") } ? 1 : 0
        }
        #expect([bakes, overlaps, noReturn, several, balancers, restarts, own].allSatisfy { $0 >= 4 })
    }

    @Test func theSeedsReachEveryStrategy() throws {
        var actions: [String: Int] = [:]
        var fates: Set<String> = []
        var across = 0
        for seed in Self.strategySeeds {
            let (sample, named) = sample(seed)
            let plan = try sample.plan(named: named)
            for name in Set(plan.steps.map(\.action.name)) { actions[name, default: 0] += 1 }
            for group in sample.fleet.groups {
                if case .blueGreen(_, _, let then) = group.strategy { fates.insert(then.rawValue) }
            }
            let moved = plan.steps.compactMap { step -> [ResourceID]? in
                if case .upgradeThroughController(let upgrade) = step.action { upgrade.members } else { nil }
            }.joined()
            across += moved.contains { plan.groups(of: $0).count > 1 } ? 1 : 0
        }
        for name in ["confirm traffic", "switch traffic", "upgrade through controller", "build image", "replace image"]
        {
            #expect(actions[name] ?? 0 >= 4, "\(name)")
        }
        #expect(actions["retire"] ?? 0 >= 2)
        #expect(actions["hand over"] ?? 0 >= 4)
        #expect(fates.count == 3)
        #expect(across >= 2)
    }
}
