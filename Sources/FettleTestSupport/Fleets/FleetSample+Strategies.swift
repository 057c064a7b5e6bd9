public import FettleModel

/// A fleet for each strategy that a reader can hold in the head: the ones that the documentation shows.
extension FleetSample {
    /// Four web servers behind a load balancer, three of which must serve.
    private static func fourWebServers(_ strategy: Strategy, minimum: Quantity = .count(3)) -> FleetSample {
        var builder = FleetBuilder()
        builder.pool("web", size: 4, minimum: minimum, strategy: strategy, traffic: FleetBuilder.traffic("web"))
        builder.host("lb-1")
        return FleetSample(fleet: builder.fleet, selected: ["web-1", "web-2", "web-3", "web-4"])
    }

    /// The same with a fifth that serves beside the four, all of which must: one goes at a time, the fifth first.
    public static var rollingWithSpare: FleetSample {
        var builder = FleetBuilder()
        builder.pool(
            "web", size: 5, minimum: .percent(100),
            strategy: .rolling(maxUnavailable: .count(0), maxSurge: .percent(25)),
            traffic: FleetBuilder.traffic("web"))
        builder.host("lb-1")
        var fleet = builder.fleet
        fleet.groups[0].spares = ["web-5"]
        return FleetSample(fleet: fleet, selected: Set(fleet.groups[0].members))
    }

    public static var rolling: FleetSample { fourWebServers(.rolling(maxUnavailable: .count(1))) }

    /// Eight workers, half of which must be there.
    public static var canary: FleetSample {
        var builder = FleetBuilder()
        builder.pool(
            "work", size: 8, minimum: .percent(50),
            strategy: .canary(first: .count(1), bakeSeconds: 600, maxUnavailable: .percent(50), growth: 2))
        return FleetSample(fleet: builder.fleet)
    }

    /// Two build machines that nobody misses at night.
    public static var allAtOnce: FleetSample {
        var builder = FleetBuilder()
        builder.pool("build", size: 2, minimum: .count(0), strategy: .allAtOnce)
        return FleetSample(fleet: builder.fleet)
    }

    /// Two switches of each of two fabrics.
    public static var oneSideAtATime: FleetSample {
        var builder = FleetBuilder()
        let members = [("a-1", "fabric-a"), ("a-2", "fabric-a"), ("b-1", "fabric-b"), ("b-2", "fabric-b")].map {
            builder.host(ResourceID($0.0), domain: $0.1)
        }
        builder.group(
            "san", members, minimum: .count(2), strategy: .oneSideAtATime(bakeSeconds: 300), kind: .fabricPair)
        return FleetSample(fleet: builder.fleet)
    }

    /// A database of three, led by the first.
    public static var replicasFirst: FleetSample {
        var builder = FleetBuilder()
        let members = (1...3).map { builder.host(ResourceID("db-\($0)")) }
        builder.group(
            "db", members, minimum: .count(2), strategy: .replicasFirst(maxUnavailable: .count(1)), kind: .cluster)
        var sample = FleetSample(fleet: builder.fleet)
        for place in sample.facts.hosts.indices {
            let isLeader = sample.facts.hosts[place].resource == "db-1"
            sample.facts.hosts[place].clusterRoles = ["db": isLeader ? .leader : .replica]
        }
        return sample
    }

    /// Three hypervisors with a machine on each.
    public static var evacuate: FleetSample {
        var builder = FleetBuilder()
        let members = (1...3).map { builder.host(ResourceID("hv-\($0)")) }
        builder.group(
            "hv", members, minimum: .count(2), strategy: .evacuate(maxUnavailable: .count(1)), kind: .hypervisorPool)
        var sample = FleetSample(fleet: builder.fleet)
        for (place, member) in members.enumerated() {
            guard let host = sample.facts.hosts.firstIndex(where: { $0.resource == member }) else { continue }
            sample.facts.hosts[host].hypervisor = .observed(
                HypervisorFacts(
                    memoryMebibytes: 65_536, processors: 16,
                    residents: [
                        ResidentMachine(name: "vm-\(place + 1)", memoryMebibytes: 16_384, processors: 4)
                    ]))
        }
        return sample
    }

    /// Two web servers of each of two sides behind a load balancer; the blue ones serve.
    public static func blueGreen(then: Strategy.OldSide = .patch) -> FleetSample {
        var builder = FleetBuilder()
        let members = [("blue-1", "blue"), ("blue-2", "blue"), ("green-1", "green"), ("green-2", "green")].map {
            builder.host(ResourceID($0.0), domain: $0.1)
        }
        builder.group(
            "web", members, minimum: .count(2),
            strategy: .blueGreen(active: "blue", keepSeconds: 3_600, then: then), traffic: FleetBuilder.traffic("web"),
            kind: .environmentPair)
        builder.host("lb-1")
        return FleetSample(fleet: builder.fleet, selected: Set(members))
    }

    /// Three nodes of a cluster and what manages it.
    public static var throughController: FleetSample {
        var builder = FleetBuilder()
        let members = (1...3).map { builder.host(ResourceID("node-\($0)")) }
        builder.host("manager")
        builder.group(
            "nodes", members, minimum: .count(2), strategy: .throughController("manager", atOnce: .count(1)),
            kind: .cluster)
        return FleetSample(fleet: builder.fleet, selected: Set(members))
    }

    /// Three web servers that run from an image.
    public static var replace: FleetSample {
        var builder = FleetBuilder()
        builder.pool(
            "web", size: 3, minimum: .count(2),
            strategy: .replace(image: "web-base", maxUnavailable: .count(1), maxSurge: .count(0)),
            traffic: FleetBuilder.traffic("web"))
        builder.host("lb-1")
        var sample = FleetSample(fleet: builder.fleet, selected: ["web-1", "web-2", "web-3"])
        sample.run(from: RunningImage(name: "web-base", version: "2026-10"))
        return sample
    }

    /// Every host of the facts runs from the image.
    public mutating func run(from image: RunningImage) {
        for place in facts.hosts.indices { facts.hosts[place].image = .observed(image) }
    }
}
