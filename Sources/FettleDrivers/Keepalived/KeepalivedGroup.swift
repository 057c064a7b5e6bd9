internal import FettleDriverKit
internal import FettleModel

/// The member that a step is about, and those that can take the address from it.
struct KeepalivedGroup: Sendable {
    let own: KeepalivedNode
    /// Sorted by member.
    let peers: [KeepalivedNode]
    let traffic: TrafficBinding

    init(
        _ step: Step, _ traffic: TrafficBinding, in plan: Plan, channels: any ChannelProvider,
        pidFile: @Sendable (ResourceID) -> String
    ) throws(StepFailure) {
        let group = plan.groups.first {
            guard let own = $0.traffic, $0.members.contains(step.resource) else { return false }
            return own.driver == traffic.driver && own.endpoint == traffic.endpoint && own.backend == traffic.backend
        }
        guard let group else {
            throw Self.refused(step.resource.rawValue, "no group of the plan has this address and this member")
        }
        let nodes = try Self.nodes(of: group, traffic, in: plan, channels: channels, pidFile: pidFile)
        guard let own = nodes.first(where: { $0.member == step.resource }) else {
            throw Self.refused(step.resource.rawValue, "it is no member")
        }
        self.own = own
        peers = nodes.filter { $0.member != step.resource }
        self.traffic = traffic
    }

    /// Every member of a group.
    ///
    /// - Parameter pidFile: where keepalived writes its process id, by member; only tests have it elsewhere.
    static func nodes(
        of group: PlannedGroup, _ traffic: TrafficBinding, in plan: Plan, channels: any ChannelProvider,
        pidFile: @Sendable (ResourceID) -> String
    ) throws(StepFailure) -> [KeepalivedNode] {
        guard TrafficSides.isMapPath(traffic.endpoint) else {
            throw refused(
                group.id.rawValue,
                "its endpoint must be the absolute path of the track file, of A-Z a-z 0-9 / - _ . @ +")
        }
        guard isAddress(traffic.backend) else {
            throw refused(group.id.rawValue, "its backend must be the virtual address, such as 10.0.0.100")
        }
        var nodes: [KeepalivedNode] = []
        for member in Set(group.members).sorted() {
            let known = group.memberAddresses[member].map { ProbeTarget(resource: member, address: $0) }
            guard let target = known ?? plan.probeTarget(member), target.address.transport != .none else {
                throw refused(group.id.rawValue, "the plan has no address for \(member)")
            }
            nodes.append(
                KeepalivedNode(
                    member: member, address: target.address, file: traffic.endpoint, virtualAddress: traffic.backend,
                    channels: channels, pidFile: pidFile(member)))
        }
        return nodes
    }

    private static func refused(_ subject: String, _ words: String) -> StepFailure {
        StepFailure(
            code: .refused, message: "keepalived for \(SafeText.lastLines(of: subject) ?? "?"): \(words)")
    }

    /// A plain IPv4 address.
    static func isAddress(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy { (0x30...0x39).contains($0) }
                    && (Int(String(decoding: part, as: UTF8.self)) ?? 256) < 256
            }
    }

    /// What each peer is at this moment; whoever cannot be asked is nil.
    func peerViews() async -> [(node: KeepalivedNode, view: KeepalivedView?)] { await Self.views(of: peers) }

    static func views(of nodes: [KeepalivedNode]) async -> [(node: KeepalivedNode, view: KeepalivedView?)] {
        await nodes.concurrentMap(limit: 8) { node in
            do throws(StepFailure) { return (node, try await node.look()) } catch { return (node, nil) }
        }
    }

    /// The one peer that holds the address.
    static func holder(_ peers: [(node: KeepalivedNode, view: KeepalivedView?)]) -> KeepalivedNode? {
        let holders = peers.filter { $0.view?.holds == true && $0.view?.isRunning == true }
        return holders.count == 1 ? holders[0].node : nil
    }

    /// Whether each can serve: keepalived runs, nobody has lowered its priority, and the address is with one of them. That what is
    /// behind the address answers is for the probes.
    static func health(of nodes: [KeepalivedNode]) async -> [ResourceID: MemberHealth] {
        let views = await views(of: nodes)
        let hasHolder = holder(views) != nil
        var health: [ResourceID: MemberHealth] = [:]
        for (node, view) in views {
            guard let view else {
                health[node.member] = .unknown(reason: "\(node.place) cannot be asked")
                continue
            }
            guard view.isRunning, view.value >= 0 else {
                health[node.member] = .unhealthy(reason: "\(node.place): \(view.words)")
                continue
            }
            health[node.member] =
                hasHolder
                ? .healthy : .unknown(reason: "\(node.virtualAddress) is not with one of the members alone")
        }
        return health
    }

    func words(_ own: KeepalivedView?, _ peers: [(node: KeepalivedNode, view: KeepalivedView?)]) -> String {
        let others = peers.map { "\($0.node.member): \($0.view?.words ?? "cannot be asked")" }
        return (own.map { ["\(self.own.member): \($0.words)"] + others } ?? others).joined(separator: "; ")
    }

    func observation(
        _ summary: String, _ own: KeepalivedView?, _ peers: [(node: KeepalivedNode, view: KeepalivedView?)],
        at moment: Timestamp
    ) -> Observation {
        Observation(
            verdict: .pass, summary: summary,
            details: [
                "address": traffic.backend, "value": own.map { String($0.value) } ?? "",
                "seen": words(own, peers),
            ],
            observedAt: moment)
    }
}
