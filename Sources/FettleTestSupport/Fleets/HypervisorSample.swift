public import FettleModel

extension ResidentMachine {
    /// A running machine of so many GiB.
    /// - Parameter isDeclared: it is a resource of the fleet by the same name.
    public static func sample(
        _ name: String, gibibytes: Int, processors: Int = 2, isDeclared: Bool = false, isRunning: Bool = true,
        isBoundBecause reason: String? = nil, apartFrom others: [String] = []
    ) -> ResidentMachine {
        ResidentMachine(
            name: name, resource: isDeclared ? ResourceID(name) : nil, memoryMebibytes: gibibytes * 1024,
            processors: processors, isRunning: isRunning, isBoundBecause: reason, apartFrom: others.sorted())
    }
}

extension FleetSample {
    /// Makes a host a hypervisor of so many GiB, on which these machines are.
    public mutating func put(
        _ machines: [ResidentMachine], on hypervisor: ResourceID, gibibytes: Int, processors: Int = 32
    ) {
        guard let place = facts.hosts.firstIndex(where: { $0.resource == hypervisor }) else { return }
        facts.hosts[place].hypervisor = .observed(
            HypervisorFacts(
                memoryMebibytes: gibibytes * 1024, processors: processors,
                residents: machines.sorted { $0.name < $1.name }))
    }

    /// Three hypervisors of 32 GiB and six machines, of which one cannot be moved; two of them are a pool.
    /// - Parameter selected: what has something to do.
    public static func threeHypervisors(
        selected: Set<ResourceID> = ["node-1", "node-2", "node-3"]
    ) -> FleetSample {
        var builder = FleetBuilder()
        let nodes = ["node-1", "node-2", "node-3"].map { builder.host($0, kind: .hypervisor) }
        builder.group(
            "compute", nodes, minimum: .count(2), strategy: .evacuate(maxUnavailable: .count(1)), probes: [],
            kind: .hypervisorPool)
        let machines = ["web-1", "web-2", "db-1", "mail-1", "video-1"].map { builder.host($0, kind: .virtualMachine) }
        builder.group(
            "web", Array(machines.prefix(2)), minimum: .count(1), strategy: .rolling(maxUnavailable: .count(1)))
        var sample = FleetSample(fleet: builder.fleet, selected: selected)
        sample.put(
            [
                .sample("web-1", gibibytes: 4, isDeclared: true, apartFrom: ["web-2"]),
                .sample("db-1", gibibytes: 16, processors: 8, isDeclared: true),
            ], on: "node-1", gibibytes: 32, processors: 16)
        sample.put(
            [
                .sample("web-2", gibibytes: 4, isDeclared: true, apartFrom: ["web-1"]),
                .sample("mail-1", gibibytes: 8, processors: 4, isDeclared: true),
            ], on: "node-2", gibibytes: 32, processors: 16)
        sample.put(
            [
                .sample(
                    "video-1", gibibytes: 8, processors: 4, isDeclared: true,
                    isBoundBecause: "a graphics card is passed through to it"),
                .sample("build", gibibytes: 4, processors: 4),
            ], on: "node-3", gibibytes: 32, processors: 16)
        return sample
    }
}
