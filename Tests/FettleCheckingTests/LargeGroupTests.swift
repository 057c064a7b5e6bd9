import FettleChecking
import FettleModel
import FettleTestSupport
import Testing

/// Groups whose largest outage doesn't lie on the surface: exact as far as that can be searched, and a sound bound beyond.
@Suite struct LargeGroupTests {
    private func order(_ reason: String, _ turns: [[ResourceID]]) -> TurnOrder {
        TurnOrder(reason: reason, turns: turns)
    }

    /// The most that may be out is found out by asking: one less is refused with a counterexample, it itself is proven.
    private func expect(_ most: Int, in plan: Plan, method: CheckReport.Method = .exact) {
        var plan = plan
        let size = plan.groups[0].members.count
        plan.groups[0].minimumAvailable = size - most
        plan.groups[0].maximumOut = most
        #expect(PlanChecker.check(plan) == CheckReport(violations: [], method: method))
        plan.groups[0].maximumOut = most - 1
        let refused = PlanChecker.check(plan)
        #expect(refused.violations.map(\.invariant) == [.capacity])
    }

    /// By columns no two of a row are out, by rows no two of a column: so of 12 by 12 at most 12 are, on a diagonal; and no single
    /// order says so. (Each row is an order, and each column.)
    @Test func aLatticeIsSearched() {
        let size = 12
        var plan = RollingPlan.plan(size: size * size, lanes: 1)
        let names = plan.targets.map(\.resource)
        plan.order = (0..<size).flatMap { line in
            [
                order("row", (0..<size).map { [names[line * size + $0]] }),
                order("column", (0..<size).map { [names[$0 * size + line]] }),
            ]
        }
        expect(size, in: plan)
    }

    /// Five that each are kept apart from two neighbours: two can be out, though orders of two cover them as three.
    @Test func aRingOfPairsIsSearched() {
        var plan = RollingPlan.plan(size: 5, lanes: 1)
        let names = plan.targets.map(\.resource)
        plan.order = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)].map { order("pair", [[names[$0.0]], [names[$0.1]]]) }
        expect(2, in: plan)
    }

    /// Forty such rings side by side, 200 members.
    @Test func aGroupOfAFewHundredIsExact() {
        var plan = RollingPlan.plan(size: 200, lanes: 1)
        let names = plan.targets.map(\.resource)
        plan.order = (0..<40).flatMap { ring in
            [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)].map { pair in
                order("pair", [[names[ring * 5 + pair.0]], [names[ring * 5 + pair.1]]])
            }
        }
        // Between rings, one after another: only one ring at a time.
        plan.order.append(order("rings", (0..<40).map { ring in (0..<5).map { names[ring * 5 + $0] } }))
        expect(2, in: plan)
    }

    /// Environments with several lanes each, canaries first, and pools that cross: the bound is reached without a search.
    @Test func whatAPlannerWritesIsReachedWithoutASearch() {
        for lanes in [1, 2, 7] {
            var plan = RollingPlan.plan(size: 60, lanes: lanes)
            let names = plan.targets.map(\.resource)
            plan.order.append(order("environments", [Array(names[..<20]), Array(names[20..<40]), Array(names[40...])]))
            plan.order.append(order("canaries", [Array(names[..<lanes]), Array(names[lanes...])]))
            var work = CheckWork()
            let report = PlanChecker.check(plan, counting: &work)
            #expect(report == CheckReport(violations: [], method: .exact))
            #expect(work.wordsSearched == 0)
        }
    }

    /// Waves that grow: the largest is what is out.
    @Test func growingWavesAreAsLargeAsTheLargest() {
        var plan = RollingPlan.plan(size: 23, lanes: 1)
        let names = plan.targets.map(\.resource)
        plan.order = [
            order(
                "waves",
                [[names[0]], Array(names[1..<3]), Array(names[3..<7]), Array(names[7..<15]), Array(names[15...])])
        ]
        expect(8, in: plan)
    }

    /// More takers than are searched, and orders that don't show what they keep apart: refused as not proven, not as wrong.
    @Test func whatIsTooLargeToSearchIsToldAsABound() throws {
        let size = 1_100
        var plan = RollingPlan.plan(size: size, lanes: 1)
        let names = plan.targets.map(\.resource)
        plan.order = (0..<size / 5).flatMap { ring in
            [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)].map { pair in
                order("pair", [[names[ring * 5 + pair.0]], [names[ring * 5 + pair.1]]])
            }
        }
        plan.groups[0].minimumAvailable = 0
        plan.groups[0].maximumOut = 2 * size / 5
        let report = PlanChecker.check(plan)
        #expect(report.method == .bound)
        #expect(report.violations.map(\.invariant) == [.capacity])
        #expect(try #require(report.violations.first).message.contains("is not proven"))
        plan.groups[0].maximumOut = 3 * size / 5
        #expect(PlanChecker.check(plan) == CheckReport(violations: [], method: .bound))
    }

    /// Thousands of crossing orders don't keep the checker busy for ever: it ends with a bound.
    @Test func theSearchIsBounded() {
        var random = SplitMix(seed: 7)
        var plan = RollingPlan.plan(size: 400, lanes: 1)
        let names = plan.targets.map(\.resource)
        plan.order = (0..<4_000).map { _ in
            let pair = (Int(random.next() % 400), Int(random.next() % 400))
            return order(
                "pair", [[names[min(pair.0, pair.1)]], [names[max(pair.0, pair.1) + (pair.0 == pair.1 ? 1 : 0)]]])
        }
        plan.groups[0].minimumAvailable = 0
        plan.groups[0].maximumOut = 150
        var work = CheckWork()
        let report = PlanChecker.check(plan, counting: &work)
        #expect(work.wordsSearched < 11_000_000)
        #expect(report.method == .bound)
        #expect(report.violations.map(\.invariant) == [.capacity])
    }

    /// Against all subsets: pairs kept apart at random, and members that are carried.
    @Test(arguments: TestScale.seeds(30, long: 300))
    func theLargestOfAllSubsetsIsFound(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let size = 6 + Int(random.next() % 6)
        var plan = RollingPlan.plan(size: size, lanes: 1)
        let names = plan.targets.map(\.resource)
        plan.order = (0..<size * 2).compactMap { _ in
            let (one, other) = (Int(random.next() % UInt64(size)), Int(random.next() % UInt64(size)))
            return one < other ? order("pair", [[names[one]], [names[other]]]) : nil
        }
        for place in names.indices where random.next() % 4 == 0 {
            plan.targets[place].carries = names.filter { $0 != names[place] && random.next() % 3 == 0 }.sorted()
        }
        plan.groups[0].members = names.filter { _ in random.next() % 5 != 0 }.sorted()
        guard !plan.groups[0].members.isEmpty else { return }
        let most = largestSubset(plan)
        guard most > 0 else { return }
        expect(most, in: plan)
    }

    private func largestSubset(_ plan: Plan) -> Int {
        let names = plan.targets.map(\.resource)
        let apart = plan.order.map { Set($0.turns.joined()) }
        return (0..<(1 << names.count)).reduce(0) { most, bits in
            let out = names.indices.filter { bits & (1 << $0) != 0 }
            let set = Set(out.map { names[$0] })
            if apart.contains(where: { $0.isSubset(of: set) }) { return most }
            let down = out.reduce(into: set) { $0.formUnion(plan.targets[$1].carries) }
            return max(most, down.intersection(plan.groups[0].members).count)
        }
    }
}
