import FettleModel

/// I8: every package change can be taken back by an approved step, from versions that were kept before; or it is said.
struct RollbackCheck {
    let forward: Chain
    let back: Chain
    let resource: ResourceID

    func judge(_ found: inout ViolationList) {
        let returning = (0..<back.count).filter { back.compensated(by: $0) != nil }
        if forward.traits.contains(.changesPackages) {
            for change in forward.links(with: .changesPackages) { judge(change, returning, &found) }
        }
        for link in returning {
            let name = back.compensated(by: link)
            guard let name, !(0..<forward.count).contains(where: { forward.id($0) == name }) else { continue }
            found.add(
                .rollback, "\(back.id(link)) takes back \(name), which is no step of \(resource)",
                steps: [back.id(link)])
        }
        guard back.traits.contains(.changesPackages) else { return }
        for link in back.links(with: .changesPackages) where back.compensated(by: link) == nil {
            found.add(
                .rollback, "\(back.id(link)) changes packages on the way back and takes no step back",
                steps: [back.id(link)])
        }
    }

    private func judge(_ change: Int, _ returning: [Int], _ found: inout ViolationList) {
        guard case .changePackages(let transaction) = forward.action(change) else { return }
        let id = forward.id(change)
        if !isStaged(transaction, before: change) {
            found.add(
                .rollback, "\(id) changes packages whose earlier versions no step has kept before",
                steps: [id])
        }
        if forward.table.traits[forward.position(change)].contains(.isIrreversible) { return }
        if forward.table.steps[forward.position(change)].rollbackClass == .snapshot {
            // That one is gone back to is proven of the snapshot (`SnapshotCheck`).
            if forward.links(with: .takesSnapshot).contains(where: { forward.precedes($0, change) }) { return }
            return found.add(
                .rollback, "\(id) is to be taken back by a snapshot, and none is taken before it", steps: [id])
        }
        let ways = returning.filter { back.compensated(by: $0) == id }
        if ways.isEmpty { found.add(.rollback, "nothing takes \(id) back", steps: [id]) }
        if ways.count > 1 {
            found.add(
                .rollback, "\(ways.count) steps take \(id) back, so that the last of them decides",
                steps: [id] + ways.map(back.id))
        }
        for way in ways where !leads(back.action(way), backFrom: transaction) {
            found.add(
                .rollback, "\(back.id(way)) does not lead \(resource) back to the versions before \(id)",
                steps: [id, back.id(way)])
        }
    }

    private func isStaged(_ transaction: PackageTransaction, before change: Int) -> Bool {
        (0..<forward.count).contains { link in
            guard forward.precedes(link, change), case .stage(let staged) = forward.action(link) else {
                return false
            }
            return staged.manager == transaction.manager && staged.changes == transaction.changes
        }
    }

    private func leads(_ action: StepAction, backFrom transaction: PackageTransaction) -> Bool {
        guard case .changePackages(let reverse) = action else { return false }
        return reverse.purpose == .rollback && reverse.manager == transaction.manager
            && reverse.changes.elementsEqual(transaction.changes) { $0 == $1.reversed }
    }
}

/// The first step after which the way back is no longer whole is told to those who approve (I8).
struct NoReturnCheck {
    let tables: PlanTables

    func judge(_ found: inout ViolationList) {
        let first = tables.forward.traits.firstIndex { $0.contains(.isIrreversible) }.map(tables.forward.id)
        let told = tables.plan.pointOfNoReturn
        guard first != told else { return }
        found.add(
            .rollback,
            "the point of no return is \(first?.rawValue ?? "none"), the plan says \(told?.rawValue ?? "none")",
            steps: [first, told].compactMap { $0 })
    }
}
