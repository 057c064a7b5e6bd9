public import FettleModel

/// First fit decreasing, as in any textbook, to be compared with: the machines of one hypervisor from the largest to the smallest,
/// each on the first of the others that has room for it and no machine that it must be apart from. It knows nothing of the planner.
public enum FirstFitDecreasing {
    /// What "large" means, of two sizes.
    public enum Order: Sendable, CaseIterable {
        case memory, processors
        /// The larger part of what all others have to spare.
        case share
    }

    /// - Returns: for each machine that has to be moved where it goes; nil if one of them finds no place.
    public static func places(
        _ hypervisor: HypervisorFacts, on others: [(id: ResourceID, facts: HypervisorFacts)], by order: Order
    ) -> [String: ResourceID]? {
        var bins = others.sorted { $0.id < $1.id }.map(Bin.init)
        let memory = Double(max(1, bins.reduce(0) { $0 + max(0, $1.memory) }))
        let processors = Double(max(1, bins.reduce(0) { $0 + max(0, $1.processors) }))
        func size(_ machine: ResidentMachine) -> Double {
            let sizes = (Double(machine.memoryMebibytes), Double(machine.processors))
            return switch order {
            case .memory: sizes.0
            case .processors: sizes.1
            case .share: max(sizes.0 / memory, sizes.1 / processors)
            }
        }
        var result: [String: ResourceID] = [:]
        let machines = hypervisor.residents.filter { $0.isRunning && $0.isBoundBecause == nil }
        for machine in machines.sorted(by: { (size($1), $0.name) < (size($0), $1.name) }) {
            guard let place = bins.firstIndex(where: { $0.takes(machine) }) else { return nil }
            bins[place].put(machine)
            result[machine.name] = bins[place].id
        }
        return result
    }

    private struct Bin {
        let id: ResourceID
        var memory: Int
        var processors: Int
        private var running: [ResidentMachine]
        private let names: Set<String>

        init(_ id: ResourceID, _ facts: HypervisorFacts) {
            self.id = id
            running = facts.residents.filter(\.isRunning)
            names = Set(facts.residents.map(\.name))
            memory = facts.memoryMebibytes - running.reduce(0) { $0 + $1.memoryMebibytes }
            processors = facts.processors - running.reduce(0) { $0 + $1.processors }
        }

        func takes(_ machine: ResidentMachine) -> Bool {
            machine.memoryMebibytes <= memory && machine.processors <= processors && !names.contains(machine.name)
                && !running.contains { $0.apartFrom.contains(machine.name) || machine.apartFrom.contains($0.name) }
        }

        mutating func put(_ machine: ResidentMachine) {
            memory -= machine.memoryMebibytes
            processors -= machine.processors
            running.append(machine)
        }
    }
}
