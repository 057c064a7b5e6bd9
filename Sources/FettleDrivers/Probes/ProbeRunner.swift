public import FettleDriverKit
public import FettleModel

/// Asks a probe once.
///
/// `pass` is only what was seen to be well. `fail`: it was asked and is not well; not listening and not answering in time
/// are such answers. `error`: it could not be asked, so nothing is known.
public struct ProbeRunner: Sendable {
    /// A command's channel may be busy with another one: how much longer than the probe's own time it is waited for.
    private static let patience = Duration.seconds(5)

    private let channels: any ChannelProvider
    private let sockets: AdminSockets

    public init(channels: any ChannelProvider) {
        self.channels = channels
        sockets = AdminSockets(channels: channels)
    }

    /// - Parameters:
    ///   - probe: what is asked; one for a person is `inconclusive` here.
    ///   - target: of whom.
    ///   - moment: the act that the answer is to judge.
    public func sample(_ probe: Probe, of target: ProbeTarget, at moment: ProbeMoment = .none) async -> ProbeSample {
        let timeout = Duration.seconds(min(max(1, probe.timeoutSeconds), 600))
        let observedAt = Timestamp.now()
        let start = ContinuousClock.now
        var answer = await ask(probe, target, moment, timeout)
        let time = start.duration(to: .now)
        if answer.verdict == .pass, let most = probe.maximumAgeSeconds, time > .seconds(most) {
            answer = .inconclusive("its answer was \(time.inSeconds) s old when it came, \(most) s may be")
        }
        return ProbeSample(
            verdict: answer.verdict, reason: "\(SafeText.lastLines(of: probe.name) ?? "probe"): \(answer.reason)",
            observedAt: observedAt, mark: answer.mark,
            milliseconds: answer.verdict == .pass && Self.asksTheService(probe) ? time / .milliseconds(1) : nil)
    }

    /// Whether the time of an answer is the service's own, and not that of a shell on its host.
    private static func asksTheService(_ probe: Probe) -> Bool {
        switch probe.check {
        case .http, .tcp: true
        default: false
        }
    }

    private func ask(
        _ probe: Probe, _ target: ProbeTarget, _ moment: ProbeMoment, _ timeout: Duration
    ) async -> ProbeAnswer {
        switch probe.check {
        case .http(let url, let status, let contains):
            return await HTTPProbe(template: url, status: status, contains: contains).ask(target, timeout: timeout)
        case .tcp(let port): return await TCPProbe(port: port).ask(target, timeout: timeout)
        case .systemdUnit(let name):
            return await onHost(
                target, timeout, SystemdUnitProbe.command(name, timeout: timeout), SystemdUnitProbe.judge)
        case .command(let argv), .cluster(.command(let argv)):
            return await onHost(target, timeout, CommandProbe.command(argv, timeout: timeout), CommandProbe.judge)
        case .tls(let host, let port, let serverName, let leastDays, let authorities):
            let probe = TLSProbe(
                host: host, port: port, serverName: serverName, leastDays: leastDays, authorities: authorities)
            return await probe.ask(target, timeout: timeout)
        case .log(let source, let pattern, let atMost):
            let log = LogProbe(source: source, pattern: pattern, atMost: atMost)
            if let refusal = log.refusal(target, moment) { return refusal }
            let isSinceAct = moment.marks[LogMark.key(source, on: target.resource)] != nil
            return await onHost(target, timeout, log.command(target, moment, timeout: timeout)) { result in
                log.judge(result, isSinceAct: isSinceAct)
            }
        case .prometheus(let question):
            let prometheus = PrometheusProbe(
                question: question, samples: probe.samples, maximumAge: probe.maximumAgeSeconds ?? 60)
            return await prometheus.ask(target, moment, timeout: timeout)
        case .balancer(let interval):
            return await BalancerProbe(checkInterval: interval, sockets: sockets).ask(target, moment)
        case .cluster(.patroni(let url, let members, let lag)):
            let patroni = PatroniProbe(url: url, members: members, maximumLag: lag)
            return await patroni.ask(target, timeout: timeout)
        case .manual: return .inconclusive("a person has to answer")
        }
    }

    /// Whether the resource can be reached at all: what is asked where nothing else was declared.
    public func reach(_ target: ProbeTarget) async -> ProbeSample {
        let observedAt = Timestamp.now()
        let timeout = Duration.seconds(10)
        let answer = await onHost(target, timeout, RemoteCommand(script: "exit 0", timeout: timeout)) { result in
            result.succeeded ? .pass("its host answers") : .error("its host's shell ends with \(result.status)")
        }
        return ProbeSample(
            verdict: answer.verdict, reason: "reachability: \(answer.reason)", observedAt: observedAt)
    }

    func onHost(
        _ target: ProbeTarget, _ timeout: Duration, _ command: RemoteCommand?,
        _ judge: @Sendable (CommandResult) -> ProbeAnswer
    ) async -> ProbeAnswer {
        guard let command else { return .error("it cannot be put into a command") }
        let outcome: Result<CommandResult, AccessError>? = await within(timeout + Self.patience) {
            do throws(AccessError) {
                return .success(try await channels.channel(to: target.address).run(command))
            } catch {
                return .failure(error)
            }
        }
        switch outcome {
        case .success(let result): return judge(result)
        case .failure(let error) where error.code == .timeout: return .fail("no answer in \(timeout.inSeconds) s")
        case .failure(let error): return .error(error.description)
        case nil: return .error("the way to the host was busy for too long")
        }
    }
}

/// What one kind of probe found out.
struct ProbeAnswer: Sendable, Equatable {
    var verdict: GateVerdict
    var reason: String
    var mark: String?

    static func pass(_ reason: String, mark: String? = nil) -> ProbeAnswer {
        ProbeAnswer(verdict: .pass, reason: reason, mark: mark)
    }
    static func fail(_ reason: String) -> ProbeAnswer { ProbeAnswer(verdict: .fail, reason: reason) }
    static func inconclusive(_ reason: String) -> ProbeAnswer {
        ProbeAnswer(verdict: .inconclusive, reason: reason)
    }
    static func error(_ reason: String) -> ProbeAnswer { ProbeAnswer(verdict: .error, reason: reason) }

    /// A connection from here that came to nothing.
    init(_ error: SocketError, timeout: Duration) {
        switch error.code {
        case .refused, .reset, .noHost: self = .fail(error.message)
        case .timeout: self = .fail("no answer in \(timeout.inSeconds) s")
        case .tooLarge: self = .fail("it answers more than is taken")
        case .unresolvable:
            self = .error("\(error.message); an alias of ssh_config is no name that a probe can connect to")
        case .noNetwork, .cancelled, .system, .notFound, .permission: self = .error(error.message)
        }
    }

    init(verdict: GateVerdict, reason: String, mark: String? = nil) {
        self.verdict = verdict
        self.reason = reason
        self.mark = mark
    }
}

/// The work's result, or nil after `limit`; the work is then cancelled, and has to heed that.
func within<Value: Sendable>(_ limit: Duration, _ work: @Sendable () async -> Value) async -> Value? {
    await withoutActuallyEscaping(work) { work in
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await work() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
