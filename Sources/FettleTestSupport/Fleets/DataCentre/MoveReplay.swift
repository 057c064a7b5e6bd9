public import FettleModel

/// Plays a plan's moves through against the facts, machine by machine, in an order of events that the plan's orders allow, and counts
/// what runs where. It knows the facts, the steps and the orders, and nothing of how the planner or the checker judges them; fast
/// enough for tens of thousands of machines.
public struct MoveReplay {
    public enum Pace: Sendable {
        /// Whoever may be out goes out, and nobody's machines come home while somebody else's are still being moved away.
        case widest
        /// Who goes on is drawn from this seed, and somewhere in the middle the run goes back; or not.
        case random(seed: UInt64, goesBack: Bool)
    }

    /// What must not be; the first thousand.
    public private(set) var faults: [String] = []
    public private(set) var moves = 0
    /// Machines that were away from home, and hypervisors that were out, at the same time.
    public private(set) var mostAway = 0
    public private(set) var mostOut = 0

    private enum Event {
        case work
        case move(MachineMove)
    }

    private struct Hypervisor {
        var memory: Int
        var processors: Int
        var isOut = false
        /// Who runs on it, by number.
        var here: Set<Int> = []
    }

    private struct Machine {
        var name: String
        var resource: ResourceID?
        var home: ResourceID
        var place: ResourceID
        var memory: Int
        var processors: Int
        var isBound: Bool
        /// Those that may not run beside it, by number.
        var apart: [Int] = []
    }

    private let plan: Plan
    private let emptied: Set<ResourceID>
    private var hypervisors: [ResourceID: Hypervisor] = [:]
    private var machines: [Machine] = []
    private var numbers: [ResourceID: [String: Int]] = [:]
    private var turns: TurnCount
    private var away = 0
    private var out: Set<ResourceID> = []
    /// The same, in the order in which they went out.
    private var goers: [ResourceID] = []

    public init(_ plan: Plan, _ facts: FactSet) {
        self.plan = plan
        turns = TurnCount(plan)
        emptied = Set(
            plan.steps.filter { if case .evacuate = $0.action { true } else { false } }.map(\.resource))
        for host in facts.hosts {
            guard let content = host.hypervisor?.value else { continue }
            var hypervisor = Hypervisor(memory: content.memoryMebibytes, processors: content.processors)
            for machine in content.residents where machine.isRunning {
                numbers[host.resource, default: [:]][machine.name] = machines.count
                hypervisor.here.insert(machines.count)
                hypervisor.memory -= machine.memoryMebibytes
                hypervisor.processors -= machine.processors
                machines.append(
                    Machine(
                        name: machine.name, resource: machine.resource, home: host.resource, place: host.resource,
                        memory: machine.memoryMebibytes, processors: machine.processors,
                        isBound: machine.isBoundBecause != nil))
            }
            hypervisors[host.resource] = hypervisor
        }
        var named: [String: [Int]] = [:]
        for (number, machine) in machines.enumerated() { named[machine.name, default: []].append(number) }
        for host in facts.hosts {
            for resident in host.hypervisor?.value?.residents ?? [] where resident.isRunning {
                guard let number = numbers[host.resource]?[resident.name] else { continue }
                for other in resident.apartFrom.flatMap({ named[$0] ?? [] }) {
                    machines[number].apart.append(other)
                    machines[other].apart.append(number)
                }
            }
        }
    }

    // MARK: Events

    /// What a target still has to go through while it is out.
    private struct Course {
        var events: [Event]
        var next = 0
        var isWorked = false
        /// The widest pace goes on with the least: away, work, home.
        var phase: Int {
            guard next < events.count else { return 3 }
            guard case .move = events[next] else { return 1 }
            return isWorked || events[..<next].contains { if case .work = $0 { true } else { false } } ? 2 : 0
        }
    }

    public mutating func run(_ pace: Pace) {
        var courses: [ResourceID: Course] = [:]
        var worked: Set<ResourceID> = []
        let forward = Dictionary(grouping: plan.steps, by: \.resource)
        let back = Dictionary(grouping: plan.rollback, by: \.resource)
        var dice = SplitMix(seed: 0)
        var eventsUntilBack = Int.max
        if case .random(let seed, let goesBack) = pace {
            dice = SplitMix(seed: seed)
            let all = plan.steps.reduce(0) { $0 + events([$1]).count }
            if goesBack { eventsUntilBack = Int.random(in: 0...max(1, all), using: &dice) }
        }
        var waiting = plan.targets.map(\.resource)
        var ready: [ResourceID] = []
        var hasSettled = true
        while true {
            if eventsUntilBack == 0 {
                for id in out {
                    let home = (forward[id] ?? []).filter { $0.availability == .bringsBack }
                    let isWorked = courses[id]?.isWorked == true
                    courses[id] = Course(events: events(isWorked ? back[id] ?? [] : home), isWorked: isWorked)
                }
                turns.turnBack(plan, out: out, worked: worked)
                waiting = plan.targets.map(\.resource).filter { worked.contains($0) && !out.contains($0) }
                hasSettled = true
            }
            eventsUntilBack -= 1
            if hasSettled {
                ready = waiting.filter { turns.mayGoOut($0) }
                hasSettled = false
            }
            guard let id = next(pace, &ready, courses, using: &dice) else { break }
            if !out.contains(id) {
                waiting.removeAll { $0 == id }
                goOut(id)
                courses[id] = Course(events: events((turns.isBack ? back : forward)[id] ?? []))
                continue
            }
            guard var course = courses[id], course.next < course.events.count else {
                out.remove(id)
                goers.removeAll { $0 == id }
                hypervisors[id]?.isOut = false
                turns.settle(id)
                hasSettled = true
                continue
            }
            let event = course.events[course.next]
            course.next += 1
            switch event {
            case .work:
                course.isWorked = true
                worked.insert(id)
                judgeWork(on: id)
            case .move(let move): perform(move, of: id)
            }
            courses[id] = course
        }
        if !waiting.isEmpty || !out.isEmpty { tell("nobody can go on, and \(waiting.count) still wait") }
        for machine in machines where machine.place != machine.home {
            tell("\(machine.name) is on \(machine.place) at the end, and not at home on \(machine.home)")
        }
    }

    private func next(
        _ pace: Pace, _ ready: inout [ResourceID], _ courses: [ResourceID: Course], using dice: inout SplitMix
    ) -> ResourceID? {
        switch pace {
        case .widest:
            while let id = ready.popLast() { if turns.mayGoOut(id) { return id } }
            return goers.min { (courses[$0]?.phase ?? 0) < (courses[$1]?.phase ?? 0) }
        case .random:
            // Who was ready may have to wait again for somebody who has gone out since.
            while !ready.isEmpty || !goers.isEmpty {
                let drawn = Int.random(in: 0..<(goers.count + ready.count), using: &dice)
                if drawn < goers.count { return goers[drawn] }
                let id = ready.remove(at: drawn - goers.count)
                if turns.mayGoOut(id) { return id }
            }
            return nil
        }
    }

    private func events(_ steps: [Step]) -> [Event] {
        steps.flatMap { step -> [Event] in
            switch step.action {
            case .evacuate(let moves, _), .bringHome(let moves): moves.map { .move($0) }
            default: step.availability == .requiresOut ? [.work] : []
            }
        }
    }

    private mutating func goOut(_ id: ResourceID) {
        out.insert(id)
        goers.append(id)
        turns.goOut(id)
        mostOut = max(mostOut, out.count { hypervisors[$0] != nil })
        guard let hypervisor = hypervisors[id] else { return }
        hypervisors[id]?.isOut = true
        for number in hypervisor.here where machines[number].home != id {
            tell("\(id) goes out while \(machines[number].name) of \(machines[number].home) is on it")
        }
    }

    // MARK: What must be so

    private mutating func tell(_ fault: String) {
        if faults.count < 1_000 { faults.append(fault) }
    }

    private mutating func judgeWork(on id: ResourceID) {
        guard emptied.contains(id), let hypervisor = hypervisors[id] else { return }
        for number in hypervisor.here where machines[number].home != id || !machines[number].isBound {
            tell("\(machines[number].name) is on \(id) while that is worked on")
        }
    }

    private mutating func perform(_ move: MachineMove, of home: ResourceID) {
        guard let number = numbers[home]?[move.machine] else {
            return tell("\(move.machine) is moved for \(home), and does not run there")
        }
        let machine = machines[number]
        // Already there: moved before the run went back, or never moved.
        guard machine.place != move.to else { return }
        guard machine.place == move.from else {
            return tell("\(move.machine) is on \(machine.place), and not on \(move.from)")
        }
        if machine.memory != move.memoryMebibytes || machine.processors != move.processors {
            tell("\(move.machine) is larger or smaller than the plan says")
        }
        if machine.isBound { tell("\(move.machine) is moved, and cannot be") }
        if let resource = machine.resource, out.contains(resource) {
            tell("\(move.machine) is moved while it is worked on")
        }
        moves += 1
        arrive(number, at: move.to)
        hypervisors[move.from]?.here.remove(number)
        hypervisors[move.from]?.memory += machine.memory
        hypervisors[move.from]?.processors += machine.processors
        machines[number].place = move.to
        away += move.to == machine.home ? -1 : 1
        mostAway = max(mostAway, away)
    }

    /// It needs its room there before it has left where it was.
    private mutating func arrive(_ number: Int, at place: ResourceID) {
        let machine = machines[number]
        guard var there = hypervisors[place] else { return tell("\(machine.name) is moved to \(place), no hypervisor") }
        if there.isOut, place != machine.home { tell("\(machine.name) is moved to \(place), which is out") }
        there.here.insert(number)
        there.memory -= machine.memory
        there.processors -= machine.processors
        // Nobody has to be moved where there was too little before; at home it was so before.
        if place != machine.home || there.here.contains(where: { machines[$0].home != place }) {
            if there.memory < 0, machine.memory > 0 { tell("\(place) lacks \(-there.memory) MiB for \(machine.name)") }
            if there.processors < 0, machine.processors > 0 {
                tell("\(place) lacks \(-there.processors) processors for \(machine.name)")
            }
        }
        for other in machine.apart where machines[other].place == place && other != number {
            if machine.home == place && machines[other].home == place { continue }
            tell("\(machine.name) and \(machines[other].name) are both on \(place), and must run apart")
        }
        hypervisors[place] = there
    }
}

/// Who may go out by the turns of a plan's orders.
private struct TurnCount {
    private(set) var isBack = false
    private var orders: [Order]
    /// By resource, its orders and its turn in each.
    private var places: [ResourceID: [(order: Int, turn: Int)]] = [:]

    private struct Order {
        var unsettled: [Int]
        var out: [Int]
        var allOut = 0
        /// In which direction the turns are gone through.
        var isReversed = false
        /// The turn that is under way.
        var current = 0

        mutating func goOn() {
            while unsettled.indices.contains(current), unsettled[current] == 0 { current += isReversed ? -1 : 1 }
        }
    }

    init(_ plan: Plan) {
        orders = plan.order.map {
            Order(unsettled: $0.turns.map(\.count), out: Array(repeating: 0, count: $0.turns.count))
        }
        for (order, content) in plan.order.enumerated() {
            for (turn, resources) in content.turns.enumerated() {
                for id in resources { places[id, default: []].append((order, turn)) }
            }
        }
    }

    func mayGoOut(_ id: ResourceID) -> Bool {
        (places[id] ?? []).allSatisfy { order, turn in
            orders[order].current == turn && orders[order].allOut == orders[order].out[turn]
        }
    }

    mutating func goOut(_ id: ResourceID) {
        for (order, turn) in places[id] ?? [] {
            orders[order].out[turn] += 1
            orders[order].allOut += 1
        }
    }

    mutating func settle(_ id: ResourceID) {
        for (order, turn) in places[id] ?? [] {
            orders[order].out[turn] -= 1
            orders[order].allOut -= 1
            orders[order].unsettled[turn] -= 1
            orders[order].goOn()
        }
    }

    /// Whoever has not been worked on is settled; who has, and is back, has to go out once more.
    mutating func turnBack(_ plan: Plan, out: Set<ResourceID>, worked: Set<ResourceID>) {
        isBack = true
        for (number, order) in plan.order.enumerated() {
            orders[number].unsettled = order.turns.map { turn in
                turn.count { out.contains($0) || worked.contains($0) }
            }
            orders[number].isReversed = order.wayBack == .reversed
            orders[number].current = order.wayBack == .reversed ? order.turns.count - 1 : 0
            orders[number].goOn()
        }
    }
}
