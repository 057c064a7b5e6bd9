import FettleModel

/// Fleets from a seed: several environments, pools and clusters of different sizes, groups that overlap, groups after groups,
/// failure domains, load balancers, hosts in no group. Each of them can be planned.
public enum FleetGenerator {
    /// - Parameter largestGroup: at least 2; small ones let a test walk through every reachable state.
    public static func sample(seed: UInt64, largestGroup: Int = 6) -> FleetSample {
        var random = SplitMix(seed: seed)
        let names: [EnvironmentID] = ["dev", "qa", "production"]
        let environments = Array(names.suffix(Int.random(in: 1...3, using: &random)))
        var builder = FleetBuilder(environments: environments)
        var earlier: [GroupID] = []
        for environment in environments {
            for number in 1...Int.random(in: 1...2, using: &random) {
                let name = "\(environment)-pool\(number)"
                addPool(
                    name, in: environment, largest: max(2, largestGroup), after: earlier, to: &builder, using: &random)
                earlier.append(GroupID(name))
            }
            for number in 0..<Int.random(in: 0...2, using: &random) {
                builder.host(ResourceID("\(environment)-single\(number)"), in: environment)
            }
            addOverlap(in: environment, to: &builder, using: &random)
        }
        addOwnHost(in: environments[0], to: &builder, using: &random)
        let fleet = builder.fleet
        let selected = Set(fleet.resources.map(\.id).filter { _ in Int.random(in: 0..<8, using: &random) > 0 })
        var policy = Policy()
        policy.limits.parallelSteps = [1, 2, 5, 20].randomElement(using: &random) ?? 20
        policy.reboot = Policy.RebootPolicy.allCases.randomElement(using: &random) ?? .ifRequired
        var sample = FleetSample(fleet: fleet, selected: selected, policy: policy)
        for place in sample.selection.hosts.indices where Int.random(in: 0..<6, using: &random) == 0 {
            sample.selection.hosts[place].resolution.unavailableEarlier = [
                PackageVersion(name: "openssl", architecture: "amd64", version: FleetSample.oldVersion)
            ]
        }
        for place in sample.selection.hosts.indices where Int.random(in: 0..<6, using: &random) == 0 {
            sample.leaveOnlyRestarts(on: sample.selection.hosts[place].resource)
        }
        return sample
    }

    private static func addPool(
        _ name: String, in environment: EnvironmentID, largest: Int, after: [GroupID], to builder: inout FleetBuilder,
        using random: inout SplitMix
    ) {
        let size = Int.random(in: 2...largest, using: &random)
        let minimum = Int.random(in: 0..<size, using: &random)
        let strategies: [Strategy?] = [
            nil, .rolling(maxUnavailable: .count(Int.random(in: 1...size, using: &random))),
            .canary(
                first: .count(Int.random(in: 1...2, using: &random)), bakeSeconds: 10,
                maxUnavailable: .count(Int.random(in: 1...3, using: &random))),
        ]
        var traffic: TrafficBinding?
        if Bool.random(using: &random) {
            let balancer = builder.host(ResourceID("\(name)-lb"), in: environment)
            traffic = FleetBuilder.traffic(name, via: balancer)
        }
        builder.pool(
            name, size: size, in: environment, minimum: .count(minimum),
            strategy: strategies.randomElement(using: &random) ?? nil, traffic: traffic,
            probes: Int.random(in: 0..<4, using: &random) > 0 ? [FleetBuilder.probe] : [],
            after: after.filter { _ in Int.random(in: 0..<3, using: &random) == 0 },
            domains: Bool.random(using: &random) ? ["rack-a", "rack-b"] : [])
    }

    /// Fettle's own host, sometimes in a group with others.
    private static func addOwnHost(
        in environment: EnvironmentID, to builder: inout FleetBuilder, using random: inout SplitMix
    ) {
        guard Int.random(in: 0..<4, using: &random) == 0 else { return }
        let others = builder.resources.filter { $0.environment == environment && !$0.id.rawValue.hasSuffix("-lb") }
        let own = builder.host("controller", in: environment, address: .local)
        guard Bool.random(using: &random), others.count >= 2 else { return }
        let members = others.map(\.id).shuffled(using: &random).prefix(2) + [own]
        builder.group(GroupID("\(environment)-control"), Array(members), minimum: .count(2), kind: .cluster)
    }

    /// A group across what is there, such as a cluster that runs on some hosts of a pool and on some that stand alone.
    private static func addOverlap(
        in environment: EnvironmentID, to builder: inout FleetBuilder, using random: inout SplitMix
    ) {
        let hosts = builder.resources.filter { $0.environment == environment && !$0.id.rawValue.hasSuffix("-lb") }
            .map(\.id).shuffled(using: &random)
        guard Bool.random(using: &random), hosts.count >= 3 else { return }
        let members = Array(hosts.prefix(3))
        builder.group(
            GroupID("\(environment)-cluster"), members, minimum: .count(Int.random(in: 1...2, using: &random)),
            kind: .cluster)
    }
}
