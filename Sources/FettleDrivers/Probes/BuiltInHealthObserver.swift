public import FettleDriverKit
public import FettleModel

/// Looks at all members of a group: at the load balancer's own view where there is one, and at the probes.
///
/// Both must be well. Where neither is declared, a member counts as healthy if its host can be reached.
public struct BuiltInHealthObserver: HealthObserver {
    /// Members that are asked at the same time.
    private static let atOnce = 16

    private let runner: ProbeRunner
    private let channels: any ChannelProvider
    private let sockets: AdminSockets

    public init(channels: any ChannelProvider, runner: ProbeRunner) {
        self.runner = runner
        self.channels = channels
        sockets = AdminSockets(channels: channels)
    }

    public func health(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth] {
        let balancer = await balancerView(of: group, in: plan)
        // Whoever is out by the balancer's view need not be asked.
        let asked = group.members.filter { balancer?[$0]?.isHealthy ?? true }
        var health = balancer ?? [:]
        let answers = await asked.concurrentMap(limit: Self.atOnce) { member in
            await probed(member, group, plan, isChecked: balancer != nil && Self.checks(group.traffic))
        }
        for (member, answer) in zip(asked, answers) { health[member] = answer }
        return health
    }

    /// Whether the load balancer asks its members itself, so that its word is enough where a group has no probes.
    private static func checks(_ traffic: TrafficBinding?) -> Bool {
        traffic?.driver == HAProxyDrainDriver.name || traffic?.driver == TargetGroupDrainDriver.name
    }

    /// nil if the group has no load balancer.
    private func balancerView(of group: PlannedGroup, in plan: Plan) async -> [ResourceID: MemberHealth]? {
        guard let traffic = group.traffic else { return nil }
        func all(_ reason: String) -> [ResourceID: MemberHealth] {
            Dictionary(uniqueKeysWithValues: Set(group.members).map { ($0, .unknown(reason: reason)) })
        }
        do throws(StepFailure) {
            switch traffic.driver {
            case NginxDrainDriver.name: return try await nginxView(of: group, traffic)
            case KeepalivedDrainDriver.name:
                let nodes = try KeepalivedGroup.nodes(of: group, traffic, in: plan, channels: channels) { _ in
                    KeepalivedNode.pidFile
                }
                return await KeepalivedGroup.health(of: nodes)
            case TargetGroupDrainDriver.name:
                let view = try await TargetGroupClient(traffic, channels: channels).look()
                return Dictionary(
                    uniqueKeysWithValues: Set(group.members).map { member in
                        let id = TargetMember.id(of: member, traffic, in: plan)
                        return (member, id.map(view.health) ?? .unknown(reason: "no target is known for it"))
                    })
            default: break
            }
        } catch {
            return all(error.message)
        }
        guard traffic.driver == HAProxyDrainDriver.name else {
            return all("there is no driver '\(SafeText.lastLines(of: traffic.driver) ?? "")' for its load balancer")
        }
        do throws(HAProxyError) {
            let client = try sockets.client(of: traffic)
            var health: [ResourceID: MemberHealth] = [:]
            for (backend, members) in Dictionary(grouping: Set(group.members), by: traffic.backend(of:)) {
                let views = try await client.view(of: backend)
                let byName = Dictionary(views.map { ($0.state.name.server, $0) }) { first, _ in first }
                for member in members {
                    health[member] = Self.health(byName[traffic.serverName(of: member)], backend)
                }
            }
            return health
        } catch {
            return all(error.description)
        }
    }

    /// Whom it sends requests to; it does not check whether they are answered.
    private func nginxView(
        of group: PlannedGroup, _ traffic: TrafficBinding
    ) async throws(StepFailure) -> [ResourceID: MemberHealth] {
        let host = try NginxHost(traffic, channels: channels, installation: NginxInstallation())
        let view = try await host.look()
        var health: [ResourceID: MemberHealth] = [:]
        for member in Set(group.members) { health[member] = view.health(of: traffic.serverName(of: member)) }
        return health
    }

    static func health(_ view: ServerView?, _ backend: String) -> MemberHealth {
        guard let view else { return .unknown(reason: "HAProxy has no such server in its backend \(backend)") }
        guard view.isInService else {
            let check = SafeText.lastLines(of: view.statistics.checkStatus).map { ", check \($0)" } ?? ""
            return .unhealthy(reason: "HAProxy: \(view.words)\(check)")
        }
        // After a restart HAProxy takes every server for up until it has asked.
        if view.statistics.checkHealth != nil, view.statistics.lastCheckPassed == nil {
            return .unknown(reason: "HAProxy has not checked it since it started")
        }
        return .healthy
    }

    private func probed(
        _ member: ResourceID, _ group: PlannedGroup, _ plan: Plan, isChecked: Bool
    ) async -> MemberHealth {
        // What only a person can say is asked where a plan asks it.
        let probes = group.probes.filter { !$0.isManual }
        if probes.isEmpty, isChecked { return .healthy }
        let address = group.memberAddresses[member].map { ProbeTarget(resource: member, address: $0) }
        guard let target = address ?? plan.probeTarget(member) else {
            return .unknown(reason: "the plan has no address for it")
        }
        guard !probes.isEmpty else { return Self.health(await runner.reach(target)) }
        let moment = ProbeMoment(traffic: group.traffic.map { [$0] } ?? [])
        for probe in probes {
            let health = Self.health(await runner.sample(probe, of: target, at: moment))
            if !health.isHealthy { return health }
        }
        return .healthy
    }

    private static func health(_ sample: ProbeSample) -> MemberHealth {
        switch sample.verdict {
        case .pass: .healthy
        case .fail: .unhealthy(reason: sample.reason)
        case .inconclusive, .error: .unknown(reason: sample.reason)
        }
    }
}
