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

    /// - Parameter orders: turns of resources by their places in the line of hosts, `line` tells each resource's place.
    init(_ steps: [Step], _ orders: [OrderPass.PlacedOrder], line: [ResourceID: Int]) {
        let chains = Self.chains(steps, hosts: line.count, line: line)
        var edges: [(from: Int32, to: Int32)] = []
        edges.reserveCapacity(steps.count + orders.reduce(0) { $0 + $1.turns.reduce(1) { $0 + 1 + 2 * $1.count } })
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
    }

    func followers(of node: Int) -> ArraySlice<Int32> { targets[Int(starts[node])..<Int(starts[node + 1])] }

    /// Each host's first step that takes it out, and its last that brings it back.
    private static func chains(
        _ steps: [Step], hosts: Int, line: [ResourceID: Int]
    ) -> [(begin: Int, end: Int)?] {
        var result = [(begin: Int, end: Int)?](repeating: nil, count: hosts)
        var places = PlacesOfResources(line)
        for place in steps.indices {
            let availability = steps[place].availability
            guard availability == .takesOut || availability == .bringsBack,
                let host = places.place(of: steps[place].resource)
            else { continue }
            result[host] = (result[host]?.begin ?? place, place)
        }
        return result
    }

    /// Nearly every step waits for the one before it: only other names are looked up, and mostly those of groups' steps, which
    /// many hosts wait for.
    private static func addDependencies(of steps: [Step], to edges: inout [(from: Int32, to: Int32)]) {
        var names = StepPlaces(steps)
        for place in steps.indices {
            if place > 0, steps[place].awaited.isOnly(steps[place - 1].id) {
                edges.append((Int32(place - 1), Int32(place)))
                continue
            }
            for name in steps[place].awaited {
                if place > 0, steps[place - 1].id == name {
                    edges.append((Int32(place - 1), Int32(place)))
                } else if let earlier = names.place(of: name), earlier < place {
                    edges.append((earlier, Int32(place)))
                }
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
}

/// Finds steps by their names, which are read when they are needed: first those of groups' steps, then of those that bring hosts back,
/// of all only where a controller takes hosts through, or a plan was not made by the planner.
private struct StepPlaces {
    private let steps: [Step]
    private var places: [StepID: Int32] = [:]
    private var isRead = Kind.none
    /// What was asked for last: hosts that wait for the same stand together.
    private var last: (name: StepID, place: Int32?)?

    private enum Kind {
        case none, ofGroups, bringingBack, all

        var next: Kind? {
            switch self {
            case .none: .ofGroups
            case .ofGroups: .bringingBack
            case .bringingBack: .all
            case .all: nil
            }
        }

        func includes(_ step: Step) -> Bool {
            switch self {
            case .none: false
            case .ofGroups: step.isOfGroup
            case .bringingBack: step.availability == .bringsBack
            case .all: true
            }
        }
    }

    init(_ steps: [Step]) { self.steps = steps }

    mutating func place(of name: StepID) -> Int32? {
        if let last, last.name == name { return last.place }
        while places[name] == nil, let kind = isRead.next {
            isRead = kind
            for place in steps.indices where kind.includes(steps[place]) && places[steps[place].id] == nil {
                places[steps[place].id] = Int32(place)
            }
        }
        let place = places[name]
        last = (name, place)
        return place
    }
}

/// Finds resources' places in the line; one that is asked for again at once is not looked up again.
struct PlacesOfResources {
    private let line: [ResourceID: Int]
    private var last: (resource: ResourceID, place: Int?)?

    init(_ line: [ResourceID: Int]) { self.line = line }

    mutating func place(of resource: ResourceID) -> Int? {
        if let last, last.resource == resource { return last.place }
        let place = line[resource]
        last = (resource, place)
        return place
    }
}
