import FettleChecking
import FettleModel
import FettlePlanning
import FettleTestSupport
import Testing

/// The planner's packing beside the textbook's, in pools that are nearly full.
@Suite struct PackingTests {
    /// One pool.
    static func shape(_ size: Int, machines: Int, sizes: [Int]) -> DataCentre.Shape {
        var shape = DataCentre.Shape(hypervisors: size, machines: machines)
        shape.poolSizes = size...size
        shape.smallPools = 0
        shape.filled = 85...91
        shape.processorsFilled = 80...90
        shape.sizes = sizes
        shape.bound = 0
        return shape
    }

    /// Whom first fit decreasing can empty, in one of its orders.
    static func emptiedByFirstFit(_ centre: DataCentre) -> [ResourceID] {
        centre.pools.flatMap { pool in
            let members = pool.hypervisors.compactMap { id in
                centre.sample.facts.host(id)?.hypervisor?.value.map { (id: id, facts: $0) }
            }
            return members.filter { node in
                FirstFitDecreasing.Order.allCases.contains {
                    FirstFitDecreasing.places(node.facts, on: members.filter { $0.id != node.id }, by: $0) != nil
                }
            }.map(\.id)
        }
    }

    private static func small(_ seed: UInt64) -> DataCentre {
        let sizes = [[1, 2, 2, 4], [2, 3, 5, 7], [5, 6, 7]][Int(seed % 3)]
        return DataCentre(seed: seed, shape(Int(11 + seed % 5), machines: 110, sizes: sizes))
    }

    @Test(arguments: TestScale.seeds(16, long: 600)) func whomFirstFitDecreasingEmptiesThePlanEmptiesToo(
        seed: UInt64
    ) throws {
        let centre = Self.small(seed)
        let emptied = Self.emptiedByFirstFit(centre)
        for node in TestScale.isLong ? emptied : Array(emptied.prefix(2)) {
            #expect(centre.sample.selecting([node]).problems() == [], "\(node)")
        }
        guard !emptied.isEmpty else { return }
        let plan = try centre.sample.selecting(Set(emptied)).plan()
        #expect(PlanChecker.check(plan).violations == [])
        for pace in [MoveReplay.Pace.widest, .random(seed: seed, goesBack: true)] {
            var replay = MoveReplay(plan, centre.sample.facts)
            replay.run(pace)
            #expect(replay.faults == [])
        }
    }

    /// Pools in which the search was given up and first fit decreasing has a way; each takes all the looks that the search may have.
    static let once: [(UInt64, ResourceID)] = [(589, "hv-4"), (210, "hv-28"), (412, "hv-15"), (658, "hv-13")]

    @Test(arguments: once.prefix(TestScale.isLong ? 4 : 1)) func whatTheSearchAloneDidNotFindIsFound(
        seed: UInt64, node: ResourceID
    ) throws {
        let sample = DataCentre(seed: seed, .tightPool(seed: seed)).sample.selecting([node])
        let plan = try sample.plan()
        #expect(PlanChecker.check(plan).violations == [])
        var replay = MoveReplay(plan, sample.facts)
        replay.run(.widest)
        #expect(replay.faults == [] && replay.moves > 0)
    }

    /// The pools are tight: both find a way sometimes, and sometimes there is none.
    @Test func theSeedsReachBothEnds() {
        let centres = TestScale.seeds(16, long: 16).map(Self.small)
        let emptied = centres.reduce(0) { $0 + Self.emptiedByFirstFit($1).count }
        let all = centres.reduce(0) { $0 + $1.pools.reduce(0) { $0 + $1.hypervisors.count } }
        #expect(emptied > 20)
        #expect(all - emptied > 20)
        #expect(centres.allSatisfy { $0.memory.used * 100 >= $0.memory.all * 80 })
    }
}
