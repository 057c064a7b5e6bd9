import FettleModel

/// Which machine is where, and what each hypervisor can carry: apart from what any plan believes of it.
struct HypervisorWorld: Sendable {
    struct Machine: Sendable {
        var name: String
        var resource: ResourceID?
        var memory: Int
        var processors: Int
        var isRunning: Bool
        /// Where it was when the run began.
        var home: ResourceID
        var place: ResourceID
        var apartFrom: Set<String>
        /// It came when nobody expected it, and nobody has asked for it to be moved.
        var isStranger = false
    }

    struct Capacity: Sendable {
        var memory: Int
        var processors: Int
    }

    private(set) var machines: [Machine] = []
    private(set) var capacities: [ResourceID: Capacity] = [:]
    private var numbers: [ResourceID: Int] = [:]
    /// By hypervisor, whose home it is: of tens of thousands of machines nobody is looked for one by one.
    private var residents: [ResourceID: [String: Int]] = [:]
    /// By hypervisor, who is there now, ascending.
    private var present: [ResourceID: [Int]] = [:]
    /// Takes no new machines.
    var cordoned: Set<ResourceID> = []
    /// Kept out for good: their machines may be anywhere.
    var kept: Set<ResourceID> = []
    private(set) var strangers = 0

    init() {}

    init(_ facts: [ResourceID: HypervisorFacts], _ plan: Plan) {
        for (hypervisor, seen) in facts.sorted(by: { $0.key < $1.key }) {
            capacities[hypervisor] = Capacity(memory: seen.memoryMebibytes, processors: seen.processors)
            for resident in seen.residents {
                add(
                    Machine(
                        name: resident.name, resource: resident.resource, memory: resident.memoryMebibytes,
                        processors: resident.processors, isRunning: resident.isRunning, home: hypervisor,
                        place: hypervisor, apartFrom: Set(resident.apartFrom)))
            }
        }
        guard facts.isEmpty else { return }
        // What the plan says is all that is known.
        for room in plan.rooms {
            capacities[room.hypervisor] = Capacity(memory: room.memoryMebibytes, processors: room.processors)
        }
        for step in plan.steps {
            guard case .evacuate(let moves, _) = step.action else { continue }
            for move in moves {
                // Its place at home is its own, whatever the rest of the home has.
                capacities[move.from, default: Capacity(memory: 0, processors: 0)].memory += move.memoryMebibytes
                capacities[move.from, default: Capacity(memory: 0, processors: 0)].processors += move.processors
                add(
                    Machine(
                        name: move.machine, resource: move.resource, memory: move.memoryMebibytes,
                        processors: move.processors, isRunning: true, home: move.from, place: move.from, apartFrom: []))
            }
        }
    }

    var isEmpty: Bool { capacities.isEmpty }

    private mutating func add(_ machine: Machine) {
        if let resource = machine.resource, numbers[resource] == nil { numbers[resource] = machines.count }
        if residents[machine.home]?[machine.name] == nil {
            residents[machine.home, default: [:]][machine.name] = machines.count
        }
        present[machine.place, default: []].append(machines.count)
        machines.append(machine)
    }

    /// What a resource runs on; nil for one that is no running machine.
    func carrier(of resource: ResourceID) -> ResourceID? {
        guard let number = numbers[resource], machines[number].isRunning else { return nil }
        return machines[number].place
    }

    func running(on hypervisor: ResourceID) -> [Machine] {
        (present[hypervisor] ?? []).lazy.map { machines[$0] }.filter(\.isRunning)
    }

    /// - Parameter home: two machines of one name have different homes.
    func number(of name: String, home: ResourceID) -> Int? {
        residents[home]?[name]
    }

    func hasRoom(for machine: Machine, on hypervisor: ResourceID) -> Bool {
        guard let capacity = capacities[hypervisor] else { return false }
        let there = running(on: hypervisor)
        return there.reduce(machine.memory) { $0 + $1.memory } <= capacity.memory
            && there.reduce(machine.processors) { $0 + $1.processors } <= capacity.processors
    }

    /// Beside whom on the hypervisor the machine may not be.
    func clash(of machine: Machine, on hypervisor: ResourceID) -> String? {
        running(on: hypervisor).first { other in
            // At home they were beside each other before.
            if machine.home == hypervisor, other.home == hypervisor { return false }
            return machine.apartFrom.contains(other.name) || other.apartFrom.contains(machine.name)
                || (other.name == machine.name && other.home != machine.home)
        }?.name
    }

    mutating func put(_ number: Int, on hypervisor: ResourceID) {
        present[machines[number].place]?.removeAll { $0 == number }
        machines[number].place = hypervisor
        // The highest numbers come last, as in the list of all.
        let there = present[hypervisor] ?? []
        present[hypervisor, default: []].insert(number, at: there.firstIndex { $0 > number } ?? there.count)
    }

    /// Somebody starts a machine that no plan knows, where the product lets them.
    /// - Returns: false if it finds no place there.
    mutating func addStranger(on hypervisor: ResourceID, memory: Int) -> Bool {
        let machine = Machine(
            name: "stranger-\(strangers + 1)", resource: nil, memory: memory, processors: 1, isRunning: true,
            home: hypervisor, place: hypervisor, apartFrom: [], isStranger: true)
        guard !cordoned.contains(hypervisor), hasRoom(for: machine, on: hypervisor) else { return false }
        strangers += 1
        add(machine)
        return true
    }

    /// Machines that are not where they were, and whose home is not kept out.
    var displaced: [Machine] { machines.filter { $0.place != $0.home && !kept.contains($0.home) } }
}
