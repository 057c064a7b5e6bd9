import FettleModel

/// The rules of anti-affinity that moves of machines touch, so that the plan shows what it was made under: of each machine that is
/// moved, and of each that runs where one is moved to, those that it may not run beside.
struct ApartRules {
    private(set) var machines: [ApartMachine]?

    /// - Parameter moves: by the hypervisor that is emptied.
    init(_ moves: [ResourceID: [MachineMove]], _ index: PlanningIndex) {
        guard !moves.isEmpty else { return }
        let moved = moves.mapValues { Set($0.map(\.machine)) }
        let places = Set(moves.keys).union(moves.values.joined().map(\.to)).sorted()
        let running = places.flatMap { place in
            (index.residency.machines(on: place)?.residents ?? []).filter(\.isRunning).map { (place, $0) }
        }
        guard running.contains(where: { !$0.1.apartFrom.isEmpty }) else { return }
        let names = Set(running.map(\.1.name))
        var movedNames: Set<String> = []
        var namedByMoved: Set<String> = []
        var named: Set<String> = []
        for (place, machine) in running {
            named.formUnion(machine.apartFrom)
            guard moved[place]?.contains(machine.name) == true else { continue }
            movedNames.insert(machine.name)
            namedByMoved.formUnion(machine.apartFrom)
        }
        let found = running.compactMap { place, machine -> ApartMachine? in
            let isMoved = moved[place]?.contains(machine.name) == true
            let others = Set(machine.apartFrom).intersection(isMoved ? names : movedNames).sorted()
            guard !others.isEmpty || (isMoved ? named : namedByMoved).contains(machine.name) else { return nil }
            return ApartMachine(machine: machine.name, home: place, apartFrom: others)
        }
        machines = found.isEmpty ? nil : found.sorted { ($0.home, $0.machine) < ($1.home, $1.machine) }
    }
}
