public import FettleModel

/// Hypervisors by the thousand from a seed, in pools of different sizes: machines of mixed sizes, some that cannot be moved, are shut
/// off, or must be apart from others; services over some of them, of which a part is patched too. Every hypervisor has updates.
public struct DataCentre: Sendable {
    public private(set) var sample: FleetSample
    /// Each with its hypervisors, sorted.
    public private(set) var pools: [(id: GroupID, hypervisors: [ResourceID])] = []
    /// Mebibytes that running machines use, of so many.
    public private(set) var memory = (used: 0, all: 0)

    public struct Shape: Sendable {
        public var hypervisors: Int
        public var machines: Int
        /// Hundredths of a pool's memory and processors that running machines use.
        public var filled = 70...80
        public var processorsFilled = 55...75
        /// How many hypervisors a pool has.
        public var poolSizes = 8...32
        /// Of a hundred pools, how many have two to four. Half of these can spare one of theirs.
        public var smallPools = 20
        /// Of a pool; its size allows fewer where it is small.
        public var mostAtOnce = 4
        /// In GiB; drawn alike.
        public var sizes = [1, 2, 2, 4, 4, 4, 8, 8, 8, 16, 16, 32, 64]
        /// Of a hundred machines each.
        public var bound = 2
        public var shutOff = 3
        public var apart = 15
        /// Of a hundred sets of machines that must be apart.
        public var declared = 30

        public init(hypervisors: Int, machines: Int) {
            self.hypervisors = hypervisors
            self.machines = machines
        }
    }

    public init(seed: UInt64, _ shape: Shape) {
        var draft = Draft(shape, SplitMix(seed: seed))
        var rest = shape.hypervisors
        while rest > 0 {
            let isSmall = draft.happens(shape.smallPools)
            var size = min(rest, draft.random(isSmall ? 2...4 : shape.poolSizes))
            // What would be left for the last pool is too little for one.
            if rest - size < (shape.smallPools > 0 ? 2 : shape.poolSizes.lowerBound) { size = rest }
            let before = shape.machines * (shape.hypervisors - rest) / shape.hypervisors
            rest -= size
            let machines = shape.machines * (shape.hypervisors - rest) / shape.hypervisors - before
            draft.addPool(size, machines: machines)
        }
        pools = draft.pools
        memory = draft.memory
        var policy = Policy()
        policy.reboot = .always
        policy.limits.parallelSteps = 2_000
        sample = FleetSample(
            fleet: draft.builder.fleet, selected: Set(pools.flatMap(\.hypervisors)).union(draft.patched), policy: policy
        )
        sample.put(draft.facts)
    }
}

extension FleetSample {
    /// The same with nothing to be done but on these.
    public func selecting(_ resources: Set<ResourceID>) -> FleetSample {
        var sample = self
        sample.selection.hosts.removeAll { !resources.contains($0.resource) }
        return sample
    }

    fileprivate mutating func put(_ hypervisors: [ResourceID: HypervisorFacts]) {
        for place in facts.hosts.indices {
            guard let content = hypervisors[facts.hosts[place].resource] else { continue }
            facts.hosts[place].hypervisor = .observed(content)
        }
    }
}

private struct Draft {
    let shape: DataCentre.Shape
    var dice: SplitMix
    var builder = FleetBuilder()
    var pools: [(id: GroupID, hypervisors: [ResourceID])] = []
    var facts: [ResourceID: HypervisorFacts] = [:]
    /// Machines that have updates too.
    var patched: Set<ResourceID> = []
    var memory = (used: 0, all: 0)
    private var machineCount = 0
    private var hypervisorCount = 0

    init(_ shape: DataCentre.Shape, _ dice: SplitMix) {
        self.shape = shape
        self.dice = dice
    }

    mutating func random(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &dice) }

    mutating func happens(_ ofAHundred: Int) -> Bool { random(0...99) < ofAHundred }

    mutating func addPool(_ size: Int, machines count: Int) {
        let nodes = (0..<size).map { _ in
            hypervisorCount += 1
            return builder.host(ResourceID("hv-\(hypervisorCount)"), kind: .hypervisor)
        }
        let id = GroupID("compute-\(pools.count + 1)")
        let atOnce = random(1...max(1, min(shape.mostAtOnce, size / 4)))
        builder.group(
            id, nodes, minimum: .count(size - atOnce), strategy: .evacuate(maxUnavailable: .count(atOnce)), probes: [],
            kind: .hypervisorPool)
        pools.append((id, nodes.sorted()))
        // A pool of n that can lose one uses less than the (n - 1)th part of n.
        let most = size <= 4 && happens(50) ? 85 * (size - 1) / size : 100
        let filled = min(most, random(shape.filled))
        let processorsFilled = min(most, random(shape.processorsFilled))
        fill(nodes, sets(of: count, pool: size), filled, processorsFilled)
    }

    /// Machines, together with those that they must be apart from.
    private mutating func sets(of count: Int, pool: Int) -> [[ResidentMachine]] {
        var result: [[ResidentMachine]] = []
        var rest = count
        while rest > 0 {
            let isSet = rest > 1 && pool > 2 && happens(shape.apart * 10 / 26)
            let size = isSet ? min(rest, pool - 1, random(2...4)) : 1
            rest -= size
            let names = (0..<size).map { "vm-\(machineCount + $0 + 1)" }
            machineCount += size
            let isDeclared = size > 1 && happens(shape.declared)
            result.append(names.map { machine($0, isDeclared: isDeclared, apartFrom: names) })
            if isDeclared { addService(names) }
        }
        return result.shuffled(using: &dice)
    }

    private mutating func machine(_ name: String, isDeclared: Bool, apartFrom names: [String]) -> ResidentMachine {
        let size = shape.sizes.randomElement(using: &dice) ?? 4
        // A processor for one, two, four or eight GiB.
        let processors = min(32, max(1, size >> random(0...3)))
        return .sample(
            name, gibibytes: size, processors: processors, isDeclared: isDeclared, isRunning: !happens(shape.shutOff),
            isBoundBecause: happens(shape.bound) ? "its disk is local" : nil, apartFrom: names.filter { $0 != name })
    }

    private mutating func addService(_ names: [String]) {
        let members = names.map { builder.host(ResourceID($0), kind: .virtualMachine) }
        builder.group(
            GroupID("service-\(names[0])"), members, minimum: .count(members.count - 1),
            strategy: .rolling(maxUnavailable: .count(1)))
        if happens(40) { patched.formUnion(members) }
    }

    /// Each on the less filled of two that are drawn, if it has room, or on the least filled of all.
    private mutating func fill(_ nodes: [ResourceID], _ sets: [[ResidentMachine]], _ filled: Int, _ filledToo: Int) {
        let running = sets.joined().filter(\.isRunning)
        let sum = (running.reduce(0) { $0 + $1.memoryMebibytes }, running.reduce(0) { $0 + $1.processors })
        var room = (sum.0 * 100 / (filled * nodes.count) + 1, sum.1 * 100 / (filledToo * nodes.count) + 1)
        var residents = [[ResidentMachine]](repeating: [], count: nodes.count)
        var used = [(memory: Int, processors: Int)](repeating: (0, 0), count: nodes.count)
        for set in sets {
            var open = Array(nodes.indices)
            for machine in set {
                func fits(_ node: Int) -> Bool {
                    used[node].memory + machine.memoryMebibytes <= room.0
                        && used[node].processors + machine.processors <= room.1
                }
                let drawn = (0..<2).map { _ in open[random(0...(open.count - 1))] }
                let chosen = (drawn.filter(fits).isEmpty ? open : drawn.filter(fits)).min {
                    (used[$0].memory, $0) < (used[$1].memory, $1)
                }
                guard let chosen else { continue }
                residents[chosen].append(machine)
                open.removeAll { $0 == chosen }
                guard machine.isRunning else { continue }
                used[chosen].memory += machine.memoryMebibytes
                used[chosen].processors += machine.processors
            }
        }
        // What did not fit anywhere makes the hypervisors of the pool a little larger.
        room = (max(room.0, used.map(\.memory).max() ?? 0), max(room.1, used.map(\.processors).max() ?? 0))
        for (node, machines) in zip(nodes, residents) {
            facts[node] = HypervisorFacts(
                memoryMebibytes: room.0, processors: room.1, residents: machines.sorted { $0.name < $1.name })
        }
        memory.used += sum.0
        memory.all += room.0 * nodes.count
    }
}
