import FettleModel

/// I1 for hypervisors: whatever can be moved to one of them at the same time has room there.
///
/// Of hypervisors that stand in different turns of one order the largest counts, the others are added up: that is a bound. Where it
/// exceeds the room, those that really can be out together are searched.
struct RoomCheck {
    let plan: Plan
    let evacuations: [Evacuation]
    let turns: TurnPlaces

    /// Hypervisors that are looked at in search of those that can be out together, for one destination.
    static let mostLooks = 1_000_000
    /// Hypervisors that are out together in the search.
    static let mostTogether = 256
    /// Orders that are used up for one bound, and turns within turns that are looked at.
    static let mostRounds = 256
    static let deepest = 16

    private struct Demand {
        var source: ResourceID
        var memory = 0
        var processors = 0
    }

    func violations() -> [Violation] {
        var found: [Violation] = []
        let rooms = rooms(&found)
        var demands: [ResourceID: [ResourceID: Demand]] = [:]
        for evacuation in evacuations {
            for move in evacuation.moves where isCounted(move) {
                var demand = demands[move.to]?[evacuation.hypervisor] ?? Demand(source: evacuation.hypervisor)
                demand.memory += move.memoryMebibytes
                demand.processors += move.processors
                demands[move.to, default: [:]][evacuation.hypervisor] = demand
            }
        }
        for (destination, bySource) in demands.sorted(by: { $0.key < $1.key }) {
            let sources = bySource.values.sorted { $0.source < $1.source }
            guard let room = rooms[destination] else {
                found.append(
                    Violation(
                        .capacity, "machines are moved to \(destination), and nothing says what it has to spare",
                        steps: steps(of: sources)))
                continue
            }
            judge(destination, sources, \.memory, room.memoryMebibytes, "MiB", &found)
            judge(destination, sources, \.processors, room.processors, "processors", &found)
        }
        return found
    }

    private func rooms(_ found: inout [Violation]) -> [ResourceID: HypervisorRoom] {
        var rooms: [ResourceID: HypervisorRoom] = [:]
        for room in plan.rooms {
            if room.memoryMebibytes < 0 || room.processors < 0 {
                found.append(Violation(.form, "\(room.hypervisor) has less than nothing to spare", steps: []))
            }
            guard rooms.updateValue(room, forKey: room.hypervisor) != nil else { continue }
            found.append(Violation(.form, "what \(room.hypervisor) has to spare is told twice", steps: []))
        }
        return rooms
    }

    /// What is too large is told as malformed.
    private func isCounted(_ move: MachineMove) -> Bool {
        let sizes = 0...EvacuationCheck.mostOfOne
        return sizes.contains(move.memoryMebibytes) && sizes.contains(move.processors)
    }

    private func judge(
        _ destination: ResourceID, _ sources: [Demand], _ size: KeyPath<Demand, Int>, _ room: Int, _ unit: String,
        _ found: inout [Violation]
    ) {
        let bound = bound(sources, size)
        guard bound > room else { return }
        var search = Search(room: room, looks: Self.mostLooks)
        search.look(sources.sorted { $0[keyPath: size] > $1[keyPath: size] }[...], size, in: self)
        if let together = search.found {
            let names = together.map { "\($0.source) (\($0[keyPath: size]))" }.joined(separator: ", ")
            found.append(
                Violation(
                    .capacity,
                    "\(destination) has \(room) \(unit) to spare, and can have to take machines of \(names) at the same "
                        + "time: \(together.reduce(0) { $0 + $1[keyPath: size] }) \(unit)",
                    steps: steps(of: together)))
        } else if search.looks <= 0 {
            found.append(
                Violation(
                    .capacity,
                    "\(destination) is not proven to have room: its orders leave up to \(bound) \(unit) to be moved to it at "
                        + "once, it has \(room) to spare; whether so much can be was not found out",
                    steps: steps(of: sources)))
        }
    }

    private func steps(of sources: [Demand]) -> [StepID] {
        let names = Set(sources.map(\.source))
        return evacuations.filter { names.contains($0.hypervisor) }.flatMap { $0.away.map(\.id) }
    }

    /// What these never exceed, by the orders alone: the order that keeps most apart comes first, then the next for the rest; and
    /// in the turns of an order other orders may keep apart.
    private func bound(_ sources: [Demand], _ size: KeyPath<Demand, Int>, depth: Int = 0) -> Int {
        var rest = sources
        var sum = 0
        for _ in 0..<Self.mostRounds {
            guard rest.count > 1, depth < Self.deepest else { break }
            var sums: [Int: [Int: Int]] = [:]
            for source in rest {
                for (order, turn) in turns.places(of: source.source) {
                    sums[order, default: [:]][turn, default: 0] += source[keyPath: size]
                }
            }
            let gains = sums.map { order, turns in (order, turns.values.reduce(0, +) - (turns.values.max() ?? 0)) }
            guard let best = gains.max(by: { ($0.1, $1.0) < ($1.1, $0.0) }), best.1 > 0 else { break }
            var parts: [Int: [Demand]] = [:]
            for source in rest {
                if let turn = turns.places(of: source.source)[best.0] { parts[turn, default: []].append(source) }
            }
            sum += parts.values.map { bound($0, size, depth: depth + 1) }.max() ?? 0
            rest = rest.filter { turns.places(of: $0.source)[best.0] == nil }
        }
        return sum + rest.reduce(0) { $0 + $1[keyPath: size] }
    }

    /// Looks for hypervisors of which no two are kept apart and whose machines together exceed a room.
    private struct Search {
        let room: Int
        var looks: Int
        var found: [Demand]?

        init(room: Int, looks: Int) {
            self.room = room
            self.looks = looks
        }

        mutating func look(
            _ candidates: ArraySlice<Demand>, _ size: KeyPath<Demand, Int>, in check: RoomCheck,
            chosen: [Demand] = [], sum: Int = 0
        ) {
            if sum > room {
                found = chosen
                return
            }
            guard chosen.count < RoomCheck.mostTogether else {
                looks = 0
                return
            }
            var rest = candidates
            while let next = rest.first {
                looks -= rest.count
                guard looks > 0, sum + check.bound(Array(rest), size) > room else { return }
                rest = rest.dropFirst()
                let others = rest.filter { !check.turns.keepsApart($0.source, next.source) }
                look(others[...], size, in: check, chosen: chosen + [next], sum: sum + next[keyPath: size])
                guard found == nil else { return }
            }
        }
    }
}
