import FettleModel

/// I3, I7, I8 of members that are patched behind a snapshot: it is taken when the member is out and nothing is changed yet, is gone back
/// to as the first of all on the way back, and is removed once, behind a watch over the member that is back. Meanwhile nothing moves the
/// machine or makes it anew.
struct SnapshotCheck {
    let tables: PlanTables
    let outages: Outages

    func judge(_ found: inout ViolationList) {
        let targets = self.targets()
        guard !targets.isEmpty else { return }
        let moved = self.moved()
        var ancestry = StepAncestry(tables.forward)
        var machines: [String: Int] = [:]
        for target in targets {
            let (forward, back) = (Chain(tables.forward, of: target), Chain(tables.rollback, of: target))
            let (takes, discards) = (forward.links(with: .takesSnapshot), forward.links(with: .discardsSnapshot))
            let reverts = back.links(with: .revertsToSnapshot)
            judgeWrongWay(forward, back, &found)
            guard takes.count == 1, discards.count == 1, reverts.count == 1,
                let machine = forward.action(takes[0]).snapshotMachine,
                forward.action(discards[0]).snapshotMachine == machine,
                back.action(reverts[0]).snapshotMachine == machine
            else {
                found.add(
                    .ownership,
                    "of \(tables.targets.name(target)) \(takes.count) snapshots are taken, \(discards.count) removed and "
                        + "\(reverts.count) gone back to: it has to be one of each, and the same",
                    steps: takes.map(forward.id) + discards.map(forward.id) + reverts.map(back.id))
                continue
            }
            judgeForward(forward, target, take: takes[0], discard: discards[0], &ancestry, &found)
            judgeBack(back, target, revert: reverts[0], of: forward.id(takes[0]), &found)
            judgeMachine(machine, forward, target, moved, &found)
            if let other = machines.updateValue(target, forKey: machine.uuid) {
                found.add(
                    .ownership,
                    "\(tables.targets.name(target)) and \(tables.targets.name(other)) are one machine, of which two "
                        + "snapshots are taken at once", steps: [forward.id(takes[0])])
            }
        }
        if ancestry.isExhausted { found.add(.order, "too many dependencies lie between snapshots and their end") }
    }

    /// Ascending.
    private func targets() -> [Int] {
        var targets: Set<Int> = []
        for table in [tables.forward, tables.rollback] {
            for position in table.traits.indices where !table.traits[position].isDisjoint(with: .ofSnapshot) {
                targets.insert(table.target(position))
            }
        }
        return targets.sorted()
    }

    private func judgeWrongWay(_ forward: Chain, _ back: Chain, _ found: inout ViolationList) {
        for link in forward.links(with: .revertsToSnapshot) {
            let id = forward.id(link)
            found.add(.rollback, "\(id) goes back to a snapshot on the way forward", steps: [id])
        }
        for link in back.links(with: .takesSnapshot) + back.links(with: .discardsSnapshot) {
            let id = back.id(link)
            found.add(.rollback, "\(id) takes or removes a snapshot on the way back", steps: [id])
        }
    }

    private func judgeForward(
        _ chain: Chain, _ target: Int, take: Int, discard: Int, _ ancestry: inout StepAncestry,
        _ found: inout ViolationList
    ) {
        let (table, name) = (chain.table, tables.targets.name(target))
        let (first, last) = (table.steps[chain.position(take)], table.steps[chain.position(discard)])
        if first.availability != .requiresOut || first.rollbackClass != .snapshot {
            found.add(
                .form, "\(first.id) must be taken while \(name) is out, and be taken back by its snapshot",
                steps: [first.id])
        }
        if last.availability != .none || last.rollbackClass != .irreversible {
            found.add(
                .form, "\(last.id) must be irreversible, and neither take \(name) out nor bring it back",
                steps: [last.id])
        }
        for change in chain.changing.subtracting(chain.control).removing(take).members
        where !chain.precedes(take, change) {
            found.add(
                .rollback, "\(chain.id(change)) can change \(name) before \(first.id) has kept what was before",
                steps: [first.id, chain.id(change)])
        }
        let position = chain.position(discard)
        guard let outage = outages.forward[target], ancestry.precedes(Int(outage.end), position) else {
            found.add(.order, "\(last.id) can remove what \(name) would go back to before it is back", steps: [last.id])
            return
        }
        if !ancestry.isWatched(target, outage, before: position, tables) {
            found.add(
                .order, "\(last.id) can remove what \(name) would go back to before \(name) was watched",
                steps: [last.id])
        }
    }

    private func judgeBack(
        _ chain: Chain, _ target: Int, revert: Int, of take: StepID, _ found: inout ViolationList
    ) {
        let (id, name) = (chain.id(revert), tables.targets.name(target))
        if chain.table.steps[chain.position(revert)].availability != .requiresOut {
            found.add(.form, "\(id) must be taken while \(name) is out", steps: [id])
        }
        if chain.compensated(by: revert) != take {
            found.add(.rollback, "\(id) does not take \(take) back", steps: [take, id])
        }
        for change in chain.changing.removing(revert).members where !chain.precedes(revert, change) {
            found.add(
                .rollback, "\(chain.id(change)) can change \(name) on the way back before \(id)",
                steps: [id, chain.id(change)])
        }
        for change in chain.links(with: .changesPackages) {
            found.add(
                .rollback, "\(chain.id(change)) changes packages, and \(name) goes back to a snapshot",
                steps: [id, chain.id(change)])
        }
    }

    private func judgeMachine(
        _ machine: MachineSnapshot, _ chain: Chain, _ target: Int, _ moved: Set<String>, _ found: inout ViolationList
    ) {
        let planned = tables.targets.targets[target]
        let name = planned.resource
        func refuse(_ words: String) { found.add(.form, "\(name) has a snapshot, and \(words)") }
        if !chain.traits.isDisjoint(with: [.replaces, .retires, .movesOthers]) {
            refuse("is made anew, retires or takes others through a patch")
        }
        if tables.targets.place(of: machine.hypervisor) != nil || moved.contains(name.rawValue)
            || moved.contains("\(machine.hypervisor)/\(machine.name)")
        {
            refuse("\(machine.hypervisor) is changed by the same plan, or the machine moved: none with a snapshot is")
        }
        if !planned.carries.isEmpty { refuse("carries machines, which would go back with it") }
        let leads = (0..<chain.count).contains { link in
            if case .handOver = chain.action(link) { true } else { false }
        }
        if leads, !machine.rules.mayLoseWrites {
            refuse("has a part in a cluster: what was written since would be lost")
        }
    }

    /// Machines that are moved, by the resource that each is, and by where it was and its name there.
    private func moved() -> Set<String> {
        var moved: Set<String> = []
        for step in tables.forward.steps + tables.rollback.steps {
            switch step.action {
            case .evacuate(let moves, _), .bringHome(let moves):
                for move in moves {
                    moved.formUnion(["\(move.from)/\(move.machine)", "\(move.to)/\(move.machine)"])
                    if let resource = move.resource { moved.insert(resource.rawValue) }
                }
            default: break
            }
        }
        return moved
    }
}
