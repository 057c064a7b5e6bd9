import FettleDriverKit
import FettleModel

/// Brings one machine from one hypervisor to another, from whatever state an earlier try has left.
struct MachineMover: Sendable {
    let road: MachineRoad
    let clock: DriverClock
    /// Whether a machine that is shut off is brought along: home, but not away.
    let bringsDescriptions: Bool

    /// What one call has seen and done so far.
    private struct Course {
        var began: Timestamp
        var hasActed = false
        var isCalledOff = false
        /// Looks in a row that were not of one moment.
        var unclear = 0
        /// Why the move did not succeed, or is not begun: told if nothing comes of it.
        var refusal: StepFailure?
        /// Before it was moved its guest agent answered.
        var hasAnswered = false
        var arrived: Timestamp?
        /// Where the machine leaves, as far as is known.
        var outgoing: Outgoing?
    }

    private struct Outgoing {
        var hypervisor: Hypervisor
        var machine: LibvirtView.Machine
    }

    private struct Look {
        var source: Hypervisor
        var destination: Hypervisor
        var views: (source: LibvirtView, destination: LibvirtView)
        var here: LibvirtView.Machine?
        var there: LibvirtView.Machine?

        /// A move can be called off, or let go on in another way, only by the hypervisor that it leaves.
        var outgoing: Outgoing? {
            if let here, MachineStanding.isOutgoing(here.job) { return Outgoing(hypervisor: source, machine: here) }
            if let there, MachineStanding.isOutgoing(there.job) {
                return Outgoing(hypervisor: destination, machine: there)
            }
            return nil
        }
    }

    private enum Next {
        case done(MoveRecord?)
        case lookAgain
        case wait
    }

    /// Machines come and go on a busy hypervisor; one that never tells the same twice is out of order.
    private static let mostUnclearLooks = 5

    /// What a machine that was moved may take until its guest agent answers again, in seconds.
    private static let mostSilentSeconds = 60

    /// Returns once both hypervisors tell that the machine runs at the destination and nowhere else, and it answers there if it did
    /// before.
    ///
    /// - Parameters:
    ///   - autostart: whether it started with its hypervisor before the first of its moves.
    ///   - deadline: when the step's time is over.
    /// - Returns: nil if there was nothing to do.
    func move(_ move: MachineMove, autostart: Bool, until deadline: Timestamp) async throws(StepFailure) -> MoveRecord?
    {
        var course = Course(began: clock.now())
        var pause = Duration.milliseconds(200)
        while true {
            guard clock.now() < deadline, !Task.isCancelled else {
                if let outgoing = course.outgoing { await callOff(outgoing) }
                throw course.refusal
                    ?? StepFailure(code: .timeout, message: "\(move.machine) has not come to \(move.to) in time")
            }
            if let look = try await look(move, &course) {
                switch try await advance(move, look, &course, autostart: autostart, until: deadline) {
                case .done(let record): return record
                case .lookAgain: continue
                case .wait: break
                }
            }
            await clock.sleep(pause)
            pause = min(pause * 2, .seconds(2))
        }
    }

    /// - Returns: nil where a machine changed while it was asked for.
    private func look(_ move: MachineMove, _ course: inout Course) async throws(StepFailure) -> Look? {
        let (source, destination) = (try road.hypervisor(move.from), try road.hypervisor(move.to))
        switch (try await source.look(), try await destination.look()) {
        case (.success(let here), .success(let there)):
            let look = Look(
                source: source, destination: destination, views: (here, there), here: here.machine(move.machine),
                there: there.machine(move.machine))
            course.unclear = 0
            course.outgoing = look.outgoing
            return look
        case (.failure(let error), _), (_, .failure(let error)):
            course.unclear += 1
            guard course.unclear < Self.mostUnclearLooks else {
                throw StepFailure(code: .unreachable, message: "\(move.from), \(move.to): \(error)")
            }
            return nil
        }
    }

    private func advance(
        _ move: MachineMove, _ look: Look, _ course: inout Course, autostart: Bool, until deadline: Timestamp
    ) async throws(StepFailure) -> Next {
        switch MachineStanding(move.machine, look.here, look.there) {
        case .moved, .offThere:
            if autostart, let there = look.there, !there.startsWithHypervisor {
                try await look.destination.act(VirshCommand.autostart(there.uuid))
            } else if try await isWell(move, look, &course) {
                return .done(course.hasActed ? MoveRecord(move, from: course.began, to: clock.now()) : nil)
            }
        case .off:
            guard bringsDescriptions, let here = look.here else { return .done(nil) }
            if let part = here.leftBehind {
                throw StepFailure(
                    code: .inconclusive,
                    message:
                        "\(move.machine) is shut off on \(move.from), and \(part) would stay behind: a person has to see to it"
                )
            }
            course.hasActed = true
            try await look.source.act(
                VirshCommand.migrateOffline(here.uuid, to: try road.destination(move.to)), timeout: .seconds(120))
            return .lookAgain
        case .here:
            guard let here = look.here else { break }
            // A second try is the executor's to make.
            guard !course.hasActed else {
                throw course.refusal
                    ?? StepFailure(code: .timeout, message: "\(move.machine) is still on \(move.from)")
            }
            try await require(move, here, look.views.destination)
            if here.description.hasAgent { course.hasAnswered = try await look.source.answers(here.uuid) }
            course.hasActed = true
            try await migrate(move, here, &course, until: deadline)
            return .lookAgain
        case .stalled:
            guard let here = look.here else { break }
            try await look.source.act(VirshCommand.resume(here.uuid))
        case .leftBehind(let isActive):
            guard let here = look.here else { break }
            course.hasActed = true
            if isActive { try await look.source.act(VirshCommand.destroy(here.uuid)) }
            if !here.isTransient { try await look.source.act(VirshCommand.undefine(here.uuid)) }
        case .underWay:
            course.hasActed = true
            await limit(&course)
        case .trouble(let failure):
            // libvirt clears some of it up by itself.
            guard failure.code == .locked else { throw failure }
            course.refusal = failure
        }
        return .wait
    }

    // MARK: Before

    /// The destination at this moment, not when the plan was made: room, and the processor.
    private func require(
        _ move: MachineMove, _ machine: LibvirtView.Machine, _ destination: LibvirtView
    ) async throws(StepFailure) {
        var facts = destination.facts.ruled(by: road.rules)
        facts.residents.removeAll { !$0.isRunning }
        try facts.require(
            roomFor: move, memoryMebibytes: machine.description.memoryMebibytes,
            processors: machine.description.processors, apart: road.rules.apart)
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

    // MARK: After

    /// Running is what the hypervisor gives it; only the machine itself tells that it goes on. What was silent before its move is not
    /// judged by it.
    ///
    /// - Returns: false while it may still come to itself.
    private func isWell(_ move: MachineMove, _ look: Look, _ course: inout Course) async throws(StepFailure) -> Bool {
        guard course.hasAnswered, let there = look.there, there.isActive else { return true }
        let arrived = course.arrived ?? clock.now()
        course.arrived = arrived
        if try await look.destination.answers(there.uuid) { return true }
        let failure = StepFailure(
            code: .unhealthy,
            message:
                "\(move.machine) was moved to \(move.to) and runs there, but its guest agent, which answered before, does not"
        )
        guard clock.now() < arrived.adding(seconds: Self.mostSilentSeconds) else { throw failure }
        course.refusal = failure
        return false
    }

    // MARK: The move

    /// A refusal of the move is noted in `course`: what counts is where the machine is, and that both are asked for before anything
    /// is made of it.
    private func migrate(
        _ move: MachineMove, _ machine: LibvirtView.Machine, _ course: inout Course, until deadline: Timestamp
    ) async throws(StepFailure) {
        let source = try road.hypervisor(move.from)
        let limitSeconds = Self.limit(road.rules, left: deadline.milliseconds - clock.now().milliseconds)
        guard let limitSeconds else {
            throw StepFailure(code: .timeout, message: "no time is left to move \(move.machine) to \(move.to)")
        }
        let script = try script(move, machine, limitSeconds)
        let outgoing = Outgoing(hypervisor: source, machine: machine)
        let result: CommandResult
        do {
            // A post-copy move goes on beyond the limit.
            result = try await source.channels.channel(to: source.address).run(
                RemoteCommand(script: script, timeout: .seconds(limitSeconds * 2 + 120), outputLimit: 64 * 1_024))
        } catch {
            if error.nothingRan { throw StepFailure(error) }
            guard !Task.isCancelled else {
                await callOff(outgoing)
                throw StepFailure(error)
            }
            // The two hypervisors go on by themselves; the next look tells how far they have come.
            course.outgoing = outgoing
            return
        }
        guard !result.succeeded else { return }
        let words = SafeText.lastLines(of: result.errorText) ?? "it said nothing"
        course.refusal = StepFailure(
            code: result.status == MigrationScript.tooSlowStatus ? .timeout : .unreachable,
            message: "\(move.machine) was not moved to \(move.to): \(words)", output: HostText.tail(result))
    }

    private func script(
        _ move: MachineMove, _ machine: LibvirtView.Machine, _ limitSeconds: Int
    ) throws(StepFailure) -> String {
        let rules = road.rules
        let manner = MigrationManner(
            bandwidthMebibytes: rules.bandwidthMebibytes, isEncrypted: rules.isEncrypted,
            mayPostCopy: rules.whenTooSlow == .postCopy, believesShared: !machine.description.sharedPaths.isEmpty)
        let destination = try road.destination(move.to)
        do {
            return try MigrationScript.text(
                migrate: VirshCommand.migrate(machine.uuid, to: destination, manner), tooSlow: tooSlow(machine),
                limitSeconds: limitSeconds)
        } catch {
            throw StepFailure(code: .internal, message: "\(error)")
        }
    }

    /// How long a move may take, in seconds, so that it can still be called off before the step's own time is over; nil: none is left.
    ///
    /// - Parameter milliseconds: what is left of the step.
    static func limit(_ rules: MachineRules, left milliseconds: Int64) -> Int? {
        let seconds = min(Int64(rules.timeLimitSeconds), milliseconds / 1_000 - 30)
        return seconds < 1 ? nil : Int(seconds)
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
    private func limit(_ course: inout Course) async {
        guard clock.now() > course.began.adding(seconds: road.rules.timeLimitSeconds), !course.isCalledOff,
            let outgoing = course.outgoing
        else { return }
        course.isCalledOff = true
        // It may have ended meanwhile: the next look tells.
        try? await outgoing.hypervisor.act(tooSlow(outgoing.machine))
    }

    /// A move that nobody waits for any longer would go on by itself, under the steps that come next. One that may go on at the
    /// destination at once is left alone.
    private func callOff(_ outgoing: Outgoing) async {
        guard road.rules.whenTooSlow == .abort else { return }
        let (hypervisor, uuid) = (outgoing.hypervisor, outgoing.machine.uuid)
        // Not in the task that was told to stop: a command of that one ends at once.
        _ = await Task { try? await hypervisor.act(VirshCommand.abort(uuid), timeout: .seconds(20)) }.value
    }
}
