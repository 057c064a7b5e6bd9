import FettleModel

/// A member that is worked on is drained at every place where its groups send it traffic, and put back at exactly those (I3, I7):
/// out of one pool, it still serves in the other.
struct TrafficCheck {
    let chain: Chain
    let resource: ResourceID
    /// Those that have the resource as a member.
    let groups: [PlannedGroup]
    /// The steps of the outage that is meant, where there is more than one.
    var leg: LinkSet?

    func judge(_ found: inout ViolationList) {
        var drained: [TrafficBinding] = []
        var restored: [TrafficBinding] = []
        for link in 0..<chain.count where leg?.contains(link) ?? true {
            switch chain.action(link) {
            case .drain(let traffic) where !contains(drained, traffic): drained.append(traffic)
            case .restore(let traffic) where !contains(restored, traffic): restored.append(traffic)
            default: break
            }
        }
        for group in groups {
            guard let traffic = group.traffic, !contains(drained, traffic) else { continue }
            found.add(
                .order,
                "\(resource) is worked on while group \(group.id) still sends it traffic: no step drains it from "
                    + "\(traffic.driver) backend \(traffic.backend)")
        }
        for traffic in drained where !contains(restored, traffic) {
            found.add(.ownership, "\(resource) is drained from \(words(traffic)) and never restored there")
        }
        for traffic in restored where !contains(drained, traffic) {
            found.add(.ownership, "\(resource) is restored to \(words(traffic)), from where no step drained it")
        }
    }

    private func contains(_ places: [TrafficBinding], _ traffic: TrafficBinding) -> Bool {
        places.contains { isSamePlace($0, traffic) }
    }

    /// One server of one backend: what a drain and its restore must agree on. How long sessions are waited for is no part of it.
    private func isSamePlace(_ one: TrafficBinding, _ other: TrafficBinding) -> Bool {
        one.driver == other.driver && one.via == other.via && one.endpoint == other.endpoint
            && one.backend(of: resource) == other.backend(of: resource)
            && (one.serverName == other.serverName
                || one.serverName(of: resource) == other.serverName(of: resource))
    }

    private func words(_ traffic: TrafficBinding) -> String {
        "\(traffic.driver) backend \(traffic.backend) on \(traffic.via)"
    }
}
