/// A running machine's way from one hypervisor to another.
public struct MachineMove: Codable, Sendable, Hashable {
    /// As the hypervisor names it.
    public var machine: String
    /// The resource that it is in the fleet; nil if the fleet does not declare it.
    public var resource: ResourceID?
    public var from: ResourceID
    public var to: ResourceID
    public var memoryMebibytes: Int
    public var processors: Int

    public init(
        machine: String, resource: ResourceID?, from: ResourceID, to: ResourceID, memoryMebibytes: Int, processors: Int
    ) {
        self.machine = machine
        self.resource = resource
        self.from = from
        self.to = to
        self.memoryMebibytes = memoryMebibytes
        self.processors = processors
    }

    public var reversed: MachineMove {
        MachineMove(
            machine: machine, resource: resource, from: to, to: from, memoryMebibytes: memoryMebibytes,
            processors: processors)
    }
}

/// What a hypervisor has to spare for machines from others, when the plan is made.
public struct HypervisorRoom: Codable, Sendable, Equatable {
    public var hypervisor: ResourceID
    public var memoryMebibytes: Int
    /// Virtual processors that may still be given out.
    public var processors: Int

    public init(hypervisor: ResourceID, memoryMebibytes: Int, processors: Int) {
        self.hypervisor = hypervisor
        self.memoryMebibytes = memoryMebibytes
        self.processors = processors
    }
}
