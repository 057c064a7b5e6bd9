import FettleDriverKit
import FettleModel

/// Brings one machine from one hypervisor to another, from whatever state an earlier try has left.
struct MachineMover: Sendable {
    let road: MachineRoad
    let clock: DriverClock
    /// Whether a machine that is shut off is brought along: home, but not away.
    let bringsDescriptions: Bool

    /// What a move took, for people: `vm-1 to hv-2 in 3.1 s`.
    struct Record: Sendable, Equatable {
        var machine: String
        var words: String
    }

    /// Returns once both hypervisors tell that the machine runs at the destination and nowhere else.
    ///
    /// - Parameter autostart: whether it started with its hypervisor before the first of its moves.
    /// - Returns: nil if there was nothing to do.
    func move(_ move: MachineMove, autostart: Bool, until deadline: Timestamp) async throws(StepFailure) -> Record? {
        let began = clock.now()
        var hasActed = false
        var pause = Duration.milliseconds(200)
        while true {
            let (source, destination) = (try road.hypervisor(move.from), try road.hypervisor(move.to))
            let views = (try await source.view(), try await destination.view())
            let (here, there) = (views.0.machine(move.machine), views.1.machine(move.machine))
            switch MachineStanding(move.machine, here, there) {
            case .moved, .offThere:
                if autostart, let there, !there.startsWithHypervisor {
                    try await destination.act(VirshCommand.autostart(there.uuid))
                    continue
                }
                return hasActed ? record(move, began) : nil
            case .off:
                guard bringsDescriptions, let here else { return nil }
                hasActed = true
                try await source.act(
                    VirshCommand.migrateOffline(here.uuid, to: try road.destination(move.to)), timeout: .seconds(120))
                continue
            case .here:
                guard let here else { break }
                // A second try is the executor's to make.
                guard !hasActed else {
                    throw StepFailure(code: .timeout, message: "\(move.machine) is still on \(move.from)")
                }
                try await require(move, here, views.1)
                hasActed = true
                try await migrate(move, here)
                continue
            case .stalled:
                guard let here else { break }
                try await source.act(VirshCommand.resume(here.uuid))
            case .leftBehind(let isActive):
                guard let here else { break }
                hasActed = true
                if isActive { try await source.act(VirshCommand.destroy(here.uuid)) }
                if !here.isTransient { try await source.act(VirshCommand.undefine(here.uuid)) }
                continue
            case .underWay:
                hasActed = true
                if let here { try await limit(here, since: began, source) }
            case .trouble(let failure):
                // libvirt clears some of it up by itself.
                guard failure.code == .locked, clock.now() < deadline else { throw failure }
            }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(code: .timeout, message: "\(move.machine) has not come to \(move.to) in time")
            }
            await clock.sleep(pause)
            pause = min(pause * 2, .seconds(2))
        }
    }

    private func record(_ move: MachineMove, _ began: Timestamp) -> Record {
        let milliseconds = max(0, clock.now().milliseconds - began.milliseconds)
        return Record(
            machine: move.machine,
            words: "\(move.from) to \(move.to) in \(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s")
    }

    // MARK: Before

    /// The destination at this moment, not when the plan was made: room, and the processor.
    private func require(
        _ move: MachineMove, _ machine: LibvirtView.Machine, _ destination: LibvirtView
    ) async throws(StepFailure) {
        var facts = destination.facts.ruled(by: road.rules)
        facts.residents.removeAll { !$0.isRunning }
        let memory = facts.residents.reduce(0) { $0 + $1.memoryMebibytes } + machine.description.memoryMebibytes
        let processors = facts.residents.reduce(0) { $0 + $1.processors } + machine.description.processors
        guard memory <= facts.memoryMebibytes, processors <= facts.processors else {
            throw StepFailure(
                code: .drift,
                message:
                    "\(move.to) has no room for \(move.machine) now: with it \(memory) of \(facts.memoryMebibytes) MiB "
                    + "and \(processors) of \(facts.processors) processors would be given out")
        }
        let enemies = Set(road.rules.apart.filter { $0.contains(move.machine) }.joined())
        if let enemy = facts.residents.first(where: { $0.name != move.machine && enemies.contains($0.name) }) {
            throw StepFailure(
                code: .drift, message: "\(move.machine) may not run beside \(enemy.name), which is on \(move.to)")
        }
        if let obstacle = machine.obstacle ?? unshared(machine) {
            throw StepFailure(code: .drift, message: "\(move.machine) cannot be moved now: \(obstacle)")
        }
        if let processor = machine.description.processor, let kind = machine.description.kind,
            let reason = try await road.hypervisor(move.to).lacks(processor, kind: kind)
        {
            throw StepFailure(
                code: .drift, message: "\(move.to) cannot give \(move.machine) the processor that it needs",
                output: reason)
        }
    }

    private func unshared(_ machine: LibvirtView.Machine) -> String? {
        machine.description.sharedPaths.first { !road.rules.isShared($0) }.map {
            "\($0) is on this hypervisor only, as far as the fleet says"
        }
    }

    // MARK: The move

    private func migrate(_ move: MachineMove, _ machine: LibvirtView.Machine) async throws(StepFailure) {
        let source = try road.hypervisor(move.from)
        let rules = road.rules
        let manner = MigrationManner(
            bandwidthMebibytes: rules.bandwidthMebibytes, isEncrypted: rules.isEncrypted,
            mayPostCopy: rules.whenTooSlow == .postCopy, believesShared: !machine.description.sharedPaths.isEmpty)
        let script: String
        do {
            script = try MigrationScript.text(
                migrate: VirshCommand.migrate(machine.uuid, to: try road.destination(move.to), manner),
                tooSlow: tooSlow(machine), limitSeconds: rules.timeLimitSeconds)
        } catch let failure as StepFailure {
            throw failure
        } catch {
            throw StepFailure(code: .internal, message: "\(error)")
        }
        let result: CommandResult
        do {
            // A post-copy move goes on beyond the limit.
            result = try await source.channels.channel(to: source.address).run(
                RemoteCommand(
                    script: script, timeout: .seconds(rules.timeLimitSeconds * 2 + 120), outputLimit: 64 * 1_024))
        } catch {
            // The two hypervisors go on by themselves; the next look tells how far they have come.
            if error.nothingRan || Task.isCancelled { throw StepFailure(error) }
            return
        }
        guard !result.succeeded else { return }
        let words = SafeText.lastLines(of: result.errorText) ?? "it said nothing"
        // What counts is where the machine is: both are asked before anything is made of this.
        guard case .here = try await standing(move) else { return }
        throw StepFailure(
            code: result.status == MigrationScript.tooSlowStatus ? .timeout : .unreachable,
            message: "\(move.machine) was not moved to \(move.to): \(words)", output: HostText.tail(result))
    }

    private func tooSlow(_ machine: LibvirtView.Machine) -> RootCommand {
        road.rules.whenTooSlow == .postCopy ? VirshCommand.postCopy(machine.uuid) : VirshCommand.abort(machine.uuid)
    }

    func standing(_ move: MachineMove) async throws(StepFailure) -> MachineStanding {
        MachineStanding(
            move.machine, try await road.hypervisor(move.from).view().machine(move.machine),
            try await road.hypervisor(move.to).view().machine(move.machine))
    }

    /// A move that somebody else began, such as this run before it was interrupted: from now on it has the time that a new one has.
    private func limit(_ machine: LibvirtView.Machine, since began: Timestamp, _ source: Hypervisor)
        async throws(StepFailure)
    {
        guard clock.now() > began.adding(seconds: road.rules.timeLimitSeconds) else { return }
        try await source.act(tooSlow(machine))
    }
}
