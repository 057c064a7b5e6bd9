import FettleModel

/// The tiers of each environment, one after the other.
enum TierTurns {
    static func orders(_ hosts: [Resource], fleet: Fleet) -> [StatedOrder] {
        let byEnvironment = Dictionary(grouping: hosts.filter { $0.tier != nil }, by: \.environment)
        return byEnvironment.sorted { $0.key < $1.key }.compactMap { environment, hosts in
            var turns: [Int: (tier: String, members: [ResourceID])] = [:]
            for host in hosts {
                guard let tier = host.tier, let rank = fleet.tiers.rank(of: tier) else { continue }
                turns[rank, default: (tier, [])].members.append(host.id)
            }
            guard turns.count > 1 else { return nil }
            let sorted = turns.sorted { $0.key < $1.key }.map(\.value)
            let names = sorted.map(\.tier).joined(separator: ", then ")
            return StatedOrder(
                order: TurnOrder(reason: "tiers of \(environment): \(names)", turns: sorted.map(\.members)),
                source: "the tiers of \(environment)")
        }
    }
}
