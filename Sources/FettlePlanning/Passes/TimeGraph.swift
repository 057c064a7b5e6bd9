import FettleModel

/// What has to be over before each step of the way forward can begin, as numbers: the steps' own dependencies, and for each turn of
/// each order a knot that stands for "this turn and all before it are finished". As long as the plan, not its square.
struct TimeGraph: Sendable {
    /// Steps first, in the plan's order; then knots, which take no time.
    let nodeCount: Int
    let stepCount: Int
    private let starts: [Int32]
    private let targets: [Int32]
    /// For each node, how many others it waits for.
    let waitsFor: [Int32]
    /// Nodes in an order in which each stands behind all that it waits for.
    let sorted: [Int32]

    /// - Parameter orders: turns of resources by their places in the line of hosts, `line` tells each resource's place.
    init(_ steps: [Step], _ orders: [OrderPass.PlacedOrder], line: [ResourceID: Int]) {
        let chains = Self.chains(steps, hosts: line.count, line: line)
        var edges: [(from: Int32, to: Int32)] = []
        edges.reserveCapacity(steps.count * 2)
        Self.addDependencies(of: steps, to: &edges)
        var count = steps.count
        for order in orders {
            var before: Int?
            for turn in order.turns {
                let knot = count
                count += 1
                if let before { edges.append((Int32(before), Int32(knot))) }
                for place in turn {
                    guard let chain = chains[place] else { continue }
                    if let before { edges.append((Int32(before), Int32(chain.begin))) }
                    edges.append((Int32(chain.end), Int32(knot)))
                }
                before = knot
            }
        }
        stepCount = steps.count
        nodeCount = count
        (starts, targets) = Self.packed(edges, nodes: count)
        var waits = [Int32](repeating: 0, count: count)
        for edge in edges { waits[Int(edge.to)] += 1 }
        waitsFor = waits
        sorted = Self.sorted(count, starts, targets, waits)
    }

    func followers(of node: Int) -> ArraySlice<Int32> { targets[Int(starts[node])..<Int(starts[node + 1])] }

    /// Each host's first step that takes it out, and its last that brings it back.
    private static func chains(
        _ steps: [Step], hosts: Int, line: [ResourceID: Int]
    ) -> [(begin: Int, end: Int)?] {
        var result = [(begin: Int, end: Int)?](repeating: nil, count: hosts)
        for place in steps.indices {
            let availability = steps[place].availability
            guard availability == .takesOut || availability == .bringsBack, let host = line[steps[place].resource]
            else { continue }
            result[host] = (result[host]?.begin ?? place, place)
        }
        return result
    }

    /// Nearly every step waits for the one before it: only other names are looked up.
    private static func addDependencies(of steps: [Step], to edges: inout [(from: Int32, to: Int32)]) {
        var places: [StepID: Int32] = [:]
        for place in steps.indices where !steps[place].isInsideChain { places[steps[place].id] = Int32(place) }
        // Others are only named where a controller takes hosts through, or by a plan that the planner has not made: then all are
        // looked up.
        var isComplete = false
        for place in steps.indices {
            for name in steps[place].after {
                if place > 0, steps[place - 1].id == name {
                    edges.append((Int32(place - 1), Int32(place)))
                    continue
                }
                if places[name] == nil, !isComplete {
                    for place in steps.indices where places[steps[place].id] == nil {
                        places[steps[place].id] = Int32(place)
                    }
                    isComplete = true
                }
                if let earlier = places[name], earlier < place { edges.append((earlier, Int32(place))) }
            }
        }
    }

    private static func packed(_ edges: [(from: Int32, to: Int32)], nodes: Int) -> ([Int32], [Int32]) {
        var starts = [Int32](repeating: 0, count: nodes + 1)
        for edge in edges { starts[Int(edge.from) + 1] += 1 }
        for node in 0..<nodes { starts[node + 1] += starts[node] }
        var next = starts
        var targets = [Int32](repeating: 0, count: edges.count)
        for edge in edges {
            targets[Int(next[Int(edge.from)])] = edge.to
            next[Int(edge.from)] += 1
        }
        return (starts, targets)
    }

    private static func sorted(_ count: Int, _ starts: [Int32], _ targets: [Int32], _ waits: [Int32]) -> [Int32] {
        var open = waits
        var result: [Int32] = []
        result.reserveCapacity(count)
        for node in 0..<count where open[node] == 0 { result.append(Int32(node)) }
        var head = 0
        while head < result.count {
            let node = Int(result[head])
            head += 1
            for next in targets[Int(starts[node])..<Int(starts[node + 1])] {
                open[Int(next)] -= 1
                if open[Int(next)] == 0 { result.append(next) }
            }
        }
        return result
    }
}

extension Step {
    /// Whether only its own resource's next step waits for it: such a step is never looked up by name.
    fileprivate var isInsideChain: Bool { !isOfGroup && availability != .bringsBack }
}
