public import FettleDriverKit
public import FettleModel

/// Makes a virtual machine anew from an image of the catalogue, in the place of the one before it: that is shut off and kept under
/// another name, and on the way back put in its place again.
///
/// The new machine is described as the old one, with its name, size and network cards, and gets a disk of its own over the image.
/// Done is what the hypervisor tells, and that the machine answers.
public struct ReplaceMachineDriver: StepDriver {
    /// What `ReplacedMachine.driver` calls it.
    public static let name = "libvirt"

    private let channels: any ChannelProvider
    private let clock: DriverClock

    public init(channels: any ChannelProvider, clock: DriverClock = DriverClock()) {
        self.channels = channels
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let work = try Work(step, context, channels, clock)
            let began = clock.now()
            let (standing, view) = try await work.replacer.standing(isBack: !work.isForward)
            if case .trouble(let failure) = standing { throw failure }
            if work.isDone(standing, view, context.prior), try await work.hasNoDisk(view, orUnknown: false),
                await answers(step, context)
            {
                return .alreadyDone(work.observation(view, at: began))
            }
            if standing == .settled {
                throw StepFailure(
                    code: .drift,
                    message: "what \(work.replacer.new.machine.name) was before is not kept any more")
            }
            let old = view.machines.first { $0.uuid == work.replacer.new.machine.uuid }
            let starting = old.map { $0.startsWithHypervisor ? [work.replacer.new.machine.name] : [] } ?? []
            return .ready(prior: context.prior ?? AutostartMemory.state(starting))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let work = try Work(step, context, channels, clock)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        let autostart = AutostartMemory.names(context.prior).contains(work.replacer.new.machine.name)
        while true {
            // Each time: a machine that was told to shut down by who was interrupted runs for a while yet, and is started then.
            if work.isForward {
                try await work.replacer.replace(autostart: autostart, until: deadline)
            } else {
                try await work.replacer.putBack(autostart: autostart, until: deadline)
            }
            if await answers(step, context) { return }
            guard clock.now() < deadline, !Task.isCancelled else {
                throw StepFailure(
                    code: .unhealthy, message: "\(work.replacer.new.machine.name) runs, and cannot be reached in time")
            }
            await clock.sleep(.seconds(1))
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let work = try Work(step, context, channels, clock)
        let began = clock.now()
        let (standing, view) = try await work.replacer.standing(isBack: !work.isForward)
        if case .trouble(let failure) = standing { throw failure }
        // Where it cannot be seen whether the disk is there, its removal has been asked for, at least.
        guard work.isDone(standing, view, context.prior), try await work.hasNoDisk(view, orUnknown: true) else {
            throw StepFailure(
                code: .timeout, message: "\(work.replacer.new.machine.name) is not yet what the plan makes of it")
        }
        return work.observation(view, at: began)
    }

    // MARK: Parts

    private struct Work {
        var replacer: MachineReplacer
        var isForward: Bool

        init(
            _ step: Step, _ context: StepContext, _ channels: any ChannelProvider, _ clock: DriverClock
        ) throws(StepFailure) {
            guard case .replaceImage(let replacement) = step.action, let machine = replacement.machine else {
                throw StepFailure(code: .internal, message: "\(step.id) makes no machine anew")
            }
            replacer = try MachineReplacer(machine, replacement.image, context, channels, clock)
            if let address = context.plan.target(step.resource)?.address, address.transport != .none {
                replacer.answers = {
                    let command = RemoteCommand(script: "exit 0", timeout: .seconds(10), outputLimit: 4_096)
                    return (try? await channels.channel(to: address).run(command)) != nil
                }
            }
            isForward = replacement.to == machine.version
        }

        func isDone(_ standing: ReplacementStanding, _ view: LibvirtView, _ prior: PriorState?) -> Bool {
            guard let machine = view.machine(replacer.new.machine.name), machine.isActive,
                AutostartMemory.isKept(prior, machine)
            else { return false }
            return isForward ? standing == .replaced(isActive: true) : standing == .original
        }

        /// On the way back nothing of the new machine is left.
        func hasNoDisk(_ view: LibvirtView, orUnknown: Bool) async throws(StepFailure) -> Bool {
            guard !isForward else { return true }
            let presence = try await replacer.presenceOfDisk(view)
            return presence == .gone || presence == .unknown && orUnknown
        }

        func observation(_ view: LibvirtView, at time: Timestamp) -> Observation {
            let new = replacer.new
            let (name, hypervisor) = (new.machine.name, new.machine.hypervisor)
            guard isForward else {
                return Observation(
                    verdict: .pass, summary: "\(name) is the machine on \(hypervisor) that it was before",
                    observedAt: time)
            }
            var details = ["kept": new.keptName, "image": new.machine.digest.rawValue]
            details["disk"] = view.machine(name)?.description.mark?.disk
            return Observation(
                verdict: .pass,
                summary: "\(name) on \(hypervisor) is made from \(new.machine.version); kept as \(new.keptName)",
                details: details, observedAt: time)
        }
    }

    private func answers(_ step: Step, _ context: StepContext) async -> Bool {
        await Self.answers(step, context, channels)
    }

    /// A machine that Fettle never reaches is judged by its gates alone.
    static func answers(_ step: Step, _ context: StepContext, _ channels: any ChannelProvider) async -> Bool {
        guard let address = context.plan.target(step.resource)?.address, address.transport != .none else { return true }
        let command = RemoteCommand(script: isUp, timeout: .seconds(10), outputLimit: 4_096)
        guard let result = try? await channels.channel(to: address).run(command), result.succeeded else { return false }
        let words = result.outputText.split(whereSeparator: \.isWhitespace)
        return words.first.map { ["running", "degraded", "maintenance", "none"].contains($0) } ?? false
    }

    /// sshd answers before all services are started. `none`: there is no systemd to ask.
    private static let isUp =
        "if command -v systemctl >/dev/null 2>&1; then systemctl is-system-running; else echo none; fi; exit 0"
}

extension MachineReplacer {
    /// - Throws: `refused` for names that could be misread by programs on the hypervisor.
    init(
        _ machine: ReplacedMachine, _ image: String, _ context: StepContext, _ channels: any ChannelProvider,
        _ clock: DriverClock
    ) throws(StepFailure) {
        guard machine.driver == ReplaceMachineDriver.name else {
            throw StepFailure(code: .refused, message: "nothing here makes machines anew by '\(machine.driver)'")
        }
        let new = NewMachine(machine: machine, image: image, run: context.run)
        let names = [machine.name, context.run.rawValue, new.keptName, machine.version, image, machine.digest.rawValue]
        guard names.allSatisfy({ FactText.isName($0) && !$0.hasPrefix("-") && !$0.hasPrefix(".") }),
            machine.digest.rawValue.utf8.count == 64, DomainDescription.isUUID(machine.uuid),
            NewMachine.isPlain(machine.images)
        else {
            throw StepFailure(
                code: .refused,
                message:
                    "a name in this replacement is none of letters, digits and . _ + -, or its directory is no plain path"
            )
        }
        self.init(
            new: new, hypervisor: Hypervisor(id: machine.hypervisor, address: machine.address, channels: channels),
            neighbours: machine.neighbours.map { Hypervisor(id: $0.id, address: $0.address, channels: channels) },
            clock: clock)
    }
}
