import FettleModel

extension FleetGenerator {
    /// Fleets whose groups have strategies of every kind: sides, clusters with leaders, controllers, images; groups
    /// after groups, and groups across them. Each of them can be planned.
    /// - Parameter largestGroup: at least 4; small ones let a test walk through every reachable state.
    public static func ofAllStrategies(seed: UInt64, largestGroup: Int = 5) -> FleetSample {
        var random = SplitMix(seed: seed)
        let names: [EnvironmentID] = ["qa", "production"]
        let environments = Array(names.suffix(Int.random(in: 1...2, using: &random)))
        var maker = StrategyFleet(FleetBuilder(environments: environments), largest: max(4, largestGroup))
        for environment in environments {
            for number in 1...Int.random(in: 2...3, using: &random) {
                maker.addGroup("\(environment)-g\(number)", in: environment, using: &random)
            }
            maker.addOverlap(in: environment, using: &random)
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            maker.builder.host("controller", in: environments[0], address: .local)
        }
        let fleet = maker.builder.fleet
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
        maker.addFacts(to: &sample)
        return sample
    }
}

private struct StrategyFleet {
    var builder: FleetBuilder
    private let largest: Int
    private var earlier: [GroupID] = []
    private var leaders: [GroupID: ResourceID] = [:]
    private var hypervisors: Set<ResourceID> = []
    private var images: [ResourceID: RunningImage] = [:]
    /// Members that may be in a further group, by environment.
    private var free: [EnvironmentID: [ResourceID]] = [:]

    init(_ builder: FleetBuilder, largest: Int) {
        self.builder = builder
        self.largest = largest
    }

    mutating func addGroup(_ name: String, in environment: EnvironmentID, using random: inout SplitMix) {
        let id = GroupID(name)
        switch Int.random(in: 0..<9, using: &random) {
        case 0: addPool(id, in: environment, .rolling(maxUnavailable: .percent(50)), using: &random)
        case 1:
            let canary = Strategy.canary(
                first: .count(1), bakeSeconds: 10, maxUnavailable: .count(3),
                growth: Int.random(in: 1...3, using: &random))
            addPool(id, in: environment, canary, using: &random)
        case 2: addPool(id, in: environment, .allAtOnce, minimum: 0, using: &random)
        case 3: addSides(id, in: environment, using: &random)
        case 4: addCluster(id, in: environment, using: &random)
        case 5: addHypervisors(id, in: environment, using: &random)
        case 6: addThroughController(id, in: environment, using: &random)
        case 7: addReplaced(id, in: environment, using: &random)
        default: addBlueGreen(id, in: environment, using: &random)
        }
        earlier.append(id)
    }

    private mutating func hosts(
        _ id: GroupID, _ count: Int, in environment: EnvironmentID, sides: [String] = []
    ) -> [ResourceID] {
        (1...count).map { number in
            builder.host(
                ResourceID("\(id)-\(number)"), in: environment,
                domain: sides.isEmpty ? nil : sides[(number - 1) % sides.count])
        }
    }

    private func after(using random: inout SplitMix) -> [GroupID] {
        earlier.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
    }

    private mutating func traffic(_ id: GroupID, in environment: EnvironmentID) -> TrafficBinding {
        FleetBuilder.traffic(id.rawValue, via: builder.host(ResourceID("\(id)-lb"), in: environment))
    }

    private mutating func addPool(
        _ id: GroupID, in environment: EnvironmentID, _ strategy: Strategy, minimum: Int? = nil,
        using random: inout SplitMix
    ) {
        let members = hosts(id, Int.random(in: 2...largest, using: &random), in: environment)
        let traffic = Bool.random(using: &random) ? traffic(id, in: environment) : nil
        builder.group(
            id, members, minimum: .count(minimum ?? Int.random(in: 0..<members.count, using: &random)),
            strategy: strategy, traffic: traffic, after: after(using: &random))
        free[environment, default: []] += members
    }

    private mutating func addSides(_ id: GroupID, in environment: EnvironmentID, using random: inout SplitMix) {
        let members = hosts(
            id, Int.random(in: 2...largest, using: &random), in: environment, sides: ["side-a", "side-b"])
        builder.group(
            id, members, minimum: .count(Int.random(in: 0..<members.count, using: &random)),
            strategy: .oneSideAtATime(bakeSeconds: 10), after: after(using: &random), kind: .fabricPair)
    }

    private mutating func addCluster(_ id: GroupID, in environment: EnvironmentID, using random: inout SplitMix) {
        let members = hosts(id, Int.random(in: 3...largest, using: &random), in: environment)
        builder.group(
            id, members, minimum: .count(1), strategy: .replicasFirst(maxUnavailable: .count(2)),
            after: after(using: &random), kind: .cluster)
        leaders[id] = members.randomElement(using: &random)
    }

    private mutating func addHypervisors(_ id: GroupID, in environment: EnvironmentID, using random: inout SplitMix) {
        let members = hosts(id, Int.random(in: 2...largest, using: &random), in: environment)
        builder.group(
            id, members, minimum: .count(members.count - 1), strategy: .evacuate(maxUnavailable: .count(1)),
            after: after(using: &random), kind: .hypervisorPool)
        hypervisors.formUnion(members)
    }

    private mutating func addThroughController(
        _ id: GroupID, in environment: EnvironmentID, using random: inout SplitMix
    ) {
        let members = hosts(id, Int.random(in: 3...largest, using: &random), in: environment)
        let controller = builder.host(ResourceID("\(id)-manager"), in: environment)
        builder.group(
            id, members, minimum: .count(1),
            strategy: .throughController(controller, atOnce: .count(Int.random(in: 1...2, using: &random))),
            probes: Bool.random(using: &random) ? [FleetBuilder.probe] : [], after: after(using: &random))
        free[environment, default: []] += members
    }

    private mutating func addReplaced(_ id: GroupID, in environment: EnvironmentID, using random: inout SplitMix) {
        let members = hosts(id, Int.random(in: 2...largest, using: &random), in: environment)
        let traffic = Bool.random(using: &random) ? traffic(id, in: environment) : nil
        builder.group(
            id, members, minimum: .count(Int.random(in: 0..<members.count, using: &random)),
            strategy: .replace(image: "image-\(id)", maxUnavailable: .percent(50), maxSurge: .count(0)),
            traffic: traffic, after: after(using: &random))
        for member in members { images[member] = RunningImage(name: "image-\(id)", version: "1") }
        free[environment, default: []] += members
    }

    private mutating func addBlueGreen(_ id: GroupID, in environment: EnvironmentID, using random: inout SplitMix) {
        let members = hosts(id, Int.random(in: 2...largest, using: &random), in: environment, sides: ["green", "blue"])
        let then = Strategy.OldSide.allCases.randomElement(using: &random) ?? .patch
        let green = (members.count + 1) / 2
        let traffic = traffic(id, in: environment)
        builder.group(
            id, members, minimum: .count(Int.random(in: 0...min(green, members.count - 1), using: &random)),
            strategy: .blueGreen(active: "blue", keepSeconds: 20, then: then), traffic: traffic,
            after: after(using: &random), kind: .environmentPair)
        if then == .patch { free[environment, default: []] += members }
    }

    /// A group across what is there, large enough for whatever a controller may have out of it.
    mutating func addOverlap(in environment: EnvironmentID, using random: inout SplitMix) {
        let members = (free[environment] ?? []).shuffled(using: &random).prefix(3)
        guard members.count == 3, Bool.random(using: &random) else { return }
        builder.group(
            GroupID("\(environment)-across"), Array(members), minimum: .count(1),
            strategy: .rolling(maxUnavailable: .count(1)), probes: [])
    }

    func addFacts(to sample: inout FleetSample) {
        for place in sample.facts.hosts.indices {
            let host = sample.facts.hosts[place].resource
            if hypervisors.contains(host) {
                sample.facts.hosts[place].hypervisor = .observed(
                    HypervisorFacts(memoryMebibytes: 65_536, processors: 16, residents: []))
            }
            if let image = images[host] { sample.facts.hosts[place].image = .observed(image) }
            for (cluster, leader) in leaders
            where sample.fleet.group(cluster)?.members.contains(host) == true {
                sample.facts.hosts[place].clusterRoles = [cluster: host == leader ? .leader : .replica]
            }
        }
    }
}
