internal import FettleModel

/// Whether the load balancer itself finds the resource well, drained or not: before it comes back it is out of traffic, and still
/// checked.
struct BalancerProbe: Sendable {
    let checkInterval: Int
    let sockets: AdminSockets

    func ask(_ target: ProbeTarget, _ moment: ProbeMoment) async -> ProbeAnswer {
        guard !moment.traffic.isEmpty else { return .error("no group of it names a load balancer") }
        var words: [String] = []
        for traffic in moment.traffic {
            guard traffic.driver != NginxDrainDriver.name, traffic.driver != KeepalivedDrainDriver.name else {
                return .error(
                    "\(traffic.driver) does not check what it sends to: ask the member itself, by an http or tcp probe")
            }
            guard traffic.driver != TargetGroupDrainDriver.name else {
                return .error("elbv2 checks only members that are in: ask the member itself, by an http or tcp probe")
            }
            guard traffic.driver == HAProxyDrainDriver.name else {
                let name = SafeText.lastLines(of: traffic.driver) ?? ""
                return .error("there is no driver '\(name)' for its load balancer")
            }
            do throws(HAProxyError) {
                let client = try sockets.client(of: traffic)
                let name = try HAProxyServerName(
                    backend: traffic.backend(of: target.resource),
                    server: traffic.serverName(of: target.resource), place: client.place)
                let answer = Self.judge(
                    try await client.view(of: name), since: moment.since, checkInterval: checkInterval)
                guard answer.verdict == .pass else { return answer }
                words.append(answer.reason)
            } catch {
                return .error(error.description)
            }
        }
        return .pass(words.joined(separator: "; "))
    }

    /// HAProxy does not tell when it last checked. One check that fails lowers its count: a full count, seen two intervals after
    /// the act (the check under way then, and a whole one), has a check in it that began after the act and passed.
    static func judge(_ view: ServerView, since: Timestamp?, checkInterval: Int) -> ProbeAnswer {
        guard view.isUp else { return .fail("HAProxy: \(view.words)") }
        guard let health = view.statistics.checkHealth, view.statistics.lastCheckPassed != nil else {
            return .inconclusive("HAProxy has not checked it")
        }
        guard view.statistics.lastCheckPassed == true, health.isFull else {
            let check = SafeText.lastLines(of: view.statistics.checkStatus) ?? ""
            return .fail("HAProxy: its check says \(check), \(health.value) of \(health.rise + health.fall - 1)")
        }
        if let since, view.observedAt < since.adding(seconds: 2 * checkInterval) {
            return .inconclusive("HAProxy may not have checked it since the change yet")
        }
        return .pass("HAProxy: \(view.words)")
    }
}
