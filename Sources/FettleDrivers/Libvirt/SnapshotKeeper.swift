import FettleDriverKit
import FettleModel

/// What is done on a hypervisor to take a snapshot of one machine, to go back to it and to be rid of it, from whatever state an earlier
/// try has left. Every act begins with a look, and what the look tells decides.
struct SnapshotKeeper: Sendable {
    let files: SnapshotFiles
    let hypervisor: Hypervisor
    let clock: DriverClock

    private var uuid: String { files.machine.uuid }
    private var machineName: String { files.machine.name }

    /// - Throws: `drift` where the machine is not there.
    func look() async throws(StepFailure) -> (machine: LibvirtView.Machine, view: LibvirtView) {
        let view = try await hypervisor.view()
        guard let machine = view.machines.first(where: { $0.uuid == uuid }) else {
            throw drift("\(machineName) (\(uuid)) is not on \(hypervisor.id)")
        }
        return (machine, view)
    }

    // MARK: Forth

    /// All that can be refused is, before anything is done.
    ///
    /// - Returns: whether the file systems in the machine can be held still meanwhile.
    func prepare(_ machine: LibvirtView.Machine) async throws(StepFailure) -> Bool {
        if let obstacle = files.obstacle(machine) {
            throw StepFailure(code: .refused, message: "no snapshot can be taken of \(machineName): \(obstacle)")
        }
        if let job = machine.job {
            throw StepFailure(code: .locked, message: "libvirt is at work on \(machineName): \(job)")
        }
        var canFreeze = false
        if machine.description.hasAgent { canFreeze = try await hypervisor.answers(uuid) }
        if files.machine.rules.mustFreeze, !canFreeze {
            throw StepFailure(
                code: .refused,
                message: "no guest agent answers in \(machineName) that would hold its file systems still; start "
                    + "qemu-guest-agent there, or say 'mustFreeze: false'")
        }
        try await requireRoom(machine.description.disks)
        return canFreeze
    }

    /// What is written beside the disks can become as large as they are; a file system that gets full stops all machines on it.
    private func requireRoom(_ disks: [DomainDisk]) async throws(StepFailure) {
        var places: [String: (free: Int, held: Int)] = [:]
        for disk in disks {
            guard let file = disk.file, let slash = file.lastIndex(of: "/") else { continue }
            let room = try SnapshotAnswers.room(
                try await hypervisor.output(SnapshotCommand.room(in: String(file[..<slash]))), hypervisor.id)
            let size = try SnapshotAnswers.capacity(
                try await hypervisor.output(SnapshotCommand.size(uuid, disk.device)), hypervisor.id)
            places[room.place, default: (room.free, 0)].held += size
        }
        for (place, room) in places.sorted(by: { $0.key < $1.key }) {
            let needed =
                switch files.machine.rules.leastFree {
                case .count(let mebibytes): mebibytes
                case .percent(let percent): room.held * percent / 100
                }
            guard room.free < needed else { continue }
            throw StepFailure(
                code: .noSpace,
                message:
                    "\(hypervisor.id): \(place) has \(room.free) MiB free, and the snapshot of \(machineName) wants "
                    + "\(needed) MiB there (leastFree)")
        }
    }

    func take(isFrozen: Bool) async throws(StepFailure) {
        let (machine, view) = try await look()
        let disks = machine.description.disks
        if isTaken(machine) { return }
        guard !disks.contains(where: files.isKept) else {
            throw drift("the snapshot of \(machineName) has only some of its disks")
        }
        if let obstacle = files.obstacle(machine) {
            throw StepFailure(code: .refused, message: "no snapshot can be taken of \(machineName): \(obstacle)")
        }
        // What an earlier try has left: nothing was written there.
        try await clear(machine, view)
        try await hypervisor.ask(
            SnapshotCommand.take(uuid, isFrozen: isFrozen),
            input: files.request(disks, devices: machine.description.diskNames), timeout: .seconds(180))
    }

    func isTaken(_ machine: LibvirtView.Machine) -> Bool {
        !machine.description.disks.isEmpty && machine.description.disks.allSatisfy(files.isKept)
    }

    // MARK: Back

    /// - Parameter bases: by device, what the disks were.
    func revert(to bases: [String: SnapshotFiles.Base], until deadline: Timestamp) async throws(StepFailure) {
        while true {
            try requireTime(deadline)
            let (machine, view) = try await look()
            let disks = machine.description.disks
            try requireKnown(disks, bases)
            guard disks.contains(where: files.isKept) else {
                try await clear(machine, view)
                if machine.isActive { return }
                try await change(toActive: true, by: VirshCommand.start(uuid))
                continue
            }
            // What would stop the way back in its middle is asked before the machine is ended.
            for base in bases.values.sorted(by: { $0.file < $1.file }) {
                guard try await FilePresence.ask(base.file, on: hypervisor) != .gone else {
                    throw drift("\(base.file), a disk of \(machineName), is gone from \(hypervisor.id): no way back")
                }
            }
            if machine.isActive {
                try await change(toActive: false, by: VirshCommand.destroy(uuid))
                continue
            }
            let text: String
            do {
                let domain = try XMLElement.parse(try await hypervisor.describe(uuid)[...])
                text = try files.description(from: domain, bases)
            } catch let error as FactError {
                throw StepFailure(code: .refused, message: "\(machineName) cannot go back: \(error)")
            } catch {
                throw error as? StepFailure ?? StepFailure(code: .internal, message: "\(error)")
            }
            try await hypervisor.define(text)
        }
    }

    /// Every disk is what it was, or what was begun beside it; and nothing is being merged.
    private func requireKnown(
        _ disks: [DomainDisk], _ bases: [String: SnapshotFiles.Base]
    ) throws(StepFailure) {
        guard !bases.isEmpty, Set(disks.map(\.device)) == Set(bases.keys) else {
            throw drift("\(machineName) has not the disks that it had before its snapshot")
        }
        for disk in disks {
            guard disk.job == nil, disk.file == bases[disk.device]?.file || files.isKept(disk) else {
                throw drift(
                    "disk \(disk.device) of \(machineName) is neither what it was nor what its snapshot made it")
            }
        }
    }

    // MARK: For good

    func discard(until deadline: Timestamp) async throws(StepFailure) {
        while true {
            try requireTime(deadline)
            let (machine, view) = try await look()
            let kept = machine.description.disks.filter(files.isKept)
            guard !kept.isEmpty else { return try await clear(machine, view) }
            guard machine.state == .running else {
                throw StepFailure(
                    code: .unhealthy, message: "\(machineName) does not run: its snapshot is kept until it does")
            }
            var waits = false
            for disk in kept {
                switch disk.job {
                case nil: try await hypervisor.act(SnapshotCommand.commit(uuid, disk.device))
                case .commit(isReady: true): try await hypervisor.act(SnapshotCommand.pivot(uuid, disk.device))
                case .commit(isReady: false): waits = true
                case .other: throw drift("something else is being done with disk \(disk.device) of \(machineName)")
                }
            }
            if waits { await clock.sleep(.seconds(1)) }
        }
    }

    /// Whether nothing of the snapshot is left, as far as can be seen.
    func isGone(_ machine: LibvirtView.Machine) async throws(StepFailure) -> Bool {
        guard !machine.description.disks.contains(where: files.isKept) else { return false }
        if machine.hasSnapshots, try await isNamed() { return false }
        for disk in machine.description.disks {
            guard let path = files.overlay(of: disk) else { continue }
            if try await FilePresence.ask(path, on: hypervisor) == .there { return false }
        }
        return true
    }

    /// The files first: what is left behind by an interruption is a snapshot that is still found.
    private func clear(_ machine: LibvirtView.Machine, _ view: LibvirtView) async throws(StepFailure) {
        for disk in machine.description.disks {
            guard let path = files.overlay(of: disk), NewMachine.isPlain(path) else { continue }
            if let user = view.machines.first(where: { $0.description.sharedPaths.contains(path) }) {
                throw drift("\(path) is part of a disk of \(user.name): somebody has taken another snapshot over it")
            }
            guard try await FilePresence.ask(path, on: hypervisor) != .gone else { continue }
            try await hypervisor.run(DiskCommand.remove(path))
        }
        guard machine.hasSnapshots, try await isNamed() else { return }
        try await hypervisor.act(SnapshotCommand.forget(uuid, files.name))
    }

    private func isNamed() async throws(StepFailure) -> Bool {
        try await hypervisor.output(SnapshotCommand.names(uuid)).split(separator: "\n").contains { $0 == files.name }
    }

    // MARK: Parts

    /// Starts or ends the machine. One that has done so by itself meanwhile is no failure.
    private func change(toActive isActive: Bool, by command: RootCommand) async throws(StepFailure) {
        do throws(StepFailure) { try await hypervisor.act(command, timeout: .seconds(120)) } catch {
            guard try await look().machine.isActive == isActive else { throw error }
        }
    }

    private func requireTime(_ deadline: Timestamp) throws(StepFailure) {
        guard clock.now() < deadline, !Task.isCancelled else {
            throw StepFailure(code: .timeout, message: "the snapshot of \(machineName) is not dealt with in time")
        }
    }

    private func drift(_ words: String) -> StepFailure { StepFailure(code: .drift, message: words) }
}
