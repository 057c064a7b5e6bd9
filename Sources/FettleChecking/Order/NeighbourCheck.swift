import FettleModel

/// I3: what is asked beside a bake is somebody else, and is not taken out by the plan meanwhile: what is out on purpose would be
/// taken for what suffers.
struct NeighbourCheck {
    let bakes: BakeCheck
    let bake: Int
    let watched: [ResourceID]
    let controls: [ResourceID]

    /// Probes of all neighbours of one bake together.
    static let mostProbes = 256

    private var tables: PlanTables { bakes.tables }

    func judge(_ neighbours: [BakeNeighbour], of group: PlannedGroup, _ found: inout ViolationList) {
        let id = tables.forward.id(bake)
        let probes = neighbours.reduce(0) { $0 + $1.probes.count }
        guard neighbours.count <= BakeNeighbour.most, probes <= Self.mostProbes else {
            found.add(
                .form,
                "\(id) asks \(probes) probes of \(neighbours.count) neighbours; \(Self.mostProbes) and "
                    + "\(BakeNeighbour.most) may be", steps: [id])
            return
        }
        let own = Set(watched + controls)
        var seen: Set<String> = []
        for neighbour in neighbours {
            let name = "\(neighbour.resource) of group \(neighbour.group)"
            if own.contains(neighbour.resource) {
                found.add(.form, "\(id) asks \(name) as a neighbour of itself", steps: [id])
            }
            if neighbour.beside.isEmpty || !own.isSuperset(of: neighbour.beside) {
                found.add(.form, "\(id) asks \(name), which is beside none of its own", steps: [id])
            }
            if neighbour.probes.isEmpty || neighbour.probes.contains(where: \.isManual) {
                found.add(.form, "\(id) asks \(name) nothing that could be answered", steps: [id])
            }
            if !seen.insert("\(neighbour.group)/\(neighbour.resource)").inserted {
                found.add(.form, "\(id) asks \(name) twice", steps: [id])
            }
        }
        judgeOutages(Set(neighbours.map(\.resource)), of: group, &found)
    }

    /// Of the neighbours themselves, and of whatever takes one of them down.
    private func judgeOutages(_ names: Set<ResourceID>, of group: PlannedGroup, _ found: inout ViolationList) {
        let watched = Set(watched.compactMap(tables.targets.place(of:)))
        let held = heldTurns(of: group, butFor: watched)
        for (place, target) in tables.plan.targets.enumerated() {
            let down = names.contains(target.resource) ? target.resource : target.carries.first(where: names.contains)
            guard let down, let number = tables.targets.place(of: target.resource), !watched.contains(number),
                let outage = bakes.outages.forward[number]
            else { continue }
            let isBehind = bakes.turns.places(of: number).contains { $0.turn > held[$0.order] ?? .max }
            if isBehind || bakes.waits(number, until: Int(outage.begin), for: bake) { continue }
            let table = tables.forward
            found.add(
                .order,
                "\(down) can be out with \(tables.plan.targets[place].resource) while \(table.id(bake)) asks it as a "
                    + "neighbour", steps: [table.id(bake), table.id(Int(outage.begin))])
        }
    }

    /// For each order the first turn of a member that waits for the bake: whoever comes later in it waits for it as well.
    private func heldTurns(of group: PlannedGroup, butFor watched: Set<Int>) -> [Int32: Int32] {
        var held: [Int32: Int32] = [:]
        for member in group.members {
            guard let target = tables.targets.place(of: member), !watched.contains(target),
                let outage = bakes.outages.forward[target],
                bakes.waits(target, until: Int(outage.begin), for: bake)
            else { continue }
            for place in bakes.turns.places(of: target) {
                held[place.order] = min(held[place.order] ?? .max, place.turn)
            }
        }
        return held
    }
}
