import FettleDriverKit
import FettleModel

extension MachineReplacer {
    // MARK: Back

    /// The machine that was kept has its name again and runs; the one that was made is gone, and its disk with it.
    func putBack(autostart: Bool, until deadline: Timestamp) async throws(StepFailure) {
        var hasCleared = false
        while true {
            try requireTime(deadline)
            let (standing, view) = try await standing(isBack: true)
            switch standing {
            case .trouble(let failure): throw failure
            case .settled:
                throw StepFailure(
                    code: .drift,
                    message: "what \(new.machine.name) was before is not kept on \(hypervisor.id): there is no way back"
                )
            case .replaced(let isActive):
                guard let old = view.machine(new.keptName) else { break }
                try await requireWayBack(old, isHere: isActive)
                if isActive { try await change(new.uuid, toActive: false, by: VirshCommand.destroy(new.uuid)) }
                try await hypervisor.act(VirshCommand.forget(new.uuid))
            case .aside:
                guard let old = view.machine(new.keptName) else { break }
                try await requireWayBack(old, isHere: false)
                try await clear(old, view)
                hasCleared = true
                try await hypervisor.act(VirshCommand.rename(old.uuid, to: new.machine.name))
            case .original:
                guard let old = view.machine(new.machine.name) else { break }
                if !hasCleared || !old.isActive {
                    try await requireNowhereElse(disk: try disk(of: old), isHere: old.isActive)
                }
                if !hasCleared { try await clear(old, view) }
                hasCleared = true
                if autostart, !old.startsWithHypervisor { try await hypervisor.act(VirshCommand.autostart(old.uuid)) }
                if old.isActive { return }
                try await change(old.uuid, toActive: true, by: VirshCommand.start(old.uuid))
            }
        }
    }

    /// What would stop the way back in its middle is asked before the new machine is ended: it may be all that serves.
    private func requireWayBack(_ old: LibvirtView.Machine, isHere: Bool) async throws(StepFailure) {
        let path = try oldDisk(of: old)
        guard try await FilePresence.ask(path, on: hypervisor) != .gone else {
            throw StepFailure(
                code: .drift, message: "\(path), the disk of \(old.name), is gone from \(hypervisor.id): no way back")
        }
        try await requireNowhereElse(disk: new.disk(besides: path), isHere: isHere)
    }

    /// Of the new machine's disk, where the old one is in its place: it may have been made, and nothing more.
    func presenceOfDisk(_ view: LibvirtView) async throws(StepFailure) -> FilePresence {
        guard let old = view.machine(new.machine.name), old.uuid == new.machine.uuid else { return .unknown }
        return try await FilePresence.ask(try disk(of: old), on: hypervisor)
    }

    /// Removes the disk of the new machine, which has none of it any more.
    private func clear(_ old: LibvirtView.Machine, _ view: LibvirtView) async throws(StepFailure) {
        let disk = try disk(of: old)
        guard !view.machines.contains(where: { $0.description.sharedPaths.contains(disk) }) else {
            throw StepFailure(code: .drift, message: "\(disk) is a disk of another machine")
        }
        try await hypervisor.run(DiskCommand.remove(disk))
    }

    // MARK: For good

    /// What of a kept machine goes: its disk only if Fettle has made it, and nobody else here has it.
    static func ownDisk(_ kept: LibvirtView.Machine, _ view: LibvirtView) -> String? {
        guard let mark = kept.description.mark, case let path?? = kept.description.writableDisks.first,
            kept.description.writableDisks.count == 1, path == mark.disk, NewMachine.isPlain(path),
            !view.machines.contains(where: { $0.uuid != kept.uuid && $0.description.sharedPaths.contains(path) })
        else { return nil }
        return path
    }

    /// nil: nothing is kept any more. Otherwise the kept machine, which may go: the new one runs and answers.
    ///
    /// - Throws: where it may not.
    func discardable(
        _ standing: ReplacementStanding, _ view: LibvirtView
    ) async throws(StepFailure) -> LibvirtView.Machine? {
        let name = new.machine.name
        switch standing {
        case .settled: return nil
        case .trouble(let failure): throw failure
        case .original, .aside:
            throw StepFailure(code: .drift, message: "\(name) is not the machine that was made: what was kept stays")
        case .replaced(isActive: false):
            throw StepFailure(code: .unhealthy, message: "\(name) does not run: what was kept stays")
        case .replaced(isActive: true): break
        }
        guard let kept = view.machine(new.keptName) else { return nil }
        if kept.hasSnapshots || kept.hasSavedMemory {
            throw StepFailure(
                code: .drift, message: "\(kept.name) has snapshots or saved memory since it is kept: somebody wants it")
        }
        guard await answers() else {
            throw StepFailure(code: .unhealthy, message: "\(name) runs and does not answer: what was kept stays")
        }
        return kept
    }

    /// The disk first: what is left behind by an interruption is a machine that is still found.
    func discard() async throws(StepFailure) {
        let (standing, view) = try await standing()
        guard let kept = try await discardable(standing, view) else { return }
        if let disk = Self.ownDisk(kept, view), await nobodyElseHas(disk) {
            try await hypervisor.run(DiskCommand.remove(disk))
        }
        try await hypervisor.act(VirshCommand.forget(kept.uuid))
    }
}
