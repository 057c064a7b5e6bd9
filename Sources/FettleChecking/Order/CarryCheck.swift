import FettleModel

/// I9 for what goes down with its carrier: a hypervisor that is rebooted reboots its machines, so none of them may be worked on
/// meanwhile.
struct CarryCheck {
    let tables: PlanTables
    let outages: Outages
    let turns: TurnIndex

    func judge(_ found: inout ViolationList) {
        for (carrier, target) in tables.plan.targets.enumerated() where !target.carries.isEmpty {
            guard outages.has(carrier), reboots(carrier) else { continue }
            let ownTurns = Dictionary(
                turns.places(of: carrier).map { ($0.order, $0.turn) }, uniquingKeysWith: { first, _ in first })
            for resource in target.carries {
                guard let carried = tables.targets.place(of: resource), outages.has(carried) else { continue }
                let isKeptApart = turns.places(of: carried).contains { place in
                    ownTurns[place.order].map { $0 != place.turn } ?? false
                }
                if isKeptApart { continue }
                found.add(
                    .reboot,
                    "\(target.resource) can reboot \(resource), which it carries, while \(resource) is worked on: no "
                        + "order keeps the two apart",
                    steps: [outages.forward[carried], outages.forward[carrier]].compactMap { $0 }
                        .map { tables.forward.id(Int($0.begin)) })
            }
        }
    }

    private func reboots(_ target: Int) -> Bool {
        [tables.forward, tables.rollback].contains { table in
            table.chain(of: target).contains { table.traits[Int($0)].contains(.reboots) }
        }
    }
}
