import FettleModel

/// Where machines could go, in numbers: for each hypervisor that has to be emptied its machines and the others that can take them.
struct PlacementProblem {
    var destinations: [Destination]
    var sources: [Source]
    /// For each source, which other sources can be out at the same time.
    var together: [[Bool]]

    struct Destination {
        var id: ResourceID
        /// What is left when its own machines run on it.
        var memory: Int
        var processors: Int
        /// Of machines on it, running or not.
        var names: Set<String>
        /// Of machines that run on it.
        var running: Set<String>
        /// Names that a machine running on it must be apart from.
        var refused: Set<String>

        init(_ id: ResourceID, _ facts: HypervisorFacts) {
            let running = facts.residents.filter(\.isRunning)
            self.id = id
            memory = max(0, facts.memoryMebibytes - running.reduce(0) { $0 + $1.memoryMebibytes })
            processors = max(0, facts.processors - running.reduce(0) { $0 + $1.processors })
            names = Set(facts.residents.map(\.name))
            self.running = Set(running.map(\.name))
            refused = Set(running.flatMap(\.apartFrom))
        }

        /// Whether neither a rule nor a machine of the same name keeps a machine away.
        func mayTake(_ machine: Machine) -> Bool {
            !names.contains(machine.name) && !refused.contains(machine.name)
                && running.isDisjoint(with: machine.apartFrom)
        }
    }

    struct Source {
        var id: ResourceID
        /// The largest first.
        var machines: [Machine]
        /// Places of destinations, ascending.
        var candidates: [Int]
    }

    struct Machine {
        var name: String
        var resource: ResourceID?
        var memory: Int
        var processors: Int
        var apartFrom: Set<String>
        /// Some rule speaks of it, its own or another machine's.
        var isRuled = false

        init(_ machine: ResidentMachine) {
            name = machine.name
            resource = machine.resource
            memory = machine.memoryMebibytes
            processors = machine.processors
            apartFrom = Set(machine.apartFrom)
        }

        func mustBeApart(from other: Machine) -> Bool {
            apartFrom.contains(other.name) || other.apartFrom.contains(name) || name == other.name
        }

        /// By size, the largest first; then by name.
        static func isBefore(_ one: Machine, _ other: Machine) -> Bool {
            (other.memory, other.processors, one.name) < (one.memory, one.processors, other.name)
        }
    }

    /// The same with some of the sources only, and with what these can use: of a thousand hypervisors in fifty pools, each pool is
    /// solved by itself.
    func keeping(_ kept: [Int]) -> PlacementProblem {
        let usable = Set(kept.flatMap { sources[$0].candidates }).sorted()
        let places = Dictionary(
            usable.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        let remaining = kept.map { place -> Source in
            var source = sources[place]
            source.candidates = source.candidates.compactMap { places[$0] }
            return source
        }
        return PlacementProblem(
            destinations: usable.map { destinations[$0] }, sources: remaining,
            together: kept.map { source in kept.map { together[source][$0] } })
    }

    /// The same without one machine.
    func without(_ machine: Int, of source: Int) -> PlacementProblem {
        var result = self
        result.sources[source].machines.remove(at: machine)
        return result
    }

    /// What a machine lacks on a destination that has nothing else to take; nil where it fits, or where more room is no help.
    func shortage(of machine: Machine, on destination: Int) -> (memory: Int, processors: Int)? {
        let room = destinations[destination]
        let lacks = (max(0, machine.memory - room.memory), max(0, machine.processors - room.processors))
        return lacks == (0, 0) || !room.mayTake(machine) ? nil : lacks
    }
}
