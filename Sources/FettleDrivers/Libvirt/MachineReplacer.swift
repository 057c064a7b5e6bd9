import FettleDriverKit
import FettleModel

/// What is done on a hypervisor to put one machine in another's place and back, from whatever state an earlier try has left.
///
/// Every act begins with a look, and what the look tells decides: so it may be broken off between any two acts and begun again.
struct MachineReplacer: Sendable {
    let new: NewMachine
    let hypervisor: Hypervisor
    let clock: DriverClock
    /// Whether the machine can be reached under its address.
    var answers: @Sendable () async -> Bool = { false }

    /// How long a machine gets to shut down by itself, in seconds. It serves nobody any more, and nothing of it is kept but to go back.
    static let shutdownSeconds: Int64 = 90

    func standing() async throws(StepFailure) -> (standing: ReplacementStanding, view: LibvirtView) {
        let view = try await hypervisor.view()
        return (ReplacementStanding(new, view), view)
    }

    // MARK: Forth

    /// - Parameters:
    ///   - autostart: whether the machine started with its hypervisor before anything was done.
    ///   - deadline: when the step's time is over.
    func replace(autostart: Bool, until deadline: Timestamp) async throws(StepFailure) {
        var hasPrepared = false
        var shutDownAt: Timestamp?
        while true {
            try requireTime(deadline)
            let (standing, view) = try await standing()
            switch standing {
            case .trouble(let failure): throw failure
            case .original:
                guard let old = view.machine(new.machine.name) else { break }
                if !hasPrepared {
                    // All that can be refused is, while the old machine still runs.
                    _ = try await prepare(old, view)
                    hasPrepared = true
                }
                guard try await isOff(old, &shutDownAt) else { continue }
                if old.startsWithHypervisor { try await hypervisor.act(VirshCommand.noAutostart(old.uuid)) }
                try await hypervisor.act(VirshCommand.rename(old.uuid, to: new.keptName))
            case .aside:
                guard let old = view.machine(new.keptName) else { break }
                try await requireNowhereElse()
                let text = try await prepare(old, view)
                try await hypervisor.define(text)
            case .replaced(isActive: false):
                try await change(new.uuid, toActive: true, by: VirshCommand.start(new.uuid))
            case .replaced(isActive: true):
                if autostart, view.machine(new.machine.name)?.startsWithHypervisor == false {
                    try await hypervisor.act(VirshCommand.autostart(new.uuid))
                }
                return
            case .settled:
                throw StepFailure(
                    code: .drift, message: "what \(new.machine.name) was before is not kept on \(hypervisor.id)")
            }
        }
    }

    /// Looks at everything that the new machine needs, makes its disk, and says how it is to be described.
    private func prepare(_ old: LibvirtView.Machine, _ view: LibvirtView) async throws(StepFailure) -> String {
        if let obstacle = NewMachine.obstacle(old) {
            throw StepFailure(code: .refused, message: "\(new.machine.name) cannot be made anew: \(obstacle)")
        }
        let disk = try disk(of: old)
        if let user = view.machines.first(where: { $0.description.sharedPaths.contains(disk) }) {
            throw StepFailure(code: .drift, message: "\(disk) is a disk of \(user.name) already")
        }
        let files = try await ImageShelf(hypervisor: hypervisor).find(new)
        let text: String
        do {
            let domain = try XMLElement.parse(try await hypervisor.describe(old.uuid)[...])
            text = try new.description(from: domain, disk: disk, files: files)
        } catch let error as FactError {
            throw StepFailure(code: .refused, message: "\(new.machine.name) cannot be made anew: \(error)")
        } catch {
            throw error as? StepFailure ?? StepFailure(code: .internal, message: "\(error)")
        }
        // Nothing has it yet, so that making it again loses nothing.
        try await hypervisor.run(
            DiskCommand.make(disk, over: new.imageStem + "." + files.format, format: files.format))
        return text
    }

    /// Somebody may have moved the new machine to another hypervisor: then its disk is not to be touched, nor another one to have its
    /// address.
    private func requireNowhereElse() async throws(StepFailure) {
        guard await answers() else { return }
        throw StepFailure(
            code: .drift,
            message: "\(new.machine.name) answers, and is not on \(hypervisor.id): somebody has moved it; move it back")
    }

    private func disk(of old: LibvirtView.Machine) throws(StepFailure) -> String {
        guard case let path?? = old.description.writableDisks.first, NewMachine.isPlain(path) else {
            throw StepFailure(code: .refused, message: "the disk of \(old.name) is no file with a plain absolute path")
        }
        return new.disk(besides: path)
    }

    /// Tells the machine to shut down once, and takes its power when that takes too long.
    private func isOff(_ old: LibvirtView.Machine, _ since: inout Timestamp?) async throws(StepFailure) -> Bool {
        guard old.isActive else { return true }
        if let begun = since {
            if clock.now() >= begun.adding(seconds: Int(Self.shutdownSeconds)) {
                try await change(old.uuid, toActive: false, by: VirshCommand.destroy(old.uuid))
            } else {
                await clock.sleep(.seconds(1))
            }
        } else {
            since = clock.now()
            try await change(old.uuid, toActive: false, by: VirshCommand.shutDown(old.uuid))
        }
        return false
    }

    /// Starts or ends a machine. One that has done so by itself meanwhile is no failure: it may have been told by who was interrupted.
    private func change(
        _ uuid: String, toActive isActive: Bool, by command: RootCommand
    ) async throws(StepFailure) {
        do throws(StepFailure) { try await hypervisor.act(command, timeout: .seconds(120)) } catch {
            guard try await hypervisor.view().machines.first(where: { $0.uuid == uuid })?.isActive == isActive else {
                throw error
            }
        }
    }

    // MARK: Back

    /// The machine that was kept has its name again and runs; the one that was made is gone, and its disk with it.
    func putBack(autostart: Bool, until deadline: Timestamp) async throws(StepFailure) {
        var hasCleared = false
        while true {
            try requireTime(deadline)
            let (standing, view) = try await standing()
            switch standing {
            case .trouble(let failure): throw failure
            case .settled:
                throw StepFailure(
                    code: .drift,
                    message: "what \(new.machine.name) was before is not kept on \(hypervisor.id): there is no way back"
                )
            case .replaced(let isActive):
                if isActive { try await change(new.uuid, toActive: false, by: VirshCommand.destroy(new.uuid)) }
                try await hypervisor.act(VirshCommand.undefine(new.uuid))
            case .aside:
                guard let old = view.machine(new.keptName) else { break }
                try await requireNowhereElse()
                try await clear(old, view)
                hasCleared = true
                try await hypervisor.act(VirshCommand.rename(old.uuid, to: new.machine.name))
            case .original:
                guard let old = view.machine(new.machine.name) else { break }
                if !hasCleared { try await clear(old, view) }
                hasCleared = true
                if autostart, !old.startsWithHypervisor { try await hypervisor.act(VirshCommand.autostart(old.uuid)) }
                if old.isActive { return }
                try await change(old.uuid, toActive: true, by: VirshCommand.start(old.uuid))
            }
        }
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

    /// What of a kept machine goes: its disk only if Fettle has made it, and nobody else has it.
    static func ownDisk(_ kept: LibvirtView.Machine, _ view: LibvirtView) -> String? {
        guard let mark = kept.description.mark, case let path?? = kept.description.writableDisks.first,
            kept.description.writableDisks.count == 1, path == mark.disk, NewMachine.isPlain(path),
            !view.machines.contains(where: { $0.uuid != kept.uuid && $0.description.sharedPaths.contains(path) })
        else { return nil }
        return path
    }

    /// The disk first: what is left behind by an interruption is a machine that is still found.
    func discard() async throws(StepFailure) {
        let (standing, view) = try await standing()
        switch standing {
        case .settled: return
        case .trouble(let failure): throw failure
        case .original, .aside:
            throw StepFailure(
                code: .drift, message: "\(new.machine.name) is not the machine that was made: what was kept stays")
        case .replaced:
            guard let kept = view.machine(new.keptName) else { return }
            if let disk = Self.ownDisk(kept, view) { try await hypervisor.run(DiskCommand.remove(disk)) }
            try await hypervisor.act(VirshCommand.undefine(kept.uuid))
        }
    }

    private func requireTime(_ deadline: Timestamp) throws(StepFailure) {
        guard clock.now() < deadline, !Task.isCancelled else {
            throw StepFailure(
                code: .timeout, message: "\(new.machine.name) is not what it is to be on \(hypervisor.id) in time")
        }
    }
}
