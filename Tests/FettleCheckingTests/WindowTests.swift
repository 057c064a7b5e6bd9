import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// I4: every resource is back inside its own window, whatever ready step an executor prefers.
@Suite struct WindowTests {
    static func window(_ opens: Int, _ closes: Int) -> TimeWindow {
        TimeWindow(
            opensAt: Timestamp(milliseconds: Int64(opens) * 1000),
            closesAt: Timestamp(milliseconds: Int64(closes) * 1000))
    }

    /// Two members after each other: preflight, stage, and twice an outage of 40 s, then a way back of 40 s.
    static var plan: Plan {
        var plan = RollingPlan.plan(size: 2, lanes: 1)
        plan.limits.parallelSteps = 100
        plan.windows = [window(0, 140)]
        for place in plan.targets.indices { plan.targets[place].window = 0 }
        return plan
    }

    @Test func aWindowIsLongEnoughToTheSecond() {
        var plan = Self.plan
        #expect(PlanChecker.check(plan) == CheckReport(violations: [], method: .exact))
        plan.windows = [Self.window(0, 139)]
        let violations = PlanChecker.check(plan).violations
        #expect(
            violations == [
                Violation(
                    .time,
                    "web-2/restore and its way back may need until 140 s after window 0 opens, and it closes after 139 s",
                    steps: ["web-2/restore"])
            ])
    }

    /// 12 steps of 10 s that may have to queue for one place take 120 s, and the longest path may come after that.
    @Test func whoMayHaveToQueueIsGivenTime() {
        var plan = Self.plan
        plan.limits.parallelSteps = 1
        plan.windows = [Self.window(0, 140 + 120)]
        #expect(PlanChecker.check(plan) == CheckReport(violations: [], method: .bound))
        plan.windows = [Self.window(0, 140 + 119)]
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.time])
    }

    /// What goes before is over when the later window opens; what is prepared is counted again, since it may be late.
    @Test func aLaterWindowStartsAtItsOpening() {
        var plan = Self.plan
        plan.windows = [Self.window(0, 100), Self.window(1_000, 1_100)]
        plan.targets[1].window = 1
        #expect(PlanChecker.check(plan).violations == [])
        plan.windows[1] = Self.window(1_000, 1_099)
        #expect(PlanChecker.check(plan).violations.map(\.steps) == [["web-2/restore"]])
        plan.windows[0] = Self.window(0, 99)
        #expect(PlanChecker.check(plan).violations.map(\.steps) == [["web-1/restore"], ["web-2/restore"]])
    }

    @Test func resourcesWithoutAWindowAreBoundToNone() {
        var plan = Self.plan
        plan.targets[0].window = nil
        plan.targets[1].window = nil
        plan.windows = [Self.window(0, 1)]
        #expect(PlanChecker.check(plan).violations == [])
        // web-1 goes first at any time, so that web-2 has to wait for it in its window.
        plan.targets[1].window = 0
        plan.windows = [Self.window(0, 140)]
        #expect(PlanChecker.check(plan).violations == [])
        plan.windows = [Self.window(0, 139)]
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.time])
    }

    /// A window that has been open for long when the plan is made has only its rest left.
    @Test func aWindowIsUsedFromWhenThePlanIsMade() {
        var plan = Self.plan
        plan.windows = [Self.window(-1_000, 140)]
        #expect(PlanChecker.check(plan).violations == [])
        plan.createdAt = Timestamp(milliseconds: 1)
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.time])
        plan.createdAt = Timestamp(milliseconds: 200_000)
        #expect(
            PlanChecker.check(plan).violations.map(\.message) == ["window 0 has closed before the plan was made"])
    }

    @Test func turnsTakeTime() {
        var plan = Self.plan
        let order = plan.order
        plan.groups[0].minimumAvailable = 0
        plan.groups[0].maximumOut = 2
        plan.order = []
        plan.windows = [Self.window(0, 100)]
        #expect(PlanChecker.check(plan).violations == [])
        plan.order = order
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.time])
    }

    static let mutations: [Mutation] = [
        Mutation("one is moved to a window that opens later", .time) { plan in
            plan.windows.append(window(10_000, 20_000))
            plan.targets[0].window = 1
        },
        Mutation("one is moved to a window that closes later", .time) { plan in
            plan.windows.append(window(0, 20_000))
            plan.targets[0].window = 1
        },
        Mutation("one is moved to a window that is too short", .time) { plan in
            plan.windows.append(window(10_000, 10_020))
            plan.targets[1].window = 1
        },
        Mutation("an outage grows", .time) { $0 = $0.changing("web-1/patch") { $0.estimate.p95Seconds = 20 } },
        Mutation("a way back grows", .time) { $0 = $0.changing("web-2/rollback/gate") { $0.estimate.p95Seconds = 11 } },
        Mutation("a window that nobody has", .form) { $0.targets[0].window = 1 },
        Mutation("a window counted from below", .form) { $0.targets[0].window = -1 },
        Mutation("windows out of order", .form) { $0.windows.insert(window(10, 1_000), at: 0) },
        Mutation("a window that stands twice", .form) { $0.windows.append($0.windows[0]) },
        Mutation("a window that closes as it opens", .form) { $0.windows[0] = window(0, 0) },
        Mutation("a window of more than a year", .form) { $0.windows[0] = window(0, 31_536_001) },
        Mutation("more windows than anybody has", .form) { plan in
            plan.windows = (0..<1_001).map { window($0, 2_000) }
        },
    ]

    @Test(arguments: mutations)
    func brokenItIsRefused(mutation: Mutation) {
        var plan = Self.plan
        mutation.apply(&plan)
        let violations = PlanChecker.check(plan).violations
        #expect(violations.map(\.invariant).contains(mutation.breaks), "\(violations)")
    }

    /// A bake belongs to no window; who waits for it does.
    @Test func nobodyWaitsThroughABakeForALaterWindow() {
        var fleet = FleetPlan(groups: 1, size: 3, lanes: 1, environments: 1)
        fleet.windowSeconds = 10_000
        var plan = fleet.plan()
        #expect(PlanChecker.check(plan).violations == [])
        plan.windows.append(
            TimeWindow(opensAt: plan.windows[0].closesAt, closesAt: Timestamp(milliseconds: 20_000_000)))
        plan.targets[0].window = 1
        plan.order = plan.order.filter { !$0.reason.hasSuffix("canary first") }
        plan.groups[0].maximumOut = 2
        plan.groups[0].minimumAvailable = 1
        let told = PlanChecker.check(plan).violations.map(\.message).filter { $0.contains("later window 1") }
        #expect(told.count == 2)
        #expect(told.allSatisfy { $0.contains("waits for pool-1-host-1") })
    }
}

/// The bound against executors that choose at random: in the shortest windows that the checker lets pass, none is late.
@Suite struct WindowBoundTests {
    /// Pools in three windows that may overlap, with few long steps among many short ones: what delays one delays all.
    /// - Parameter seconds: by which every window is longer than nothing.
    private func plan(seconds: Int, seed: UInt64) -> Plan {
        var random = SplitMix(seed: seed)
        var plan: Plan
        if seed % 2 == 0 {
            plan = RollingPlan.plan(size: 4 + Int(random.next() % 5), lanes: 1 + Int(random.next() % 4))
            for place in plan.targets.indices { plan.targets[place].window = place * 3 / plan.targets.count }
        } else {
            plan = FleetPlan(groups: 3, size: 1 + Int(random.next() % 3), lanes: 1, environments: 3).plan()
            for place in plan.targets.indices { plan.targets[place].window = place * 3 / plan.targets.count }
        }
        plan.limits.parallelSteps = 1 + Int(random.next() % 4)
        var opens = 0
        plan.windows = (0..<3).map { place in
            opens += place == 0 ? 0 : 1 + Int(random.next() % 1_000)
            return WindowTests.window(opens, opens + seconds)
        }
        for place in plan.steps.indices {
            let isLong = random.next() % 6 == 0
            plan.steps[place].estimate.p95Seconds = Int(random.next() % (isLong ? 1_000 : 5))
            plan.steps[place].timeoutSeconds = 1_000
        }
        return plan
    }

    private func isProven(_ plan: Plan) -> Bool { PlanChecker.check(plan).isProven }

    @Test(arguments: TestScale.seeds(40, long: 600))
    func noGreedyExecutorIsLate(seed: UInt64) {
        // The shortest windows that pass while those that are a second shorter do not.
        var (low, high) = (1, 100_000)
        while low < high {
            let middle = (low + high) / 2
            if isProven(plan(seconds: middle, seed: seed)) { high = middle } else { low = middle + 1 }
        }
        let plan = plan(seconds: high, seed: seed)
        #expect(isProven(plan) && high > 1)
        let run = GreedyRun(plan)
        var random = SplitMix(seed: seed)
        for attempt in 0..<20 {
            let ends = run.ends(&random, isFullLength: attempt % 2 == 0)
            for target in plan.targets {
                guard let window = target.window, let end = ends[target.resource] else { continue }
                #expect(end <= plan.windows[window].closesAt.milliseconds, "\(target.resource) in attempt \(attempt)")
            }
        }
    }

    /// Two windows of which each has time enough for what is to be done in it, and not for both at once.
    @Test func windowsThatOverlapShareThePlaces() {
        var plan = RollingPlan.plan(size: 2, lanes: 2)
        plan.limits.parallelSteps = 1
        for place in plan.targets.indices { plan.targets[place].window = place }
        // A path of 60 s, a way back of 40 s, and 12 steps of 10 s for one place.
        plan.windows = [WindowTests.window(0, 220), WindowTests.window(1, 220)]
        #expect(PlanChecker.check(plan).violations == [])
        plan.windows = [WindowTests.window(0, 219), WindowTests.window(1, 220)]
        #expect(PlanChecker.check(plan).violations.map(\.steps) == [["web-1/restore"]])
        // One after the other each has its own time.
        plan.windows = [WindowTests.window(0, 160), WindowTests.window(160, 320)]
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// Six hosts in the first window take all places until 800 s, so that one in the second starts late, and is not done when the
    /// third opens, whose host waits for it until 2,400 s: though the first has closed before the third opens.
    @Test func whatIsLateInOneWindowIsLateInTheNextThatOverlaps() {
        var plan = RollingPlan.plan(size: 8, lanes: 8)
        plan.limits.parallelSteps = 6
        for place in plan.steps.indices {
            let isPatch = plan.steps[place].id.rawValue.hasSuffix("/patch")
            plan.steps[place].estimate.p95Seconds = isPatch ? 800 : 0
            plan.steps[place].timeoutSeconds = 2_000
        }
        for place in plan.rollback.indices { plan.rollback[place].estimate.p95Seconds = 0 }
        plan = plan.changing("web-7/patch") { $0.estimate.p95Seconds = 1_500 }
            .changing("web-8/patch") { $0.estimate.p95Seconds = 100 }
        plan.order = [TurnOrder(reason: "then", turns: [["web-7"], ["web-8"]])]
        for (place, window) in [0, 0, 0, 0, 0, 0, 1, 2].enumerated() { plan.targets[place].window = window }
        func windows(_ last: Int) -> [TimeWindow] {
            [WindowTests.window(0, 1_980), WindowTests.window(500, 4_000), WindowTests.window(2_000, last)]
        }
        plan.windows = windows(2_380)
        var random = SplitMix(seed: 1)
        let latest = (0..<20).compactMap { _ in GreedyRun(plan).ends(&random, isFullLength: true)["web-8"] }.max()
        #expect(latest == 2_400_000)
        #expect(PlanChecker.check(plan).violations.map(\.steps) == [["web-8/patch"]])
        plan.windows = windows(4_000)
        #expect(PlanChecker.check(plan).violations == [])
    }

    /// Where nobody has to queue, the bound is no bound: it is reached.
    @Test(arguments: TestScale.seeds(20, long: 200))
    func withoutQueueingTheWindowIsNoLongerThanItMustBe(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var plan = RollingPlan.plan(size: 1 + Int(random.next() % 6), lanes: 1 + Int(random.next() % 2))
        plan.limits.parallelSteps = plan.steps.count
        for place in plan.steps.indices { plan.steps[place].estimate.p95Seconds = 1 + Int(random.next() % 60) }
        for place in plan.targets.indices { plan.targets[place].window = 0 }
        plan.windows = [WindowTests.window(0, 100_000)]
        let latest = try #require(GreedyRun(plan).ends(&random, isFullLength: true).values.max())
        plan.windows = [TimeWindow(opensAt: Timestamp(milliseconds: 0), closesAt: Timestamp(milliseconds: latest))]
        #expect(PlanChecker.check(plan) == CheckReport(violations: [], method: .exact))
        plan.windows[0].closesAt = Timestamp(milliseconds: latest - 1_000)
        #expect(PlanChecker.check(plan).violations.map(\.invariant) == [.time])
    }
}
