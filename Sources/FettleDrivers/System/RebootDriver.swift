public import FettleDriverKit
public import FettleModel

/// Reboots a host and waits until it is up again.
///
/// A reboot happened when a boot id was read that is not empty and not the one from before (I9); never because a command
/// succeeded, a connection broke or an uptime looks short (ansible#78007, #83018, #72629). The boot id from before is journaled
/// with the intent: after a crash of Fettle it tells whether the reboot took place.
public struct RebootDriver: StepDriver {
    private let look: HostLook
    private let channels: any ChannelProvider
    private let clock: DriverClock

    public init(channels: any ChannelProvider, inspector: any HostInspector, clock: DriverClock = DriverClock()) {
        self.look = HostLook(inspector: inspector)
        self.channels = channels
        self.clock = clock
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let condition = try condition(step)
            // How the services are is told of a host that has rebooted.
            let parts = before(context) == nil ? Self.parts : Self.parts.union(.units)
            let facts = try await look.facts(parts, step, in: context)
            let boot = try bootID(facts)
            if let before = before(context), before != boot {
                return .alreadyDone(try rebooted(from: before, facts))
            }
            if condition == .ifRequired, let words = try notRequired(facts) {
                return .alreadyDone(Observation(verdict: .pass, summary: words, observedAt: facts.observedAt))
            }
            let session = try HostSession(step, in: context, channels: channels, clock: clock)
            if let obstacle = try await QuietHost.obstacle(session) { return .blocked(reason: obstacle) }
            return .ready(prior: PriorState(alreadySo: false, details: [Self.bootIDKey: boot]))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let session = try HostSession(step, in: context, channels: channels, clock: clock)
        let deadline = clock.now().adding(seconds: step.timeoutSeconds)
        guard let now = try await session.bootID() else {
            throw StepFailure(
                code: .inconclusive, message: "the host tells no boot id: a reboot could not be recognised")
        }
        let before = before(context) ?? now
        if now == before {
            // At this moment, and not only when the step was checked.
            try await QuietHost.require(session)
            try await session.order(SystemRules.reboot, called: "the reboot")
        }
        try await waitForBoot(after: before, session, until: deadline)
        try await waitForStart(session, until: deadline)
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let facts = try await look.facts(Self.parts.union(.units), step, in: context)
        let boot = try HostLook.require(facts.boot, "the boot id")
        if let before = before(context) {
            guard try bootID(facts) != before else {
                throw StepFailure(
                    code: .timeout, message: "the host has not rebooted: its boot id is the same as before")
            }
            return try rebooted(from: before, facts)
        }
        // No boot id was journaled: only a boot that began after the intent can be this one.
        let bootedAt = facts.observedAt.adding(seconds: -boot.uptimeSeconds)
        guard bootedAt > context.intendedAt else {
            throw StepFailure(
                code: .inconclusive, message: "the host booted at \(bootedAt), before this reboot was intended")
        }
        return try rebooted(from: nil, facts)
    }

    // MARK: Judging

    private static let bootIDKey = "bootID"
    private static let parts: FactParts = [.boot, .kernels, .rebootRequired]

    private func condition(_ step: Step) throws(StepFailure) -> RebootCondition {
        guard case .reboot(let condition) = step.action else {
            throw StepFailure(code: .refused, message: "\(step.id) is no reboot")
        }
        return condition
    }

    private func before(_ context: StepContext) -> String? {
        guard let id = context.prior?.details[Self.bootIDKey], !id.isEmpty else { return nil }
        return id
    }

    private func bootID(_ facts: HostFacts) throws(StepFailure) -> String {
        let boot = try HostLook.require(facts.boot, "the boot id")
        guard !boot.bootID.isEmpty else {
            throw StepFailure(code: .inconclusive, message: "the host tells an empty boot id")
        }
        return boot.bootID
    }

    /// Why no reboot is needed; nil if one is.
    private func notRequired(_ facts: HostFacts) throws(StepFailure) -> String? {
        let requirement = try HostLook.require(facts.rebootRequired, "whether a reboot is required")
        _ = try HostLook.require(facts.kernels, "the kernels")
        guard !requirement.isRequired, KernelState.notNewest(facts) == nil else { return nil }
        return "no reboot is required: nothing asked for one, and the newest kernel runs"
    }

    /// - Throws: `unhealthy` if the host came back with an older kernel than the newest: a boot that fell back is no success.
    private func rebooted(from before: String?, _ facts: HostFacts) throws(StepFailure) -> Observation {
        if let words = KernelState.notNewest(facts) {
            throw StepFailure(code: .unhealthy, message: "rebooted, but \(words): the boot fell back")
        }
        var details = ["bootID": facts.boot.value?.bootID ?? "", "bootIDBefore": before ?? ""]
        let failed = (facts.units.value ?? []).filter { $0.activeState == "failed" }.map(\.name)
        if !failed.isEmpty { details["failedUnits"] = PackageWords.list(failed) }
        let degraded = failed.isEmpty ? "" : "; units that failed: \(PackageWords.list(failed))"
        return Observation(
            verdict: .pass, summary: "rebooted, with a new boot id\(degraded)", details: details,
            observedAt: facts.observedAt)
    }

    // MARK: Acting

    private func waitForBoot(
        after before: String, _ session: HostSession, until deadline: Timestamp
    ) async throws(StepFailure) {
        var sign = Sign.none
        while clock.now() < deadline, !Task.isCancelled {
            do throws(StepFailure) {
                if let now = try await session.bootID(), now != before { return }
                sign = .sameBoot
            } catch {
                // Told to stop waiting: what was last seen of the host says more than that.
                if Task.isCancelled { break }
                guard error.code.isRetryable else { throw error }
                sign = .trouble(error)
            }
            await clock.sleep(.milliseconds(sign.isTrouble ? 700 : 300))
        }
        throw sign.failure
    }

    /// What a host that was told to reboot last gave of itself.
    private enum Sign {
        case none
        case sameBoot
        case trouble(StepFailure)

        var isTrouble: Bool { if case .trouble = self { true } else { false } }

        var failure: StepFailure {
            switch self {
            case .none:
                StepFailure(code: .unreachable, message: "the host has not come back from its reboot: it gives no sign")
            case .sameBoot:
                StepFailure(code: .timeout, message: "the host was told to reboot and still runs the same boot")
            case .trouble(let failure):
                StepFailure(
                    code: .unreachable, message: "the host has not come back from its reboot: \(failure.message)")
            }
        }
    }

    /// sshd answers before all services are started.
    private func waitForStart(_ session: HostSession, until deadline: Timestamp) async throws(StepFailure) {
        var state = ""
        while clock.now() < deadline, !Task.isCancelled {
            do throws(StepFailure) {
                let result = try await session.run(
                    RemoteCommand(script: "systemctl is-system-running", timeout: .seconds(10), outputLimit: 4_096))
                state = result.outputText.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? ""
                // `degraded` is an end of starting too: which units failed is told by the observation, and judged by gates.
                if result.status == 127 || ["running", "degraded", "maintenance", "offline"].contains(state) { return }
            } catch {
                guard error.code.isRetryable else { throw error }
            }
            await clock.sleep(.milliseconds(300))
        }
        throw StepFailure(
            code: .timeout,
            message:
                "the host has rebooted, but is still \(state.isEmpty ? "starting" : FactText.excerpt(FactText.decode(state.utf8), limit: 40))"
        )
    }
}
