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

/// A running machine that is not moved and goes down with its hypervisor, or with what that carries.
public struct InterruptedMachine: Codable, Sendable, Hashable {
    /// As what it runs on names it.
    public var machine: String
    /// The resource that it is in the fleet; nil if the fleet does not declare it.
    public var resource: ResourceID?
    /// What it runs on: the target itself, or a machine that goes down with it.
    public var host: ResourceID
    /// Why it is not moved away, in words.
    public var because: String

    public init(machine: String, resource: ResourceID?, host: ResourceID, because: String) {
        self.machine = machine
        self.resource = resource
        self.host = host
        self.because = because
    }
}

/// A running machine that a rule keeps apart from others (anti-affinity): no two of them may be on one hypervisor. A rule holds both
/// ways, whichever of the two names it.
public struct ApartMachine: Codable, Sendable, Hashable {
    /// As the hypervisor names it.
    public var machine: String
    /// The hypervisor on which it runs when nothing is moved.
    public var home: ResourceID
    /// Names of machines beside which it may not run; sorted. Empty: only others name it.
    public var apartFrom: [String]

    public init(machine: String, home: ResourceID, apartFrom: [String]) {
        self.machine = machine
        self.home = home
        self.apartFrom = apartFrom
    }
}
