public import FettleDriverKit
public import FettleModel

/// Takes a server out of an nginx upstream, and waits until the workers that could still send to it have ended.
///
/// nginx has no other way at run time (its API is in the commercial edition): the server's line in an included file gets `down`,
/// and nginx reloads, which lets old workers finish what they have begun. A worker that is leaving may be in the middle of reading
/// a request, for which it chooses a server later: so the server is idle only when all of them are gone.
public struct NginxDrainDriver: HoldKeeping {
    /// What `TrafficBinding.driver` calls it.
    public static let name = "nginx"

    /// What a user who is not root needs in `sudoers`, on the machine where nginx is; and it owns the folder of the file.
    ///
    /// - Throws: never for the built-in paths.
    public static func sudoRules() throws(SudoRuleError) -> [SudoRule] { try NginxInstallation().sudoRules() }

    private let channels: any ChannelProvider
    private let installation: NginxInstallation

    public init(channels: any ChannelProvider) { self.init(channels: channels, installation: NginxInstallation()) }

    init(channels: any ChannelProvider, installation: NginxInstallation) {
        self.channels = channels
        self.installation = installation
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let member = try member(step)
            let view = try await member.host.look()
            let server = try member.server(in: view)
            if view.taken == .edited { return member.blocked }
            // Without a prior state this run has not touched it: whoever has taken it out before was somebody else.
            guard let prior = context.prior else {
                return .ready(prior: PriorState(alreadySo: server.isDown, details: ["line": server.line]))
            }
            guard server.isDown, view.isTaken else { return .ready(prior: prior) }
            guard view.leaving(unawareOf: member.name).isEmpty else {
                // Somebody else has written the file and reloaded: nothing is lost, and they end.
                guard view.taken == .asFound else { return .ready(prior: prior) }
                return .blocked(reason: "\(member.host.place): old workers still end after somebody's reload")
            }
            try await member.host.test()
            return .alreadyDone(member.observation("\(member.name) is out and idle", view, server))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let member = try member(step)
        guard let prior = context.prior, let line = prior.details["line"] else {
            throw StepFailure(
                code: .internal, message: "\(step.id): nothing tells what was there before, so nothing is changed")
        }
        // Workers that leave because somebody reloads once more know already that it is down.
        var old = try await bring(member, prior, line).leaving(unawareOf: member.name)
        let end = ContinuousClock.now + .seconds(max(0, member.host.traffic.drainTimeoutSeconds))
        while try await !haveEnded(&old, member, until: end) {
            old = try await bring(member, prior, line).leaving(unawareOf: member.name)
        }
    }

    /// Waits for old workers.
    ///
    /// - Returns: false if somebody has put the server back meanwhile.
    private func haveEnded(
        _ old: inout Set<NginxView.Process>, _ member: NginxMember, until end: ContinuousClock.Instant
    ) async throws(StepFailure) -> Bool {
        var pause = Duration.milliseconds(50)
        while true {
            let view = try await member.host.look()
            guard try member.server(in: view).isDown else { return false }
            old.formIntersection(view.leaving)
            if old.isEmpty { return true }
            guard ContinuousClock.now < end else {
                throw member.failure(
                    .timeout,
                    "\(member.name) is down for new requests, but after \(member.host.traffic.drainTimeoutSeconds) s "
                        + "old workers of nginx (\(old.count)) still finish what they began: long requests or web sockets, "
                        + "to any server; `worker_shutdown_timeout` ends them")
            }
            try await member.host.pause(pause)
            pause = min(pause * 3 / 2, .milliseconds(500))
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let member = try member(step)
        let view = try await member.settled()
        let server = try member.server(in: view)
        if view.taken == .pending { throw member.pending }
        guard server.isDown, view.isTaken else {
            throw member.failure(
                .drift,
                "\(member.name) is not out: `\(NginxMember.shown(server.line))`, "
                    + (view.isTaken ? "and nginx runs with it" : "and nobody saw nginx take the file"))
        }
        var old = view.leaving(unawareOf: member.name)
        let end = ContinuousClock.now + .seconds(max(0, member.host.traffic.drainTimeoutSeconds))
        guard try await haveEnded(&old, member, until: end) else {
            throw member.failure(.drift, "somebody has put \(member.name) back")
        }
        return member.observation("\(member.name) is out and idle", view, server)
    }

    // MARK: HoldKeeping

    /// It stands while the line is down and nginx was seen to take it so. What others do to the rest of the file
    /// meanwhile does not matter.
    public func hold(of step: Step, in context: StepContext) async -> HoldState {
        do throws(StepFailure) {
            let member = try member(step)
            let view = try await member.settled()
            let server = try member.server(in: view)
            if view.taken == .pending { return .lost(reason: member.pending.message) }
            guard server.isDown else {
                return .lost(
                    reason: "\(member.host.place): somebody put \(member.name) back: "
                        + "`\(NginxMember.shown(server.line))`")
            }
            return .stands(member.observation("\(member.name) is out", view, server))
        } catch {
            return .unknown(error)
        }
    }

    public func reassert(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        try await perform(step, in: context)
        return try await verify(step, in: context)
    }

    // MARK: Parts

    private func bring(
        _ member: NginxMember, _ prior: PriorState, _ line: String
    ) async throws(StepFailure) -> NginxView {
        let drained = NginxServersFile.drained(line)
        return try await member.bring { server throws(StepFailure) in
            if prior.alreadySo, server.isDown { return server.line }
            if !prior.alreadySo, server.line == line || server.line == drained { return drained }
            throw member.failure(
                .drift,
                "somebody has changed \(member.name) since this run first looked: it was "
                    + "`\(NginxMember.shown(line))`, and is `\(NginxMember.shown(server.line))`")
        }
    }

    private func member(_ step: Step) throws(StepFailure) -> NginxMember {
        guard case .drain(let traffic) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no drain")
        }
        return try NginxMember(step, traffic, channels: channels, installation: installation)
    }
}
