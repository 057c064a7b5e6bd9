internal import FettleDriverKit
internal import FettleModel

/// A step's server at its HAProxy.
struct TrafficMember: Sendable {
    let client: HAProxyClient
    let name: HAProxyServerName
    let traffic: TrafficBinding

    static func of(
        _ step: Step, _ traffic: TrafficBinding, through sockets: AdminSockets
    ) throws(StepFailure) -> TrafficMember {
        do throws(HAProxyError) {
            let client = try sockets.client(of: traffic)
            let name = try HAProxyServerName(
                backend: traffic.backend(of: step.resource), server: traffic.serverName(of: step.resource),
                place: client.place)
            return TrafficMember(client: client, name: name, traffic: traffic)
        } catch {
            throw error.asStepFailure
        }
    }

    func view() async throws(StepFailure) -> ServerView {
        do throws(HAProxyError) { return try await client.view(of: name) } catch { throw error.asStepFailure }
    }

    func set(_ state: HAProxyClient.AdministrativeState) async throws(StepFailure) {
        do throws(HAProxyError) { try await client.set(name, to: state) } catch { throw error.asStepFailure }
    }

    func set(weight: Int) async throws(StepFailure) {
        do throws(HAProxyError) { try await client.set(name, weight: weight) } catch { throw error.asStepFailure }
    }

    /// Looks until `isEnough`, at first every 50 ms and then every half second.
    ///
    /// - Parameter mark: a time at which to look in any case.
    ///
    /// Not reaching HAProxy is borne until the deadline: it may be in the middle of a restart.
    ///
    /// - Returns: the last view, enough or not; nil if there was none.
    /// - Throws: every failure but `unreachable` and `timeout`; these only if nothing else was ever seen.
    func look(
        until deadline: ContinuousClock.Instant, andAt mark: ContinuousClock.Instant? = nil,
        isEnough: (ServerView) async throws(StepFailure) -> Bool
    ) async throws(StepFailure) -> ServerView {
        let clock = ContinuousClock()
        var last: ServerView?
        var pause = Duration.milliseconds(50)
        while true {
            var failure: StepFailure?
            do throws(StepFailure) {
                let view = try await view()
                last = view
                if try await isEnough(view) { return view }
            } catch {
                guard error.code.isRetryable, !Task.isCancelled else { throw error }
                failure = error
            }
            if clock.now >= deadline {
                if let last, failure == nil { return last }
                throw failure ?? StepFailure(code: .timeout, message: "\(client.place): no answer in time")
            }
            let now = clock.now
            let next = min(now + pause, deadline)
            // A clock that wakes early would see the mark before it has come.
            let wake = if let mark, now < mark { min(next, mark + .milliseconds(1)) } else { next }
            do { try await clock.sleep(until: wake) } catch {
                throw StepFailure(code: .timeout, message: "\(client.place): stopped while waiting for \(name)")
            }
            pause = min(pause * 3 / 2, .milliseconds(500))
        }
    }

    func observation(_ summary: String, _ view: ServerView) -> Observation {
        Observation(
            verdict: .pass, summary: summary,
            details: [
                "server": name.description, "state": view.state.administrative.words,
                "status": SafeText.lastLines(of: view.statistics.status) ?? "",
                "sessions": String(view.work), "weight": String(view.state.weight),
                "check": SafeText.lastLines(of: view.statistics.checkStatus) ?? "",
            ],
            observedAt: view.observedAt)
    }
}

extension PriorState {
    /// What a drain remembers of a server.
    init(of view: ServerView) {
        self.init(
            alreadySo: view.state.administrative.isOut,
            details: [
                "administrative": String(view.state.administrative.rawValue),
                "state": view.state.administrative.words,
                "weight": String(view.state.weight), "initialWeight": String(view.state.initialWeight),
            ])
    }

    /// The weight that the server shall have again.
    ///
    /// It had the weight of its configuration: then it shall have that again, even if somebody has edited the configuration
    /// since. Otherwise somebody had set a weight at run time, and it shall have exactly that.
    func weight(configuredNow: Int) -> Int? {
        guard let weight = details["weight"].flatMap({ Int($0) }), (0...256).contains(weight),
            let initial = details["initialWeight"].flatMap({ Int($0) })
        else { return nil }
        return weight == initial ? configuredNow : weight
    }
}
