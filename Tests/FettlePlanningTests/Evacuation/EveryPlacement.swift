import FettleModel
import FettlePlanning
import FettleTestSupport

/// Tries every way to put the machines of a small fleet on other hypervisors: the slow and simple way.
///
/// Who is out together with whom does not hang on sizes: the orders are those of the same fleet with room for everything, and with
/// one hypervisor of a pool out at a time, because a planner that finds no room falls back to that.
struct EveryPlacement {
    private struct Item {
        var source: ResourceID
        var machine: ResidentMachine
        var places: [ResourceID]
    }

    private let items: [Item]
    private let facts: [ResourceID: HypervisorFacts]
    private let order: [TurnOrder]
    private let isPlannable: Bool

    static let mostTries = 400_000

    /// The fleet with room on every hypervisor, and without rules.
    static func roomy(_ sample: FleetSample) -> FleetSample {
        var sample = sample
        for place in sample.fleet.groups.indices where sample.fleet.groups[place].kind == .hypervisorPool {
            sample.fleet.groups[place].strategy = nil
        }
        for place in sample.facts.hosts.indices {
            guard var facts = sample.facts.hosts[place].hypervisor?.value else { continue }
            facts.memoryMebibytes = 1_000_000
            facts.processors = 10_000
            for machine in facts.residents.indices { facts.residents[machine].apartFrom = [] }
            sample.facts.hosts[place].hypervisor = .observed(facts)
        }
        return sample
    }

    init(_ sample: FleetSample) {
        var facts: [ResourceID: HypervisorFacts] = [:]
        for host in sample.facts.hosts where host.reachability == .reachable {
            facts[host.resource] = host.hypervisor?.value
        }
        self.facts = facts
        let plan = try? Self.roomy(sample).plan()
        isPlannable = plan != nil
        order = plan?.order ?? []
        var items: [Item] = []
        let pools = sample.fleet.groups.filter { $0.kind == .hypervisorPool }
        for target in plan?.targets ?? [] where pools.contains(where: { $0.members.contains(target.resource) }) {
            let members = Set(pools.filter { $0.members.contains(target.resource) }.flatMap(\.members))
            let places = members.sorted().filter { other in
                guard other != target.resource, facts[other] != nil else { return false }
                let takers = (plan?.targets ?? []).filter { $0.resource == other || $0.carries.contains(other) }
                return takers.allSatisfy { Self.isApart($0.resource, target.resource, plan?.order ?? []) }
            }
            for machine in facts[target.resource]?.residents ?? []
            where machine.isRunning && machine.isBoundBecause == nil {
                items.append(Item(source: target.resource, machine: machine, places: places))
            }
        }
        self.items = items
    }

    private static func isApart(_ one: ResourceID, _ other: ResourceID, _ order: [TurnOrder]) -> Bool {
        one != other
            && order.contains { order in
                let first = order.turns.firstIndex { $0.contains(one) }
                let second = order.turns.firstIndex { $0.contains(other) }
                return first != nil && second != nil && first != second
            }
    }

    /// nil: there are too many ways to try them all.
    func exists() -> Bool? {
        guard isPlannable else { return nil }
        var tries = 0
        let result = place([], &tries)
        return tries > Self.mostTries ? nil : result
    }

    private func place(_ chosen: [ResourceID], _ tries: inout Int) -> Bool {
        guard chosen.count < items.count else { return true }
        for place in items[chosen.count].places {
            tries += 1
            guard tries <= Self.mostTries else { return false }
            let next = chosen + [place]
            if isRight(next), self.place(next, &tries) { return true }
        }
        return false
    }

    /// Whether what is placed so far fits the place that was chosen last, whoever of the others is out at the same time.
    private func isRight(_ chosen: [ResourceID]) -> Bool {
        guard let destination = chosen.last, let facts = facts[destination] else { return false }
        let item = items[chosen.count - 1]
        let own = facts.residents.filter(\.isRunning)
        if facts.residents.contains(where: { $0.name == item.machine.name }) { return false }
        if own.contains(where: { isApart(item.machine, $0) }) { return false }
        let there = zip(items, chosen).filter { $0.1 == destination }.map(\.0)
        let sources = Set(there.map(\.source)).sorted()
        for subset in 0..<(1 << sources.count) {
            let out = sources.indices.filter { subset & (1 << $0) != 0 }.map { sources[$0] }
            let isPossible = out.allSatisfy { one in
                out.allSatisfy { $0 == one || !Self.isApart(one, $0, order) }
            }
            guard isPossible, out.contains(item.source) else { continue }
            let guests = there.filter { out.contains($0.source) }.map(\.machine)
            let memory = (own + guests).reduce(0) { $0 + $1.memoryMebibytes }
            let processors = (own + guests).reduce(0) { $0 + $1.processors }
            if memory > facts.memoryMebibytes && !guests.allSatisfy({ $0.memoryMebibytes == 0 }) { return false }
            if processors > facts.processors && !guests.allSatisfy({ $0.processors == 0 }) { return false }
            for guest in guests where guest != item.machine && isApart(guest, item.machine) { return false }
        }
        return true
    }

    private func isApart(_ one: ResidentMachine, _ other: ResidentMachine) -> Bool {
        one.apartFrom.contains(other.name) || other.apartFrom.contains(one.name)
    }
}
