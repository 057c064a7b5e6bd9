public import FettleDriverKit
public import FettleModel

/// Gives a server of an nginx upstream back exactly the line that it had before this run took it out, and only if this run did.
///
/// nginx does not check its servers: that the server is well is for the gate before this step.
public struct NginxRestoreDriver: StepDriver {
    private let channels: any ChannelProvider
    private let installation: NginxInstallation

    public init(channels: any ChannelProvider) { self.init(channels: channels, installation: NginxInstallation()) }

    init(channels: any ChannelProvider, installation: NginxInstallation) {
        self.channels = channels
        self.installation = installation
    }

    public func check(_ step: Step, in context: StepContext) async -> StepReadiness {
        do throws(StepFailure) {
            let (member, prior, line) = try begin(step, context)
            let view = try await member.host.look()
            let server = try member.server(in: view)
            if prior.alreadySo { return .alreadyDone(leftOut(member, view, server)) }
            if view.taken == .edited { return member.blocked }
            guard server.line == line, view.isTaken else { return .ready(prior: nil) }
            return .alreadyDone(asItWas(member, view, server))
        } catch {
            return .unknown(error)
        }
    }

    public func perform(_ step: Step, in context: StepContext) async throws(StepFailure) {
        let (member, prior, line) = try begin(step, context)
        if prior.alreadySo { return }
        let drained = NginxServersFile.drained(line)
        _ = try await member.bring { server throws(StepFailure) in
            guard server.line == line || server.line == drained else {
                throw member.failure(
                    .drift,
                    "somebody has changed \(member.name) since it was taken out: this run left "
                        + "`\(NginxMember.shown(drained))`, and there stands `\(NginxMember.shown(server.line))`; it is left so"
                )
            }
            return line
        }
    }

    public func verify(_ step: Step, in context: StepContext) async throws(StepFailure) -> Observation {
        let (member, prior, line) = try begin(step, context)
        let view = try await member.settled()
        let server = try member.server(in: view)
        if prior.alreadySo { return leftOut(member, view, server) }
        if view.taken == .pending { throw member.pending }
        guard server.line == line, view.isTaken else {
            throw member.failure(
                .drift,
                "\(member.name) is not as it was before the run: `\(NginxMember.shown(server.line))`, "
                    + (view.isTaken ? "and nginx runs with it" : "and nobody saw nginx take the file"))
        }
        return asItWas(member, view, server)
    }

    // MARK: Parts

    private func begin(
        _ step: Step, _ context: StepContext
    ) throws(StepFailure) -> (member: NginxMember, prior: PriorState, line: String) {
        guard case .restore(let traffic) = step.action else {
            throw StepFailure(code: .internal, message: "\(step.id) is no restore")
        }
        guard let prior = context.prior, let line = prior.details["line"] else {
            throw StepFailure(
                code: .internal, message: "\(step.id): nothing tells what was there before, so nothing is put back")
        }
        let member = try NginxMember(step, traffic, channels: channels, installation: installation)
        return (member, prior, line)
    }

    private func asItWas(
        _ member: NginxMember, _ view: NginxView, _ server: NginxServersFile.Server
    ) -> Observation {
        member.observation(
            "\(member.name) is as it was: \(NginxMember.shown(server.line))", view, server)
    }

    /// system-upgrade-controller#341 put back what others had taken out.
    private func leftOut(
        _ member: NginxMember, _ view: NginxView, _ server: NginxServersFile.Server
    ) -> Observation {
        member.observation(
            "\(member.name) was out before this run, by somebody else's doing, and is left as it is: "
                + NginxMember.shown(server.line), view, server)
    }
}
