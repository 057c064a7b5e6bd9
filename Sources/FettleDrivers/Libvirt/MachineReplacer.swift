import FettleDriverKit
import FettleModel

/// What is done on a hypervisor to put one machine in another's place and back, from whatever state an earlier try has left.
///
/// Every act begins with a look, and what the look tells decides: so it may be broken off between any two acts and begun again.
struct MachineReplacer: Sendable {
    let new: NewMachine
    let hypervisor: Hypervisor
    /// Where the machine may have been moved to.
    let neighbours: [Hypervisor]
    let clock: DriverClock
    /// Whether the machine can be reached under its address. That it cannot says nothing.
    var answers: @Sendable () async -> Bool = { false }

    /// How long a machine gets to shut down by itself, in seconds. It serves nobody any more, and nothing of it is kept but to go back.
    static let shutdownSeconds: Int64 = 90

    /// - Parameter isBack: whether the new machine is to be ended, in whatever state it is.
    func standing(isBack: Bool = false) async throws(StepFailure) -> (
        standing: ReplacementStanding, view: LibvirtView
    ) {
        let view = try await hypervisor.view()
        return (ReplacementStanding(new, view, isBack: isBack), view)
    }

    // MARK: Forth

    /// - Parameters:
    ///   - autostart: whether the machine started with its hypervisor before anything was done.
    ///   - deadline: when the step's time is over.
    func replace(autostart: Bool, until deadline: Timestamp) async throws(StepFailure) {
        var prepared: String?
        var shutDownAt: Timestamp?
        while true {
            try requireTime(deadline)
            let (standing, view) = try await standing()
            switch standing {
            case .trouble(let failure): throw failure
            case .original:
                guard let old = view.machine(new.machine.name) else { break }
                // All that can be refused is, while the old machine still runs; and the image is read then, and not when it is shut off.
                if prepared == nil { prepared = try await prepare(old, view) }
                guard try await isOff(old, &shutDownAt) else { continue }
                if old.startsWithHypervisor { try await hypervisor.act(VirshCommand.noAutostart(old.uuid)) }
                try await hypervisor.act(VirshCommand.rename(old.uuid, to: new.keptName))
            case .aside:
                guard let old = view.machine(new.keptName) else { break }
                try await requireNowhereElse(disk: try disk(of: old))
                if prepared == nil { prepared = try await prepare(old, view) }
                if let prepared { try await hypervisor.define(prepared) }
            case .replaced(isActive: false):
                try await requireNowhereElse(disk: try view.machine(new.keptName).map(disk))
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
        try await requireNowhereElse(disk: disk, isHere: old.isActive)
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

    func disk(of old: LibvirtView.Machine) throws(StepFailure) -> String {
        new.disk(besides: try oldDisk(of: old))
    }

    func oldDisk(of old: LibvirtView.Machine) throws(StepFailure) -> String {
        guard case let path?? = old.description.writableDisks.first, NewMachine.isPlain(path) else {
            throw StepFailure(code: .refused, message: "the disk of \(old.name) is no file with a plain absolute path")
        }
        return path
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
    func change(_ uuid: String, toActive isActive: Bool, by command: RootCommand) async throws(StepFailure) {
        do throws(StepFailure) { try await hypervisor.act(command, timeout: .seconds(120)) } catch {
            guard try await hypervisor.view().machines.first(where: { $0.uuid == uuid })?.isActive == isActive else {
                throw error
            }
        }
    }

    func requireTime(_ deadline: Timestamp) throws(StepFailure) {
        guard clock.now() < deadline, !Task.isCancelled else {
            throw StepFailure(
                code: .timeout, message: "\(new.machine.name) is not what it is to be on \(hypervisor.id) in time")
        }
    }
}
