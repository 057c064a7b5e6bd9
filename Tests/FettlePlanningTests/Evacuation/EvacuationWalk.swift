import FettleModel
import FettleTestSupport

/// Walks through a plan in one of the ways that its orders allow: who may go goes in any order, machines are moved one by one,
/// targets drop out, the run goes back at any moment. It knows the facts and the plan's steps, and nothing of how either the
/// planner or the checker judges them.
struct EvacuationWalk {
    private enum Event {
        case takeOut, work, back
        case move(MachineMove)
    }

    private struct Target {
        var isOut = false
        var isWorked = false
        var isSettled = false
        /// What is still to be done while it is out.
        var events: [Event] = []
    }

    private struct Machine: Hashable {
        var home: ResourceID
        var name: String
    }

    private let plan: Plan
    private let fleet: Fleet
    private let policy: Policy
    private let facts: [ResourceID: HypervisorFacts]
    private var targets: [ResourceID: Target] = [:]
    private var places: [Machine: ResourceID] = [:]
    private var isGoingBack = false
    private(set) var faults: Set<String> = []
    /// Machines that were on the way at the same time, at most: so that a test can say that it saw some.
    private(set) var mostAway = 0

    init(_ plan: Plan, _ sample: FleetSample) {
        self.plan = plan
        fleet = sample.fleet
        policy = sample.policy
        var facts: [ResourceID: HypervisorFacts] = [:]
        for host in sample.facts.hosts { facts[host.resource] = host.hypervisor?.value }
        self.facts = facts
        for target in plan.targets { targets[target.resource] = Target() }
        for (hypervisor, content) in facts {
            for machine in content.residents where machine.isRunning {
                places[Machine(home: hypervisor, name: machine.name)] = hypervisor
            }
        }
    }

    mutating func walk(using random: inout SplitMix) {
        let order = plan.targets.map(\.resource)
        var turnsLeft = 400
        while turnsLeft > 0 {
            turnsLeft -= 1
            if !isGoingBack, Int.random(in: 0..<40, using: &random) == 0 { goBack(order) }
            let ready = order.filter { mayGoOn($0) }
            guard let next = ready.randomElement(using: &random) else {
                if isGoingBack || order.allSatisfy({ targets[$0]?.isSettled == true }) { break }
                faults.insert("nobody can go on")
                break
            }
            step(next, using: &random)
        }
        let isOver = order.allSatisfy { targets[$0]?.isOut == false }
        if isOver, places.contains(where: { $0.key.home != $0.value }) { faults.insert("a machine is not home") }
    }

    private func turn(_ order: TurnOrder, _ id: ResourceID) -> Int? { order.turns.firstIndex { $0.contains(id) } }

    private func mayGoOn(_ id: ResourceID) -> Bool {
        guard let target = targets[id] else { return false }
        if target.isOut { return true }
        guard !target.isSettled else { return false }
        return plan.order.allSatisfy { order in
            guard let own = turn(order, id) else { return true }
            return order.turns.enumerated().allSatisfy { place, others in
                guard place != own else { return true }
                let isBefore = isGoingBack && order.wayBack == .reversed ? place > own : place < own
                return others.allSatisfy { other in
                    targets[other]?.isOut == false && (!isBefore || targets[other]?.isSettled == true)
                }
            }
        }
    }

    private mutating func step(_ id: ResourceID, using random: inout SplitMix) {
        if targets[id]?.isOut == false {
            // It fails before anything is done to it.
            if Int.random(in: 0..<12, using: &random) == 0 {
                targets[id]?.isSettled = true
                return
            }
            let events = events(isGoingBack ? plan.rollback : plan.steps, of: id)
            targets[id]?.isOut = true
            targets[id]?.events = events
        }
        guard var target = targets[id], !target.events.isEmpty else { return }
        let event = target.events.removeFirst()
        switch event {
        case .takeOut: break
        case .work:
            target.isWorked = true
            judgeWork(id)
        case .move(let move): perform(move)
        case .back:
            target.isOut = false
            target.isSettled = true
        }
        targets[id] = target
        judge()
    }

    private func events(_ steps: [Step], of id: ResourceID) -> [Event] {
        steps.filter { $0.resource == id && $0.availability != .none }.flatMap { step -> [Event] in
            switch step.action {
            case .evacuate(let moves, _), .bringHome(let moves): moves.map { .move($0) }
            case .takeOut, .drain: [.takeOut]
            case .bringBack, .restore: []
            default: [.work]
            }
        } + [.back]
    }

    /// Who is out and was worked on takes the way back; who is out otherwise gets back what was moved, and is put back. Who is back
    /// in traffic may have to go out again.
    private mutating func goBack(_ order: [ResourceID]) {
        isGoingBack = true
        for id in order {
            guard let target = targets[id] else { continue }
            guard target.isOut else {
                targets[id]?.isSettled = !target.isWorked
                continue
            }
            let home = plan.steps.filter { $0.resource == id && $0.availability == .bringsBack }
            let events = events(target.isWorked ? plan.rollback : home, of: id)
            targets[id]?.events = events
        }
    }

    private mutating func perform(_ move: MachineMove) {
        let home = [Machine(home: move.from, name: move.machine), Machine(home: move.to, name: move.machine)]
            .first { places[$0] == move.from || places[$0] == move.to }
        guard let machine = home else {
            faults.insert("\(move.machine) is neither on \(move.from) nor on \(move.to)")
            return
        }
        // It is there already: moved before the run went back, or never moved.
        if places[machine] == move.to { return }
        places[machine] = move.to
        if down().contains(move.to), machine.home != move.to {
            faults.insert("\(move.to) takes machines while it is out")
        }
        if let resource = move.resource, targets[resource]?.isOut == true {
            faults.insert("\(resource) is moved while it is worked on")
        }
        let isBound = facts[machine.home]?.residents.first { $0.name == machine.name }?.isBoundBecause != nil
        if isBound { faults.insert("\(machine.name) is moved though it cannot be") }
        mostAway = max(mostAway, places.count { $0.key.home != $0.value })
    }

    /// A hypervisor that is emptied first has nothing left on it but what cannot be moved.
    private mutating func judgeWork(_ id: ResourceID) {
        guard isEmptied(id) else { return }
        for (machine, place) in places where place == id {
            let resident = facts[machine.home]?.residents.first { $0.name == machine.name }
            if machine.home != id || resident?.isBoundBecause == nil {
                faults.insert("\(machine.name) is on \(id) while that is worked on")
            }
        }
    }

    private func isEmptied(_ id: ResourceID) -> Bool {
        fleet.groups(of: id).contains { group in
            guard let strategy = group.strategy else { return group.kind == .hypervisorPool }
            if case .evacuate = strategy { return true }
            return false
        }
    }

    private mutating func judge() {
        for (hypervisor, content) in facts {
            let here = places.filter { $0.value == hypervisor }.map(\.key)
            let machines = here.compactMap { machine in
                facts[machine.home]?.residents.first { $0.name == machine.name }
            }
            let before = content.residents.filter(\.isRunning)
            if sum(machines, \.memoryMebibytes) > max(content.memoryMebibytes, sum(before, \.memoryMebibytes)) {
                faults.insert("\(hypervisor) has too little memory")
            }
            if sum(machines, \.processors) > max(content.processors, sum(before, \.processors)) {
                faults.insert("\(hypervisor) has too few processors")
            }
            for guest in here where guest.home != hypervisor {
                let rules = facts[guest.home]?.residents.first { $0.name == guest.name }?.apartFrom ?? []
                for (other, machine) in zip(here, machines) where other != guest {
                    if rules.contains(other.name) || machine.apartFrom.contains(guest.name) {
                        faults.insert("\(guest.name) and \(other.name) are both on \(hypervisor)")
                    }
                }
            }
        }
        let down = down()
        for group in fleet.groups {
            let out = group.members.filter(down.contains).count
            guard out > 0 else { continue }
            guard let planned = plan.group(group.id) else {
                faults.insert("group \(group.id) loses a member and is not in the plan")
                continue
            }
            if group.members.count - out < planned.minimumAvailable || out > planned.maximumOut {
                faults.insert("group \(group.id) has \(out) of \(group.members.count) out")
            }
        }
    }

    private func sum(_ machines: [ResidentMachine], _ size: KeyPath<ResidentMachine, Int>) -> Int {
        machines.reduce(0) { $0 + $1[keyPath: size] }
    }

    /// What is out, and what goes down with it by the facts.
    private func down() -> Set<ResourceID> {
        var down = Set(targets.filter { $0.value.isOut }.keys)
        var open = Array(down)
        var isOuter = down
        while let next = open.popLast() {
            if isOuter.contains(next), !isEmptied(next), policy.reboot == .never { continue }
            for machine in facts[next]?.residents ?? [] where machine.isRunning {
                if isOuter.contains(next), isEmptied(next), machine.isBoundBecause == nil { continue }
                guard let resource = machine.resource, down.insert(resource).inserted else { continue }
                open.append(resource)
            }
        }
        isOuter = []
        return down
    }
}
