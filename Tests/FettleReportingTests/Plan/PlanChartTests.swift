import FettleModel
import Testing

@testable import FettleReporting

@Suite struct PlanChartTests {
    // MARK: Time

    @Test(arguments: 1...40)
    func aLaterMomentIsNeverDrawnFurtherLeft(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let busy = MergedRanges.of(
            (0..<random.below(20) + 1).map { _ in
                let begin = random.below(500_000)
                return begin..<(begin + 1 + random.below(4_000))
            })
        let axis = TimeAxis(busy: busy, left: 100, width: 700, start: seed.isMultiple(of: 2) ? PlanSample.now : nil)
        let moments = (busy.flatMap { [$0.lowerBound, $0.upperBound] } + [0, 1_000_000]).sorted()
        let places = moments.map(axis.x)
        #expect(places == places.sorted())
        #expect(places.allSatisfy { (100...800).contains($0) })
    }

    /// Two windows a day apart: both are seen, and the day between them is not.
    @Test func whatLiesBetweenTwoWindowsIsCutOut() {
        let axis = TimeAxis(busy: [0..<600, 86_400..<87_000], left: 0, width: 1_000, start: PlanSample.now)
        #expect(axis.pieces.count == 2)
        #expect(axis.x(600) - axis.x(0) > 400)
        #expect(axis.x(87_000) - axis.x(86_400) > 400)
        #expect(axis.marks(height: 100).source.contains("class=\"cut\""))
    }

    // MARK: Capacity

    @Test(arguments: 1...30)
    func theCurveOfAGroupIsWhatCountingGives(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var sample = PlanSample(
            (1...3).map { number in
                PlanSample.Pool(
                    name: "pool-\(number)", size: 2 + random.below(6), lanes: 1 + random.below(2),
                    reboots: random.below(2) == 0)
            })
        sample.singles = ["alone"]
        var picture = sample.picture
        picture.plan.targets[0].carries = ["pool-2-1", "guest"]
        picture.plan.groups[2].members.append("guest")
        picture.unavailable = ["pool-3-2"]
        let rows = PlanRows(picture)
        var out: [ResourceID: [Range<Int>]] = [:]
        for row in rows.all {
            guard let gone = row.out else { continue }
            out[row.resource, default: []].append(gone)
            for carried in picture.plan.target(row.resource)?.carries ?? [] { out[carried, default: []].append(gone) }
        }
        for capacity in GroupCapacity.all(picture, rows) {
            for second in 0..<(picture.times.ends.max() ?? 0) + 5 {
                let gone = capacity.group.members.count { member in
                    picture.unavailable.contains(member) || (out[member] ?? []).contains { $0.contains(second) }
                }
                let shown = try #require(capacity.points.last { $0.second <= second })
                #expect(shown.available == capacity.group.members.count - gone, "\(capacity.group.id) at \(second)")
            }
            #expect(capacity.lowest == capacity.points.map(\.available).min())
        }
    }

    @Test(arguments: 1...20)
    func aFoldedRowTellsHowManyAreOutAtMost(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let pool = PlanSample.Pool(name: "web", size: 3 + random.below(9), lanes: 1 + random.below(3))
        let picture = PlanSample([pool]).picture
        let rows = PlanRows(picture)
        let axis = TimeAxis(busy: rows.busy, left: 0, width: 300, start: nil)
        #expect(LoadShape(rows: rows.all, axis: axis).most == min(pool.size, pool.lanes))
    }

    // MARK: Order

    /// The lines of the drawing, followed in their direction, say exactly what the order of turns says.
    @Test(arguments: 1...60)
    func theGraphSaysWhoWaitsForWhomAndNothingElse(seed: UInt64) throws {
        let plan = Self.randomPlan(seed)
        let rows = PlanRows(Self.picture(plan))
        let graph = OrderGraph(plan, rows)
        #expect(!graph.isFolded)
        let names = rows.all.map(\.resource)
        var next = [Set<Int>](repeating: [], count: names.count)
        for link in graph.links { for from in link.from { next[from].formUnion(link.to) } }
        for (block, later) in graph.blocks.enumerated() {
            for earlier in later.after {
                for from in graph.nodes.indices where graph.bands[graph.nodes[from].band].block == earlier {
                    next[from].formUnion(
                        graph.nodes.indices.filter { graph.bands[graph.nodes[$0].band].block == block })
                }
            }
        }
        let place = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
        var told = [Set<Int>](repeating: [], count: names.count)
        for order in plan.order {
            for (index, turn) in order.turns.enumerated() {
                for (from, to) in turn.flatMap({ from in order.turns[(index + 1)...].joined().map { (from, $0) } }) {
                    told[try #require(place[from])].insert(try #require(place[to]))
                }
            }
        }
        #expect(Self.closure(next) == Self.closure(told))
        for (from, targets) in next.enumerated() {
            for to in targets { #expect(graph.nodes[from].column < graph.nodes[to].column) }
        }
    }

    @Test(arguments: 1...30)
    func noTwoNodesStandInOnePlace(seed: UInt64) {
        let plan = Self.randomPlan(seed)
        let graph = OrderGraph(plan, PlanRows(Self.picture(plan)))
        #expect(Set(graph.nodes.map { [$0.band, $0.column, $0.row] }).count == graph.nodes.count)
        for node in graph.nodes { #expect(node.row < graph.bands[node.band].height) }
    }

    /// Whoever is in no group stands last among the groups, and its environment in its own place all the same.
    @Test func environmentsStandAsTheyFollowEachOther() {
        var sample = PlanSample([PlanSample.Pool(name: "web", environment: "production", size: 3)])
        sample.singles = ["alone"]
        var picture = sample.picture
        for place in picture.plan.targets.indices {
            picture.plan.targets[place].environment =
                picture.plan.targets[place].resource == "alone" ? "qa" : "production"
        }
        picture.plan.environments = ["dev", "qa", "production"]
        let graph = OrderGraph(picture.plan, PlanRows(picture))
        #expect(graph.blocks.map(\.name) == ["qa", "production"])
        #expect(graph.bands.map { graph.blocks[$0.block].name } == ["production", "qa"])
        #expect(graph.nodes.allSatisfy { $0.column >= graph.blocks[graph.bands[$0.band].block].firstColumn })
    }

    @Test func groupsAreNodesWhereResourcesAreTooMany() {
        let picture = PlanPageTests.fleet(pools: 100).picture
        let graph = OrderGraph(picture.plan, PlanRows(picture))
        #expect(graph.isFolded)
        #expect(graph.nodes.count == 100)
        #expect(graph.nodes.reduce(0) { $0 + $1.resources } == picture.plan.targets.count)
        let many = PlanPageTests.fleet(pools: 900).picture
        let folded = OrderGraph(many.plan, PlanRows(many))
        #expect(folded.nodes.count <= OrderGraph.nodeLimit)
        #expect(folded.nodes.reduce(0) { $0 + $1.groups.count } == 900)
        #expect(folded.nodes.reduce(0) { $0 + $1.resources } == many.plan.targets.count)
    }

    /// Only a file can say so: the planner refuses it.
    @Test func anOrderInACircleIsDrawnWithoutGoingRoundIt() {
        var plan = Self.randomPlan(3)
        let turns = plan.targets.map { [$0.resource] }
        plan.order.append(TurnOrder(reason: "one way", turns: turns))
        plan.order.append(TurnOrder(reason: "and the other", turns: turns.reversed()))
        let graph = OrderGraph(plan, PlanRows(Self.picture(plan)))
        #expect(graph.nodes.count == plan.targets.count)
        #expect(PlanPage.html(Self.picture(plan)).contains("</html>"))
    }

    private static func picture(_ plan: Plan) -> PlanPicture {
        PlanPicture(
            plan: plan, digest: Digest(rawValue: ""),
            times: PlanTimes(begins: [], ends: [], total: DurationEstimate(medianSeconds: 0, p95Seconds: 0)),
            proof: .broken([]))
    }

    /// Turns that respect one hidden line of all resources, so that they are no circle.
    private static func randomPlan(_ seed: UInt64) -> Plan {
        var random = SplitMix(seed: seed)
        var sample = PlanSample(
            (0..<2 + random.below(4)).map { number in
                PlanSample.Pool(
                    name: "p\(number)", environment: number.isMultiple(of: 2) ? "qa" : "production",
                    size: 1 + random.below(5))
            })
        sample.singles = ["alone"]
        var plan = sample.picture.plan
        let line = plan.targets.map(\.resource).map { ($0, random.below(1_000)) }.sorted { $0.1 < $1.1 }.map(\.0)
        plan.order = (0..<1 + random.below(6)).map { number in
            var turns: [[ResourceID]] = [[]]
            for resource in line where random.below(3) > 0 {
                if random.below(2) == 0, !turns[turns.count - 1].isEmpty { turns.append([]) }
                turns[turns.count - 1].append(resource)
            }
            return TurnOrder(reason: "reason \(number)", turns: turns.filter { !$0.isEmpty })
        }
        return plan
    }

    private static func closure(_ next: [Set<Int>]) -> [Set<Int>] {
        var reach = next
        for middle in next.indices {
            for from in next.indices where reach[from].contains(middle) { reach[from].formUnion(reach[middle]) }
        }
        return reach
    }
}

extension SplitMix {
    fileprivate mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &self) }
}
