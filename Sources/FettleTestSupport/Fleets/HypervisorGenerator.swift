import FettleModel

/// Fleets of hypervisors from a seed: pools with little and with much to spare, machines that cannot be moved or must be apart from
/// others, pools and clusters of machines, machines that are patched themselves, hypervisors on machines, Fettle's own machine
/// among them. Not each of them can be planned.
public enum HypervisorGenerator {
    /// - Parameter mostMachines: on one hypervisor; few of them let a test try every way to place them.
    public static func sample(seed: UInt64, mostHypervisors: Int = 5, mostMachines: Int = 3) -> FleetSample {
        var random = SplitMix(seed: seed)
        let environments: [EnvironmentID] = Bool.random(using: &random) ? ["dev", "production"] : ["production"]
        var draft = Draft(environments: environments)
        draft.addHypervisors(Int.random(in: 2...max(2, mostHypervisors), using: &random), using: &random)
        draft.addOverlap(using: &random)
        draft.addMachines(mostMachines, using: &random)
        draft.addGroups(using: &random)
        return draft.sample(using: &random)
    }
}

private struct Draft {
    let environments: [EnvironmentID]
    var builder: FleetBuilder
    var hypervisors: [ResourceID] = []
    /// By hypervisor.
    var machines: [ResourceID: [ResidentMachine]] = [:]

    init(environments: [EnvironmentID]) {
        self.environments = environments
        builder = FleetBuilder(environments: environments)
    }

    var declared: [ResourceID] { hypervisors.flatMap { (machines[$0] ?? []).compactMap(\.resource) } }

    mutating func addHypervisors(_ count: Int, using random: inout SplitMix) {
        let environment = environments.randomElement(using: &random) ?? environments[0]
        hypervisors = (1...count).map {
            builder.host(ResourceID("hv-\($0)"), in: environment, kind: .hypervisor)
        }
        let most = Int.random(in: 1...2, using: &random)
        let strategies: [Strategy?] = [nil, .evacuate(maxUnavailable: .count(most))]
        builder.group(
            "compute", hypervisors, minimum: .count(max(0, count - most - Int.random(in: 0...1, using: &random))),
            strategy: strategies.randomElement(using: &random) ?? nil, probes: [], kind: .hypervisorPool)
    }

    /// A second pool that shares hypervisors with the first.
    mutating func addOverlap(using random: inout SplitMix) {
        guard hypervisors.count > 2, Int.random(in: 0..<4, using: &random) == 0 else { return }
        builder.group(
            "special", Array(hypervisors.shuffled(using: &random).prefix(2)), minimum: .count(1), probes: [],
            kind: .hypervisorPool)
    }

    mutating func addMachines(_ most: Int, using random: inout SplitMix) {
        let counts = hypervisors.map { _ in Int.random(in: 0...most, using: &random) }
        let names = (0..<max(1, counts.reduce(0, +))).map { "vm-\($0 + 1)" }
        var next = 0
        for (hypervisor, count) in zip(hypervisors, counts) {
            for _ in 0..<count {
                defer { next += 1 }
                machines[hypervisor, default: []].append(machine(names[next], among: names, using: &random))
            }
        }
    }

    private mutating func machine(
        _ name: String, among names: [String], using random: inout SplitMix
    ) -> ResidentMachine {
        let isDeclared = Int.random(in: 0..<3, using: &random) > 0
        let hasRules = Int.random(in: 0..<4, using: &random) == 0
        let apart = hasRules ? names.shuffled(using: &random).prefix(2).filter { $0 != name } : []
        var isBound = Int.random(in: 0..<8, using: &random) == 0
        if isDeclared {
            let isOwn = Int.random(in: 0..<10, using: &random) == 0 && !builder.resources.contains { $0.isOwn }
            if isOwn { isBound = Bool.random(using: &random) }
            builder.host(
                ResourceID(name), in: environments.randomElement(using: &random), address: isOwn ? .local : nil,
                kind: .virtualMachine)
        }
        return .sample(
            name, gibibytes: [1, 2, 4, 8].randomElement(using: &random) ?? 1,
            processors: [1, 2, 4].randomElement(using: &random) ?? 1, isDeclared: isDeclared,
            isRunning: Int.random(in: 0..<10, using: &random) > 0,
            isBoundBecause: isBound ? "its disk is local" : nil, apartFrom: apart)
    }

    mutating func addGroups(using random: inout SplitMix) {
        let web = Array(declared.shuffled(using: &random).prefix(4))
        if web.count >= 2 {
            let strategies: [Strategy?] = [
                nil, .rolling(maxUnavailable: .count(1)), .rolling(maxUnavailable: .count(2)),
                .canary(first: .count(1), bakeSeconds: 5, maxUnavailable: .count(2)),
                .canary(first: .count(1), bakeSeconds: 5, maxUnavailable: .count(2), growth: 2),
                .oneSideAtATime(bakeSeconds: 5),
            ]
            builder.group(
                "web", web, minimum: .count(Int.random(in: 0..<web.count, using: &random)),
                strategy: strategies.randomElement(using: &random) ?? nil)
        }
        let cluster = Array(declared.shuffled(using: &random).prefix(3))
        if cluster.count == 3, Bool.random(using: &random) {
            builder.group("db", cluster, minimum: .count(1), kind: .cluster)
        }
    }

    mutating func sample(using random: inout SplitMix) -> FleetSample {
        let inner = addInner(using: &random)
        let selected =
            hypervisors.filter { _ in Int.random(in: 0..<6, using: &random) > 0 }
            + declared.filter { _ in Bool.random(using: &random) }
        var policy = Policy()
        policy.reboot = Policy.RebootPolicy.allCases.randomElement(using: &random) ?? .ifRequired
        var sample = FleetSample(fleet: builder.fleet, selected: Set(selected), policy: policy)
        for hypervisor in hypervisors {
            let running = (machines[hypervisor] ?? []).filter(\.isRunning)
            let memory = running.reduce(0) { $0 + $1.memoryMebibytes } / 1024
            let processors = running.reduce(0) { $0 + $1.processors }
            sample.put(
                machines[hypervisor] ?? [], on: hypervisor,
                gibibytes: memory + Int.random(in: 0...16, using: &random),
                processors: processors + Int.random(in: 0...10, using: &random))
        }
        if let inner { sample.put(inner.machines, on: inner.on, gibibytes: 8, processors: 8) }
        for place in sample.facts.hosts.indices where hypervisors.contains(sample.facts.hosts[place].resource) {
            let isSelected = selected.contains(sample.facts.hosts[place].resource)
            if !isSelected, Int.random(in: 0..<4, using: &random) == 0 {
                sample.facts.hosts[place].reachability = .unreachable(reason: "no route")
            }
        }
        return sample
    }

    /// A machine that is a hypervisor itself, and what runs on it.
    private mutating func addInner(
        using random: inout SplitMix
    ) -> (on: ResourceID, machines: [ResidentMachine])? {
        guard Int.random(in: 0..<5, using: &random) == 0, let outer = declared.randomElement(using: &random) else {
            return nil
        }
        let machines = (1...2).map { number in
            builder.host(ResourceID("inner-\(number)"), in: environments[0], kind: .virtualMachine)
            return ResidentMachine.sample("inner-\(number)", gibibytes: 1, isDeclared: true)
        }
        builder.group("inner", ["inner-1", "inner-2"], minimum: .count(Int.random(in: 0...1, using: &random)))
        return (outer, machines)
    }
}

extension Resource {
    fileprivate var isOwn: Bool { address.transport == .local }
}
