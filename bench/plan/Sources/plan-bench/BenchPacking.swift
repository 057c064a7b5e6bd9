import FettleModel
import FettlePlanning
import Fleets
import Foundation

/// Tight pools, hypervisor after hypervisor: whom first fit decreasing can empty, and whom the planner can.
enum BenchPacking {
    static func run(worlds: Int, firstSeed: UInt64) throws {
        var figures = Figures(worlds: worlds)
        let began = ContinuousClock.now
        for seed in firstSeed..<(firstSeed + UInt64(worlds)) {
            let centre = DataCentre(seed: seed, .tightPool(seed: seed))
            figures.filled += Double(centre.memory.used) * 100 / Double(centre.memory.all) / Double(worlds)
            for pool in centre.pools { judge(pool.hypervisors, centre.sample, seed, &figures) }
        }
        figures.seconds = PlanBench.seconds(ContinuousClock.now - began)
        try PlanBench.printJSON(figures)
    }

    private static func judge(_ pool: [ResourceID], _ sample: FleetSample, _ seed: UInt64, _ figures: inout Figures) {
        let facts = Dictionary(
            sample.facts.hosts.compactMap { host in host.hypervisor?.value.map { (host.resource, $0) } },
            uniquingKeysWith: { first, _ in first })
        var placed: Set<ResourceID> = []
        for node in pool {
            guard let own = facts[node] else { continue }
            let others = pool.filter { $0 != node }.compactMap { id in facts[id].map { (id: id, facts: $0) } }
            let ways = FirstFitDecreasing.Order.allCases.map {
                FirstFitDecreasing.places(own, on: others, by: $0) != nil
            }
            figures.hypervisors += 1
            for (place, isPlaced) in ways.enumerated() where isPlaced { figures.firstFit[place] += 1 }
            let isPlaced = ways.contains(true)
            if isPlaced {
                figures.firstFitAny += 1
                placed.insert(node)
            }
            let clock = ContinuousClock()
            var isPlanned = false
            let time = clock.measure { isPlanned = isPlannable(sample.selecting([node])) }
            figures.slowest = max(figures.slowest, PlanBench.seconds(time))
            if isPlanned { figures.fettle += 1 }
            if isPlanned && !isPlaced { figures.fettleAlone += 1 }
            if isPlaced && !isPlanned {
                figures.firstFitAlone += 1
                PlanBench.tell("seed \(seed): first fit decreasing empties \(node), and the planner does not")
            }
        }
        guard !placed.isEmpty else { return }
        figures.pools += 1
        if isPlannable(sample.selecting(placed)) {
            figures.poolsPlanned += 1
        } else {
            PlanBench.tell("seed \(seed): each of \(placed.count) alone is emptied, and all one by one are not")
        }
    }

    private static func isPlannable(_ sample: FleetSample) -> Bool {
        (try? Planner.plan(PlanBench.input(sample))) != nil
    }

    private struct Figures: Encodable {
        var kind = "packing"
        var worlds: Int
        var filled = 0.0
        var hypervisors = 0
        /// By each order of first fit decreasing, by any of them, by the planner, and by one of the two alone.
        var firstFit = FirstFitDecreasing.Order.allCases.map { _ in 0 }
        var firstFitAny = 0, fettle = 0, fettleAlone = 0, firstFitAlone = 0
        /// Pools of which all that first fit decreasing can empty are planned at once.
        var pools = 0, poolsPlanned = 0
        var slowest = 0.0, seconds = 0.0

        init(worlds: Int) { self.worlds = worlds }
    }
}
