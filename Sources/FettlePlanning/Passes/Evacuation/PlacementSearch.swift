import FettleModel

/// Puts every machine on a destination: the largest first, each where the least is left, first on those that no other hypervisor
/// that is out at the same time can use (best fit decreasing). Where that fails, its choices are taken back one after the other
/// until all fit, or until every choice has been tried.
///
/// Not all are tried: of machines that are alike, and of empty destinations that are alike, one order stands for all.
struct PlacementSearch {
    enum Result: Equatable {
        /// For each source, for each machine, the place of its destination.
        case placed([[Int]])
        case impossible
        /// More would have had to be looked at than is allowed.
        case undecided
    }

    /// Destinations that are looked at for machines: well under a second, and enough to try all ways for a dozen machines and a
    /// handful of destinations.
    static let mostLooks = 1_000_000

    private let problem: PlacementProblem
    private let items: [(source: Int, machine: Int)]
    /// For each destination, what each source has put there.
    private var uses: [[Use]]
    /// Whether sources that can be out together both have the destination as a candidate.
    private let isShared: [Bool]
    /// For each item, the destinations that it is kept from.
    private let refusals: [[Int]]
    /// Destinations of the same number are alike while nothing was put there.
    private let likeness: [Int]
    /// For each source, for each of its candidates, what the others may need there at the same time.
    private var reserved: [[Demand]]
    private var chosen: [Int] = []
    private(set) var looked = 0
    /// Somewhere more was set aside for others than they may really need, so that what was refused might fit.
    private var isBounded = false

    private struct Use {
        var source: Int
        var machines: [Int]
        var demand: Demand
    }

    struct Demand: Equatable {
        var memory = 0
        var processors = 0

        static func + (one: Demand, other: Demand) -> Demand {
            Demand(memory: one.memory + other.memory, processors: one.processors + other.processors)
        }
    }

    init(_ problem: PlacementProblem) {
        self.problem = problem
        items = problem.sources.enumerated().flatMap { source, content in
            content.machines.indices.map { (source, $0) }
        }
        uses = Array(repeating: [], count: problem.destinations.count)
        var users = [[Int]](repeating: [], count: problem.destinations.count)
        for (source, content) in problem.sources.enumerated() {
            for destination in content.candidates { users[destination].append(source) }
        }
        isShared = users.map { users in
            users.contains { one in users.contains { problem.together[one][$0] } }
        }
        refusals = Self.refusals(problem, items)
        likeness = Self.likeness(problem, users, refusals)
        reserved = Array(repeating: [], count: problem.sources.count)
    }

    /// For each item, the destinations that a rule or a machine of the same name keeps it from; ascending.
    private static func refusals(
        _ problem: PlacementProblem, _ items: [(source: Int, machine: Int)]
    ) -> [[Int]] {
        var named: [String: [Int]] = [:]
        var ruled: [(item: Int, apartFrom: Set<String>)] = []
        for (item, place) in items.enumerated() {
            let machine = problem.sources[place.source].machines[place.machine]
            named[machine.name, default: []].append(item)
            if !machine.apartFrom.isEmpty { ruled.append((item, machine.apartFrom)) }
        }
        var result = [[Int]](repeating: [], count: items.count)
        for (place, destination) in problem.destinations.enumerated() {
            var refused = Set(destination.names.union(destination.refused).flatMap { named[$0] ?? [] })
            for (item, names) in ruled where !destination.running.isDisjoint(with: names) { refused.insert(item) }
            for item in refused { result[item].append(place) }
        }
        return result
    }

    private static func likeness(_ problem: PlacementProblem, _ users: [[Int]], _ refusals: [[Int]]) -> [Int] {
        struct Traits: Hashable {
            var room: [Int]
            var users: [Int]
            var refused: [Int]
        }
        var refused = [[Int]](repeating: [], count: problem.destinations.count)
        for (item, places) in refusals.enumerated() { for place in places { refused[place].append(item) } }
        var numbers: [Traits: Int] = [:]
        return problem.destinations.enumerated().map { place, destination in
            let room = [destination.memory, destination.processors]
            let traits = Traits(room: room, users: users[place], refused: refused[place])
            let number = numbers[traits] ?? numbers.count
            numbers[traits] = number
            return number
        }
    }

    mutating func run(looks: Int = mostLooks) -> Result {
        guard !items.isEmpty else { return .placed(problem.sources.map { _ in [] }) }
        var open = [candidates(of: 0)]
        while let level = open.indices.last {
            guard let destination = open[level].popLast() else {
                open.removeLast()
                takeBack()
                continue
            }
            guard looked < looks else { return .undecided }
            put(items[level], on: destination)
            guard level + 1 < items.count else { return .placed(result()) }
            open.append(candidates(of: level + 1))
        }
        return isBounded ? .undecided : .impossible
    }

    /// Each machine on the first destination that can take it, or on the one where the least is left; nothing is taken back.
    mutating func fit(isFirst: Bool) -> [[Int]]? {
        for level in items.indices {
            let fitting = candidates(of: level)
            guard let destination = isFirst ? fitting.min() : fitting.last else { return nil }
            put(items[level], on: destination)
        }
        return result()
    }

    private func result() -> [[Int]] {
        var result = problem.sources.map { _ in [Int]() }
        for (item, destination) in zip(items, chosen) { result[item.source].append(destination) }
        return result
    }

    private mutating func put(_ item: (source: Int, machine: Int), on destination: Int) {
        let machine = problem.sources[item.source].machines[item.machine]
        let demand = Demand(memory: machine.memory, processors: machine.processors)
        chosen.append(destination)
        if let place = uses[destination].firstIndex(where: { $0.source == item.source }) {
            uses[destination][place].machines.append(item.machine)
            uses[destination][place].demand = uses[destination][place].demand + demand
        } else {
            uses[destination].append(Use(source: item.source, machines: [item.machine], demand: demand))
        }
    }

    private mutating func takeBack() {
        guard let destination = chosen.popLast() else { return }
        let item = items[chosen.count]
        let machine = problem.sources[item.source].machines[item.machine]
        guard let place = uses[destination].firstIndex(where: { $0.source == item.source }) else { return }
        uses[destination][place].machines.removeLast()
        uses[destination][place].demand.memory -= machine.memory
        uses[destination][place].demand.processors -= machine.processors
        if uses[destination][place].machines.isEmpty { uses[destination].remove(at: place) }
    }

    /// Where the machine can go, the best last. None if what is still to be placed of its source needs more than is left.
    private mutating func candidates(of level: Int) -> [Int] {
        let (source, number) = items[level]
        let content = problem.sources[source]
        looked += content.candidates.count
        if number == 0 {
            var demands: [Demand] = []
            for destination in content.candidates { demands.append(others(destination, beside: source)) }
            reserved[source] = demands
        }
        let machine = content.machines[number]
        let isLikeBefore = number > 0 && isAlike(level, level - 1)
        let least = isLikeBefore ? chosen[level - 1] : 0
        var free = Demand()
        var seen: Set<Int> = []
        var fitting: [(destination: Int, left: Demand)] = []
        for (place, destination) in content.candidates.enumerated() {
            let left = left(destination, for: source, reserved[source][place])
            free = free + Demand(memory: max(0, left.memory), processors: max(0, left.processors))
            guard destination >= least, left.memory >= machine.memory, left.processors >= machine.processors,
                !refusals[level].contains(destination), isApart(machine, source, destination)
            else { continue }
            if uses[destination].isEmpty, !seen.insert(likeness[destination]).inserted { continue }
            fitting.append((destination, left))
        }
        let rest = content.machines[number...]
        guard free.memory >= rest.reduce(0, { $0 + $1.memory }),
            free.processors >= rest.reduce(0, { $0 + $1.processors })
        else { return [] }
        return fitting.sorted { one, other in
            let ranks = (isShared[one.destination] ? 1 : 0, isShared[other.destination] ? 1 : 0)
            return (ranks.1, other.left.memory, other.left.processors, other.destination)
                < (ranks.0, one.left.memory, one.left.processors, one.destination)
        }.map(\.destination)
    }

    private func isAlike(_ one: Int, _ other: Int) -> Bool {
        let first = problem.sources[items[one].source].machines[items[one].machine]
        let second = problem.sources[items[other].source].machines[items[other].machine]
        return !first.isRuled && !second.isRuled && first.memory == second.memory
            && first.processors == second.processors && refusals[one] == refusals[other]
    }

    private func left(_ destination: Int, for source: Int, _ reserved: Demand) -> Demand {
        let own = uses[destination].first { $0.source == source }?.demand ?? Demand()
        let room = problem.destinations[destination]
        return Demand(
            memory: room.memory - own.memory - reserved.memory,
            processors: room.processors - own.processors - reserved.processors)
    }

    private func isApart(_ machine: PlacementProblem.Machine, _ source: Int, _ destination: Int) -> Bool {
        uses[destination].allSatisfy { use in
            guard use.source == source || problem.together[source][use.source] else { return true }
            return use.machines.allSatisfy { !problem.sources[use.source].machines[$0].mustBeApart(from: machine) }
        }
    }

    /// The most that those who can be out together with the source have there at any one time.
    private mutating func others(_ destination: Int, beside source: Int) -> Demand {
        let uses = uses[destination].filter { problem.together[source][$0.source] }
        guard uses.count > 1 else { return uses.first?.demand ?? Demand() }
        return Demand(
            memory: most(uses, \.memory), processors: most(uses, \.processors))
    }

    /// Exact for a few; for more, those that are never out together are put into lanes, of each of which one counts.
    private mutating func most(_ uses: [Use], _ size: KeyPath<Demand, Int>) -> Int {
        if uses.count <= 12 { return mostTogether(uses[...], size) }
        isBounded = true
        var lanes: [[Use]] = []
        for use in uses {
            let lane = lanes.firstIndex { lane in lane.allSatisfy { !problem.together[use.source][$0.source] } }
            if let lane { lanes[lane].append(use) } else { lanes.append([use]) }
        }
        return lanes.reduce(0) { sum, lane in sum + (lane.map { $0.demand[keyPath: size] }.max() ?? 0) }
    }

    private func mostTogether(_ uses: ArraySlice<Use>, _ size: KeyPath<Demand, Int>) -> Int {
        guard let first = uses.first else { return 0 }
        let rest = uses.dropFirst()
        let with = rest.filter { problem.together[first.source][$0.source] }
        return max(first.demand[keyPath: size] + mostTogether(with[...], size), mostTogether(rest, size))
    }
}
